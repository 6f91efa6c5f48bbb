"""Members of zip archives: found in the directory at its end, read from where they lie by any process.

The directory is read entry by entry, so that memory does not grow with their number. Format: PKWARE's APPNOTE 6.3.
"""

import bz2
import lzma
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from imageauth.errors import ImageError
from imageauth.escaping import one_line
from imageauth.images import MAX_BYTES, check_length
from imageauth.report import Failure
from imageauth.scan.inputs.members import Members, check_ratio
from imageauth.scan.inputs.places import Place
from imageauth.scan.items import Item

_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_END_64_AT = struct.Struct("<4sIQI")
_END_64 = struct.Struct("<4sQ2H2I4Q")
_ENCRYPTED, _SIZES_FOLLOW, _UTF_8, _LZMA_MARKED = 1, 8, 0x800, 2
_MAX_COMMENT = 2**16
# Read with a member's header before it is known how much lies between that and the member.
_EXTRA = 128
# No method makes what it cannot shrink larger by more than this.
_MAX_GROWTH = 2**20


@dataclass(frozen=True, slots=True)
class ZipMember:
    """One member, where the directory says that it lies.

    Attributes:
        place: of the archive.
        offset: of its header, bytes.
        packed, size: bytes as it lies there, and unpacked.
        method: of compression.
        crc: CRC-32 of its unpacked bytes.
        flags: general purpose bits.
        name_bytes: of its name, bytes.
    """

    place: Place
    offset: int
    packed: int
    size: int
    method: int
    crc: int
    flags: int
    name_bytes: int

    def read(self) -> bytes:
        if self.flags & _ENCRYPTED:
            raise ImageError("unreadable", "is encrypted")
        check_length(self.size)
        if self.packed > MAX_BYTES + _MAX_GROWTH:
            raise ImageError("corrupt", "says that it is larger packed than unpacked")
        data = _unpack(self._packed(), self.method, self.size, marked=bool(self.flags & _LZMA_MARKED))
        if len(data) != self.size or zlib.crc32(data) != self.crc:
            raise ImageError("corrupt", "is damaged: its size or checksum is not as the archive says")
        return data

    def sidecar(self) -> bytes | None:
        return None

    def _packed(self) -> bytes:
        found = self.place.read(self.offset, _LOCAL.size + self.name_bytes + _EXTRA + self.packed)
        if len(found) < _LOCAL.size or found[:4] != b"PK\3\4":
            raise ImageError("corrupt", "does not lie where the archive says")
        *_, name, extra = _LOCAL.unpack_from(found)
        start = _LOCAL.size + name + extra
        if missing := max(0, start + self.packed - len(found)):
            found += self.place.read(self.offset + len(found), missing)
        if len(found) < start + self.packed:
            raise ImageError("corrupt", "is cut short: the archive ends before it does")
        return found[start : start + self.packed]


_Named = tuple[str, ZipMember]


def zip_items(members: Members) -> Iterator[Item | Failure]:
    """Images of a zip archive, in the order of its directory. One without a directory, because it was cut short, is
    read from its beginning as far as it goes."""
    place = members.place
    try:
        with place.open() as stream:
            try:
                size = stream.seek(0, 2)
                directory = _directory(stream, size)
            except ImageError as error:
                yield from _items(members, _scan(stream, place), size)
                yield members.broken(error)
                return
            yield from _items(members, _entries(stream, place, *directory), size)
    except Exception as error:  # readers raise anything on hostile input
        yield members.broken(error)
        return
    yield from members.rest()


def _items(members: Members, entries: Iterator[_Named], archive_size: int) -> Iterator[Item]:
    claimed = 0
    for name, member in entries:
        if name.endswith("/") or not members.takes(name):
            continue
        claimed += member.size if member.size <= MAX_BYTES else 0  # larger ones are refused without unpacking them
        check_ratio(claimed, archive_size)
        yield Item(members.name_of(name), member, member.size, members.place.modified)


def _directory(stream: BinaryIO, size: int) -> tuple[int, int, int]:
    """Where the directory begins, how many entries it has, and how far offsets in it are off, because
    something was put before the archive."""
    start = max(0, size - _END.size - _MAX_COMMENT)
    stream.seek(start)
    tail = stream.read(size - start)
    at = _end_mark(tail)
    if at is None:
        raise ImageError("corrupt", "is damaged or cut short: it has no directory" if size else "is empty (0 bytes)")
    _, disk, first_disk, _, count, length, offset, _ = _END.unpack_from(tail, at)
    end = start + at
    if disk != first_disk and disk != 0xFFFF:
        raise ImageError("unsupported-format", "is one of several parts of an archive")
    if 0xFFFF in (count, disk) or 0xFFFFFFFF in (length, offset):
        end, count, length, offset = _directory_64(stream, end) or (end, count, length, offset)
    begin = end - length
    if begin < 0 or offset > begin:
        raise ImageError("corrupt", "is damaged: its directory is not where it says")
    return begin, count, begin - offset


