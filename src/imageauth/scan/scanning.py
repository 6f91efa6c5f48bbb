"""A whole scan: from inputs to finished results."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from imageauth.errors import ImageAuthError
from imageauth.models import AUTO, shipped_models
from imageauth.pixels.card import Card
from imageauth.pixels.network import usable_cores
from imageauth.report import Failure
from imageauth.scan.cluster import run_on_ray
from imageauth.scan.crew import Crew
from imageauth.scan.engine import Engine
from imageauth.scan.items import Item
from imageauth.scan.ledger import Ledger
from imageauth.scan.results import open_results, results_exist
from imageauth.scan.rows import Row, stable_name
from imageauth.scan.settings import Checking
from imageauth.scan.state import Known, State, made_by, told
from imageauth.scan.summary import Summary, summarise
from imageauth.silence import silenced


@dataclass(frozen=True, slots=True)
class Again:
    """What of the results that are there is checked again.

    Attributes:
        resume: go on with them at all; otherwise they must not exist.
        failed: also inputs that could not be checked.
        otherwise: also inputs that another model, policy or set of plug-ins checked; else such results are refused.
    """

    resume: bool = False
    failed: bool = False
    otherwise: bool = False


def scan(
    items: Iterable[Item | Failure],
    out: Path,
    *,
    checking: Checking,
    workers: int | None = None,
    ray: str | None = None,
    again: Again = Again(),
    added: Callable[[Row], None] = lambda row: None,
) -> Summary:
    """Check many images and write a row of each.

    Args:
        items: what to check; names need not be stable yet.
        out: the results, a file that ends with ``.jsonl`` or ``.csv``, or a folder that ends with ``.parquet``.
        checking: how; ``threads`` is set so that all workers together use the machine.
        workers: processes; default: as many as cores.
        ray: address of a Ray cluster that checks instead of processes of our own, or ``local``.
        again: what to do about results that are there.
        added: called with each row as it is added.

    Returns:
        Of all rows in the results, earlier ones included.

    Raises:
        MissingExtraError: something that was asked for is not installed.
        ImageAuthError: the results exist and are not to be gone on with, were made otherwise, or are damaged; or the
            model or policy cannot be used.
        OSError: they cannot be written; what was committed stands.
    """
    expected = _expected(checking)
    cores = usable_cores()
    count = workers or cores
    checking = replace(checking, threads=1 if ray is not None else max(1, cores // count))
    if results_exist(out) and not again.resume:
        raise ImageAuthError(f"{out} exists: --resume goes on with it")
    with closing(open_results(out)) as results, closing(State(out.with_name(f".{out.name}.index"), results)) as state:
        _refuse_others(out, state, expected, again)

        def needed(item: Item, known: Known) -> bool:
            changed = _differs(item.size, known.size) or _differs(item.modified, known.modified)
            return changed or (again.failed if known.failed else known.made not in expected)

        ledger = Ledger(results, state, made=expected, needed=needed, added=added)
        if ray is not None:
            with silenced():
                run_on_ray(_stable(items), ledger, address=ray, checking=checking, made=frozenset(expected))
        else:
            with closing(Crew(count, checking)) as crew:
                Engine(crew, ledger).run(_stable(items))
        if state.has_stale():
            results.keep(state.is_current)
            state.start_anew()
        return summarise(state.counts(), expected)


def _stable(items: Iterable[Item | Failure]) -> Iterator[Item | Failure]:
    for item in items:
        name = item.file if isinstance(item, Failure) else item.name
        stable = stable_name(name)
        if stable == name:
            yield item
        elif isinstance(item, Failure):
            yield replace(item, file=stable)
        else:
            yield replace(item, name=stable)


def _differs(now: int | None, before: int | None) -> bool:
    return now is not None and before is not None and now != before


def _expected(checking: Checking) -> dict[str, float | None]:
    """What rows of this scan are made by (:func:`~imageauth.scan.state.made_by`), and how often that is wrong.

    Raises:
        ModelError: there is no such model, or its card is damaged.
    """
    rest = {"policy": checking.policy.name, "policy_sha256": checking.policy.sha256, "plugins": checking.plugins}
    nothing = {"model": None, "model_sha256": None, **rest}
    found: dict[str, float | None] = {made_by(nothing): None}
    if checking.model is None:
        found[made_by(nothing, unseen=True)] = None
    else:
        for name in shipped_models() if checking.model == AUTO else [checking.model]:
            card = Card.of(name)
            made = made_by({"model": f"{card.name} {card.version}", "model_sha256": card.sha256, **rest})
            found[made] = _error_rate(card)
    return found


def _error_rate(card: Card) -> float | None:
    """The share of a model's verdicts that were wrong when measured; a card gives it, its complement or neither."""
    figures = card.figures
    if "error_decided" in figures:
        return float(figures["error_decided"])
    return 1 - float(figures["accuracy_on_decided"]) if "accuracy_on_decided" in figures else None


def _refuse_others(out: Path, state: State, expected: dict[str, float | None], again: Again) -> None:
    """Rows of another model, policy or set of plug-ins must not stand beside ours unnoticed.

    Raises:
        ImageAuthError: there are some, and they are not to be checked again.
    """
    if again.otherwise:
        return
    for count in state.counts():
        if not count.failed and count.made not in expected:
            raise ImageAuthError(
                f"{out} holds rows by another model, policy or set of plug-ins ({told(count.made)}): name another "
                "file, or --redo checks those images again"
            )
