"""One point of a comparison: what a report says, what is found now, and whether they agree."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Mark(StrEnum):
    """How a point fares.

    ``OPEN``: it could not be compared, or has no say here; it neither agrees nor differs.
    """

    AGREES = "agrees"
    DIFFERS = "differs"
    OPEN = "not-compared"


@dataclass(frozen=True, slots=True)
class Point:
    """One point.

    Attributes:
        topic: what is compared, in words; stable.
        mark: how it fares.
        reported: what the report says, as text; "" for nothing.
        found: what is found now, where it is something else.
        note: what the difference can mean, or why there is none to tell.
    """

    topic: str
    mark: Mark
    reported: str = ""
    found: str = ""
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "topic": self.topic,
            "mark": str(self.mark),
            "reported": self.reported or None,
            "found": self.found or None,
            "note": self.note or None,
        }


def compared(topic: str, reported: object, found: object, *, differing: str = "", agreeing: str = "") -> Point:
    """A point that agrees if both are equal.

    Args:
        topic: what is compared.
        reported: by the report; None: it does not say, so nothing is compared.
        found: now.
        differing: the note where they differ.
        agreeing: the note where they agree.
    """
    if reported is None:
        return Point(topic, Mark.OPEN, "", _text(found), "The report does not say.")
    if reported == found:
        return Point(topic, Mark.AGREES, _text(reported), "", agreeing)
    return Point(topic, Mark.DIFFERS, _text(reported), _text(found), differing)


def any_differs(points: Iterable[Point]) -> bool:
    """Whether one of them differs."""
    return any(point.mark is Mark.DIFFERS for point in points)


def _text(value: object) -> str:
    return "none" if value is None else str(value)
