"""What another tool said of labelled pictures, read from a file: docs/compare.md has its format."""

import csv
import hashlib
import io
import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from imageauth.errors import DataError
from imageauth.escaping import printable
from imageauth.evaluation.dataset import Item
from imageauth.evaluation.held_out import FrozenCuts
from imageauth.evaluation.paired import Judged
from imageauth.files import read_bounded
from imageauth.report import Verdict

SUFFIXES = (".csv", ".jsonl")
DECISION = 0.5
"""Probability from which a picture counts as AI-made: a file of predictions has no threshold of its own."""

_MOST_BYTES = 256 * 2**20
_VERDICTS = {
    Verdict.AI_GENERATED.value: 1,
    Verdict.LIKELY_AI.value: 1,
    Verdict.INCONCLUSIVE.value: 0,
    Verdict.LIKELY_REAL.value: -1,
    Verdict.CAMERA_VERIFIED.value: -1,
}


@dataclass(frozen=True, slots=True)
class Predictions:
    """The content of a file.

    Attributes:
        name: the file's, without its suffix.
        sha256: of its bytes, hexadecimal.
        rows: file → (probability, verdict): 1 AI, −1 real, 0 neither, None where no row has a verdict.
    """

    name: str
    sha256: str
    rows: Mapping[str, tuple[float, int | None]]

    def judge(self, items: Sequence[Item], folder: Path) -> tuple[Judged, list[int]]:
        """What it says of pictures.

        Args:
            items: labelled files.
            folder: that names are relative to.

        Returns:
            What it says of those that it has, and their places among ``items``.

        Raises:
            DataError: it has none of them, or two answers about one.
        """
        known: dict[str, tuple[float, int | None]] = {}
        for name, row in self.rows.items():
            if known.setdefault(_clean(name, folder), row) != row:
                raise DataError(f"{self.name}: {printable(name)} is there twice, with different answers")
        found = [(at, known.get(_clean(str(item.path), folder))) for at, item in enumerate(items)]
        places = [at for at, row in found if row is not None]
        if not places:
            example = printable(next(iter(self.rows), ""))
            raise DataError(
                f"{self.name}: none of its rows names a picture of {folder}: the column file must hold paths below "
                f"that folder, such as {items[0].name}" + (f", not {example}" if example else "")
            )
        rows = [row for _, row in found if row is not None]
        p = np.array([row[0] for row in rows])
        decision = np.full(len(p), DECISION)
        if any(row[1] is None for row in rows):
            cuts = FrozenCuts(decision, np.full(len(p), np.inf), np.full(len(p), -np.inf))
            return Judged(p, p, cuts, None), places
        said = np.array([row[1] for row in rows])
        cuts = FrozenCuts(decision, np.where(said == 1, -np.inf, np.inf), np.where(said == -1, np.inf, -np.inf))
        return Judged(p, p, cuts, np.ones(len(p), np.bool_)), places


def is_predictions(name: str) -> bool:
    """Whether a model's name is that of a file of predictions."""
    return name.lower().endswith(SUFFIXES) and not os.path.isdir(name)


def read_predictions(path: Path) -> Predictions:
    """Read a CSV with a head or JSON lines: ``file``, ``probability`` and perhaps ``verdict``; other columns are left
    aside, and rows with an ``error`` or without a probability say nothing.

    Raises:
        DataError: it cannot be read, or a line of it makes no sense; the message says which.
    """
    data = read_bounded(path, _MOST_BYTES, error=DataError)
    lines = _json_lines if path.suffix.lower() == ".jsonl" else _csv_lines
    rows: dict[str, tuple[float, int | None]] = {}
    try:
        for number, line in lines(data.decode("utf-8-sig")):
            name, row = _row(line, f"{path}, line {number}")
            if row is None:
                continue
            if rows.setdefault(name, row) != row:
                raise DataError(f"{path}, line {number}: {printable(name)} is there twice, with different answers")
    except UnicodeDecodeError:
        raise DataError(f"{path} is not UTF-8 text") from None
    except (csv.Error, ValueError, RecursionError) as error:
        raise DataError(f"{path} cannot be read: {printable(str(error))[:200]}") from error
    if not rows:
        raise DataError(f"{path} has no predictions in it")
    return Predictions(printable(path.stem), hashlib.sha256(data).hexdigest(), rows)


def _csv_lines(text: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    reader = csv.DictReader(io.StringIO(text, newline=""))
    missing = {"file", "probability"} - set(reader.fieldnames or ())
    if missing:
        raise ValueError(f"its first line names no column {sorted(missing)[0]!r}")
    for row in reader:
        yield reader.line_num, row


def _json_lines(text: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise ValueError(f"line {number} is not JSON: {error}") from error
        if not isinstance(row, dict):
            raise ValueError(f"line {number} is not a JSON object")
        yield number, row


def _row(line: Mapping[str, Any], where: str) -> tuple[str, tuple[float, int | None] | None]:
    name, probability, verdict = line.get("file"), line.get("probability"), line.get("verdict")
    if not isinstance(name, str) or not name:
        raise DataError(f"{where}: names no file")
    if line.get("error") or probability in (None, ""):
        return name, None
    try:
        p = float(probability)
    except (OverflowError, TypeError, ValueError):
        p = math.nan
    if isinstance(probability, bool) or not 0 <= p <= 1:
        raise DataError(f"{where}: {printable(str(probability))[:40]!r} is no probability between 0 and 1")
    if verdict in (None, ""):
        return name, (p, None)
    if not isinstance(verdict, str) or verdict not in _VERDICTS:
        raise DataError(f"{where}: the verdict {printable(str(verdict))[:40]!r} is none of {', '.join(_VERDICTS)}")
    return name, (p, _VERDICTS[verdict])


def _clean(name: str, folder: Path) -> str:
    """A path relative to the folder, with ``/``, however it was written: relative to it, to here, or absolute."""
    base = os.path.abspath(folder)
    for candidate in (name, name.replace("\\", "/")):
        full = os.path.abspath(candidate)
        if full.startswith(base + os.sep):
            return os.path.relpath(full, base).replace(os.sep, "/")
    return os.path.normpath(name).replace("\\", "/")
