"""PNG: tEXt, zTXt, iTXt and eXIf chunks, wherever they stand; checksums are not looked at."""

import binascii

from imageauth.provenance.metadata.blocks import Blocks
from imageauth.provenance.metadata.containers.photoshop import iptc_of
from imageauth.provenance.metadata.limits import MAX_CHUNKS, MAX_VALUE

_TEXTS = (b"tEXt", b"zTXt", b"iTXt")


def read_png(data: bytes, blocks: Blocks) -> None:
    """Chunks (PNG specification, third edition, 11.3.3 and 11.3.4) up to IEND or the end of the file."""
    at = 8
    for _ in range(MAX_CHUNKS):
        if at + 8 > len(data):
            break
        size, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        if kind == b"IEND":
            break
        if kind in _TEXTS:
            _text(kind, data[at + 8 : at + 8 + min(size, MAX_VALUE + 1024)], blocks)
        elif kind == b"eXIf" and blocks.take(size, "EXIF"):
            blocks.exif.append(data[at + 8 : at + 8 + size].removeprefix(b"Exif\0\0"))
        at += 12 + size
    else:
        if at + 8 <= len(data):
            blocks.problem("The PNG has more chunks than are read; the rest was left out")


def _text(kind: bytes, body: bytes, blocks: Blocks) -> None:
    keyword, _, rest = body.partition(b"\0")
    key = keyword[:79].decode("latin-1")
    compressed = kind == b"zTXt"
    if kind == b"zTXt":
        rest = rest[1:]
    elif kind == b"iTXt":
        compressed = rest[:1] == b"\1"
        rest = rest[2:].partition(b"\0")[2].partition(b"\0")[2]  # language, translated keyword
    if compressed:
        unpacked = blocks.unpack(rest, f"The PNG text {key!r}")
        if unpacked is None:
            return
        rest = unpacked
    if key == "XML:com.adobe.xmp":
        if blocks.take(len(rest), "XMP"):
            blocks.xmp.append(rest)
    elif key.startswith("Raw profile type "):
        _profile(key.removeprefix("Raw profile type "), rest, blocks)
    else:
        blocks.text("PNG text", key, rest)


def _profile(kind: str, body: bytes, blocks: Blocks) -> None:
    """ImageMagick's form: a newline, the name, the length, then the profile in hexadecimal."""
    if len(body) > MAX_VALUE:
        blocks.take(len(body), f"The PNG profile {kind[:20]!r}")
        return
    try:
        profile = binascii.unhexlify(b"".join(body.split()[2:]))
    except (binascii.Error, ValueError):
        blocks.problem(f"The PNG profile {kind[:20]!r} is damaged")
        return
    if not blocks.take(len(profile), f"The PNG profile {kind[:20]!r}"):
        return
    if profile.startswith(b"Exif\0\0"):
        blocks.exif.append(profile[6:])
    elif kind in ("exif", "APP1") and profile[:2] in (b"II", b"MM"):
        blocks.exif.append(profile)
    elif kind == "xmp" or b"<rdf:RDF" in profile:
        blocks.xmp.append(profile.removeprefix(b"http://ns.adobe.com/xap/1.0/\0"))
    elif kind in ("iptc", "8bim"):
        blocks.iptc.extend(iptc_of(profile) or [profile])
