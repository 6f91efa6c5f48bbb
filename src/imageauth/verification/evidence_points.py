"""Each piece of evidence: is it found again, and does it weigh and say the same?"""

from collections.abc import Iterator
from itertools import zip_longest

from imageauth.pixels.card import Card
from imageauth.rendering.text import weight
from imageauth.report import Evidence, Report
from imageauth.verification.points import Mark, Point
from imageauth.verification.tolerance import KINDS_TOLERANCE, tolerance_of, within

NOT_HERE = "Cannot be repeated here."
_PIXELS, _CREDENTIALS = "pixels", "credentials"
# Parts of the detail of the pixels' evidence that a network's arithmetic moves.
_TOLD = frozenset({"probability", "probabilities"})
_MEASURED = _TOLD | {"uncalibrated_probability", "kinds"}


def evidence_points(
    report: Report, found: Report, card: Card | None, *, pixels: bool = True, because: str = ""
) -> Iterator[Point]:
    """Pieces of the same code are compared in order; what stands alone is missing on the other side.

    Args:
        report: to compare.
        found: by checking again.
        card: of the model that looked; None where none did.
        pixels: whether their evidence can be repeated here.
        because: why it may lead to another finding though its numbers are close; "" if they are not.
    """
    said, now = ([item for item in each.evidence if pixels or item.source != _PIXELS] for each in (report, found))
    if not pixels:
        for item in report.evidence:
            if item.source == _PIXELS:
                yield Point(_topic(item.code), Mark.OPEN, _weighs(item), note=NOT_HERE)
    for kind in dict.fromkeys((item.source, item.code) for item in (*said, *now)):
        mine, theirs = ([item for item in side if (item.source, item.code) == kind] for side in (said, now))
        for one, other in zip_longest(mine, theirs):
            if other is None:
                gone = _why_gone(one, found)
                note = because or gone if one.source == _PIXELS else gone
                yield Point(_topic(one.code), Mark.DIFFERS, _weighs(one), "not found", note)
            elif one is None:
                yield Point(_topic(other.code), Mark.DIFFERS, "not found", _weighs(other), f"Now: {other.finding}")
            else:
                yield _both(one, other, card)


def _both(one: Evidence, other: Evidence, card: Card | None) -> Point:
    """A piece that is found again."""
    topic = _topic(one.code)
    if one == other:
        return Point(topic, Mark.AGREES, _weighs(one))
    said = [name for name in ("points_to", "strength", "finding") if getattr(one, name) != getattr(other, name)]
    both = one.detail.keys() | other.detail.keys()
    details = sorted(key for key in both if one.detail.get(key) != other.detail.get(key))
    tolerance = tolerance_of(card) if one.source == _PIXELS else None
    # A sentence follows only the numbers that it gives.
    numbers_only = set(said) <= ({"finding"} if _TOLD & set(details) else set())
    numbers_only = numbers_only and bool(details) and set(details) <= _MEASURED
    if tolerance is not None and numbers_only and within(one.detail, other.detail, tolerance):
        note = f"Its numbers are within {tolerance:g}, the most between machines by its card."
        if "kinds" in details:
            note += f" How likely each kind is may differ by {KINDS_TOLERANCE:g}: that is let pass, not measured."
        return Point(topic, Mark.AGREES, _weighs(one), note=note)
    if one.source == _CREDENTIALS and "state" in details:
        return Point(topic, Mark.DIFFERS, _weighs(one), _weighs(other), _why_credentials(one, other))
    names = [name.replace("_", " ") for name in said] + [f"detail {key!r}" for key in details]
    note = f"Not the same: {', '.join(names)}."
    if "finding" in said:
        note += f" The report: {one.finding} Now: {other.finding}"
    return Point(topic, Mark.DIFFERS, _weighs(one), _weighs(other), note)


def _why_gone(item: Evidence, found: Report) -> str:
    """Why a piece may not be found any more."""
    if item.source == _CREDENTIALS:
        return _why_credentials(item, next((each for each in found.evidence if each.source == _CREDENTIALS), None))
    return f"The report: {item.finding}"


def _why_credentials(then: Evidence, now: Evidence | None) -> str:
    """Why Content Credentials may be judged otherwise than they were."""
    if now is None:
        return "The file at hand carries no Content Credentials; saving a picture again usually removes them."
    if then.detail.get("origin") == "remote" and now.code == "credentials-remote":
        return f"They were fetched when the report was made; --online fetches them again. Now: {now.finding}"
    before, after = then.detail.get("state"), now.detail.get("state")
    if after == "expired":
        return (
            "The signer's certificate is out of date today, and no trusted time stamp shows that it was valid when it "
            "signed. What held when the report was made need not hold now."
        )
    if then.detail.get("signer_could_be_checked") and not now.detail.get("signer_could_be_checked"):
        get = "`imageauth trust update` gets them"
        return f"There are no trust lists on this machine, so the signer cannot be recognised; {get}."
    if before == "trusted" and after == "valid":
        return "The signature still holds, but the signer is on none of the lists in use here."
    if before in ("valid", "expired") and after == "trusted":
        return "The signer is on a list that was not in use when the report was made."
    return f"They were {before} and are {after}. Now: {now.finding}"


def _topic(code: str) -> str:
    return f"evidence: {code}"


def _weighs(item: Evidence) -> str:
    return weight(item.strength, item.points_to)
