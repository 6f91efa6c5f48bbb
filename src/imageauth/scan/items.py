"""What a scan checks: one item an image, small enough to be sent to another process."""

from dataclasses import dataclass
from typing import Protocol

from imageauth.errors import ImageError
from imageauth.images import read_bytes, read_sidecar
from imageauth.report import Failure


class Source(Protocol):
    """Where the bytes of an image come from. Picklable; read in whichever process checks it."""

    def read(self) -> bytes:
        """The file's bytes, at most :data:`imageauth.images.MAX_BYTES`.

        Raises:
            ImageError: it cannot be read; ``code`` says why.
        """
        ...

    def sidecar(self) -> bytes | None:
        """Bytes of the Content Credentials beside it, if there are any; see :func:`imageauth.images.read_sidecar`."""
        ...


@dataclass(frozen=True, slots=True)
class FileSource:
    """A file on this machine."""

    path: str

    def read(self) -> bytes:
        return read_bytes(self.path)

    def sidecar(self) -> bytes | None:
        return read_sidecar(self.path)


@dataclass(frozen=True, slots=True)
class BytesSource:
    """Bytes that were read already, as from a compressed archive that can only be read in order."""

    data: bytes

    def read(self) -> bytes:
        return self.data

    def sidecar(self) -> bytes | None:
        return None


@dataclass(frozen=True, slots=True)
class Item:
    """One image of a scan.

    Attributes:
        name: what the results call it, the same in every run: a path, ``archive.zip!/folder/picture.jpg``,
            ``table.parquet#12``, or an address.
        source: where its bytes come from.
        size: of the file, bytes, if that is known without reading it.
        modified: of the file, or of the archive that it lies in, nanoseconds since 1970, if known; other storage may
            give a version's number instead. Only compared for equality.
    """

    name: str
    source: Source
    size: int | None = None
    modified: int | None = None


@dataclass(frozen=True, slots=True)
class Nowhere:
    """The source of what was not found; nobody reads it."""

    def read(self) -> bytes:
        raise ImageError("unreadable", "was not found")

    def sidecar(self) -> bytes | None:
        return None


def item_of(found: Item | Failure) -> Item:
    """An input, even where looking for it failed."""
    return Item(found.file, Nowhere()) if isinstance(found, Failure) else found
