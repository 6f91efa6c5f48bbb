"""The tables that say which picture is whose, and ``photos.tsv`` of a prepared folder.

Tables are untrusted: a line that could lead out of the folder, or says something impossible, is left out and told.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from imageauth.errors import DataError
from imageauth.escaping import printable
from imageauth.files import write_atomically

FILE_NAME = "photos.tsv"

_MAX_BYTES = 64 * 2**20
_MAX_ROWS = 200_000
_MAX_FIELD = 1000
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_REPO = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,99}/[^/\s].{0,299}")  # a note may follow


@dataclass(frozen=True, slots=True)
class Row:
    """One picture of a table.

    Attributes:
        file: ``label/source/sha16.jpg``, its name in the packs.
        label: ``real`` or ``fake``.
        source: where pictures of one kind come from: a short name, unique over all tables.
        generator_or_device: what made it, in words.
        kind: ``photo``, ``portrait``, ``art``, ``illustration``, ``render``, ``screenshot``, ``meme``, ``document`` or
            ``other``.
        repo, commit, path_in_repo: where its native file is public.
        licence: in words; "unclear" for most.
        sha256: of the native file, hexadecimal.
        w, h: of the native picture, pixels.
        fold: that keeps its repository's owner together.
    """

    file: str
    label: str
    source: str
    generator_or_device: str
    kind: str
    repo: str
    commit: str
    path_in_repo: str
    licence: str
    sha256: str
    w: int
    h: int
    fold: int

    @property
    def owner(self) -> str:
        """Of the repository, in lower case."""
        return self.repo.split("/")[0].lower()

    @property
    def stem(self) -> str:
        """How its prepared file is called, without the extension: ``REAL/source/sha16``."""
        return f"{'FAKE' if self.label == 'fake' else 'REAL'}/{self.source}/{self.sha256[:16]}"


@dataclass(frozen=True, slots=True)
class Photo(Row):
    """One picture of a prepared folder; ``file`` is relative to it.

    Attributes:
        native: whether the file is the native one; else the pack's view of it, 256 pixels high and wide.
        family: of generators that stay together, empty for none; see :mod:`imageauth.training.photos.grouping`.
        group: what stays on one side of any split.
        fold: of the group; the table's own may differ.
    """

    native: bool
    family: str
    group: str


COLUMNS = tuple(field.name for field in fields(Row))
_PREPARED = (*COLUMNS, "native", "family", "group")


def read_table(path: Path, wrong: Callable[[str], None]) -> list[Row]:
    """The pictures of one table, in its order.

    Args:
        path: tab-separated text with a header line, without quoting.
        wrong: told one line for each line that is left out.

    Raises:
        DataError: it cannot be read, or has other columns, or is too large.
    """
    rows = []
    for number, cells in _lines(path, COLUMNS):
        try:
            rows.append(_row(cells))
        except ValueError as error:
            wrong(printable(f"{path.name} line {number}: {error}"))
    return rows


def to_tsv(photos: Sequence[Photo]) -> str:
    """The text of ``photos.tsv``."""
    lines = ["\t".join(_PREPARED)]
    for photo in photos:
        cells = {name: getattr(photo, name) for name in _PREPARED} | {"native": "yes" if photo.native else "no"}
        lines.append("\t".join(str(cells[name]) for name in _PREPARED))
    return "\n".join(lines) + "\n"


def digest(photos: Sequence[Photo]) -> str:
    """SHA-256 of that text, hexadecimal: it changes with any file, label or fold."""
    return hashlib.sha256(to_tsv(photos).encode()).hexdigest()


def save(folder: Path, photos: Sequence[Photo]) -> None:
    """Write ``photos.tsv`` in one step. Its presence says that the folder is finished.

    Raises:
        OSError: it cannot be written.
    """
    write_atomically(folder / FILE_NAME, to_tsv(photos).encode())


def load(folder: Path) -> tuple[Photo, ...]:
    """The pictures of a folder that ``imageauth data photos`` prepared.

    Raises:
        DataError: it was never finished, or its table is not one of ours.
    """
    path = folder / FILE_NAME
    if not path.is_file():
        raise DataError(
            f"{folder} has no {FILE_NAME}: prepare the data first, e.g. imageauth data photos --to {folder}"
        )
    photos = []
    for number, cells in _lines(path, _PREPARED):
        try:
            row = _row({**cells, "file": f"{cells['label']}/{cells['source']}/{cells['sha256'][:16]}.jpg"})
            if re.sub(r"\.[a-z]+$", "", cells["file"]) != row.stem:
                raise ValueError("its file is not where it belongs")
        except ValueError as error:
            raise DataError(printable(f"{path} line {number}: {error}")) from error
        values = {name: getattr(row, name) for name in COLUMNS} | {"file": cells["file"]}
        photos.append(Photo(**values, native=cells["native"] == "yes", family=cells["family"], group=cells["group"]))
    return tuple(photos)


def at_most(photos: Sequence[Photo], most: int) -> list[Photo]:
    """So many of each source, chosen by their hashes: as good as at random, and the same whatever table they stand in.

    Returns:
        In the order of the hashes.
    """
    counts: Counter[str] = Counter()
    kept = []
    for photo in sorted(photos, key=lambda photo: photo.sha256):
        counts[photo.source] += 1
        if counts[photo.source] <= most:
            kept.append(photo)
    return kept


def _lines(path: Path, columns: Sequence[str]) -> list[tuple[int, dict[str, str]]]:
    """(line number, cells by column) of a table; a line of other length has no cells."""
    try:
        with path.open("rb") as stream:
            data = stream.read(_MAX_BYTES + 1)
        text = data.decode("utf-8")
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError:
        raise DataError(f"{path} is not a table: it is not UTF-8 text") from None
    if len(data) > _MAX_BYTES:
        raise DataError(f"{path} is larger than {_MAX_BYTES // 2**20} MiB, too large for a table of pictures")
    lines = [line.rstrip("\r").split("\t") for line in text.removesuffix("\n").split("\n")]
    if tuple(lines[0]) != tuple(columns):
        raise DataError(f"{path} is not a table of pictures: its columns are not {', '.join(columns)}")
    if len(lines) > _MAX_ROWS:
        raise DataError(f"{path} has more than {_MAX_ROWS:,} lines")
    return [
        (number, dict(zip(columns, cells, strict=True)) if len(cells) == len(columns) else {})
        for number, cells in enumerate(lines[1:], 2)
    ]


def _row(cells: Mapping[str, str]) -> Row:
    """Cells that make sense, as a row.

    Raises:
        ValueError: they make none; the message says which.
    """
    if not cells:
        raise ValueError("has another number of columns")
    long = next((name for name in COLUMNS if len(cells[name]) > _MAX_FIELD), None)
    if long:
        raise ValueError(f"its {long} is longer than {_MAX_FIELD} characters")
    if cells["label"] not in ("real", "fake"):
        raise ValueError(f"the label {cells['label'][:40]!r} is neither real nor fake")
    # Names of folders and files are made of these, so nothing else may stand in them.
    for name, form in (("source", _NAME), ("kind", _NAME), ("sha256", _SHA256), ("repo", _REPO)):
        if not form.fullmatch(cells[name]):
            raise ValueError(f"{cells[name][:80]!r} is no {name}")
    expected = f"{cells['label']}/{cells['source']}/{cells['sha256'][:16]}.jpg"
    if cells["file"] != expected:
        raise ValueError(f"its file is not called {expected}")
    values: dict[str, Any] = {name: cells[name] for name in COLUMNS}
    for name, most in (("w", 10**6), ("h", 10**6), ("fold", 99)):
        if not (cells[name].isascii() and cells[name].isdecimal() and len(cells[name]) < 8):
            raise ValueError(f"{cells[name][:40]!r} is no {name}")
        values[name] = int(cells[name])
        if values[name] > most:
            raise ValueError(f"{cells[name]} is no {name}")
    return Row(**values)
