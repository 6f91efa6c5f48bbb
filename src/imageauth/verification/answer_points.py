"""Does the same answer come out: verdict, reason, probability, evidence, limits?"""

from collections.abc import Iterator, Sequence

from imageauth.pixels.card import Card
from imageauth.report import Report
from imageauth.verification.evidence_points import NOT_HERE, evidence_points
from imageauth.verification.points import Mark, Point, compared
from imageauth.verification.tolerance import apart, tolerance_of


def answer_points(report: Report, found: Report, card: Card | None, missing: Sequence[str]) -> Iterator[Point]:
    """The answer, point by point.

    Args:
        report: to compare.
        found: by checking again.
        card: of the model that looked; None where none did.
        missing: why verdict and pixels cannot be repeated here; empty if they can.
    """
    if missing:
        yield Point("verdict", Mark.OPEN, report.verdict, note=f"{NOT_HERE} {' '.join(missing)}")
        if report.probability is not None:
            yield Point("probability", Mark.OPEN, _number(report.probability), note=NOT_HERE)
        yield from evidence_points(report, found, None, pixels=False)
        return
    tolerance, distance = tolerance_of(card), apart(report.probability, found.probability)
    because = ""
    if tolerance is not None and distance and distance <= tolerance:
        because = (
            f"The probabilities are as close as they are between machines ({tolerance:g}, by the card), so a picture "
            "near a threshold can fall on its other side."
        )
    yield compared("verdict", str(report.verdict), str(found.verdict), differing=because)
    yield compared("reason", report.reason, found.reason, differing=because)
    other_file = report.sha256 != found.sha256
    yield _probability(report.probability, found.probability, tolerance, other_file=other_file)
    yield from evidence_points(report, found, card, because=because)
    if because and report.summary != found.summary:
        yield Point("summary", Mark.OPEN, report.summary, found.summary, "It repeats numbers that are only close.")
    else:
        yield compared("summary", report.summary, found.summary)
    yield _limits(report.limits, found.limits, because)


def _probability(reported: float | None, found: float | None, tolerance: float | None, *, other_file: bool) -> Point:
    topic, then, now = "probability", _number(reported), _number(found)
    if reported == found:
        return Point(topic, Mark.AGREES, then)
    distance = apart(reported, found)
    if distance is None or (other_file and (tolerance is None or distance > tolerance)):
        return Point(topic, Mark.DIFFERS, then, now)
    if tolerance is None:
        note = "How much this model's answers differ between machines was not measured, so only the same number counts."
        return Point(topic, Mark.DIFFERS, then, now, note)
    if distance <= tolerance:
        note = f"Within {tolerance:g}, the most between machines by its card."
        return Point(topic, Mark.AGREES, then, now, note)
    note = f"{distance:.4f} apart; its card gives {tolerance:g} at most between machines."
    return Point(topic, Mark.DIFFERS, then, now, note)


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.4f}"


def _limits(reported: Sequence[str], found: Sequence[str], because: str) -> Point:
    then, now = (f"{len(each)} sentences" for each in (reported, found))
    if reported == found:
        return Point("limits", Mark.AGREES, then)
    gone, new = ([text for text in one if text not in other] for one, other in ((reported, found), (found, reported)))
    parts = [f"Only in the report: {' '.join(gone)}"] if gone else []
    parts += [f"Only now: {' '.join(new)}"] if new else []
    note = " ".join([*(parts or ["The same in another order."]), because]).strip()
    return Point("limits", Mark.DIFFERS, then, now, note)
