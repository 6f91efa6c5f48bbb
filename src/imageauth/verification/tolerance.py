"""How far the same model's answers may differ between machines: as far as its card says that it was measured."""

from collections.abc import Mapping
from math import inf
from typing import Any

from imageauth.pixels.card import Card

FIGURE = "probability_between_machines"
"""Among a card's figures: by how much a probability differs at most between processors and runtimes, as measured in
docs/private-mode.md."""


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
        one, other: of two pieces of evidence of the same code. How likely the picture is of each kind is left out:
            it was not measured by how much that moves, and it decides nothing.
        tolerance: 0..1.
    """
    mine, theirs = _numbers(one), _numbers(other)
    return mine.keys() == theirs.keys() and all(abs(mine[name] - theirs[name]) <= tolerance for name in mine)


def _numbers(detail: Mapping[str, Any]) -> dict[str, float]:
    """By name; infinite, so near to none, where it is no probability."""
    under_changes = detail.get("probabilities")
    found = {name: detail[name] for name in ("probability", "uncalibrated_probability") if name in detail}
    if isinstance(under_changes, Mapping):
        found |= {f"under {name}": value for name, value in under_changes.items()}
    return {
        name: float(value) if isinstance(value, int | float) and 0 <= value <= 1 else inf
        for name, value in found.items()
    }
