"""Whether a file's EXIF agrees with the picture and with itself: each comparison by name, with its outcome."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from imageauth.provenance.metadata.ifd import Directory, Tiff

Outcome = Literal["agrees", "differs", "contradiction", "unknown"]

# How maker notes begin, and words in the Make of cameras that write them (makers share each other's forms).
# Notes that begin with a directory at once (Canon, Samsung, older Casio and Kodak) say nothing here.
_NOTES: tuple[tuple[bytes, tuple[str, ...]], ...] = (
    (b"Nikon\0", ("nikon",)),
    (b"OLYMPUS\0", ("olympus", "om digital")),
    (b"OM SYSTEM\0", ("om digital", "om system", "olympus")),
    (b"OLYMP\0", ("olympus", "epson", "seiko", "konica", "minolta", "agfa", "om digital")),
    (b"FUJIFILM", ("fuji", "leica", "general", "konica", "epson")),
    (b"Panasonic\0", ("panasonic", "leica")),
    (b"LEICA", ("leica", "panasonic")),
    (b"SONY ", ("sony", "konica", "minolta", "hasselblad")),
    (b"Apple iOS\0", ("apple",)),
    (b"AOC\0", ("pentax", "asahi", "ricoh", "samsung")),
    (b"PENTAX \0", ("pentax", "ricoh")),
    (b"SIGMA\0", ("sigma",)),
    (b"FOVEON\0", ("sigma",)),
    (b"Ricoh", ("ricoh", "pentax")),
    (b"RICOH", ("ricoh", "pentax")),
    (b"KDK", ("kodak",)),
    (b"QVC\0", ("casio",)),
    (b"EPSON\0", ("epson", "seiko")),
    (b"SANYO\0", ("sanyo",)),
)
_DATE = re.compile(r"(\d{4}):(\d\d):(\d\d) (\d\d):(\d\d):(\d\d)")
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Check:
    """One comparison.

    Attributes:
        name: what was compared.
        outcome: ``agrees``; ``differs`` (an edit such as scaling explains it); ``contradiction`` (it does not);
            ``unknown`` (there is nothing to compare).
        detail: the values, short.
    """

    name: str
    outcome: Outcome
    detail: str = ""


def run_checks(tiff: Tiff, maker: str | None, width: int, height: int) -> tuple[Check, ...]:
    """All comparisons of one EXIF structure with a picture of ``width`` × ``height`` pixels, upright."""
    exif = tiff.exif or tiff.first
    return (
        _dimensions(tiff, exif, width, height),
        _maker_note(tiff, exif, maker),
        _thumbnail(tiff, width, height),
        _dates(tiff, exif),
        _version(tiff, exif),
        _exposure(tiff, exif),
    )


def _dimensions(tiff: Tiff, exif: Directory, width: int, height: int) -> Check:
    """Written and real sides, in either order: orientation turns one of the two."""
    written = tiff.number(exif, 0xA002), tiff.number(exif, 0xA003)
    if not written[0] or not written[1]:
        return Check("dimensions", "unknown")
    same = sorted((written[0], written[1])) == sorted((width, height))
    return Check("dimensions", "agrees" if same else "differs", f"{written[0]}×{written[1]} and {width}×{height}")


def _maker_note(tiff: Tiff, exif: Directory, maker: str | None) -> Check:
    start = tiff.bytes_of(exif, 0x927C, 16)
    makers = next((names for head, names in _NOTES if start.startswith(head)), None)
    if not start or makers is None or maker is None:
        return Check("maker note", "unknown", "none" if not start else "of no known form")
    fits = any(name in maker.lower() for name in makers)
    return Check("maker note", "agrees" if fits else "contradiction", f"of {makers[0]}'s form")


def _thumbnail(tiff: Tiff, width: int, height: int) -> Check:
    """Shape of the thumbnail. Many cameras pad it to 4:3, so that a difference says little."""
    at, size = tiff.number(tiff.thumbnail, 0x0201), tiff.number(tiff.thumbnail, 0x0202)
    sides = _jpeg_size(tiff.data[at : at + min(size, 65536)]) if at and size else None
    if sides is None or not all(sides) or not width or not height:
        return Check("thumbnail", "unknown")
    small, large = max(sides) / min(sides), max(width, height) / min(width, height)
    outcome: Outcome = "agrees" if abs(small / large - 1) < 0.03 else "differs"
    return Check("thumbnail", outcome, f"{sides[0]}×{sides[1]}")


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    """Width and height in the frame header of a small JPEG (ITU-T T.81, B.2.2)."""
    at = 2
    for _ in range(64):
        if data[at : at + 1] != b"\xff" or at + 9 > len(data):
            return None
        marker = data[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return int.from_bytes(data[at + 7 : at + 9], "big"), int.from_bytes(data[at + 5 : at + 7], "big")
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None


def _dates(tiff: Tiff, exif: Directory) -> Check:
    """No date in the future (a day's grace for time zones); the picture was not changed before it was taken."""
    taken, changed = _date(tiff, exif, 0x9003), _date(tiff, tiff.first, 0x0132)
    if taken is None and changed is None:
        return Check("dates", "unknown")
    now = datetime.now()
    detail = " and ".join(f"{date:%Y-%m-%d %H:%M:%S}" for date in (taken, changed) if date)
    if any(date > now + _DAY for date in (taken, changed) if date):
        return Check("dates", "contradiction", f"in the future: {detail}")
    if taken and changed and changed < taken - _DAY:
        return Check("dates", "differs", f"changed before it was taken: {detail}")
    return Check("dates", "agrees", detail)


def _date(tiff: Tiff, directory: Directory, tag: int) -> datetime | None:
    found = _DATE.match(tiff.bytes_of(directory, tag, 32).decode("latin-1"))
    try:
        year, month, day, hour, minute, second = map(int, found.groups()) if found else (0,) * 6
        return datetime(year, month, day, hour, minute, second)
    except ValueError:
        return None


def _version(tiff: Tiff, exif: Directory) -> Check:
    """ExifVersion: four digits, from 0100 to 0300 so far."""
    version = tiff.bytes_of(exif, 0x9000, 4).decode("latin-1")
    if not version:
        return Check("EXIF version", "unknown")
    known = version.isdigit() and 100 <= int(version) <= 399
    return Check("EXIF version", "agrees" if known else "differs", version if version.isprintable() else "unreadable")


def _exposure(tiff: Tiff, exif: Directory) -> Check:
    """Exposure time, aperture and shutter speed within what cameras do, and the two forms of the time alike."""
    time, aperture, speed = (tiff.rational(exif, tag) for tag in (0x829A, 0x829D, 0x9201))
    if time is None and aperture is None:
        return Check("exposure", "unknown")
    sane = (time is None or 0 <= time <= 86_400) and (aperture is None or 0 <= aperture <= 256)
    if sane and time and speed is not None and abs(speed) < 30 and speed:  # APEX: time is 2 to the power of −speed
        sane = 0.5 <= time * 2**speed <= 2
    return Check("exposure", "agrees" if sane else "differs", f"{time:g} s" if time else "")
