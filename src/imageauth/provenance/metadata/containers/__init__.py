"""Bounded, lenient readers of metadata blocks, straight from a file's bytes; nothing is decoded or verified.

A wrong checksum, a cut file or junk between segments does not stop a reader: what stands in the file is read, since the
question is what the file says, not whether it is well-formed.
"""

from collections.abc import Callable

from imageauth.provenance.metadata.blocks import Blocks
from imageauth.provenance.metadata.containers.bmff import read_bmff
from imageauth.provenance.metadata.containers.gif import read_gif
from imageauth.provenance.metadata.containers.jpeg import read_jpeg
from imageauth.provenance.metadata.containers.png import read_png
from imageauth.provenance.metadata.containers.svg import read_svg
from imageauth.provenance.metadata.containers.tiff import read_tiff
from imageauth.provenance.metadata.containers.webp import read_webp

_READERS: dict[str, Callable[[bytes, Blocks], None]] = {
    "jpeg": read_jpeg,
    "png": read_png,
    "webp": read_webp,
    "gif": read_gif,
    "tiff": read_tiff,
    "dng": read_tiff,
    "avif": read_bmff,
    "heic": read_bmff,
    "svg": read_svg,
}


def collect(data: bytes, format: str) -> Blocks:
    """All metadata blocks of a file.

    Args:
        data: the file.
        format: as :class:`imageauth.imagefile.ImageFile` names it; other formats have no blocks.

    Returns:
        What was found; whatever a reader stumbles over becomes a sentence in ``problems``.
    """
    blocks = Blocks()
    if reader := _READERS.get(format):
        try:
            reader(data, blocks)
        except (ValueError, IndexError, KeyError, OverflowError, MemoryError, RecursionError) as error:
            blocks.problem(f"The {format} structure could not be read to its end ({type(error).__name__})")
    return blocks
