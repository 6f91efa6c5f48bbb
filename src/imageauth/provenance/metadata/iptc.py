"""IPTC-IIM records: the captions, credits and program names that news agencies' tools write."""

from imageauth.provenance.metadata.blocks import decode
from imageauth.provenance.metadata.limits import MAX_STEPS

# Record 2 (IIM 4.2, chapter 6), under the names that exiftool and others use.
_NAMES = {
    5: "ObjectName",
    25: "Keywords",
    40: "SpecialInstructions",
    55: "DateCreated",
    65: "OriginatingProgram",
    70: "ProgramVersion",
    80: "By-line",
    85: "By-lineTitle",
    103: "OriginalTransmissionReference",
    105: "Headline",
    110: "Credit",
    115: "Source",
    116: "CopyrightNotice",
    120: "Caption-Abstract",
}


def read_iptc(data: bytes) -> list[tuple[str, str]]:
    """Named data sets of record 2, at most 256: marker 0x1C, record, number, length, value (IIM 4.2, 1.5)."""
    values: list[tuple[str, str]] = []
    at = 0
    for _ in range(MAX_STEPS):
        if at + 5 > len(data) or data[at] != 0x1C or len(values) >= 256:
            break
        record, number = data[at + 1], data[at + 2]
        size = int.from_bytes(data[at + 3 : at + 5], "big")
        at += 5
        if size & 0x8000:  # the length has a length
            wide = size & 0x7FFF
            if wide > 4:
                break
            size = int.from_bytes(data[at : at + wide], "big")
            at += wide
        if record == 2 and number in _NAMES and (text := decode(data[at : at + size]).strip()):
            values.append((_NAMES[number], text))
        at += size
    return values
