"""Camera EXIF: described, compared with itself, never proof."""

from datetime import datetime, timedelta

import pytest

from imageauth.provenance.metadata.camera import Camera
from tests.metadata_files import CAMERA, evidence, exif, reading, saved


def photo(**changes: object) -> bytes:
    """A JPEG with a camera's EXIF; ``changes`` go into its capture tags."""
    capture = {**CAMERA["exif"], **{int(tag[1:], 16): value for tag, value in changes.items()}}  # type: ignore[dict-item]
    return saved(
        "JPEG", exif=exif({**CAMERA, "exif": {tag: value for tag, value in capture.items() if value is not None}})
    )


def camera(data: bytes, width: int = 64, height: int = 48) -> Camera:
    found = reading(data, width, height).camera
    assert found
    return found


def outcome(data: bytes, name: str, **size: int) -> str:
    return next(check.outcome for check in camera(data, **size).checks if check.name == name)


def test_a_camera_is_described() -> None:
    found = camera(photo())
    assert (found.maker, found.model, found.lens) == ("NIKON CORPORATION", "NIKON D90", "AF-S DX 35mm")
    assert (found.exposure, found.aperture, found.iso, found.focal_length) == (0.004, 5.6, 200, 35.0)
    assert found.taken == "2019:05:04 10:20:30"
    assert (found.gps, found.position) == (True, (-33.856, 151.21))


def test_evidence_points_to_a_photo_but_is_only_declared() -> None:
    found = evidence(photo())["camera-exif"]
    assert (found.points_to, found.strength) == ("real", "declared")
    assert "anyone can write" in found.finding
    assert found.detail["gps"] is True
    assert "position" not in found.detail
    assert reading(photo()).to_json()["camera"]["position"] == [-33.856, 151.21]


@pytest.mark.parametrize(
    "tags",
    [
        {0x010F: "Canon", 0x0110: "Canon EOS R5"},
        {0x010F: "Canon", 0x0110: "Canon EOS R5", "exif": {0x829D: 5.6}},
        {0x010F: "Canon", "exif": {0x829D: 5.6, 0x829A: 0.01, 0x8827: 100}},
    ],
)
def test_too_little_points_nowhere(tags: dict[int | str, object]) -> None:
    found = evidence(saved("JPEG", exif=exif(tags)))["camera-exif"]
    assert (found.points_to, found.strength) == ("none", "none")


def test_without_a_camera_nothing_is_said() -> None:
    assert "camera-exif" not in evidence(saved("JPEG", exif=exif({0x0112: 1, "exif": {0x9003: "2019:05:04 10:20:30"}})))


def test_a_generator_in_the_place_of_a_maker_is_no_camera() -> None:
    tags = {0x010F: "Black Forest Labs", 0x0110: "flux-dev", "exif": {0x829D: 5.6, 0x829A: 0.01}}
    assert "camera-exif" not in evidence(saved("JPEG", exif=exif(tags)))


def test_dimensions() -> None:
    assert outcome(photo(), "dimensions") == "agrees"
    assert outcome(photo(), "dimensions", width=48, height=64) == "agrees"
    assert outcome(photo(), "dimensions", width=32, height=24) == "differs"
    assert evidence(photo(xA002=4288, xA003=2848))["camera-exif"].points_to == "real"


def test_maker_notes() -> None:
    assert outcome(photo(), "maker note") == "agrees"
    assert outcome(photo(x927C=b"Apple iOS\0\0\1MM"), "maker note") == "contradiction"
    assert outcome(photo(x927C=b"\x1a\0\1\0\3\0"), "maker note") == "unknown"
    assert outcome(photo(x927C=None), "maker note") == "unknown"
    found = evidence(photo(x927C=b"Apple iOS\0\0\1MM"))["camera-exif"]
    assert found.points_to == "none"
    assert "contradicts itself" in found.finding


def test_dates() -> None:
    future = f"{datetime.now() + timedelta(days=400):%Y:%m:%d} 10:20:30"
    assert outcome(photo(), "dates") == "agrees"
    assert outcome(photo(x9003=future), "dates") == "contradiction"
    assert outcome(photo(x9003="2021:05:04 10:20:30"), "dates") == "differs"
    assert outcome(photo(x9003="0000:00:00 00:00:00"), "dates") == "agrees"


def test_versions_and_exposures() -> None:
    assert outcome(photo(), "EXIF version") == "agrees"
    assert outcome(photo(x9000=b"ABCD"), "EXIF version") == "differs"
    assert outcome(photo(), "exposure") == "agrees"
    assert outcome(photo(x829A=90_000.0), "exposure") == "differs"


def test_a_thumbnail_is_compared() -> None:
    small = saved("JPEG")
    block = exif(CAMERA)
    # A second directory behind the first, with a thumbnail behind that: Pillow writes none.
    order, first = "big" if block[6:8] == b"MM" else "little", 8
    count = int.from_bytes(block[6 + first : 8 + first], order)  # type: ignore[arg-type]
    link = 6 + first + 2 + 12 * count

    def number(value: int, size: int) -> bytes:
        return value.to_bytes(size, order)  # type: ignore[arg-type]

    place = len(block) - 6
    directory = number(2, 2)
    for tag, value in ((0x0201, place + 30), (0x0202, len(small))):
        directory += number(tag, 2) + number(4, 2) + number(1, 4) + number(value, 4)
    directory += number(0, 4)
    block = block[:link] + number(place, 4) + block[link + 4 :] + directory + small
    assert outcome(saved("JPEG", exif=block), "thumbnail") == "agrees"
    assert outcome(saved("JPEG", exif=block), "thumbnail", width=100, height=20) == "differs"
