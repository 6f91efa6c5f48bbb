"""All texts of a file in one list, from whichever block they came: what the readers of generators and marks search."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from imageauth.provenance.metadata.blocks import Blocks, Text, decode
from imageauth.provenance.metadata.ifd import Directory, Tiff
from imageauth.provenance.metadata.iptc import read_iptc
from imageauth.provenance.metadata.limits import MAX_EXIF_TEXT, MAX_JSON, MAX_JSON_TOTAL, MAX_XMP_PACKETS, MAX_XMP_TOTAL
from imageauth.provenance.metadata.usercomment import user_comment, windows_text
from imageauth.provenance.metadata.xmp import Table, read_xmp

USER_COMMENT, MAKER_NOTE = 0x9286, 0x927C

# Texts of the first directory (Exif 3.0, 4.6.4; XP… are Microsoft's).
_FIRST = {
    0x000B: "ProcessingSoftware", 0x010D: "DocumentName", 0x010E: "ImageDescription", 0x010F: "Make", 0x0110: "Model",
    0x0131: "Software", 0x013B: "Artist", 0x013C: "HostComputer", 0x8298: "Copyright",
    0x9C9B: "XPTitle", 0x9C9C: "XPComment", 0x9C9D: "XPAuthor", 0x9C9E: "XPKeywords", 0x9C9F: "XPSubject",
}  # fmt: skip
# ComfyUI's savers use further tags, counted down from Make.
_COMFY = {tag: f"0x{tag:04X}" for tag in range(0x0100, 0x0110)}


@dataclass(slots=True)
class Fields:
    """What a file's metadata say, as texts.

    Attributes:
        texts: all of them, in the order of the file, blocks' own texts first.
        tiff: the EXIF structures that could be read.
        xmp: properties of all packets together.
        iptc: named data sets.
        problems: sentences on what could not be read.
    """

    texts: list[Text]
    tiff: list[Tiff] = field(default_factory=list)
    xmp: Table = field(default_factory=dict)
    iptc: list[tuple[str, str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    _json: dict[int, Any] = field(default_factory=dict)
    _json_spent: int = 0

    def named(self, *keys: str) -> Iterator[Text]:
        """Texts whose key is one of ``keys``."""
        return (text for text in self.texts if text.key in keys)

    def first(self, *keys: str) -> str:
        """The value of the first text under one of ``keys``, stripped, or an empty one."""
        return next((text.value.strip() for text in self.named(*keys)), "")

    def json(self, text: Text) -> Any:
        """A text's JSON, or None. Some writers put a word and a colon before it (``Workflow: {…}``)."""
        known = id(text)
        if known not in self._json:
            self._json[known] = self._parse(text.value)
        return self._json[known]

    def _parse(self, value: str) -> Any:
        start = value.find("{", 0, 64)
        prefix = value[:start].strip() if start >= 0 else "?"
        if prefix and not (prefix.endswith(":") and prefix[:-1].strip().replace("_", "").isalnum()):
            return None
        size = len(value) - start
        if size > MAX_JSON or self._json_spent + size > MAX_JSON_TOTAL:
            return None
        self._json_spent += size
        return parse_json(value[start:])


def parse_json(text: str) -> Any:
    """JSON, leniently: what follows it is ignored, ``NaN`` is accepted; None where it is none."""
    try:
        return json.JSONDecoder(strict=False).raw_decode(text)[0]
    except (ValueError, RecursionError, MemoryError):
        return None


def fields_of(blocks: Blocks) -> Fields:
    """Read the blocks. Faults become sentences in ``problems``."""
    fields = Fields(list(blocks.texts), problems=blocks.problems)
    spent = 0
    for block in blocks.exif[:8]:
        try:
            tiff = Tiff(block)
        except ValueError:
            blocks.problem("An EXIF block is damaged")
            continue
        fields.tiff.append(tiff)
        for text in _exif_texts(tiff):
            spent += len(text.value)
            if spent > MAX_EXIF_TEXT:
                blocks.problem("EXIF holds more text than is read; the rest was left out")
                break
            fields.texts.append(text)
    left = MAX_XMP_TOTAL
    for packet in blocks.xmp[:MAX_XMP_PACKETS]:
        left -= len(packet)
        if left < 0:
            blocks.problem("The file holds more XMP than is read; the rest was left out")
            break
        table, problem = read_xmp(packet)
        if problem:
            blocks.problem(problem)
        for name, values in table.items():
            fields.xmp.setdefault(name, []).extend(values)
    fields.texts.extend(Text("XMP", name, value) for name, values in fields.xmp.items() for value in values)
    for record in blocks.iptc:
        fields.iptc.extend(read_iptc(record))
    fields.texts.extend(Text("IPTC", name, value) for name, value in fields.iptc)
    return fields


def _exif_texts(tiff: Tiff) -> Iterator[Text]:
    for tag, name in (_COMFY | _FIRST).items():
        if tag in tiff.first and (value := _string(tiff, tiff.first, tag)):
            yield Text("EXIF", name, value)
    for directory in (tiff.exif, tiff.first):
        if data := tiff.bytes_of(directory, USER_COMMENT):
            text = decode(data) if directory[USER_COMMENT].type == 2 else user_comment(data, big=tiff.order == b"MM")
            if text.strip():
                yield Text("EXIF", "UserComment", text)


def _string(tiff: Tiff, directory: Directory, tag: int) -> str:
    """A tag as text; an empty one where its type holds none."""
    kind = directory[tag].type
    if tag >= 0x9C9B and tag <= 0x9C9F and kind in (1, 7):
        return windows_text(tiff.bytes_of(directory, tag))
    return decode(tiff.bytes_of(directory, tag)).strip("\0 ") if kind in (2, 7, 129) else ""
