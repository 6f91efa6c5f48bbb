"""What the containers hand on: metadata blocks as bytes and texts, within one budget for the whole file."""

import zlib
from dataclasses import dataclass, field

from imageauth.provenance.metadata.limits import MAX_BLOCKS, MAX_TOTAL, MAX_UNPACKED, MAX_VALUE


@dataclass(frozen=True, slots=True)
class Text:
    """One text of a file.

    Attributes:
        where: the kind of block: ``PNG text``, ``EXIF``, ``XMP``, ``IPTC``, ``comment``, ``hidden alpha``, …
        key: its name there, e.g. ``parameters``, ``UserComment``, ``dc:description``.
        value: the text.
    """

    where: str
    key: str
    value: str


@dataclass(slots=True)
class Blocks:
    """Metadata blocks of one file.

    Attributes:
        texts: those that are plain texts already.
        exif: TIFF structures, beginning with ``II*\\0`` or ``MM\\0*``.
        xmp: RDF/XML packets.
        iptc: IPTC-IIM records.
        problems: sentences on what could not be read.
    """

    texts: list[Text] = field(default_factory=list)
    exif: list[bytes] = field(default_factory=list)
    xmp: list[bytes] = field(default_factory=list)
    iptc: list[bytes] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    _spent: int = 0
    _count: int = 0
    _unpacked: int = 0

    def take(self, size: int, what: str) -> bool:
        """Whether a block of ``size`` bytes may still be read; counts it, or notes that it is left out."""
        if size > MAX_VALUE:
            self.problem(f"{what} is larger than {MAX_VALUE // 2**20} MiB and was not read")
            return False
        if self._count >= MAX_BLOCKS or self._spent + size > MAX_TOTAL:
            self.problem("The file holds more metadata than is read; the rest was left out")
            return False
        self._count += 1
        self._spent += size
        return True

    def unpack(self, data: bytes, what: str) -> bytes | None:
        """Inflate at most a byte more than is read, so that bombs show as too large; None where nothing can be read.

        Bombs cost a budget of their own: what one of them unpacks to takes nothing from the texts beside it.
        """
        if self._unpacked >= MAX_UNPACKED or self._count >= MAX_BLOCKS or self._spent >= MAX_TOTAL:
            self.problem("The file holds more metadata than is read; the rest was left out")
            return None
        try:
            body = zlib.decompressobj().decompress(data, MAX_VALUE + 1)
        except zlib.error:
            self._unpacked += MAX_VALUE // 16  # damage may come after long work
            self.problem(f"{what} is damaged")
            return None
        self._unpacked += len(body)
        return body

    def text(self, where: str, key: str, data: bytes) -> None:
        """Add a text whose encoding nobody says: UTF-8 if it is that, otherwise Latin-1."""
        if data and self.take(len(data), f"The {where} {key!r}" if key else f"A {where}"):
            self.texts.append(Text(where, key, decode(data)))

    def problem(self, sentence: str) -> None:
        """Note what could not be read, once."""
        if sentence not in self.problems and len(self.problems) < 16:
            self.problems.append(sentence)


def decode(data: bytes) -> str:
    """Bytes as UTF-8 if they are that, otherwise as Latin-1; without NULs at the end."""
    data = data.rstrip(b"\0")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")
