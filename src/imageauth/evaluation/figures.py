"""The protocol's figures of one set of predictions, with bootstrap intervals."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from imageauth.evaluation.held_out import FrozenCuts
from imageauth.evaluation.metrics import Floats, Labels
from imageauth.evaluation.weighted import MEASURED, WeightedTable, intervals_of, resampled
from imageauth.pixels.card import Thresholds

RESAMPLES = 1000
_CELLS = 2_000_000  # resamples × images held at once


@dataclass(frozen=True, slots=True)
class Figures:
    """Figures of one set of images. NaN where a class or every decided image is missing.

    Attributes:
        n, n_real, n_fake: counts.
        accuracy, balanced_accuracy, real_accuracy, fake_accuracy: at the frozen ``threshold``.
        auroc, average_precision, tpr_at_fpr_1, tpr_at_fpr_5: of the scores; no threshold.
        ece, brier: of the calibrated probabilities.
        coverage: share of images that get a verdict: at or beyond one of the two verdict thresholds, and answered.
        accuracy_on_decided: among those, the share on the right side.
        threshold: calibrated probability at or above which an image counts as AI-made.
        confusion: ``true_real``, ``false_fake``, ``false_real``, ``true_fake``: counts, named after what was said.
        intervals: name → (low, high), 95 %, for every figure that is a share or an area.
    """

    n: int
    n_real: int
    n_fake: int
    accuracy: float
    balanced_accuracy: float
    real_accuracy: float
    fake_accuracy: float
    auroc: float
    average_precision: float
    tpr_at_fpr_1: float
    tpr_at_fpr_5: float
    ece: float
    brier: float
    coverage: float
    accuracy_on_decided: float
    threshold: float
    confusion: Mapping[str, int]
    intervals: Mapping[str, tuple[float, float]]

    def to_json(self) -> dict[str, Any]:
        """Plain data; NaN becomes ``None``."""
        values = {name: or_none(getattr(self, name)) for name in ("n", "n_real", "n_fake", *MEASURED, "threshold")}
        intervals = {name: [or_none(low), or_none(high)] for name, (low, high) in self.intervals.items()}
        return {**values, "confusion": dict(self.confusion), "confidence_intervals": intervals}


ECE = MEASURED.index("ece")


def or_none(value: float) -> float | None:
    """The value, or ``None`` for NaN, which JSON does not know."""
    return None if math.isnan(value) else value


def rounded(data: Any) -> Any:
    """Plain data with all fractions at five digits."""
    if isinstance(data, float):
        return round(data, 5)
    if isinstance(data, dict):
        return {key: rounded(value) for key, value in data.items()}
    return [rounded(value) for value in data] if isinstance(data, list) else data


def measure(
    labels: Labels,
    scores: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    thresholds: Thresholds | FrozenCuts,
    *,
    answered: npt.ArrayLike | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Figures:
    """All figures and their 95 % percentile bootstrap intervals (Efron 1979), stratified by class.

    A resample is a vector of weights over the images, sorted by score once, so that each figure of each resample is a
    sum or a cumulative sum: 1000 resamples of 10,000 images take about a second.

    Resampling adds noise to the calibration error, which noise can only raise: the mean of its resamples lies above the
    error itself, often by more than the interval is wide. They are therefore moved down by that difference, the
    bootstrap's own estimate of the bias. A limit of the method: a figure of 100 % has the interval [100 %, 100 %]
    however few images there are.

    Args:
        labels: [N], 1 for AI-made, 0 for real.
        scores: [N], higher for AI; ranks them for AUROC, AP and TPR, since probabilities may be tied or floored.
        probabilities: [N] in 0..1, calibrated.
        thresholds: the card's; or each image's, [N] each, with one decision for all.
        answered: bool [N], whether an image may get a verdict at all; None: each may.
        resamples: 0 for no intervals.
        seed: of the resampling.
    """
    order = np.argsort(-np.asarray(scores, np.float64), kind="stable")
    truth = np.asarray(labels)[order] == 1
    sorted_scores, p = np.asarray(scores, np.float64)[order], np.asarray(probabilities, np.float64)[order]
    cuts = thresholds.select(order) if isinstance(thresholds, FrozenCuts) else thresholds
    said_ai = p >= cuts.decision
    allowed = np.ones(len(truth), np.bool_) if answered is None else np.asarray(answered, np.bool_)[order]
    table = WeightedTable(truth, sorted_scores, p, cuts, allowed)
    point = table.figures(np.ones((1, len(truth))))
    intervals: dict[str, tuple[float, float]] = {}
    if resamples and len(truth):
        intervals = intervals_of(MEASURED, _bootstrap(table, truth, resamples, seed), point[:, 0], (ECE,))
    return Figures(
        n=len(truth),
        n_real=int((~truth).sum()),
        n_fake=int(truth.sum()),
        **{name: float(row[0]) for name, row in zip(MEASURED, point, strict=True)},
        threshold=float(np.mean(thresholds.decision)),
        confusion={
            "true_real": int((~truth & ~said_ai).sum()),
            "false_fake": int((~truth & said_ai).sum()),
            "false_real": int((truth & ~said_ai).sum()),
            "true_fake": int((truth & said_ai).sum()),
        },
        intervals=intervals,
    )


def _bootstrap(table: WeightedTable, truth: npt.NDArray[np.bool_], resamples: int, seed: int) -> Floats:
    """Figures of each resample, [len(MEASURED), resamples]."""
    random = np.random.default_rng(seed)
    classes = [members for members in (np.flatnonzero(truth), np.flatnonzero(~truth)) if len(members)]
    chunk = max(1, _CELLS // len(truth))
    parts = [
        table.figures(resampled(random, classes, min(chunk, resamples - at), len(truth)))
        for at in range(0, resamples, chunk)
    ]
    return np.concatenate(parts, axis=1)
