"""Results in one file of text that only grows: JSON lines, or comma-separated values."""

import os
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from imageauth.errors import ImageAuthError
from imageauth.scan.results.lock import lock
from imageauth.scan.results.table import Results
from imageauth.scan.rows import Row

# Records of junk that a power cut can leave at the end.
_JUNK = 16


class Records(Results):
    """Such a file. Positions are offsets in bytes.

    A crash can leave the last record cut short, a power cut also junk in its place: whatever follows the last whole
    record is cut off on opening.
    """

    begins = b""
    """What every record begins with."""

    def __init__(self, path: Path, head: bytes = b"") -> None:
        """Open or create.

        Args:
            path: of the file.
            head: what it begins with, before the first record.

        Raises:
            ImageAuthError: it is not a file of results, or damaged in the middle.
            OSError: it cannot be read or written.
        """
        self.path = path
        self.end = self._added = 0
        self._head = head
        if path.is_dir():
            raise ImageAuthError(f"{path} is a folder; results of this form are one file")
        self._stream: BinaryIO = path.open("r+b" if path.exists() else "w+b")
        try:
            lock(self._stream.fileno(), path)
            self._mend()
        except BaseException:
            self._stream.close()
            raise

    @abstractmethod
    def encode(self, row: Row) -> bytes:
        """One record, with its end of line."""

    @abstractmethod
    def decode(self, record: bytes) -> Row:
        """A row of a record.

        Raises:
            ValueError: it is not whole, or none of ours.
        """

    def whole(self, record: bytes) -> bool:
        """Whether a record ends where its line ends."""
        return True

    def rows(self, start: int = 0) -> Iterator[tuple[int, Row]]:
        for position, record in self._records(max(start, len(self._head))):
            try:
                row = self.decode(record)
            except ValueError as error:
                raise ImageAuthError(f"{self.path} is damaged at byte {position} ({error})") from None
            yield position, row

    def read(self, position: int) -> Row:
        self._stream.flush()
        return self.decode(next(self._records(position))[1])

    def add(self, rows: Sequence[Row]) -> list[int]:
        positions = []
        records = []
        at = self._added
        for row in rows:
            record = self.encode(row)
            positions.append(at)
            records.append(record)
            at += len(record)
        self._stream.seek(self._added)
        try:
            self._stream.write(b"".join(records))
        except OSError:
            self._forget()
            raise
        self._added = at
        return positions

    def commit(self) -> None:
        if self._added == self.end:
            return
        try:
            self._stream.flush()
            os.fsync(self._stream.fileno())
        except OSError:
            self._forget()
            raise
        self.end = self._added

    def keep(self, wanted: Callable[[int], bool]) -> None:
        self.commit()
        part = self.path.with_name(self.path.name + ".part")
        try:
            with part.open("wb") as stream:
                stream.write(self._head)
                for position, record in self._records(len(self._head)):
                    if wanted(position):
                        stream.write(record)
                stream.flush()
                os.fsync(stream.fileno())
            part.replace(self.path)
        except OSError:
            part.unlink(missing_ok=True)
            raise
        self._stream.close()
        self._stream = self.path.open("r+b")
        lock(self._stream.fileno(), self.path)
        self.end = self._added = self._stream.seek(0, os.SEEK_END)

    def close(self) -> None:
        try:
            self.commit()
        finally:
            self._stream.close()

    def _records(self, start: int) -> Iterator[tuple[int, bytes]]:
        """Whole records and their offsets, by a stream of their own: the file may grow meanwhile."""
        self._stream.flush()
        with self.path.open("rb") as stream:
            stream.seek(start)
            at, record = start, b""
            for line in stream:
                record += line
                if line.endswith(b"\n") and self.whole(record):
                    yield at, record
                    at += len(record)
                    record = b""

    def _mend(self) -> None:
        """Cut off what a crash left behind the last whole record, or begin a new file."""
        size = self._stream.seek(0, os.SEEK_END)
        self._stream.seek(0)
        begun = self._stream.read(len(self._head))
        if begun != self._head and not self._head.startswith(begun.rstrip(b"\0")):
            raise ImageAuthError(f"{self.path} does not begin like results of a scan; nothing was written to it")
        start = end = len(self._head) if begun == self._head else 0
        last: list[tuple[int, bytes]] = []
        if start or not self._head:
            for position, record in self._records(start):
                last = [*last[-_JUNK:], (position, record)]
                end = position + len(record)
        while last and not self._is_ours(last[-1][1]):
            end = last.pop()[0]
        if end == start and size > start and begun == self._head and not self._is_torn(start):
            raise ImageAuthError(f"{self.path} does not hold results of a scan; nothing was written to it")
        if end < size:
            self._stream.truncate(end)
        if not end and self._head:
            self._stream.seek(0)
            self._stream.write(self._head)
            end = len(self._head)
        self._stream.flush()
        os.fsync(self._stream.fileno())
        self._synchronise_folder()
        self.end = self._added = end

    def _is_ours(self, record: bytes) -> bool:
        try:
            self.decode(record)
        except ValueError:
            return False
        return True

    def _is_torn(self, start: int) -> bool:
        """Whether what stands there can be the beginning of our first record, or nothing at all."""
        self._stream.seek(start)
        found = self._stream.read(len(self.begins))
        return not found.strip(b"\0") or found == self.begins or self.begins.startswith(found)

    def _forget(self) -> None:
        """Cut off what was added since the last commit."""
        raw = os.open(self.path, os.O_RDWR)
        try:
            os.ftruncate(raw, self.end)
        finally:
            os.close(raw)
        # Its buffer may hold what did not fit; closing would try to write that again.
        stale, self._stream = self._stream, self.path.open("r+b")
        self._added = self.end
        try:
            stale.close()
        except OSError:
            os.truncate(self.path, self.end)

    def _synchronise_folder(self) -> None:
        """A new file's name must survive a power cut too."""
        if hasattr(os, "O_DIRECTORY"):
            folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
