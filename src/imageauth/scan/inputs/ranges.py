"""A file made of parts that are asked for one by one."""

import io
from collections.abc import Callable
from typing import Any, BinaryIO, cast


class Ranges(io.RawIOBase):
    """Readable at any place."""

    def __init__(self, read: Callable[[int, int], bytes], size: int) -> None:
        """Begin at its start.

        Args:
            read: gives so many bytes from a place on.
            size: bytes in all.
        """
        self._read, self._size, self._at = read, size, 0

    def buffered(self, ahead: int) -> BinaryIO:
        """The same, asking for so many bytes at a time."""
        return cast(BinaryIO, io.BufferedReader(cast(Any, self), ahead))

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        length = min(len(buffer), max(0, self._size - self._at))
        data = self._read(self._at, length) if length else b""
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = max(0, offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence])
        return self._at

    def tell(self) -> int:
        return self._at
