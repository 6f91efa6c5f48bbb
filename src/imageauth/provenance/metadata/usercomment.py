"""EXIF texts: what their bytes spell, in the encodings that writers really use."""

from imageauth.provenance.metadata.blocks import decode


def user_comment(data: bytes, *, big: bool) -> str:
    """UserComment (Exif 3.0, 4.6.6.3.21): eight bytes name the encoding, and often wrongly.

    Writers of ``UNICODE`` use either byte order whatever the file's is, and some write UTF-8; the bytes decide.

    Args:
        data: the value.
        big: whether the TIFF structure is big-endian.
    """
    kind, body = data[:8], data[8:]
    if kind == b"UNICODE\0":
        return _unicode(body, big=big)
    if kind in (b"ASCII\0\0\0", b"\0" * 8):
        return decode(body) if body.count(b"\0") < len(body) // 4 else _unicode(body, big=big)
    if kind.startswith(b"JIS"):
        return body.decode("iso2022_jp", "replace").rstrip("\0")
    return decode(data)


def _unicode(body: bytes, *, big: bool) -> str:
    if body[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return body.decode("utf-16", "replace").rstrip("\0")
    sample = body[:2048]
    high, low = sample[0::2].count(0), sample[1::2].count(0)
    if high == low:
        if not high and _is_utf8(body):
            return decode(body)
        return _sixteen(body, big=big)
    return _sixteen(body, big=high > low)


def _sixteen(body: bytes, *, big: bool) -> str:
    return body[: len(body) & ~1].decode("utf-16-be" if big else "utf-16-le", "replace").rstrip("\0")


def _is_utf8(body: bytes) -> bool:
    """UTF-8 with ASCII in it: sixteen-bit Chinese is rarely valid UTF-8, and never with spaces and letters."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return any(character.isascii() and character.isalpha() for character in text)


def windows_text(data: bytes) -> str:
    """Windows' XPTitle, XPComment and their like: UTF-16, little-endian."""
    return data[: len(data) & ~1].decode("utf-16-le", "replace").rstrip("\0")
