"""Is it the file that the report speaks of?"""

from collections.abc import Iterator

from imageauth.perceptual_hash import NAME, distance
from imageauth.report import Report
from imageauth.verification.points import Mark, Point, compared
from imageauth.verification.repeating import Found
from imageauth.verification.statements import Stated

NEAR_BITS = 24
"""Bits in which the perceptual hashes of near-copies differ at most; measured in docs/review.md."""


def file_points(stated: Stated, report: Report, found: Found) -> Iterator[Point]:
    """The file's identity, as far as the report states it; what other bytes can mean is said first.

    Args:
        stated: about one picture.
        report: in it.
        found: of the file at hand.
    """
    same = report.sha256 == found.report.sha256
    yield compared("SHA-256", report.sha256, found.report.sha256, differing=_other_bytes(stated, found))
    if stated.bytes is not None:
        yield compared("bytes", stated.bytes, found.bytes)
    yield compared("format", report.format, found.report.format)
    sizes = (f"{each.width}×{each.height}" for each in (report, found.report))
    yield compared("pixels", *sizes)
    if stated.perceptual_hash is not None:
        yield _looks(stated, *stated.perceptual_hash, found, same=same)


def _looks(stated: Stated, name: str, value: str, found: Found, *, same: bool) -> Point:
    topic = "perceptual hash"
    if stated.looks is None:
        return Point(
            topic, Mark.OPEN, value, note=f"It is of another kind ({name}) than the one that is known here, {NAME}."
        )
    if found.perceptual_hash is None:
        return Point(topic, Mark.DIFFERS, value, "none", "The picture at hand could not be decoded, or shows nothing.")
    if value == found.perceptual_hash:
        return Point(topic, Mark.AGREES, value)
    bits = distance(value, found.perceptual_hash)
    note = f"{bits} of 256 bits differ."
    if same:
        note += " The bytes are the same, so the report was changed, or another version decoded the picture otherwise."
    return Point(topic, Mark.DIFFERS, value, found.perceptual_hash, note)


def _other_bytes(stated: Stated, found: Found) -> str:
    """What it can mean that the bytes are others."""
    other = "This is not the file that the report was made of."
    if stated.looks is None:
        return f"{other} Whether it shows the same picture, this report cannot tell."
    if found.perceptual_hash is None:
        return other
    bits = distance(stated.looks, found.perceptual_hash)
    if bits <= NEAR_BITS:
        how = "It looks the same" if bits == 0 else f"It looks almost the same ({bits} of 256 bits differ)"
        return (
            f"{other} {how}: a copy that was saved again, scaled or lightly touched, or whose metadata were changed. "
            "The report speaks of the original; answers about a copy can differ."
        )
    far = f"{bits} of 256 bits differ, in near-copies at most {NEAR_BITS}"
    return f"{other} It shows another picture, or one much changed ({far})."
