"""Checkpoints that survive ``kill -9``: the last whole one is always there."""

import json
import shutil
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from imageauth.errors import DataError

NAME = "checkpoint"
Arrays = Sequence[npt.NDArray[Any]]


def save(folder: Path, groups: Mapping[str, Arrays], state: dict[str, Any]) -> None:
    """Write arrays and ``state`` so that a crash at any moment leaves the old checkpoint or the new one.

    The new folder is complete before the old one goes: ``checkpoint`` is renamed to ``checkpoint.old`` and deleted only
    after ``checkpoint.new`` stands in its place.

    Args:
        folder: of the run.
        groups: arrays by group (weights, optimiser, average), each in a fixed order.
        state: plain data for JSON.
    """
    new, current, old = folder / f"{NAME}.new", folder / NAME, folder / f"{NAME}.old"
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    for name, arrays in groups.items():
        save_arrays(new / f"{name}.npz", arrays)
    (new / "state.json").write_text(json.dumps(state))
    if current.exists():
        shutil.rmtree(old, ignore_errors=True)
        current.rename(old)
    new.rename(current)
    shutil.rmtree(old, ignore_errors=True)


def load(folder: Path) -> tuple[dict[str, list[npt.NDArray[Any]]], dict[str, Any]] | None:
    """The groups and the state of the last whole checkpoint; None if there is none.

    Raises:
        DataError: it was damaged after it was written.
    """
    place = find(folder)
    if place is None:
        return None
    try:
        groups = {file.stem: load_arrays(file) for file in place.glob("*.npz")}
        return groups, json.loads((place / "state.json").read_text())
    except (zipfile.BadZipFile, EOFError, KeyError, ValueError) as error:
        raise DataError(f"{place} is damaged: remove it to train from the beginning") from error


def find(folder: Path) -> Path | None:
    """The last whole checkpoint of a run's folder, also where a crash left only the old one; None if there is none."""
    places = (folder / NAME, folder / f"{NAME}.old")
    return next((place for place in places if (place / "state.json").is_file()), None)


def save_arrays(path: Path, arrays: Arrays) -> None:
    """Write arrays in order, in one step."""
    part = path.with_name(path.stem + ".part.npz")
    np.savez(part, *arrays)
    part.replace(path)


def load_arrays(path: Path) -> list[npt.NDArray[Any]]:
    """Read what :func:`save_arrays` wrote."""
    with np.load(path) as stored:
        return [stored[f"arr_{index}"] for index in range(len(stored.files))]
