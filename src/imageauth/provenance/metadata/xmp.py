"""XMP packets as a flat table, parsed by a hardened SAX reader that stops at the bounds instead of building a tree."""

import io
from xml.sax import SAXException
from xml.sax.handler import ContentHandler
from xml.sax.xmlreader import AttributesImpl, InputSource

from defusedxml import DefusedXmlException

from imageauth.provenance.metadata.limits import (
    MAX_XMP_ATTRIBUTES,
    MAX_XMP_DEPTH,
    MAX_XMP_NODES,
    MAX_XMP_PREFIXES,
    MAX_XMP_VALUES,
)

Table = dict[str, list[str]]

# Names that are known by their namespace, whatever prefix a writer chose for it.
_PREFIXES = {
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://ns.adobe.com/xap/1.0/": "xmp",
    "http://ns.adobe.com/xap/1.0/mm/": "xmpMM",
    "http://ns.adobe.com/xap/1.0/rights/": "xmpRights",
    "http://ns.adobe.com/xap/1.0/sType/ResourceEvent#": "stEvt",
    "http://ns.adobe.com/xap/1.0/sType/ResourceRef#": "stRef",
    "http://ns.adobe.com/photoshop/1.0/": "photoshop",
    "http://ns.adobe.com/camera-raw-settings/1.0/": "crs",
    "http://ns.adobe.com/exif/1.0/": "exif",
    "http://cipa.jp/exif/1.0/": "exifEX",
    "http://ns.adobe.com/exif/1.0/aux/": "aux",
    "http://ns.adobe.com/tiff/1.0/": "tiff",
    "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/": "Iptc4xmpCore",
    "http://iptc.org/std/Iptc4xmpExt/2008-02-29/": "Iptc4xmpExt",
    "http://ns.useplus.org/ldf/xmp/1.0/": "plus",
    "http://www.w3.org/ns/tdmrep/": "tdm",
    "http://www.w3.org/ns/tdmrep": "tdm",
    "http://www.tc260.org.cn/ns/AIGC/1.0/": "TC260",
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#": "rdf",
    "adobe:ns:meta/": "x",
}
_FRAME = {
    "x:xmpmeta", "x:xapmeta", "rdf:RDF", "rdf:Description", "rdf:Bag", "rdf:Seq", "rdf:Alt", "rdf:li", "rdf:value",
}  # fmt: skip
_NO_VALUE = {"rdf:about", "rdf:ID", "rdf:nodeID", "rdf:parseType", "xml:lang", "x:xmptk", "rdf:datatype"}
_NEEDLESS = ("crs:", "xmpGImg:", "xmpMM:Pantry")  # develop settings and thumbnails: many, and they say nothing here


class _BoundError(Exception):
    """A bound was reached."""


class _Reader(ContentHandler):
    """Collects properties as the parser meets them."""

    def __init__(self) -> None:
        super().__init__()
        self.table: Table = {}
        self._names: list[str] = []
        self._spaces: list[dict[str, str]] = [{"xml": "xml"}]
        self._text: list[str] = []
        self._nodes = 0
        self._values = 0

    def startElement(self, name: str, attrs: AttributesImpl) -> None:  # noqa: N802
        self._count()
        if len(self._names) >= MAX_XMP_DEPTH:
            raise _BoundError
        spaces = self._spaces[-1]
        if len(attrs) > MAX_XMP_ATTRIBUTES:
            raise _BoundError
        declared = {key[6:]: value for key, value in attrs.items() if key.startswith("xmlns:")}
        if declared:
            if len(spaces) + len(declared) > MAX_XMP_PREFIXES:
                raise _BoundError
            spaces = spaces | {prefix: _PREFIXES.get(uri, prefix) for prefix, uri in declared.items()}
        self._spaces.append(spaces)
        self._names.append(_canonical(name, spaces))
        self._text = []
        for key, value in attrs.items():
            if not key.startswith("xmlns"):
                self._count()
                attribute = _canonical(key, spaces)
                if attribute not in _NO_VALUE:
                    self._add("" if attribute == "rdf:resource" else attribute, value)

    def characters(self, content: str) -> None:
        self._text.append(content)

    def endElement(self, name: str) -> None:  # noqa: N802
        self._add("", "".join(self._text))
        self._text = []
        self._names.pop()
        self._spaces.pop()

    @property
    def closed(self) -> bool:
        """Whether an outermost element was read to its end."""
        return self._nodes > 0 and not self._names

    def _count(self) -> None:
        self._nodes += 1
        if self._nodes > MAX_XMP_NODES:
            raise _BoundError

    def _add(self, attribute: str, value: str) -> None:
        """Note a value of the element that is open now, or of one of its attributes."""
        value = value.strip()
        if not value:
            return
        path = [name for name in (*self._names, attribute) if name and name not in _FRAME]
        if not path or path[0].startswith(_NEEDLESS):
            return
        self._values += 1
        if self._values > MAX_XMP_VALUES:
            raise _BoundError
        self.table.setdefault("/".join(path), []).append(value)


def _canonical(name: str, spaces: dict[str, str]) -> str:
    """A qualified name under the usual prefix of its namespace; a prefix that nobody declared stays as it is."""
    prefix, colon, local = name.partition(":")
    return f"{spaces.get(prefix, prefix)}:{local}" if colon else name


def read_xmp(packet: bytes) -> tuple[Table, str | None]:
    """Properties of a packet (ISO 16684-1), in document order.

    Nested ones are joined by ``/``; the items of lists and language alternatives are the values of their property.

    Returns:
        The table, and a sentence on why it is not the whole of it, if it is not: what stood before a fault is kept.
    """
    from defusedxml.sax import make_parser  # here, since Python's parser loads all that the network needs

    reader = _Reader()
    parser = make_parser()
    parser.forbid_dtd = True
    parser.setContentHandler(reader)
    source = InputSource()
    source.setByteStream(io.BytesIO(packet.strip(b"\0 \r\n\t")))
    problem = None
    try:
        parser.parse(source)
    except DefusedXmlException:
        problem = "XMP with a document type or entities was not read"
    except _BoundError:
        problem = "XMP was read up to the limit of its size or depth"
    except (SAXException, ValueError, LookupError, RecursionError, MemoryError):
        if not reader.closed:  # junk after the packet is common and harmless
            problem = "XMP is damaged or cut short"
    return reader.table, problem
