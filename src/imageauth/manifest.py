"""The manifest of a prepared data set: which file, which bytes, which label, which split."""

import csv
import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal, get_args

from imageauth.errors import DataError
from imageauth.files import write_atomically

Label = Literal["real", "fake"]
Split = Literal["train", "validation", "test", "excluded"]
FILE_NAME = "manifest.tsv"


@dataclass(frozen=True, slots=True)
class Entry:
    """One picture of a data set.

    Attributes:
        path: relative to the data set's folder, with ``/``.
        sha256: of the file's bytes, hexadecimal.
        label: ``real`` or ``fake``.
        split: ``train``, ``validation``, ``test``, or ``excluded``.
        duplicate_of: path of the file that stands for this one when it is excluded: with the same bytes, or nearly the
            same picture; else empty.
        group: what figures are also given for, such as the class of object; empty for none.
    """

    path: str
    sha256: str
    label: Label
    split: Split
    duplicate_of: str = ""
    group: str = ""


class Manifest(Sequence[Entry]):
    """An immutable list of entries with its own digest."""

    _COLUMNS = tuple(field.name for field in fields(Entry))

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries = tuple(entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, index):  # type: ignore[no-untyped-def]
        return self._entries[index]

    def select(self, split: Split) -> "Manifest":
        """The entries of one split, in order."""
        return Manifest(entry for entry in self._entries if entry.split == split)

    def to_tsv(self) -> str:
        """Tab-separated text with a header line.

        The column ``group`` is there where an entry has one, so that older manifests keep their text and digest.
        """
        out = io.StringIO()
        writer = csv.writer(out, delimiter="\t", lineterminator="\n")
        names = self._COLUMNS if any(entry.group for entry in self._entries) else self._COLUMNS[:-1]
        writer.writerow(names)
        writer.writerows([getattr(entry, name) for name in names] for entry in self._entries)
        return out.getvalue()

    @property
    def digest(self) -> str:
        """SHA-256 of the tab-separated text: it changes with any file, label or split."""
        return hashlib.sha256(self.to_tsv().encode()).hexdigest()

    def save(self, folder: Path) -> None:
        """Write ``manifest.tsv`` in one step: a reader sees the whole of it or none."""
        write_atomically(folder / FILE_NAME, self.to_tsv().encode())

    @staticmethod
    def load(folder: Path) -> "Manifest":
        """Read ``manifest.tsv`` of a prepared folder.

        Raises:
            DataError: there is none (the folder was never finished), or it is not one of ours.
        """
        file = folder / FILE_NAME
        if not file.is_file():
            raise DataError(
                f"{folder} has no {FILE_NAME}: prepare the data first, e.g. imageauth data cifake --to {folder}"
            )
        try:
            with file.open(newline="", encoding="utf-8") as stream:
                rows = csv.DictReader(stream, delimiter="\t")
                if tuple(rows.fieldnames or ()) not in (Manifest._COLUMNS, Manifest._COLUMNS[:-1]):
                    raise ValueError("other columns")
                return Manifest(_entry(row) for row in rows)
        except (ValueError, csv.Error) as error:  # UnicodeDecodeError is a ValueError
            raise DataError(f"{file} is not a manifest that this version can read: {error}") from error


def _entry(row: Mapping[str, str]) -> Entry:
    if None in row or None in row.values():
        raise ValueError(f"a line of other length, at {row['path']}")
    if row["label"] not in get_args(Label) or row["split"] not in get_args(Split):
        raise ValueError(f"{row['label']!r} or {row['split']!r} of {row['path']} is unknown")
    return Entry(**row)  # type: ignore[arg-type]
