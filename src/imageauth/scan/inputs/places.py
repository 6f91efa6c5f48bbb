"""Where an archive or table lies: opened in order by one process, read in parts by others."""

import os
import stat
from pathlib import Path
from typing import BinaryIO, Protocol

from imageauth.errors import ImageError


class Place(Protocol):
    """A file on this machine or elsewhere. Picklable.

    Attributes:
        name: a path or an address, as the results call it.
        size: bytes, if known.
        modified: see :class:`imageauth.scan.items.Item`.
        distant: each part of it that is read costs time on the way.
    """

    @property
    def name(self) -> str: ...
    @property
    def size(self) -> int | None: ...
    @property
    def modified(self) -> int | None: ...
    @property
    def distant(self) -> bool: ...

    def open(self) -> BinaryIO:
        """To read any part of it; ``seek`` and ``tell`` work.

        Raises:
            ImageError: it cannot be read.
        """
        ...

    def open_in_order(self) -> BinaryIO:
        """To read it once from its beginning to its end.

        Raises:
            ImageError: it cannot be read.
        """
        ...

    def read(self, start: int, length: int) -> bytes:
        """Bytes of it from ``start`` on; fewer than ``length`` where it ends before.

        Raises:
            ImageError: it cannot be read.
        """
        ...


class LocalPlace:
    """A file on this machine."""

    distant = False

    def __init__(self, path: str) -> None:
        """Look at it; what cannot be read shows itself when it is opened."""
        self.name = path
        self.size, self.modified = size_and_time(path)

    def open(self) -> BinaryIO:
        try:
            if not stat.S_ISREG(os.stat(self.name).st_mode):  # a pipe would keep us waiting
                raise ImageError("unreadable", "is not a regular file")
            return Path(self.name).open("rb")
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise ImageError("unreadable", f"cannot be read: {reason}") from error

    open_in_order = open

    def read(self, start: int, length: int) -> bytes:
        try:
            with self.open() as stream:
                stream.seek(start)
                return stream.read(length)
        except OSError as error:
            raise ImageError("unreadable", f"cannot be read: {error.strerror or error}") from error


def size_and_time(path: str) -> tuple[int | None, int | None]:
    """Bytes, and nanoseconds since 1970 of the last change, of a file; None where it cannot be seen."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None, None
    return status.st_size, status.st_mtime_ns
