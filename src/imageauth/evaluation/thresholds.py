"""Choosing thresholds of probability: the best decision, and the least one that keeps a risk."""

import math

import numpy as np
import numpy.typing as npt

from imageauth.evaluation.metrics import Floats, Labels


def best_decision(probabilities: Floats, labels: Labels, *, balanced: bool = False) -> float:
    """The threshold of best accuracy; where a range of thresholds is best, its middle.

    Args:
        probabilities: float64 [N].
        labels: [N], 1 for AI-made.
        balanced: of best balanced accuracy instead: both classes count the same, however many images they have.
    """
    values = np.unique(probabilities)
    between = np.concatenate([values[:1], (values[1:] + values[:-1]) / 2])
    real, fake = np.sort(probabilities[np.asarray(labels) == 0]), np.sort(probabilities[np.asarray(labels) == 1])
    missed = np.searchsorted(fake, between, side="left")
    accused = len(real) - np.searchsorted(real, between, side="left")
    # In whole numbers, so that equals are equal.
    errors = missed * len(real) + accused * len(fake) if balanced else missed + accused
    best = between[errors == errors.min()]
    return float(best[len(best) // 2])


def conformal_threshold(values: Floats, risk: float, units: npt.ArrayLike | None = None) -> float:
    """The least threshold that a new unit's values reach with a risk of at most ``risk``.

    Conformal risk control (Angelopoulos, Bates et al. 2024, arXiv:2208.02814): a unit's loss is the share of its values
    at or above the threshold, which lies in 0..1 and falls as the threshold rises. With the mean loss R of n units
    exchangeable with the new one, (n·R + 1) / (n + 1) ≤ ``risk`` makes its expected loss at most ``risk``, whatever the
    distribution. With one value a unit this is the split-conformal quantile (Vovk 2012; arXiv:2107.07511).

    Args:
        values: in 0..1, float64 [N].
        risk: 0..1.
        units: of any type [N], such as sources: what is exchangeable. None: each value is one.

    Returns:
        Just above the greatest value that must not reach it, so perhaps above 1; 1 where there are too few units.
    """
    _, unit = np.unique(np.arange(len(values)) if units is None else np.asarray(units), return_inverse=True)
    sizes = np.bincount(unit)
    allowed = risk * (len(sizes) + 1) - 1
    if allowed < -1e-9 or not len(values):
        return 1.0
    order = np.argsort(-values, kind="stable")
    losses = np.cumsum(1 / sizes[unit[order]])  # summed over units, if all down to this value reach the threshold
    reached = np.searchsorted(losses, allowed + 1e-9, side="right")  # values that may
    if reached == len(values):
        return 0.0
    return float(np.nextafter(values[order[reached]], 2))


def enough(units: int, risk: float) -> bool:
    """Whether so many units can carry a risk at all: (n·0 + 1) / (n + 1) ≤ risk."""
    return risk * (units + 1) + 1e-9 >= 1


def least_units(risk: float) -> int:
    """The least number of units that can: with fewer, :func:`conformal_threshold` never lets anything reach it."""
    return math.ceil(1 / risk - 1e-9) - 1