def _end_mark(tail: bytes) -> int | None:
    """Where the record that ends an archive begins: the last that fits with its comment, which may hold another."""
    fitting = None
    at = len(tail)
    while (at := tail.rfind(b"PK\5\6", 0, at)) >= 0:
        if at + _END.size <= len(tail):
            ends = at + _END.size + _END.unpack_from(tail, at)[-1]
            if ends == len(tail):
                return at
            if ends < len(tail) and fitting is None:
                fitting = at
    return fitting


def _directory_64(stream: BinaryIO, end: int) -> tuple[int, int, int, int] | None:
    """The same of a large archive: where its directory ends, entries, length, offset."""
    if end < _END_64_AT.size:
        return None
    stream.seek(end - _END_64_AT.size)
    mark, _, stated, _ = _END_64_AT.unpack(stream.read(_END_64_AT.size))
    if mark != b"PK\6\7":
        return None
    for at in (stated, end - _END_64_AT.size - _END_64.size):
        if 0 <= at <= end - _END_64_AT.size - _END_64.size:
            stream.seek(at)
            found = _END_64.unpack(stream.read(_END_64.size))
            if found[0] == b"PK\6\6":
                return at, *found[7:]
    raise ImageError("corrupt", "is damaged: its directory is not where it says")


def _entries(stream: BinaryIO, place: Place, begin: int, count: int, shift: int) -> Iterator[_Named]:
    stream.seek(begin)
    for _ in range(count):
        head = stream.read(_CENTRAL.size)
        if len(head) < _CENTRAL.size or head[:4] != b"PK\1\2":
            raise ImageError("corrupt", "is damaged: its directory is not whole")
        _, _, _, flags, method, _, _, crc, packed, size, *lengths, _, _, _, offset = _CENTRAL.unpack(head)
        name, extra = stream.read(lengths[0]), stream.read(lengths[1])
        stream.read(lengths[2])
        size, packed, offset = _large(extra, size, packed, offset)
        yield _text(name, flags), ZipMember(place, offset + shift, packed, size, method, crc, flags, len(name))


def _scan(stream: BinaryIO, place: Place) -> Iterator[_Named]:
    """Members from the beginning on, for as long as each says how long it is."""
    at = 0
    while True:
        stream.seek(at)
        head = stream.read(_LOCAL.size)
        if len(head) < _LOCAL.size or head[:4] != b"PK\3\4":
            return
        _, _, flags, method, _, _, crc, packed, size, *lengths = _LOCAL.unpack(head)
        name, extra = stream.read(lengths[0]), stream.read(lengths[1])
        size, packed, _ = _large(extra, size, packed, 0)
        if flags & _SIZES_FOLLOW and not packed:
            return
        yield _text(name, flags), ZipMember(place, at, packed, size, method, crc, flags, len(name))
        at += _LOCAL.size + sum(lengths) + packed


def _large(extra: bytes, size: int, packed: int, offset: int) -> tuple[int, int, int]:
    """Sizes and offset with those put in that have 64 bits."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        if kind == 1:
            values = iter(struct.unpack_from(f"<{min(length, len(extra) - at - 4) // 8}Q", extra, at + 4))
            size, packed, offset = (
                next(values, value) if value == 0xFFFFFFFF else value for value in (size, packed, offset)
            )
        at += 4 + length
    return size, packed, offset


def _text(name: bytes, flags: int) -> str:
    return name.decode("utf-8", "surrogateescape") if flags & _UTF_8 else name.decode("cp437")


def _unpack(data: bytes, method: int, size: int, *, marked: bool) -> bytes:
    """A member's bytes, never many more than the ``size`` that was announced.

    Args:
        data: as they lie in the archive.
        method: 0 stored, 8 deflate, 12 bzip2, 14 LZMA.
        size: bytes unpacked.
        marked: LZMA data has a mark at its end.

    Raises:
        ImageError: another method, or damaged.
    """
    try:
        if method == 0:
            return data
        if method == 8:
            return zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, size + 1)
        if method == 12:
            return bz2.BZ2Decompressor().decompress(data, size + 1)
        if method == 14:  # a version, the length of the properties, these, the data; as a file there is a size between
            length = b"\xff" * 8 if marked else size.to_bytes(8, "little")
            whole = data[4:9] + length + data[9:]
            return lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=4 * MAX_BYTES).decompress(whole, size + 1)
    except (zlib.error, lzma.LZMAError, OSError, ValueError, EOFError) as error:
        raise ImageError("corrupt", f"is damaged ({one_line(error, 120)})") from error
    raise ImageError("unsupported-format", f"is packed by method {method} of zip, which is not read here")
