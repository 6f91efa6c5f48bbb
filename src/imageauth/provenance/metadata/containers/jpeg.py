"""JPEG: APP1 (EXIF, XMP, extended XMP), APP13 (IPTC in Photoshop resources), comments, AIGC labels in APPn."""

from imageauth.provenance.metadata.blocks import Blocks
from imageauth.provenance.metadata.containers.photoshop import iptc_of
from imageauth.provenance.metadata.limits import MAX_STEPS, MAX_VALUE

_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_EXTENDED = b"http://ns.adobe.com/xmp/extension/\0"
_MAX_JUNK = 4096


def read_jpeg(data: bytes, blocks: Blocks) -> None:
    """Segments up to the first scan (ITU-T T.81, Annex B; XMP specification part 3, 1.1.3; Exif 3.0, 4.5.4)."""
    extended: dict[bytes, bytearray] = {}
    photoshop = bytearray()
    at = max(data.find(b"\xff\xd8", 0, _MAX_JUNK), 0) + 2
    for _ in range(MAX_STEPS):
        at = data.find(b"\xff", at, at + _MAX_JUNK)
        if at < 0 or at + 4 > len(data):
            break
        marker = data[at + 1]
        if marker in (0x00, 0xFF) or 0xD0 <= marker <= 0xD8 or marker == 0x01:
            at += 1 if marker == 0xFF else 2
            continue
        if marker in (0xD9, 0xDA):  # end of image, start of scan
            break
        size = int.from_bytes(data[at + 2 : at + 4], "big")
        if size < 2:
            at += 2
            continue
        if marker == 0xFE or 0xE0 <= marker <= 0xEF:
            _segment(marker, data[at + 4 : at + 2 + size], blocks, extended, photoshop)
        at += 2 + size
    if photoshop:
        blocks.iptc.extend(iptc_of(bytes(photoshop)))
    blocks.xmp.extend(bytes(packet) for packet in extended.values())


def _segment(marker: int, body: bytes, blocks: Blocks, extended: dict[bytes, bytearray], photoshop: bytearray) -> None:
    if marker == 0xFE:
        blocks.text("comment", "", body)
    elif marker == 0xE1 and body[:4] == b"Exif":
        if blocks.take(len(body), "EXIF"):
            blocks.exif.append(body[6:])
    elif marker == 0xE1 and body.startswith(_XMP):
        if blocks.take(len(body), "XMP"):
            blocks.xmp.append(body[len(_XMP) :])
    elif marker == 0xE1 and body.startswith(_EXTENDED):
        _extend(body[len(_EXTENDED) :], blocks, extended)
    elif marker == 0xED and body.startswith(b"Photoshop 3.0\0"):
        # Resources longer than a segment go on in the next one.
        if blocks.take(len(body), "IPTC"):
            photoshop += body[14:]
    elif marker != 0xEB and body.startswith((b"AIGC{", b'{"AIGC"')):  # 0xEB is C2PA's
        blocks.text("JPEG segment", "AIGC", body.removeprefix(b"AIGC"))


def _extend(body: bytes, blocks: Blocks, extended: dict[bytes, bytearray]) -> None:
    """A piece of extended XMP: 32 bytes identifier, 4 bytes full length, 4 bytes offset, then the piece."""
    identifier, full, offset = body[:32], int.from_bytes(body[32:36], "big"), int.from_bytes(body[36:40], "big")
    piece = body[40:]
    if full > MAX_VALUE or offset + len(piece) > full:
        blocks.problem("Extended XMP of an impossible length was not read")
    elif blocks.take(len(piece), "Extended XMP"):
        packet = extended.setdefault(identifier, bytearray())
        if len(packet) < offset + len(piece):
            packet.extend(bytes(offset + len(piece) - len(packet)))
        packet[offset : offset + len(piece)] = piece
