"""Metrics of a two-class detector, in NumPy. :mod:`~imageauth.evaluation.figures` adds intervals.

Labels are 1 for AI-made ("positive") and 0 for real. Scores rise with the chance of being AI-made. Each function is
checked against scikit-learn in the tests.
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.integer] | npt.NDArray[np.bool_]

ECE_BINS = 15


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
    """False-positive rates, true-positive rates and thresholds, from (0, 0). "Positive": ``score >= threshold``."""
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
    return float(true[false <= fpr + 1e-12].max())  # 3 of 300 is 1 %, whatever the rounding


def brier(labels: Labels, probabilities: npt.ArrayLike) -> float:
    """Mean squared error of the probabilities (Brier 1950)."""
    return float(np.mean((np.asarray(probabilities, np.float64) - np.asarray(labels)) ** 2))


def log_loss(labels: Labels, probabilities: npt.ArrayLike) -> float:
    """Mean negative logarithm of the probability given to what was true, in nats."""
    return float(np.mean(surprises(labels, probabilities)))


def surprises(labels: Labels, probabilities: npt.ArrayLike) -> Floats:
    """Of each image the negative logarithm of the probability given to what it is: nats, float64 [N], at most 27.6."""
    p = np.clip(np.asarray(probabilities, np.float64), 1e-12, 1 - 1e-12)
    return -np.where(np.asarray(labels) == 1, np.log(p), np.log1p(-p))


def reliability(
    labels: Labels, probabilities: npt.ArrayLike, bins: int = ECE_BINS, weights: Floats | None = None
) -> tuple[Floats, Floats, npt.NDArray[np.int64]]:
    """Per equal-width bin of probability: mean probability, share of AI images, count. Empty bins hold NaN, NaN, 0.

    Args:
        labels: [N], 1 for AI-made.
        probabilities: in 0..1, [N].
        bins: how many.
        weights: of the images, positive, [N]: they bear on the means and shares; None: all alike.
    """
    p = np.asarray(probabilities, np.float64)
    index, each = bin_of(p, bins), np.ones(len(p)) if weights is None else weights
    with np.errstate(invalid="ignore"):
        total = np.bincount(index, each, bins)
        mean = np.bincount(index, each * p, bins) / total
        share = np.bincount(index, each * np.asarray(labels, np.float64), bins) / total
    return mean, share, np.bincount(index, minlength=bins)


def ece(labels: Labels, probabilities: npt.ArrayLike, bins: int = ECE_BINS) -> float:
    """Expected calibration error: mean |share of AI − mean probability| over equal-width bins, weighted by count
    (Naeini et al. 2015; here of the probability of being AI-made, not of the winning class).
    """
    mean, share, count = reliability(labels, probabilities, bins)
    filled = count > 0
    return float(np.sum(np.abs(share - mean)[filled] * count[filled]) / count.sum())


def bin_of(probabilities: Floats, bins: int) -> npt.NDArray[np.int64]:
    """Index of the equal-width bin that each probability falls in; 1 falls in the last."""
    index: npt.NDArray[np.int64] = np.minimum((probabilities * bins).astype(np.int64), bins - 1)
    return index


def distinct_ends(sorted_scores: Floats) -> npt.NDArray[np.int64]:
    """Index of the last element of each run of equal scores."""
    if not len(sorted_scores):
        return np.empty(0, np.int64)
    return np.append(np.flatnonzero(np.diff(sorted_scores)), len(sorted_scores) - 1)


def _cumulative(labels: Labels, scores: npt.ArrayLike) -> tuple[Floats, Floats, Floats]:
    """True and false positives at each distinct score, from the highest down."""
    scores = np.asarray(scores, np.float64)
    order = np.argsort(-scores, kind="stable")
    sorted_scores, positive = scores[order], (np.asarray(labels)[order] == 1).astype(np.float64)
    last = distinct_ends(sorted_scores)
    tp = np.cumsum(positive)[last]
    return tp, (last + 1) - tp, sorted_scores[last]
