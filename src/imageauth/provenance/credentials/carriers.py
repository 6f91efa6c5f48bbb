"""Which files may carry Content Credentials at all: a quick look, so that those without cost next to nothing.

A manifest store is a JUMBF box (ISO/IEC 19566-5), so the type ``jumb`` stands in the file, except in SVG, which holds
it as Base64 in an element of the namespace ``c2pa``. A file that only names the address of its manifest does so in
XMP, as ``dcterms:provenance`` (C2PA specification 2.2, section 11.5).
"""

import re
from collections.abc import Iterator

# Our names of formats → what the C2PA library calls them. It knows no BMP.
MEDIA_TYPES = {
    "jpeg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "gif": "image/gif",
    "tiff": "image/tiff",
    "dng": "image/x-adobe-dng",
    "avif": "image/avif",
    "heic": "image/heic",
    "svg": "image/svg+xml",
}
MAX_STORE = 16 * 2**20
MAX_SVG = 8 * 2**20
MAX_BOXES = 3_000
MAX_RESULTS = 3_000
MAX_SEGMENTS = 2_000
_MAX_CHUNKS = 100_000
_RESULT = b"\x64code"  # the key of a recorded validation result, in CBOR
# The head of a box and of the description that must come first in it.
_BOX = re.compile(rb"jumb.{4}jumd", re.DOTALL)


def may_carry(data: bytes, form: str) -> bool:
    """Whether a file may hold Content Credentials or the address of some. A no is certain for files as C2PA wants them.

    Args:
        data: the file's bytes.
        form: its format, as :class:`~imageauth.imagefile.ImageFile` has it.
    """
    if form == "svg":
        return b"c2pa" in data or b"provenance" in data
    if form not in MEDIA_TYPES:
        return False
    return any(b"jumb" in part or b"provenance" in part for part in _parts(data, form))


def holds_store(data: bytes, form: str) -> bool:
    """Whether something that looks like a manifest store lies in the file, not only an address."""
    return b"c2pa" in data if form == "svg" else b"jumb" in data


def excess(data: bytes, form: str) -> str | None:
    """Why manifest stores in these bytes would take too long to check; None where they would not.

    The library's time grows with size, with boxes, and with the square of the validation results that later manifests
    record of earlier ones. Sixty edits one after the other make some 430 boxes and 540 results.

    Args:
        data: a file's bytes, or a manifest store's.
        form: the file's format.
    """
    # SVG holds the store as Base64, where nothing else can be told of it.
    sizes = (int.from_bytes(data[box.start() - 4 : box.start()], "big") for box in _BOX.finditer(data))
    if (len(data) > MAX_SVG) if form == "svg" else (max(sizes, default=0) > MAX_STORE):
        return f"larger than {(MAX_SVG if form == 'svg' else MAX_STORE) >> 20} MiB"
    if data.count(b"jumd") > MAX_BOXES or data.count(_RESULT) > MAX_RESULTS:
        return "made of too many parts"
    # In many small segments the marks that are counted above could hide.
    if form == "jpeg" and data.count(b"\xff\xeb") > MAX_SEGMENTS:
        return "split into too many segments"
    return None


def _parts(data: bytes, form: str) -> Iterator[bytes]:
    """What of a file must be searched: not the compressed pixels of JPEG and PNG, which are nearly all of it."""
    if form == "jpeg":
        return _before_scan(data)
    if form == "png":
        return _chunks(data)
    return iter((data,))


def _before_scan(data: bytes) -> Iterator[bytes]:
    """A JPEG's bytes up to its first scan; all where its segments are damaged."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
        elif marker == 0xDA:
            yield data[:at]
            return
        elif 0xD0 <= marker <= 0xD8 or marker == 0x01:
            at += 2
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    yield data


def _chunks(data: bytes) -> Iterator[bytes]:
    """A PNG's chunks less those with pixels; from the first damaged one on, the rest as it is."""
    at = 8
    for _ in range(_MAX_CHUNKS):
        if at + 12 > len(data):
            break
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        if end > len(data):
            break
        if data[at + 4 : at + 8] not in (b"IDAT", b"fdAT"):
            yield data[at + 4 : end]
        at = end
    yield data[at:]
