"""The text chunks of a PNG file, which picture decoders stumble over and do not need (W3C PNG, third edition)."""

import zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_TEXT = (b"tEXt", b"zTXt", b"iTXt")
# Orientation may stand in these; all other text says nothing about how to show the picture.
_NEEDED = (b"XML:com.adobe.xmp\0", b"Raw profile type exif\0", b"Raw profile type APP1\0")
# No honest orientation needs more; Pillow refuses a file whose text unpacks to more than this.
_MOST = 2**20


def without_text(data: bytes) -> bytes:
    """A PNG without the text chunks that do not tell how to show it.

    Generators write megabytes of text, some with a wrong checksum, hostile files unpack to gigabytes; a picture is not
    damaged by that, and a decoder that never sees it does not care.

    Args:
        data: of a file; other formats, and what follows the first broken chunk, come back unchanged.
    """
    if not data.startswith(SIGNATURE) or not any(kind in data for kind in _TEXT):
        return data
    kept, at, start = [], len(SIGNATURE), 0
    while at + 12 <= len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        kind = data[at + 4 : at + 8]
        if end > len(data):
            break
        if kind in _TEXT and not _needed(kind, data[at + 8 : end - 4], data[end - 4 : end]):
            kept.append(data[start:at])
            start = end
        at = end
        if kind == b"IEND":
            break
    return b"".join([*kept, data[start:]])


def _needed(kind: bytes, body: bytes, checksum: bytes) -> bool:
    """Whether a text chunk may hold the orientation, and is sound and small."""
    if not body.startswith(_NEEDED) or len(body) > _MOST:
        return False
    if zlib.crc32(kind + body).to_bytes(4, "big") != checksum:
        return False
    _, _, rest = body.partition(b"\0")
    if kind == b"tEXt":
        return True
    if kind == b"iTXt":
        if rest[:1] != b"\1":
            return True
        rest = rest[2:].split(b"\0", 2)[-1]
    else:
        rest = rest[1:]
    unpack = zlib.decompressobj()
    try:
        unpack.decompress(rest, _MOST)
    except zlib.error:
        return False
    return unpack.eof
