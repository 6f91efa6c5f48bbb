"""AVIF and HEIC: the Exif and XMP items of the meta box."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from imageauth.provenance.metadata.blocks import Blocks

_MAX_BOXES = 1024
_MAX_ITEMS = 4096


@dataclass(slots=True)
class _Item:
    kind: bytes = b""
    content: bytes = b""
    inside: bool = False  # the meta box's own idat holds it
    extents: list[tuple[int, int]] = field(default_factory=list)


def read_bmff(data: bytes, blocks: Blocks) -> None:
    """Items of the file's meta box (ISO/IEC 14496-12, 8.11; ISO/IEC 23008-12, annex A)."""
    for kind, start, end in _boxes(data, 0, len(data)):
        if kind == b"meta":
            _meta(data, start + 4, end, blocks)
            return


def _boxes(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Type, first byte after the header and end of each box between ``at`` and ``end``."""
    for _ in range(_MAX_BOXES):
        if at + 8 > end:
            return
        size, header = int.from_bytes(data[at : at + 4], "big"), 8
        if size == 1:
            size, header = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        stop = end if size == 0 else min(at + size, end)
        if stop < at + header:
            return
        yield data[at + 4 : at + 8], at + header, stop
        at = stop


def _meta(data: bytes, at: int, end: int, blocks: Blocks) -> None:
    items: dict[int, _Item] = {}
    own = (0, 0)
    for kind, start, stop in _boxes(data, at, end):
        if kind == b"iinf":
            _information(data, start, stop, items)
        elif kind == b"iloc":
            _locations(data[start:stop], items)
        elif kind == b"idat":
            own = (start, stop)
    for item in items.values():
        if item.kind != b"Exif" and not (item.kind == b"mime" and item.content == b"application/rdf+xml"):
            continue
        what = "EXIF" if item.kind == b"Exif" else "XMP"
        base = own[0] if item.inside else 0
        size = sum(length or len(data) for _, length in item.extents)
        if not item.extents or not blocks.take(size, what):
            continue
        body = b"".join(data[base + offset : base + offset + length] for offset, length in item.extents)
        if item.kind == b"mime":
            blocks.xmp.append(body)
        else:  # four bytes say how far the TIFF structure is
            blocks.exif.append(body[4 + int.from_bytes(body[:4], "big") :].removeprefix(b"Exif\0\0"))


def _information(data: bytes, at: int, end: int, items: dict[int, _Item]) -> None:
    """iinf: a type for each item, and a content type where that is ``mime``."""
    at += 4 + (2 if data[at] == 0 else 4)
    for kind, start, stop in _boxes(data, at, end):
        if kind != b"infe" or data[start] < 2 or len(items) >= _MAX_ITEMS:
            continue
        wide = 4 if data[start] >= 3 else 2
        number = int.from_bytes(data[start + 4 : start + 4 + wide], "big")
        type_at = start + 4 + wide + 2
        item = items.setdefault(number, _Item())
        item.kind = data[type_at : type_at + 4]
        if item.kind == b"mime":
            item.content = data[type_at + 4 : stop].split(b"\0")[1:2][0] if b"\0" in data[type_at + 4 : stop] else b""


def _locations(body: bytes, items: dict[int, _Item]) -> None:
    """iloc, versions 0 to 2: where the bytes of each item are."""
    version = body[0]
    sizes = body[4] >> 4, body[4] & 15, body[5] >> 4, (body[5] & 15 if version else 0)
    if any(size not in (0, 4, 8) for size in sizes):
        return
    offset_size, length_size, base_size, index_size = sizes
    at = 6

    def number(size: int) -> int:
        nonlocal at
        at += size
        return int.from_bytes(body[at - size : at], "big")

    for _ in range(min(number(4 if version == 2 else 2), _MAX_ITEMS)):
        item = items.setdefault(number(4 if version == 2 else 2), _Item())
        item.inside = bool(version and number(2) & 15 == 1)
        number(2)  # data reference
        base = number(base_size)
        for _ in range(number(2)):
            if at >= len(body):
                return
            number(index_size)
            offset, length = number(offset_size), number(length_size)
            if len(item.extents) < 64:
                item.extents.append((base + offset, length))
