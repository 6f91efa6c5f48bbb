"""Compressed streams, unpacked in order, never to far more than images can be packed."""

import bz2
import gzip
import io
import lzma
from typing import Any, BinaryIO, Protocol, cast

from imageauth.errors import ImageError, MissingExtraError
from imageauth.scan.inputs.kinds import Kind
from imageauth.scan.inputs.members import check_ratio

# Memory that a stream may ask for to be unpacked; the strongest presets of the tools ask for half of it.
_MEMORY = 2**27


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class Unpacked:
    """A stream as it was before it was compressed. Can be read and skipped, not rewound."""

    def __init__(self, stream: BinaryIO, kind: Kind) -> None:
        """Begin.

        Args:
            stream: compressed.
            kind: how; ``tar`` for not at all.

        Raises:
            MissingExtraError: nothing can unpack it here.
        """
        self._packed = _Counted(stream)
        self._reader = _reader(self._packed, kind)
        self._at = 0

    def read(self, size: int) -> bytes:
        """So many bytes, fewer only at the end.

        Raises:
            ImageError: ``too-large``, as :func:`~imageauth.scan.inputs.members.check_ratio` has it.
        """
        pieces = []
        while size > 0 and (piece := self._reader.read(size)):
            pieces.append(piece)
            size -= len(piece)
            self._at += len(piece)
            check_ratio(self._at, self._packed.count)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def tell(self) -> int:
        """Bytes that were read or skipped."""
        return self._at

    def seek(self, offset: int) -> int:
        """Skip to a later place, or to the end if that comes first."""
        while self._at < offset and self.read(min(2**20, offset - self._at)):
            pass
        return self._at


class _Counted(io.RawIOBase):
    """Counts what is read."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        self.count += len(data)
        return len(data)


def _reader(stream: _Counted, kind: Kind) -> _Readable:
    buffered = cast(Any, io.BufferedReader(stream, 2**18))
    if kind == "gz":
        return gzip.GzipFile(fileobj=buffered)
    if kind == "bz2":
        return bz2.BZ2File(buffered)
    if kind == "xz":
        return _Xz(buffered)
    if kind == "zst":
        return _zstandard(buffered)
    return cast(_Readable, buffered)


def need_zstandard() -> None:
    """Load what unpacks zstd.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import zstandard  # noqa: F401
    except ImportError:
        raise MissingExtraError("reading .tar.zst", "scan") from None


def _zstandard(stream: BinaryIO) -> _Readable:
    need_zstandard()
    import zstandard

    unpacker = zstandard.ZstdDecompressor(max_window_size=_MEMORY)
    return cast(_Readable, unpacker.stream_reader(stream, read_across_frames=True))


class _Xz:
    """As :class:`lzma.LZMAFile`, which does not bound memory."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._unpacker: lzma.LZMADecompressor | None = None

    def read(self, size: int) -> bytes:
        left = b""
        while True:
            if self._unpacker and self._unpacker.eof:
                left, self._unpacker = self._unpacker.unused_data, None
            if not self._unpacker:  # streams may follow one another, with zeros between
                while not (left := left.lstrip(b"\0")):
                    if not (left := self._stream.read(2**16)):
                        return b""
                self._unpacker = lzma.LZMADecompressor(memlimit=_MEMORY)
            elif self._unpacker.needs_input and not (left := self._stream.read(2**16)):
                raise ImageError("corrupt", "is cut short")
            try:
                data = self._unpacker.decompress(left, size)
            except lzma.LZMAError as error:
                raise ImageError("corrupt", f"is damaged ({error})") from error
            left = b""
            if data:
                return data
