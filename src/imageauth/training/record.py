"""What a run leaves in ``run.json``, and what it tells while it goes. Needs no TensorFlow."""

import importlib
import json
import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import keras

from imageauth import __version__
from imageauth.errors import DataError
from imageauth.files import write_atomically
from imageauth.pixels.network import usable_cores
from imageauth.training import checkpoint
from imageauth.training.networks import build
from imageauth.training.recipe import Recipe

RUN_FILE = "run.json"
KEPT = "best"  # the checkpoint's group of weights that a finished run goes on with


@dataclass(frozen=True)
class Progress:
    """Where a run stands, given to the caller after each step.

    Attributes:
        step, steps: done and in all.
        epoch, epochs: the running one, from 1, and the most there will be.
        loss: running mean over this epoch.
        accuracy: on validation, of the last finished epoch; None before.
    """

    step: int
    steps: int
    epoch: int
    epochs: int
    loss: float
    accuracy: float | None


def open_run(out: Path, recipe: Recipe, data: dict[str, Any], resume: bool) -> dict[str, Any]:
    """Begin ``run.json``, or check that the one found belongs to this recipe and this data.

    Asking twice changes nothing: a run of which nothing but that file is there is begun anew.

    Raises:
        DataError: ``out`` holds another run and ``resume`` is not set, or holds one with other settings.
    """
    file = out / RUN_FILE
    settings = {"recipe": recipe.to_json(), "data": data}
    if file.is_file() and checkpoint.find(out):
        if not resume:
            raise DataError(f"{out} already holds a run: add --resume to go on with it, or choose another folder")
        record: dict[str, Any] = json.loads(file.read_text())
        # A setting that is newer than the run stood at its default.
        record["recipe"] = Recipe(**record["recipe"]).to_json()
        for key, value in settings.items():
            if record.get(key) != json.loads(json.dumps(value)):
                raise DataError(f"{file} was begun with another {key}: resume with the same, or choose another folder")
        return record
    out.mkdir(parents=True, exist_ok=True)
    backend = keras.backend.backend()
    packages = {name: importlib.import_module(name).__version__ for name in ("keras", "numpy", "PIL", backend)}
    record = settings | {
        "imageauth": __version__,
        "started": _now(),
        "packages": packages,
        "backend": backend,
        "machine": {"system": platform.platform(), "processors": usable_cores(), "python": platform.python_version()},
    }
    write_atomically(file, json.dumps(record, indent=1).encode())
    return record


def close_run(out: Path, record: dict[str, Any], result: dict[str, Any]) -> None:
    """Write what a finished run gave into its ``run.json``.

    Args:
        out: the run's folder.
        record: as :func:`open_run` gave it.
        result: what is added.
    """
    record = record | {"finished": _now()} | result
    write_atomically(out / RUN_FILE, json.dumps(record, indent=1).encode())


def first_folder(out: Path, recipe: Recipe) -> Path:
    """Of the run before the recipe's own: that its network grows from, or that it is taught by."""
    return out / ("teacher" if recipe.teacher else "start")


def finished(out: Path, recipe: Recipe, data: dict[str, Any]) -> keras.Model | None:
    """The network of a finished run, on any backend; None if there is no run, or one that is not at its end.

    Raises:
        DataError: it is of another recipe or other data, or was damaged.
    """
    found = checkpoint.load(out)
    record = open_run(out, recipe, data, resume=True) if found else {}
    if not found or "finished" not in record:
        return None
    model = build(recipe.network, recipe.network_options)
    try:
        model.set_weights(found[0][KEPT])
    except (KeyError, ValueError) as error:
        raise DataError(f"{out / checkpoint.NAME} is of another network: train into another folder") from error
    return model


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
