"""TIFF and DNG: the file is itself the structure that EXIF uses; XMP and IPTC stand in its first directory."""

from imageauth.provenance.metadata.blocks import Blocks
from imageauth.provenance.metadata.containers.photoshop import iptc_of
from imageauth.provenance.metadata.ifd import Tiff

_XMP, _IPTC, _PHOTOSHOP = 700, 33723, 34377


def read_tiff(data: bytes, blocks: Blocks) -> None:
    """Tags of the first directory (TIFF 6.0; XMP specification part 3, 1.1.4)."""
    blocks.exif.append(data)
    tiff = Tiff(data)
    for tag in (_XMP, _IPTC, _PHOTOSHOP):
        size = tiff.size(tiff.first, tag)
        if not size or not blocks.take(size, "XMP" if tag == _XMP else "IPTC"):
            continue
        body = tiff.bytes_of(tiff.first, tag)
        if tag == _XMP:
            blocks.xmp.append(body)
        elif tag == _IPTC:
            blocks.iptc.append(body)
        else:
            blocks.iptc.extend(iptc_of(body))
