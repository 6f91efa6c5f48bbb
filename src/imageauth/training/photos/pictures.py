"""Where the bytes of a table's pictures are: native files named by their SHA-256, and packs of small views."""

import hashlib
import os
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from imageauth.errors import DataError, ImageError
from imageauth.images import read_bytes
from imageauth.training.source import files, reading

_SHA256 = re.compile(r"[0-9a-f]{64}")
_PACKS = (".tar.xz", ".tar", ".zip")
_MAX_VIEW_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class Found:
    """What the folders and files that a user named hold.

    Attributes:
        tables: in the order named, those of one folder by name.
        packs: archives with ``whole/<file>``.
        natives: SHA-256 → native file.
    """

    tables: tuple[Path, ...]
    packs: tuple[Path, ...]
    natives: Mapping[str, Path]


def find(sources: Sequence[Path]) -> Found:
    """Look through what the user named, without descending into sub-folders.

    Args:
        sources: tables (``.tsv``) and folders. Of a folder count tables, packs (``.tar.xz``, ``.tar``, ``.zip``) and
            files called by 64 hexadecimal digits; anything else in it is passed over.

    Raises:
        DataError: one of them does not exist or cannot be read, or there is no table.
    """
    tables: list[Path] = []
    packs: list[Path] = []
    natives: dict[str, Path] = {}
    for source in sources:
        if not source.exists():
            raise DataError(f"{source} does not exist")
        try:
            names = sorted(entry.name for entry in os.scandir(source)) if source.is_dir() else [source.name]
        except OSError as error:
            raise DataError(f"{source} cannot be read: {error.strerror or error}") from error
        folder = source if source.is_dir() else source.parent
        for name in names:
            if name.endswith(".tsv"):
                tables.append(folder / name)
            elif name.endswith(_PACKS):
                packs.append(folder / name)
            elif _SHA256.fullmatch(name):
                natives.setdefault(name, folder / name)
            elif not source.is_dir():
                raise DataError(f"{source} is neither a table (.tsv), nor a pack ({', '.join(_PACKS)}), nor a folder")
    if not tables:
        raise DataError(f"{', '.join(map(str, sources))}: there is no table (.tsv) that says what the pictures are")
    return Found(tuple(tables), tuple(packs), natives)


def read_native(path: Path, sha256: str) -> bytes:
    """A native file's bytes.

    Raises:
        ImageError: it cannot be read, is too large, or has another SHA-256.
    """
    data = read_bytes(path)
    if hashlib.sha256(data).hexdigest() != sha256:
        raise ImageError("corrupt", "is not the file that its name says (its SHA-256 differs)")
    return data


def read_views(packs: Sequence[Path], wanted: Collection[str]) -> Iterator[tuple[str, bytes]]:
    """(name, the whole view's JPEG) of pictures that the packs hold; nothing else is unpacked.

    Args:
        packs: read one after the other, from their beginning.
        wanted: names of members, below ``whole/``.

    Raises:
        DataError: a pack is damaged, or holds a view that is too large to be one.
    """
    left = set(wanted)
    for pack in packs if left else ():
        with reading(pack):
            for _, name, content in files(pack):
                if not name.startswith("whole/") or (file := name.removeprefix("whole/")) not in left:
                    continue
                with content() as stream:
                    data = stream.read(_MAX_VIEW_BYTES + 1)
                if len(data) > _MAX_VIEW_BYTES:
                    raise DataError(f"{pack}: {name} is larger than any view of a pack")
                left.remove(file)
                yield file, data
                if not left:  # the rest of the archive need not be decompressed
                    return
