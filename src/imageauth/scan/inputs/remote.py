"""Files and folders that lie elsewhere, as items of a scan."""

from dataclasses import dataclass
from typing import BinaryIO

from imageauth.errors import ImageAuthError, ImageError
from imageauth.scan.inputs.ranges import Ranges
from imageauth.scan.inputs.storage import UNKNOWN, Facts, Storage, storage_of

# Bytes that are asked for at once where an archive's directory or a table is read.
_AHEAD = 2**20


@dataclass(frozen=True, slots=True)
class RemoteSource:
    """An image elsewhere. Content Credentials beside it are not looked for, which would double the requests.

    Attributes:
        address: of it.
        size: bytes, if known.
    """

    address: str
    size: int | None = None

    def read(self) -> bytes:
        return _storage(self.address).read_whole(self.address, self.size)

    def sidecar(self) -> bytes | None:
        return None


class RemotePlace:
    """An archive or table elsewhere; see :class:`imageauth.scan.inputs.places.Place`."""

    distant = True

    def __init__(self, address: str, facts: Facts = UNKNOWN) -> None:
        """Note it.

        Args:
            address: of it.
            facts: that are known.
        """
        self.name = address
        self.size, self.modified = facts

    def open(self) -> BinaryIO:
        size = self.size
        if size is None:
            facts = _storage(self.name).facts(self.name)
            if facts is None or facts.size is None:
                raise ImageError("unreadable", "is a folder")
            size = facts.size
        return Ranges(self.read, size).buffered(_AHEAD)

    def open_in_order(self) -> BinaryIO:
        return _storage(self.name).open_in_order(self.name)

    def read(self, start: int, length: int) -> bytes:
        return _storage(self.name).read(self.name, start, length)


def _storage(address: str) -> Storage:
    try:
        return storage_of(address)
    except ImageAuthError as error:  # was there when the scan began
        raise ImageError("unreadable", str(error)) from error
