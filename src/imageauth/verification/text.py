"""A verification as lines for a terminal."""

import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence

from imageauth.escaping import printable
from imageauth.verification.pictures import Outcome, PictureCheck
from imageauth.verification.points import Mark, Point
from imageauth.verification.verifying import Verification

MARKS = {Mark.AGREES: ("✓", "32"), Mark.DIFFERS: ("≠", "31;1"), Mark.OPEN: ("–", "2")}
_MOST_TOPIC = 40  # characters that the column of topics may take
_MOST_VALUE = 160  # characters of a value; --json has all of it
_SAID: dict[Outcome, str] = {
    "agrees": "agrees with the report",
    "differs": "does not agree with the report",
    "not-repeated": "cannot be repeated here",
    "unreadable": "could not be compared",
}


def table(verification: Verification, *, colour: bool = False, width: int = 100) -> str:
    """All points, each with its mark, and what came of them.

    Args:
        verification: to show.
        colour: use ANSI colours.
        width: of the terminal, characters, for the notes.
    """
    lines = [_head(verification), *_points(verification.signature_points, colour, width)]
    for picture in verification.pictures:
        lines.append("")
        named = picture.reported_as
        alias = f"  (in the report: {printable(named)})" if named not in (None, picture.file) else ""
        lines.append(printable(picture.file) + alias)
        lines += _points(picture.points, colour, width)
        lines.append(_outcome(picture, colour))
    if left := verification.not_given:
        shown = ", ".join(printable(name) for name in left[:5]) + (", …" if len(left) > 5 else "")
        lines += ["", f"The report speaks of {len(left)} more, not compared: {shown}"]
    return "\n".join(lines)


def _head(verification: Verification) -> str:
    said = verification.statements
    count = len(said.pictures)
    made = f", made {printable(said.made)}" if said.made else ""
    return f"{printable(verification.report)}: {said.schema}, {count} picture{'s'[: count != 1]}{made}"


def _outcome(picture: PictureCheck, colour: bool) -> str:
    mark = {"agrees": Mark.AGREES, "differs": Mark.DIFFERS}.get(picture.outcome, Mark.OPEN)
    counts = Counter(point.mark for point in picture.points)
    told = ", ".join(f"{counts[each]} {sign}" for each, (sign, _) in MARKS.items() if counts[each])
    why = told or printable(picture.note)
    return _coloured(f"{MARKS[mark][0]} {_SAID[picture.outcome]}", mark, colour) + (f": {why}" if why else "")


def _points(points: Sequence[Point], colour: bool, width: int) -> Iterator[str]:
    longest = max((len(point.topic) for point in points), default=0)
    for point in points:
        values = _value(point.reported)
        if point.found:
            values = f"{values}, now {_value(point.found)}" if values else _value(point.found)
        mark = _coloured(MARKS[point.mark][0], point.mark, colour)
        head = f"  {mark} {printable(point.topic):<{min(longest, _MOST_TOPIC)}}"
        yield f"{head}  {values}".rstrip()
        indent = " " * 6
        yield from textwrap.wrap(
            printable(point.note),
            max(40, width),
            initial_indent=indent,
            subsequent_indent=indent,
            break_long_words=False,
        )


def _value(text: str) -> str:
    shown = printable(text)
    return shown if len(shown) <= _MOST_VALUE else f"{shown[:_MOST_VALUE]}…"


def _coloured(text: str, mark: Mark, colour: bool) -> str:
    return f"\033[{MARKS[mark][1]}m{text}\033[0m" if colour else text
