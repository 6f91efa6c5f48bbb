"""Does a report agree with itself? What follows from its evidence is derived again, without looking at any picture."""

from collections.abc import Iterator, Mapping
from typing import Any

from imageauth import __version__
from imageauth.pixels.card import Card
from imageauth.pixels.evidence import pixel_evidence, stability_evidence
from imageauth.report import Evidence, Report
from imageauth.verdict import ANSWERS, UNSTABLE, Policy, decide
from imageauth.verification.points import Mark, Point

_TOPIC = "report in itself"
_CALIBRATED = ANSWERS | {"pixels-undecided"}
_STABILITY = frozenset({"stability-held", UNSTABLE})
_HALF = 5e-5  # reports give four digits: the number that led to a finding lies that near


def consistency_point(
    report: Report, card: Card | None, policy: Policy, *, missing: bool, version: str | None
) -> Point:
    """Whether verdict, reason and summary follow from the evidence that the report states, and its sentences from its
    numbers. A report that was written by this version and says otherwise was changed.

    Args:
        report: to look at.
        card: of its model under the policy, if that is here.
        policy: under which it was made.
        missing: the model or the policy is not here.
        version: of imageauth, as the document's head says; None where there is none.
    """
    made = report.produced_by.get("imageauth")
    if version is not None and version != made:
        return Point(_TOPIC, Mark.DIFFERS, note=f"Its head names imageauth {version}, this report {made}.")
    if made != __version__ or missing:
        why = "another version wrote it" if made != __version__ else "its model or its policy is not here"
        return Point(_TOPIC, Mark.OPEN, note=f"Whether its parts fit each other is not judged: {why}.")
    if found := list(_contradictions(report, card, policy)):
        return Point(_TOPIC, Mark.DIFFERS, note=f"It contradicts itself, so it was changed: {'; '.join(found)}.")
    return Point(_TOPIC, Mark.AGREES, "its verdict, reason and sentences follow from its evidence and numbers")


def _contradictions(report: Report, card: Card | None, policy: Policy) -> Iterator[str]:
    decision = decide(report.evidence, policy)
    if (decision.verdict, decision.reason) != (report.verdict, report.reason):
        said, follows = f"{report.verdict} ({report.reason})", f"{decision.verdict} ({decision.reason})"
        yield f"its evidence leads to {follows}, and it says {said}"
    elif decision.summary != report.summary:
        yield "its summary is not the one that its evidence leads to"
    stated = [item.detail.get("probability") for item in report.evidence if item.code in _CALIBRATED]
    if stated != ([] if report.probability is None else [report.probability]):
        yield "its probability is not the one that its evidence states"
    if card is not None:
        for item in report.evidence:
            if item.source == "pixels" and not _follows(item, card):
                yield f"what {item.code} says does not follow from its numbers"


def _follows(item: Evidence, card: Card) -> bool:
    """Whether a finding about the pixels is one that its numbers, before they were rounded, can have led to."""
    try:
        if item.code in _CALIBRATED:
            given = float(item.detail["probability"])
            near = [min(1.0, max(0.0, given + step)) for step in (0.0, -_HALF, _HALF)]
            again = [pixel_evidence(card, probability, None) for probability in near]
        elif item.code in _STABILITY:
            numbers: Mapping[str, Any] = item.detail["probabilities"]
            values = [float(value) for value in numbers.values()]
            if any(abs(value - card.thresholds.decision) <= _HALF for value in values):
                return True  # on which side it lay, the report does not tell
            again = [stability_evidence(card, values)]
        else:  # outside the model's domain: the sentence rests on what is not in the report
            return True
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return False
    said = (item.code, item.finding, item.points_to, item.strength)
    return any((each.code, each.finding, each.points_to, each.strength) == said for each in again)
