"""Metrics of a two-class detector, in NumPy, vectorised over bootstrap resamples.

Labels are 1 for AI-made ("positive") and 0 for real. Scores rise with the chance of being AI-made. Each function is
checked against scikit-learn in the tests.
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.integer] | npt.NDArray[np.bool_]


def auroc(labels: Labels, scores: npt.ArrayLike) -> float:
    """Area under the ROC curve: the chance that a random AI image scores above a random real one (ties count half).

    NaN when one class is missing.
    """
    scores = np.asarray(scores, np.float64)
    positive = np.asarray(labels) == 1
    n1, n0 = int(positive.sum()), int((~positive).sum())
    if not n1 or not n0:
        return float("nan")
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2  # mean rank of each distinct score, from 1
    return float((ranks[inverse][positive].sum() - n1 * (n1 + 1) / 2) / (n1 * n0))


def roc_curve(labels: Labels, scores: npt.ArrayLike) -> tuple[Floats, Floats, Floats]:
    """False-positive rates, true-positive rates and thresholds ("positive" means ``score >= threshold``), from (0, 0)."""
    tp, fp, thresholds = _cumulative(labels, scores)
    with np.errstate(invalid="ignore", divide="ignore"):
        fpr, tpr = fp / fp[-1], tp / tp[-1]
    return np.r_[0.0, fpr], np.r_[0.0, tpr], np.r_[np.inf, thresholds]


def precision_recall_curve(labels: Labels, scores: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Precision and recall as the threshold falls; recall rises."""
    tp, fp, _ = _cumulative(labels, scores)
    with np.errstate(invalid="ignore", divide="ignore"):
        return tp / (tp + fp), tp / tp[-1]


def average_precision(labels: Labels, scores: npt.ArrayLike) -> float:
    """Mean precision weighted by the rise of recall, without interpolation. NaN without AI images."""
    if not np.any(np.asarray(labels) == 1):
        return float("nan")
    precision, recall = precision_recall_curve(labels, scores)
    return float(np.sum(np.diff(np.r_[0.0, recall]) * precision))


def tpr_at_fpr(labels: Labels, scores: npt.ArrayLike, fpr: float) -> float:
    """The highest true-positive rate at any threshold whose false-positive rate is at most ``fpr``."""
    false, true, _ = roc_curve(labels, scores)
    if np.isnan(false).any() or np.isnan(true).any():
        return float("nan")
    return float(true[false <= fpr].max())


def brier(labels: Labels, probabilities: npt.ArrayLike) -> float:
    """Mean squared error of the probabilities (Brier 1950)."""
    return float(np.mean((np.asarray(probabilities, np.float64) - np.asarray(labels)) ** 2))


def reliability(labels: Labels, probabilities: npt.ArrayLike, bins: int = 15) -> tuple[Floats, Floats, npt.NDArray[np.int64]]:
    """Per equal-width bin of probability: mean probability, share of AI images, count. Empty bins hold NaN, NaN, 0."""
    p = np.asarray(probabilities, np.float64)
    index = np.minimum((p * bins).astype(np.int64), bins - 1)
    count = np.bincount(index, minlength=bins)
    with np.errstate(invalid="ignore"):
        mean = np.bincount(index, p, bins) / count
        share = np.bincount(index, np.asarray(labels, np.float64), bins) / count
    return mean, share, count


def ece(labels: Labels, probabilities: npt.ArrayLike, bins: int = 15) -> float:
    """Expected calibration error: mean |share of AI − mean probability| over equal-width bins, weighted by count
    (Naeini et al. 2015; here of the probability of being AI-made, not of the winning class).
    """
    mean, share, count = reliability(labels, probabilities, bins)
    filled = count > 0
    return float(np.sum(np.abs(share - mean)[filled] * count[filled]) / count.sum())


def _cumulative(labels: Labels, scores: npt.ArrayLike) -> tuple[Floats, Floats, Floats]:
    """True and false positives at each distinct score, from the highest down."""
    scores = np.asarray(scores, np.float64)
    order = np.argsort(-scores, kind="stable")
    sorted_scores, positive = scores[order], (np.asarray(labels)[order] == 1).astype(np.float64)
    last = np.r_[np.nonzero(np.diff(sorted_scores))[0], len(scores) - 1]
    tp = np.cumsum(positive)[last]
    return tp, (last + 1) - tp, sorted_scores[last]
