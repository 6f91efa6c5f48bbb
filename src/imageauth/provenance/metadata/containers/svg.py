"""SVG: the RDF packet of its metadata element, descriptions and comments. It is searched, not parsed as a document."""

import re

from imageauth.provenance.metadata.blocks import Blocks
from imageauth.provenance.metadata.limits import MAX_VALUE

_OPEN = re.compile(rb"<(x:xmpmeta|rdf:RDF)[\s>]")
_MAX_TEXTS = 32


def read_svg(data: bytes, blocks: Blocks) -> None:
    """XMP packets, ``<desc>``, ``<title>`` and comments among the first 4 MiB (SVG 1.1, 21; XMP part 3, 2.3)."""
    data = data[:MAX_VALUE]
    if opening := _OPEN.search(data):
        closing = b"</" + opening[1] + b">"
        end = data.find(closing, opening.end())
        packet = data[opening.start() : end + len(closing) if end > 0 else len(data)]
        if blocks.take(len(packet), "XMP"):
            blocks.xmp.append(packet)
    for opening_mark, closing_mark, key in ((b"<desc", b"</desc>", "desc"), (b"<title", b"</title>", "title")):
        _between(data, opening_mark, closing_mark, key, blocks)
    _between(data, b"<!--", b"-->", "comment", blocks)


def _between(data: bytes, opening: bytes, closing: bytes, key: str, blocks: Blocks) -> None:
    at = 0
    for _ in range(_MAX_TEXTS):
        at = data.find(opening, at)
        end = data.find(closing, at) if at >= 0 else -1
        if end < 0:
            return
        body = data[at + len(opening) : end]
        if opening != b"<!--":
            body = body.partition(b">")[2]
        blocks.text("SVG", key, body.strip()[:65536])
        at = end + len(closing)
