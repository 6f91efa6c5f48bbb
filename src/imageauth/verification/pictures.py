"""One picture against what a report says of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from imageauth.detector import failure_of
from imageauth.errors import ImageError
from imageauth.report import Failure
from imageauth.verification.answer_points import answer_points
from imageauth.verification.circumstance_points import circumstance_points
from imageauth.verification.consistency import consistency_point
from imageauth.verification.file_points import file_points
from imageauth.verification.matching import Given
from imageauth.verification.points import Mark, Point, any_differs, compared
from imageauth.verification.repeating import USUAL, Repeater
from imageauth.verification.statements import Stated, Statements

Outcome = Literal["agrees", "differs", "not-repeated", "unreadable"]


@dataclass(frozen=True, slots=True)
class PictureCheck:
    """One picture against what the report says of it.

    Attributes:
        file: that was given.
        reported_as: what the report calls it; None where the report does not speak of it.
        outcome: ``agrees``: every point that could be compared; ``differs``: at least one does not; ``not-repeated``:
            nothing differs, but the report's model or policy is not here; ``unreadable``: the file cannot be read.
        points: compared.
        note: why there are none.
    """

    file: str
    reported_as: str | None
    outcome: Outcome
    points: tuple[Point, ...] = ()
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "file": self.file,
            "reported_as": self.reported_as,
            "outcome": self.outcome,
            "note": self.note or None,
            "points": [point.to_json() for point in self.points],
        }


def check_picture(given: Given, stated: Stated | None, statements: Statements, repeater: Repeater) -> PictureCheck:
    """Compare one file with what is said of it.

    Args:
        given: the file.
        stated: of it; None: the report does not speak of it.
        statements: that it is from.
        repeater: to check the file with.

    Raises:
        ImageAuthError: a model that is needed cannot be read.
    """
    if stated is None:
        if given.error is not None:
            return PictureCheck(given.name, None, "unreadable", note=f"It {given.error}.")
        return PictureCheck(given.name, None, "differs", note="The report does not speak of this file.")
    said = stated.answer
    if isinstance(said, Failure):
        if stated.sha256 is not None and given.error is not None:
            return PictureCheck(given.name, said.file, "unreadable", note=f"It {given.error}.")
        points = tuple(_failure_points(given, stated, said, repeater))
        return PictureCheck(given.name, said.file, "differs" if any_differs(points) else "agrees", points)
    try:
        file = given.read()
    except ImageError as error:
        return PictureCheck(given.name, said.file, "unreadable", note=f"It {error}.")
    means = repeater.means(said, statements.policy)
    try:
        found = repeater.check(means, file, given.name)
    except (ImageError, MemoryError) as error:
        failure = failure_of(given.name, error)
        note = "The report has an answer about it." if said.sha256 == given.sha256 else "It is another file."
        points = (
            compared("SHA-256", said.sha256, given.sha256),
            Point("verdict", Mark.DIFFERS, str(said.verdict), f"{failure.code}: it {failure.message}", note),
        )
        return PictureCheck(given.name, said.file, "differs", points)
    points = (
        *file_points(stated, said, found),
        *circumstance_points(statements, said, means, found, repeater.trust, named=repeater.policy),
        consistency_point(said, found.card, means.policy, missing=bool(means.missing), version=statements.version),
        *answer_points(said, found.report, found.card, means.missing),
    )
    # A model or policy that is not here is no difference in the report; that nothing can be said is told as such.
    real = any_differs(point for point in points if not (means.missing and point.topic in ("model", "policy")))
    outcome: Outcome = "differs" if real else "not-repeated" if means.missing else "agrees"
    return PictureCheck(given.name, said.file, outcome, points)


def _failure_points(given: Given, stated: Stated, said: Failure, repeater: Repeater) -> Iterator[Point]:
    """A file that could not be checked then: is it the same, and can it be checked now?"""
    if stated.sha256 is not None:
        other = "This is not the file that the report speaks of."
        yield compared("SHA-256", stated.sha256, given.sha256, differing=other)
    try:
        file = given.read()
        if stated.bytes is not None:
            yield compared("bytes", stated.bytes, len(file.data))
        repeater.check(USUAL, file, given.name)
        now = "none: it can be checked now"
    except (ImageError, MemoryError) as error:
        now = failure_of(given.name, error).code
    yield compared("error", said.code, now)
