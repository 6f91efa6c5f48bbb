"""What EXIF says of a camera, and whether it agrees with itself."""

from dataclasses import asdict, dataclass
from typing import Any

from imageauth.provenance.metadata.blocks import decode
from imageauth.provenance.metadata.camera_checks import Check, run_checks
from imageauth.provenance.metadata.fields import Fields
from imageauth.provenance.metadata.ifd import Directory, Tiff
from imageauth.provenance.metadata.limits import clip
from imageauth.provenance.metadata.traces import signing_generator


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera as EXIF describes it. Anyone can write any of it.

    Attributes:
        maker, model, lens, software: names.
        taken: DateTimeOriginal, as written.
        exposure: seconds; aperture: f-number; iso: sensitivity; focal_length: millimetres.
        gps: whether a position is there.
        position: latitude and longitude in degrees, where they can be read. Never part of evidence.
        checks: what was compared, and how it came out.
    """

    maker: str | None
    model: str | None
    lens: str | None
    software: str | None
    taken: str | None
    exposure: float | None
    aperture: float | None
    iso: int | None
    focal_length: float | None
    gps: bool
    position: tuple[float, float] | None
    checks: tuple[Check, ...]

    @property
    def capture_tags(self) -> int:
        """How many of exposure time, aperture, sensitivity, focal length and time of capture are there."""
        values = (self.exposure, self.aperture, self.iso, self.focal_length, self.taken)
        return sum(value not in (None, "", 0) for value in values)

    @property
    def whole(self) -> bool:
        """Whether this is what a camera writes: its maker, its model and at least two capture tags."""
        return bool(self.maker and self.model) and self.capture_tags >= 2

    @property
    def contradictions(self) -> tuple[Check, ...]:
        """Checks that no honest edit explains."""
        return tuple(check for check in self.checks if check.outcome == "contradiction")

    def to_json(self, *, position: bool = False) -> dict[str, Any]:
        """Plain data; the position only when it is asked for."""
        data = {key: value for key, value in asdict(self).items() if value is not None and key != "position"}
        data["checks"] = [asdict(check) for check in self.checks]
        if position and self.position:
            data["position"] = list(self.position)
        return data


def read_camera(fields: Fields, width: int, height: int) -> Camera | None:
    """The first EXIF structure that names a camera or has capture tags.

    Args:
        fields: of the file.
        width, height: of the picture, upright.
    """
    for tiff in fields.tiff:
        camera = _camera(tiff, width, height)
        if camera.maker or camera.model or camera.capture_tags:
            return camera
    return None


def _camera(tiff: Tiff, width: int, height: int) -> Camera:
    first, exif = tiff.first, tiff.exif or tiff.first
    maker, model = _text(tiff, first, 0x010F), _text(tiff, first, 0x0110)
    if any(value and (len(value) > 120 or "{" in value or signing_generator(value)) for value in (maker, model)):
        maker = model = None  # a generator's parameters or name, not a camera's
    return Camera(
        maker=maker,
        model=model,
        lens=_text(tiff, exif, 0xA434) or _text(tiff, exif, 0xA433),
        software=_text(tiff, first, 0x0131),
        taken=_text(tiff, exif, 0x9003) or _text(tiff, exif, 0x9004),
        exposure=_positive(tiff.rational(exif, 0x829A)),
        aperture=_positive(tiff.rational(exif, 0x829D)),
        iso=tiff.number(exif, 0x8827) or tiff.number(exif, 0x8832) or tiff.number(exif, 0x8833),
        focal_length=_positive(tiff.rational(exif, 0x920A)),
        gps=0x0002 in tiff.gps or 0x0004 in tiff.gps,
        position=_position(tiff),
        checks=run_checks(tiff, maker, width, height),
    )


def _text(tiff: Tiff, directory: Directory, tag: int) -> str | None:
    if tag not in directory or directory[tag].type not in (2, 7, 129):
        return None
    value = decode(tiff.bytes_of(directory, tag, 4096).split(b"\0")[0]).strip()
    return clip(value) or None


def _positive(value: float | None) -> float | None:
    return round(value, 8) if value is not None and 0 < value < 1e7 else None


def _position(tiff: Tiff) -> tuple[float, float] | None:
    latitude, longitude = _degrees(tiff, 0x0002, 0x0001), _degrees(tiff, 0x0004, 0x0003)
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:
        return None
    return round(latitude, 6), round(longitude, 6)


def _degrees(tiff: Tiff, tag: int, reference: int) -> float | None:
    """Degrees, minutes and seconds as three rationals; south and west are negative (Exif 3.0, 4.6.7)."""
    values = tiff.numbers(tiff.gps, tag)
    if len(values) < 6 or not all(values[1::2]):
        return None
    degrees = values[0] / values[1] + values[2] / values[3] / 60 + values[4] / values[5] / 3600
    return -degrees if tiff.bytes_of(tiff.gps, reference, 1) in (b"S", b"W") else degrees


def exif_table(tiff: Tiff) -> dict[str, str]:
    """All tags with known names of an EXIF structure, as short texts: what ``inspect`` shows."""
    from PIL import ExifTags

    table: dict[str, str] = {}
    for directory, names in ((tiff.first, ExifTags.TAGS), (tiff.exif, ExifTags.TAGS), (tiff.gps, ExifTags.GPSTAGS)):
        for tag, entry in directory.items():
            name = names.get(tag)
            if name and len(table) < 256 and name not in ("ExifOffset", "GPSInfo", "MakerNote"):
                table.setdefault(name, _shown(tiff, directory, tag, entry.type))
    return {key: value for key, value in table.items() if value}


def _shown(tiff: Tiff, directory: Directory, tag: int, kind: int) -> str:
    if kind in (2, 129):
        return _text(tiff, directory, tag) or ""
    if kind in (5, 10):
        values = tiff.numbers(directory, tag)[:8]
        return " ".join(f"{values[at] / values[at + 1]:.6g}" for at in range(0, len(values) - 1, 2) if values[at + 1])
    if numbers := tiff.numbers(directory, tag)[:8]:
        return " ".join(map(str, numbers))
    size = tiff.size(directory, tag)
    body = tiff.bytes_of(directory, tag, 16)
    if size <= 8 and body.isascii() and body.decode().isprintable():
        return body.decode()
    return f"{size} bytes"
