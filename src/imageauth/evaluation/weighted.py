"""Figures of weighted images: a bootstrap resample is a vector of weights, and so is "every source counts the same"."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from imageauth.evaluation.metrics import ECE_BINS, Floats, bin_of, distinct_ends

MEASURED = (
    "accuracy", "balanced_accuracy", "real_accuracy", "fake_accuracy", "auroc", "average_precision",
    "tpr_at_fpr_1", "tpr_at_fpr_5", "ece", "brier", "coverage", "accuracy_on_decided",
)  # fmt: skip


class Cuts(Protocol):
    """Thresholds of probability: one number each, or float64 [N], one an image."""

    @property
    def decision(self) -> float | Floats:
        """At or above it an image counts as AI-made."""

    @property
    def ai(self) -> float | Floats:
        """At or above it the pixels point to AI."""

    @property
    def real(self) -> float | Floats:
        """At or below it they point to a real photograph."""


def resampled(random: np.random.Generator, classes: Sequence[npt.NDArray[np.intp]], count: int, size: int) -> Floats:
    """How often each of ``size`` units is drawn with replacement, as many of each class as it has; [count, size].

    Args:
        random: draws.
        classes: places of the units of each class.
        count: of resamples.
        size: of all units.
    """
    times = np.zeros((count, size))
    for row in times:
        for members in classes:
            row[members] = np.bincount(random.integers(len(members), size=len(members)), minlength=len(members))
    return times


def intervals_of(
    names: Sequence[str], drawn: Floats, point: Floats, errors: Sequence[int]
) -> dict[str, tuple[float, float]]:
    """95 % percentiles of figures over resamples; NaN where no resample knows one.

    Args:
        names: of the figures.
        drawn: their values, [figures, R].
        point: their values without resampling, [figures].
        errors: rows of calibration errors, whose resamples are moved down by the bootstrap's own estimate of its bias.
    """
    found = {}
    for index, name in enumerate(names):
        values = drawn[index]
        if index in errors:
            values = np.maximum(0, values - (values.mean() - point[index]))
        known = values[~np.isnan(values)]
        low, high = np.quantile(known, (0.025, 0.975)) if len(known) else (np.nan, np.nan)
        found[name] = float(low), float(high)
    return found


class WeightedTable:
    """Figures of one set of predictions under any weights of its images.

    It holds what every resample shares: the sorted order, and per image the terms whose weighted sums are the figures.
    """

    def __init__(
        self,
        truth: npt.NDArray[np.bool_],
        sorted_scores: Floats,
        p: Floats,
        thresholds: Cuts,
        answered: npt.NDArray[np.bool_],
    ) -> None:
        """Prepare the terms.

        Args:
            truth: bool [N], whether AI-made, in the order of falling scores.
            sorted_scores: [N].
            p: probabilities [N].
            thresholds: the same for all images, or one an image.
            answered: bool [N], whether an image may get a verdict at all.
        """
        self._fake = truth.astype(np.float64)
        self._ends = distinct_ends(sorted_scores)
        said_ai = p >= thresholds.decision
        points_ai, points_real = answered & (p >= thresholds.ai), answered & (p <= thresholds.real)
        right = np.where(truth, points_ai, points_real)
        bins = np.eye(ECE_BINS)[bin_of(p, ECE_BINS)]
        self._terms = np.column_stack(
            [truth, truth & said_ai, ~truth & ~said_ai, (p - truth) ** 2, points_ai | points_real, right,
             bins * (truth - p)[:, None]]
        )  # fmt: skip

    def figures(self, weights: Floats) -> Floats:
        """The figures in the order of :data:`MEASURED`, [12, R], under image weights [R, N], none negative."""
        with np.errstate(invalid="ignore", divide="ignore"):
            total = weights.sum(axis=1)
            sums = (weights @ self._terms).T
            fake, true_fake, true_real, squares, decided, right = sums[:6]
            real = total - fake
            fake_accuracy, real_accuracy = true_fake / fake, true_real / real
            return np.stack(
                [(true_fake + true_real) / total, (fake_accuracy + real_accuracy) / 2, real_accuracy, fake_accuracy,
                 *self._ranking(weights, fake, real), np.abs(sums[6:]).sum(axis=0) / total, squares / total,
                 decided / total, right / decided]
            )  # fmt: skip

    def _ranking(self, weights: Floats, fake: Floats, real: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """AUROC, average precision, TPR at 1 % and at 5 % FPR; NaN unless both classes are there."""
        if not len(self._ends) or not (self._fake.any() and (self._fake == 0).any()):
            nothing = np.full(len(weights), np.nan)
            return nothing, nothing, nothing, nothing
        tp = np.cumsum(weights * self._fake, axis=1)[:, self._ends]
        fp = np.cumsum(weights, axis=1)[:, self._ends] - tp
        rise = np.diff(tp, axis=1, prepend=0)
        below = real[:, None] - fp + np.diff(fp, axis=1, prepend=0) / 2  # real images below, ties counted half
        auroc = (rise * below).sum(axis=1) / (fake * real)
        # A threshold that no resampled image reaches has 0/0 precision and, rising by nothing, no part in the mean.
        precision = tp / np.where(tp + fp > 0, tp + fp, 1)
        average = (rise * precision).sum(axis=1) / fake
        return auroc, average, self._tpr(tp, fp, 0.01), self._tpr(tp, fp, 0.05)

    @staticmethod
    def _tpr(tp: Floats, fp: Floats, most: float) -> Floats:
        allowed = (fp <= most * fp[:, -1:] + 1e-9).sum(
            axis=1
        )  # thresholds from the top that may be used; 3 of 300 is 1 %
        hits = np.take_along_axis(tp, np.maximum(allowed - 1, 0)[:, None], axis=1)[:, 0]
        return np.where(allowed > 0, hits, 0.0) / tp[:, -1]
