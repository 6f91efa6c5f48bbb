"""How far the same model's answers may differ between machines: as far as its card says that it was measured."""

from collections.abc import Mapping
from typing import Any

from imageauth.pixels.card import Card

FIGURE = "probability_between_machines"
"""Among a card's figures: by how much a probability differs at most between processors and runtimes, as measured in
docs/private-mode.md."""
KINDS_TOLERANCE = 0.1
"""By how much a share of a kind may differ. Not measured but set, wide enough for rounding: shares decide nothing."""


def tolerance_of(card: Card | None) -> float | None:
    """Of a model; None where nobody measured it, or there is no model."""
    value = card.figures.get(FIGURE) if card else None
    return float(value) if isinstance(value, int | float) else None


def apart(one: float | None, other: float | None) -> float | None:
    """Between two probabilities, which reports give to four digits; None where one is missing."""
    return None if one is None or other is None else round(abs(one - other), 4)


def within(one: Mapping[str, Any], other: Mapping[str, Any], tolerance: float) -> bool:
    """Whether the probabilities in two details about the pixels differ by no more than that.

    Args:
        one, other: of two pieces of evidence of the same code. How likely the picture is of each kind may differ by
            :data:`KINDS_TOLERANCE`.
        tolerance: 0..1, for all other numbers.
    """
    return _near(_numbers(one), _numbers(other), tolerance) and _near(
        _flat(one, "kinds"), _flat(other, "kinds"), KINDS_TOLERANCE
    )


def _near(one: Mapping[str, Any], other: Mapping[str, Any], tolerance: float) -> bool:
    """The same names, and as near; what is no probability is near to none."""
    return one.keys() == other.keys() and all(
        all(isinstance(value, int | float) and 0 <= value <= 1 for value in (one[name], other[name]))
        and abs(one[name] - other[name]) <= tolerance
        for name in one
    )


def _numbers(detail: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: detail[name] for name in ("probability", "uncalibrated_probability") if name in detail}
    return found | {f"under {name}": value for name, value in _flat(detail, "probabilities").items()}


def _flat(detail: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A part of the detail that is an object; what stands there instead of one goes by its own name."""
    part = detail.get(name, {})
    return part if isinstance(part, Mapping) else {name: None}
