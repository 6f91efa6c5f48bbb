"""Files that may be trust lists: one file, those of a folder, those of a zip archive; bounded in number and size."""

import os
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

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

    def agreement(self, addresses: Sequence[str]) -> int:
        """How many parts at the end of the path are also in one of the addresses' paths, at least the file's name."""
        # The interim list is served from this folder of the repository of its site.
        served = [
            (*urlsplit(address).path.split("/")[:-2], "static", *address.split("/")[-2:]) for address in addresses
        ]
        return max((_common_end(self.path, known) for known in served), default=0)


def gather(path: Path) -> list[Found]:
    """The files at a path that may be trust lists.

    Raises:
        TrustError: it cannot be read, or holds too much.
    """
    try:
        if path.is_dir():
            return [_read(item, str(item.relative_to(path))) for item in _walk(path)]
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                return list(_unzipped(archive, str(path)))
        return [_read(path, path.name)]
    except OSError as error:
        raise TrustError(f"{path} cannot be read: {error.strerror or error}") from error
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
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


def _unzipped(archive: zipfile.ZipFile, where: str) -> Iterator[Found]:
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


def _common_end(first: Sequence[str], second: Sequence[str]) -> int:
    count = 0
    for one, other in zip(reversed(first), reversed(second), strict=False):
        if one != other:
            break
        count += 1
    return count
