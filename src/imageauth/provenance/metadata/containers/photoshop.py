"""Photoshop image resources: where IPTC-IIM lies in JPEG, TIFF and ImageMagick's PNG profiles."""

from imageauth.provenance.metadata.limits import MAX_STEPS

_IPTC = 0x0404


def iptc_of(resources: bytes) -> list[bytes]:
    """IPTC-IIM records among image resources (Adobe Photoshop File Formats, "Image Resource Blocks").

    Each is ``8BIM``, an identifier, a Pascal string padded to an even length, a length and the data, padded likewise.
    """
    found: list[bytes] = []
    at = 0
    for _ in range(MAX_STEPS):
        at = resources.find(b"8BIM", at)
        if at < 0 or at + 12 > len(resources):
            break
        identifier = int.from_bytes(resources[at + 4 : at + 6], "big")
        name = resources[at + 6] + 1
        start = at + 6 + name + (name & 1)
        size = int.from_bytes(resources[start : start + 4], "big")
        if identifier == _IPTC and len(found) < 8:
            found.append(resources[start + 4 : start + 4 + size])
        at = start + 4 + size + (size & 1)
    return found
