"""Logistic regression on a few columns, by Newton's method: all that fitting a calibration needs."""

import numpy as np
import numpy.typing as npt

from imageauth.evaluation.metrics import Floats, Labels
from imageauth.pixels.calibration import Calibration, sigmoid

_RIDGE = 1e-6
_STEPS = 100
_SMALL = 1e-10  # of the loss: a step that gains less ends the search


def logistic(
    features: Floats, targets: npt.ArrayLike, *, weights: npt.ArrayLike | None = None, offset: bool = True
) -> tuple[list[float], float]:
    """Weights and offset of a practically unregularised logistic regression.

    Half of 1e-6 times the squared weights (not the offset) is added to the summed loss, so that separable classes have
    a solution. Newton steps are halved until the loss falls (Boyd & Vandenberghe 2004, 9.5).

    Args:
        features: float64 [N, F], F small.
        targets: in 0..1, [N]: labels, or how sure they are.
        weights: not negative, [N]; None: all 1.
        offset: False leaves it at 0.
    """
    x = np.column_stack([features, np.ones(len(features))]) if offset else np.asarray(features, np.float64)
    y = np.asarray(targets, np.float64)
    share = np.ones(len(x)) if weights is None else np.asarray(weights, np.float64)
    ridge = np.full(x.shape[1], _RIDGE)
    if offset:
        ridge[-1] = 0
    beta = np.zeros(x.shape[1])

    def loss(at: Floats) -> float:
        z = x @ at
        return float(share @ (np.logaddexp(0, z) - y * z) + 0.5 * ridge @ at**2)

    now = loss(beta)
    for _ in range(_STEPS):
        p = sigmoid(x @ beta)
        gradient = x.T @ (share * (p - y)) + ridge * beta
        curvature = (x * (share * p * (1 - p))[:, None]).T @ x + np.diag(ridge + 1e-12)
        step = np.linalg.solve(curvature, gradient)
        size = 1.0
        while (then := loss(beta - size * step)) > now and size > 1e-8:
            size /= 2
        beta, gained, now = beta - size * step, now - then, then
        if gained < _SMALL * max(1.0, abs(now)):
            break
    fitted = [float(value) for value in beta]
    return (fitted[:-1], fitted[-1]) if offset else (fitted, 0.0)


def fit_platt(
    scores: Floats, labels: Labels, floor: float, *, weights: npt.ArrayLike | None = None, smoothed: bool = False
) -> Calibration:
    """A scale and an offset that turn logits into probabilities (Platt 1999).

    Args:
        scores: logits, float64 [N].
        labels: [N], 1 for AI-made.
        floor: of the calibration.
        weights: of the pictures, [N].
        smoothed: Platt's own targets, (N₁ + 1) / (N₁ + 2) and 1 / (N₀ + 2) instead of 1 and 0: few pictures that happen
            to be told apart without a mistake do not prove that none will be made.
    """
    fake = np.asarray(labels) == 1
    targets = fake.astype(np.float64)
    if smoothed:
        targets = np.where(fake, (fake.sum() + 1) / (fake.sum() + 2), 1 / ((~fake).sum() + 2))
    (scale,), offset = logistic(np.asarray(scores, np.float64)[:, None], targets, weights=weights)
    return Calibration("platt", {"scale": scale, "offset": offset}, floor)
