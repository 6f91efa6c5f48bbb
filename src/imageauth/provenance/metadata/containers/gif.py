"""GIF: comment extensions and the XMP application extension."""

from imageauth.provenance.metadata.blocks import Blocks
from imageauth.provenance.metadata.limits import MAX_STEPS, MAX_VALUE

_XMP_TRAILER = b"\x01\xff\xfe\xfd\xfc"


def read_gif(data: bytes, blocks: Blocks) -> None:
    """Blocks (GIF89a, 15–26; XMP specification part 3, 1.1.2)."""
    if len(data) < 13:
        return
    at = 13 + (3 << ((data[10] & 7) + 1) if data[10] & 0x80 else 0)
    steps, searched = 0, False
    while at + 2 < len(data) and steps < MAX_STEPS:
        steps += 1
        if data[at] == 0x2C:  # image: skip its colour table and data
            packed = data[at + 9] if at + 9 < len(data) else 0
            at += 11 + (3 << ((packed & 7) + 1) if packed & 0x80 else 0)
        elif data[at] != 0x21:
            break
        elif data[at + 1] == 0xFF and data[at + 3 : at + 14] == b"XMP DataXMP" and not searched:
            searched = True  # once: in a file of nothing but such openings, every search would go through all of it
            end = data.find(_XMP_TRAILER, at + 14, at + 14 + MAX_VALUE)
            if end > 0 and blocks.take(end - at - 14, "XMP"):
                blocks.xmp.append(data[at + 14 : end])
            at = end + 258 if end > 0 else at + 14
            continue
        elif data[at + 1] == 0xFE:
            at, comment = _gather(data, at + 2)
            blocks.text("comment", "", comment)
            continue
        else:
            at += 2
        while at < len(data) and data[at] and steps < MAX_STEPS:  # sub-blocks
            at += 1 + data[at]
            steps += 1
        at += 1


def _gather(data: bytes, at: int) -> tuple[int, bytes]:
    """Where the sub-blocks that begin at ``at`` end, and what they hold."""
    pieces: list[bytes] = []
    while at < len(data) and data[at] and len(pieces) < MAX_VALUE // 255:
        pieces.append(data[at + 1 : at + 1 + data[at]])
        at += 1 + data[at]
    return at + 1, b"".join(pieces)
