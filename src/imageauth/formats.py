"""Which format a file claims to be, by its first bytes."""

from imageauth import svg

_HEIC = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
_AVIF = frozenset({b"avif", b"avis"})
_SIGNATURES = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG": "PNG",
    b"GIF8": "GIF",
    b"BM": "BMP",
    b"II*\x00": "TIFF",
    b"MM\x00*": "TIFF",
}


def is_heic(data: bytes) -> bool:
    """Whether the ISO-BMFF brands say HEIC and do not say AVIF (ISO/IEC 23008-12)."""
    brands = _brands(data)
    return bool(brands & _HEIC) and not brands & _AVIF


def signature(data: bytes) -> str | None:
    """The format that the first bytes claim, as people write it; HEIC is told by :func:`is_heic`."""
    if data[4:12] in (b"ftypavif", b"ftypavis"):
        return "AVIF"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WebP"
    return next((name for start, name in _SIGNATURES.items() if data.startswith(start)), None)


def format_of(data: bytes) -> str | None:
    """The same as :class:`~imageauth.imagefile.ImageFile` names it, of every format that files are read of.

    A camera's raw file (``dng``) is a ``tiff`` here: only its tags tell it.

    Returns:
        None where the first bytes are of no such format.
    """
    if svg.size(data) is not None:
        return "svg"
    if is_heic(data):
        return "heic"
    if _brands(data) & _AVIF:
        return "avif"
    name = signature(data)
    return name and name.lower()


def _brands(data: bytes) -> set[bytes]:
    """The major brand of an ISO-BMFF file and those that it is compatible with (ISO/IEC 14496-12, 4.3)."""
    if data[4:8] != b"ftyp" or len(data) < 16:
        return set()
    size = min(int.from_bytes(data[:4], "big"), 256)
    return {data[8:12], *(data[at : at + 4] for at in range(16, size - 3, 4))}
