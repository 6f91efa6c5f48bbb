"""WebP: the EXIF and XMP chunks of its RIFF container."""

from imageauth.provenance.metadata.blocks import Blocks
from imageauth.provenance.metadata.limits import MAX_STEPS


def read_webp(data: bytes, blocks: Blocks) -> None:
    """Chunks (RFC 9649, 2.3 and 2.7.1.5). Some writers keep JPEG's ``Exif\\0\\0`` before the TIFF structure."""
    at = 12
    for _ in range(MAX_STEPS):
        if at + 8 > len(data):
            break
        kind, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if kind == b"EXIF" and blocks.take(size, "EXIF"):
            blocks.exif.append(data[at + 8 : at + 8 + size].removeprefix(b"Exif\0\0"))
        elif kind == b"XMP " and blocks.take(size, "XMP"):
            blocks.xmp.append(data[at + 8 : at + 8 + size])
        at += 8 + size + (size & 1)
