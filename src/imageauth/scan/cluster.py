"""The same scan on a Ray cluster: Ray Data deals out the inputs, holds the models in actors and mends what dies."""

import json
import logging
import pickle
import socket
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from imageauth.errors import ImageAuthError, MissingExtraError
from imageauth.report import Failure
from imageauth.scan.collected import Collected
from imageauth.scan.crew import Crew
from imageauth.scan.engine import Engine
from imageauth.scan.items import Item, item_of
from imageauth.scan.ledger import Ledger
from imageauth.scan.rows import Row, content_key, copied, row_of
from imageauth.scan.settings import Checking
from imageauth.scan.state import State

# Inputs that Ray is given at a time: so many are held here, and actors start anew for each such wave.
_WAVE = 50_000
_BATCH = 64
# Seconds for a cluster to answer.
_PATIENCE = 10.0
# How often a wave is begun before Ray has given up.
_TRIES = 3


class Checker:
    """An actor: checks batches with a worker process of its own, so that an image that kills it costs only itself."""

    def __init__(self, checking: Checking, made: frozenset[str]) -> None:
        self._crew = Crew(1, checking)
        self._made = made

    def __call__(self, batch: Mapping[str, Any]) -> dict[str, list[Any]]:
        """Rows, as JSON text, of pickled items."""
        collected = Collected()
        state = State(collected.path, collected)
        Engine(self._crew, Ledger(collected, state, made=self._made)).run(pickle.loads(item) for item in batch["item"])
        state.close()
        return {"row": [json.dumps(row) for row in collected.taken]}


def run_on_ray(
    items: Iterable[Item | Failure], ledger: Ledger, *, address: str, checking: Checking, made: frozenset[str]
) -> None:
    """Check all inputs on a cluster. Rows come in the order of the inputs, and are the same as without Ray; but copies
    of the same bytes in one wave are checked once for each batch that holds some.

    Args:
        items: with stable names; those that come twice count once. Every node must be able to read them.
        ledger: that rows go to.
        address: of the cluster, or ``local`` for one on this machine.
        checking: how.
        made: what makes the rows.

    Raises:
        MissingExtraError: Ray is not installed.
        ImageAuthError: there is no such cluster, or it gave up.
        OSError: the results cannot be written.
    """
    try:
        import ray
        import ray.data
        import ray.exceptions
    except ImportError:
        raise MissingExtraError("--ray", "cluster") from None
    _reach(address)
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)
    ours = not ray.is_initialized()
    try:
        if ours:
            ray.init(address, log_to_driver=False, logging_level="ERROR")
        context = ray.data.DataContext.get_current()
        context.execution_options.preserve_order = True
        context.enable_progress_bars = False
        needed = (found for found in items if ledger.take(item_of(found)))
        while wave := list(islice(needed, _WAVE)):
            for row in _persistent(wave, checking, made):
                ledger.add([_placed(row, ledger)])
                ledger.commit(due=True)
    except ConnectionError as error:
        raise ImageAuthError(f"there is no Ray cluster at {address}: {error}") from None
    except ray.exceptions.RayError as error:
        cause = error.cause if isinstance(error, ray.exceptions.RayTaskError) else error
        if isinstance(cause, ImageAuthError):
            raise cause from None
        raise ImageAuthError(f"Ray gave up: {' '.join(str(error).split())[-300:]}; --resume goes on") from error
    finally:
        ledger.commit()
        if ours:
            ray.shutdown()


def _reach(address: str) -> None:
    """Ray itself tries for minutes.

    Raises:
        ImageAuthError: nobody answers at the address.
    """
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not (host and port.isdigit()):
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_PATIENCE).close()
    except (OSError, OverflowError) as error:
        raise ImageAuthError(f"there is no Ray cluster at {address}: {error}") from None


def _persistent(wave: list[Item | Failure], checking: Checking, made: frozenset[str]) -> Iterator[Row]:
    """Rows of some inputs, in their order. Ray mends what dies by itself, but not what never came up."""
    from ray.exceptions import RayError, RayTaskError

    done = tries = 0
    while done < len(wave):
        try:
            for rows in _wave(wave[done:], checking, made):
                yield from rows
                done += len(rows)
        except RayError as error:
            tries += 1
            if isinstance(error, RayTaskError) or tries == _TRIES:
                raise


def _wave(wave: list[Item | Failure], checking: Checking, made: frozenset[str]) -> Iterator[list[Row]]:
    """Rows of some inputs, in their order, a few at a time."""
    import ray
    import ray.data

    found = [row_of(item_of(each), each) if isinstance(each, Failure) else None for each in wave]
    sent = [{"item": pickle.dumps(item)} for item in wave if isinstance(item, Item)]
    missing = iter(found)
    if sent:
        cores = max(1, int(ray.cluster_resources().get("CPU", 1)))
        batches = -(-len(sent) // _BATCH)
        checked = ray.data.from_items(sent, override_num_blocks=batches).map_batches(
            Checker,
            fn_constructor_args=(checking, made),
            batch_size=_BATCH,
            batch_format="numpy",
            compute=ray.data.ActorPoolStrategy(min_size=1, max_size=min(cores, batches)),
            num_cpus=1,
        )
        for batch in checked.iter_batches(batch_size=None, batch_format="numpy"):
            rows: list[Row] = []
            for text in batch["row"]:
                while (failed := next(missing)) is not None:
                    rows.append(failed)
                rows.append(json.loads(text))
            yield rows
    yield [failed for failed in missing if failed is not None]


def _placed(row: Row, ledger: Ledger) -> Row:
    """A row as it stands among all: a copy of the first with the same bytes, whichever batch that was in."""
    if "error" in row:
        return row
    original = ledger.original(content_key(row["sha256"], row.get("sidecar_sha256")))
    return copied(original, row["file"], row["size"], row["modified"]) if original else row
