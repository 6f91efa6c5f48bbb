"""Files that may be trust lists: one file, those of a folder, those of a zip archive; bounded in number and size."""

import os
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from imageauth.provenance.trust.lists import TrustError
from imageauth.provenance.trust.parsing import MAX_BYTES

MAX_FILES = 20_000
_ENDINGS = (".pem", ".json", ".cfg")


@dataclass(frozen=True, slots=True)
class Found:
    """A file that may be a trust list.

    Attributes:
        name: for messages.
        path: its parts, the last one the file's name. ``owner__name__file`` counts as three, which is how flat
            collections of files keep paths.
        data: its bytes.
    """

    name: str
    path: tuple[str, ...]
    data: bytes

    def agreement(self, published: str) -> int:
        """How many parts at the end of the path are those of the path that a list is published at."""
        pairs = zip(reversed(self.path), reversed(published.split("/")), strict=False)
        return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def gather(path: Path) -> list[Found]:
    """The files at a path that may be trust lists.

    Raises:
        TrustError: it cannot be read, or holds too much.
    """
    try:
        if path.is_dir():
            return [_read(item, str(item.relative_to(path))) for item in _walk(path)]
        if zipfile.is_zipfile(path):
            return _unzipped(path)
        return [_read(path, path.name)]
    except OSError as error:
        raise TrustError(f"{path} cannot be read: {error.strerror or error}") from error


def _unzipped(path: Path) -> list[Found]:
    try:
        with zipfile.ZipFile(path) as archive:
            return list(_members(archive, str(path)))
    except TrustError:
        raise
    except Exception as error:  # any of many, by the method of compression and the kind of damage
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise TrustError(f"{path}: a damaged or encrypted archive") from error


def _walk(folder: Path) -> Iterator[Path]:
    seen = 0
    for root, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            seen += 1
            if seen > MAX_FILES:
                raise TrustError(f"{folder}: more than {MAX_FILES:,} files; name the lists themselves")
            item = Path(root, name)
            if name.lower().endswith(_ENDINGS) and item.is_file() and item.stat().st_size <= MAX_BYTES:
                yield item


def _members(archive: zipfile.ZipFile, where: str) -> Iterator[Found]:
    members = archive.infolist()
    if len(members) > MAX_FILES:
        raise TrustError(f"{where}: more than {MAX_FILES:,} files")
    budget = 8 * MAX_BYTES
    for member in members:
        if member.is_dir() or not member.filename.lower().endswith(_ENDINGS):
            continue
        with archive.open(member) as stream:
            data = stream.read(MAX_BYTES + 1)
        budget -= len(data)
        if budget < 0:
            raise TrustError(f"{where}: holds too much; name the lists themselves")
        if len(data) <= MAX_BYTES:
            yield _found(member.filename, data)


def _read(path: Path, name: str) -> Found:
    if not path.is_file():
        raise TrustError(f"{path}: no such file" if not path.exists() else f"{path}: not a regular file")
    with path.open("rb") as stream:
        return _found(name, stream.read(MAX_BYTES + 1))


def _found(name: str, data: bytes) -> Found:
    parts = name.replace("\\", "/").replace("__", "/").split("/")
    return Found(name, tuple(part for part in parts if part), data)
