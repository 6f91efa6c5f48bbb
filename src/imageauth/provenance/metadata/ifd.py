"""The TIFF structure that EXIF uses, read within bounds: directories of tags, values where they are asked for."""

from dataclasses import dataclass

from imageauth.provenance.metadata.limits import MAX_NUMBERS, MAX_TAGS, MAX_VALUE

Rational = tuple[int, int]

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 129: 1}  # bytes by type
_SIGNED = {6, 8, 9, 10}
EXIF_IFD, GPS_IFD = 0x8769, 0x8825


@dataclass(frozen=True, slots=True)
class Entry:
    """One tag: its type (TIFF 6.0, section 2; 129 is Exif 3.0's UTF-8), count and the place of its value."""

    type: int
    count: int
    at: int


Directory = dict[int, Entry]


class Tiff:
    """A TIFF structure (TIFF 6.0, section 2).

    Attributes:
        first, exif, gps, thumbnail: its directories, empty where there is none.
    """

    def __init__(self, data: bytes) -> None:
        """Read the directories.

        Raises:
            ValueError: it does not begin like a TIFF structure.
        """
        if data[:4] not in (b"II*\0", b"MM\0*"):
            raise ValueError("not a TIFF structure")
        self.data = data
        self.order = data[:2]
        self._big = self.order == b"MM"
        self.first, following = self._directory(self._int(4, 4))
        self.exif = self._below(EXIF_IFD)
        self.gps = self._below(GPS_IFD)
        self.thumbnail = self._directory(following)[0] if following else {}

    def size(self, directory: Directory, tag: int) -> int:
        """Bytes of a tag's value as they lie in the data; 0 where there is none."""
        entry = directory.get(tag)
        if entry is None:
            return 0
        return max(0, min(entry.count * _SIZES[entry.type], len(self.data) - entry.at))

    def bytes_of(self, directory: Directory, tag: int, limit: int = MAX_VALUE) -> bytes:
        """A tag's value as it lies in the data, at most ``limit`` bytes."""
        size = min(self.size(directory, tag), limit)
        return self.data[directory[tag].at : directory[tag].at + size] if size else b""

    def numbers(self, directory: Directory, tag: int) -> tuple[int, ...]:
        """Integers of a tag; for rationals numerators and denominators in turn; empty for other types."""
        entry = directory.get(tag)
        if entry is None or entry.type in (2, 7, 11, 12, 129):
            return ()
        width = min(_SIZES[entry.type], 4)
        body = self.bytes_of(directory, tag, MAX_NUMBERS * 8)
        order, signed = "big" if self._big else "little", entry.type in _SIGNED
        return tuple(
            int.from_bytes(body[at : at + width], order, signed=signed)  # type: ignore[arg-type]
            for at in range(0, len(body) - width + 1, width)
        )

    def number(self, directory: Directory, tag: int) -> int | None:
        """The first integer of a tag."""
        return next(iter(self.numbers(directory, tag)), None)

    def rational(self, directory: Directory, tag: int) -> float | None:
        """The first rational (or integer) of a tag as a number; None where it divides by zero."""
        values = self.numbers(directory, tag)
        if not values:
            return None
        if directory[tag].type not in (5, 10):
            return float(values[0])
        return values[0] / values[1] if len(values) > 1 and values[1] else None

    def _int(self, at: int, size: int) -> int:
        return int.from_bytes(self.data[at : at + size], "big" if self._big else "little")

    def _below(self, tag: int) -> Directory:
        at = self.number(self.first, tag)
        return self._directory(at)[0] if at else {}

    def _directory(self, at: int) -> tuple[Directory, int]:
        """Tags of the directory at ``at``, and where the next one is (0: nowhere)."""
        tags: Directory = {}
        if not 8 <= at < len(self.data) - 2:
            return tags, 0
        count = self._int(at, 2)
        for index in range(min(count, MAX_TAGS)):
            place = at + 2 + 12 * index
            if place + 12 > len(self.data):
                return tags, 0
            kind, amount = self._int(place + 2, 2), self._int(place + 4, 4)
            if kind not in _SIZES:
                continue
            value = place + 8 if amount * _SIZES[kind] <= 4 else self._int(place + 8, 4)
            if value < len(self.data):
                tags.setdefault(self._int(place, 2), Entry(kind, amount, value))
        after = at + 2 + 12 * count
        return tags, self._int(after, 4) if after + 4 <= len(self.data) else 0
