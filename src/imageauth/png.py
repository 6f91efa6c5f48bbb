"""The text chunks of a PNG file, which picture decoders stumble over and do not need (W3C PNG, third edition)."""

import zlib

from imageauth.errors import ImageError

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_TEXT = (b"tEXt", b"zTXt", b"iTXt")
# Orientation may stand in these; all other text says nothing about how to show the picture.
_NEEDED = (b"XML:com.adobe.xmp\0", b"Raw profile type exif\0", b"Raw profile type APP1\0")
# No honest orientation needs more; Pillow refuses a file whose text unpacks to more than this.
_MOST = 2**20
_FEW = 16  # texts that may hold the orientation, looked at
# 64 MiB of pixels in pieces of 4 KiB are 16,384; libpng writes 8 KiB. Decoders take 2 µs and more for each.
MAX_CHUNKS = 50_000


def without_text(data: bytes) -> bytes:
    """A PNG without the text chunks that do not tell how to show it.

    Generators write megabytes of text, some with a wrong checksum, hostile files unpack to gigabytes; a picture is not
    damaged by that, and a decoder that never sees it does not care.

    Args:
        data: of a file; other formats, and what follows the first broken chunk, come back unchanged.

    Raises:
        ImageError: ``too-large``: more than :data:`MAX_CHUNKS` chunks, which would hold a decoder for many seconds.
    """
    if not data.startswith(SIGNATURE):
        return data
    kept, at, start, few = [], len(SIGNATURE), 0, 0
    for _ in range(MAX_CHUNKS):
        if at + 12 > len(data):
            break
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        kind = data[at + 4 : at + 8]
        if end > len(data):
            break
        if kind in _TEXT:
            few += (may := data.startswith(_NEEDED, at + 8))
            if not may or few > _FEW or not _needed(kind, data[at + 8 : end - 4], data[end - 4 : end]):
                kept.append(data[start:at])
                start = end
        at = end
        if kind == b"IEND":
            break
    else:
        raise ImageError("too-large", f"is a PNG of more than {MAX_CHUNKS:,} chunks, far more than an honest one has")
    return b"".join([*kept, data[start:]]) if kept else data


def _needed(kind: bytes, body: bytes, checksum: bytes) -> bool:
    """Whether a text chunk that may hold the orientation is sound and small."""
    if len(body) > _MOST:
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
