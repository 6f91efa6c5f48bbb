"""Fit the map from logits to probabilities, and the thresholds, on validation data only."""

from dataclasses import dataclass
from typing import get_args

import numpy as np
import numpy.typing as npt
from sklearn.isotonic import IsotonicRegression
from sklearn.model_selection import StratifiedKFold

from imageauth.evaluation.logistic import fit_platt, logistic
from imageauth.evaluation.metrics import brier, ece, log_loss
from imageauth.evaluation.thresholds import best_decision, conformal_threshold
from imageauth.pixels.calibration import Calibration, Method
from imageauth.pixels.card import Risks, Thresholds

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.uint8]

METHODS: tuple[Method, ...] = get_args(Method)
FOLDS = 5
RISKS = Risks(real=0.01, real_kind=None, ai=0.01)
"""Of the thresholds that a card gets."""


@dataclass(frozen=True, slots=True)
class CalibrationResult:
    """A fitted calibration and how it measured.

    Attributes:
        calibration: fitted on all of the data.
        held_out: float64 [N], each image's probability by a calibration that was fitted without it.
        log_loss: of each method, held out, in nats; the smallest won.
        ece: of each method, held out, 15 bins.
        brier: of each method, held out.
    """

    calibration: Calibration
    held_out: Floats
    log_loss: dict[Method, float]
    ece: dict[Method, float]
    brier: dict[Method, float]


def fit_calibration(logits: Floats, labels: Labels, *, seed: int = 1) -> CalibrationResult:
    """Try every method by 5-fold cross-fitting and keep the one of least held-out log loss.

    Log loss is a proper score; ECE alone can be won by a map that says little. No figure is taken from data that the
    same map was fitted on.

    Args:
        logits: float64 [N].
        labels: uint8 [N], 1 for AI-made.
        seed: of the folds.
    """
    # Below one error in all images of the smaller class, a rate cannot be seen.
    floor = 1 / (2 + int(min(np.sum(labels == 1), np.sum(labels == 0))))
    held_out: dict[Method, Floats] = {method: np.empty(len(logits)) for method in METHODS}
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    for fitting, measuring in folds.split(logits[:, None], labels):
        for method in METHODS:
            calibration = _fit(method, logits[fitting], labels[fitting], floor)
            held_out[method][measuring] = calibration(logits[measuring])
    losses = {method: log_loss(labels, p) for method, p in held_out.items()}
    best = min(METHODS, key=lambda method: losses[method])
    return CalibrationResult(
        _fit(best, logits, labels, floor),
        held_out[best],
        losses,
        {method: ece(labels, p) for method, p in held_out.items()},
        {method: brier(labels, p) for method, p in held_out.items()},
    )


def fit_thresholds(probabilities: Floats, labels: Labels, risks: Risks = RISKS) -> Thresholds:
    """The decision threshold, and the two at which the pixels speak.

    ``decision`` gives the best accuracy; where a range of values does, its middle. ``ai`` and ``real`` are the
    :func:`conformal` thresholds of ``risks``, but at least ``least_sure``: nobody should read "likely" where one answer
    in three is wrong, however rare such images are. What lies between is left undecided.

    Args:
        probabilities: calibrated, held out, float64 [N].
        labels: uint8 [N], 1 for AI-made.
        risks: the error rates that are allowed; there are no kinds here.
    """
    real, ai = conformal(probabilities, labels, risks.ai)[0], conformal(probabilities, labels, risks.real)[1]
    decision, least_sure = best_decision(probabilities, labels), risks.least_sure
    return Thresholds(decision, max(ai, least_sure), min(real, round(1 - least_sure, 12)))


def conformal(probabilities: Floats, labels: Labels, risk: float) -> tuple[float, float]:
    """Class-conditional split-conformal thresholds (Vovk 2012; Angelopoulos & Bates 2023, arXiv:2107.07511, 4.1).

    For a new image exchangeable with these, the chance that a real one reaches ``ai`` is at most ``risk``, and so is
    the chance that an AI-made one comes down to ``real``; this holds for the finite sample, without any model.
    (With cross-fitted probabilities, and on images that helped to choose an epoch, it holds nearly.)

    Args:
        probabilities: held out, float64 [N].
        labels: uint8 [N], 1 for AI-made.
        risk: 0..1.

    Returns:
        (real, ai), probabilities; ``real`` may be above ``ai`` where the classes are separated better than asked.
        With too few images for the risk, 0 and 1.
    """
    ai = min(1.0, conformal_threshold(probabilities[labels == 0], risk))
    return 1 - conformal_threshold(1 - probabilities[labels == 1], risk), ai


def at_risk(probabilities: Floats, labels: Labels, settled: npt.NDArray[np.bool_], risk: float) -> dict[str, float]:
    """What conformal thresholds deliver, cross-fitted: each fifth is judged by thresholds from the others.

    Args:
        probabilities, labels: as for :func:`conformal`.
        settled: bool [N]; an image that is not gets no verdict.
        risk: 0..1.

    Returns:
        ``share_decided``, ``error_on_decided``, ``real_called_ai``, ``ai_called_real``: shares.
    """
    said = np.zeros(len(labels), np.int64)  # 1 AI, −1 real
    for fitting, measuring in StratifiedKFold(FOLDS, shuffle=True, random_state=1).split(probabilities, labels):
        real, ai = conformal(probabilities[fitting], labels[fitting], risk)
        if real >= ai:  # both calls keep within the risk anywhere between the two
            ai = float(np.clip(best_decision(probabilities[fitting], labels[fitting]), ai, real))
            real = float(np.nextafter(ai, 0))
        p = probabilities[measuring]
        said[measuring] = (p >= ai).astype(np.int64) - (p <= real)
    said *= settled
    wrong = (said == 1) & (labels == 0), (said == -1) & (labels == 1)
    return {
        "share_decided": float(np.mean(said != 0)),
        "error_on_decided": float(np.sum(wrong) / max(1, np.sum(said != 0))),
        "real_called_ai": float(np.sum(wrong[0]) / np.sum(labels == 0)),
        "ai_called_real": float(np.sum(wrong[1]) / np.sum(labels == 1)),
    }


def _fit(method: Method, logits: Floats, labels: Labels, floor: float) -> Calibration:
    if method == "temperature":
        (scale,), _ = logistic(logits[:, None], labels, offset=False)
        return Calibration(method, {"scale": scale}, floor)
    if method == "platt":
        return fit_platt(logits, labels, floor)
    if method == "beta":
        # On ln p and −ln(1 − p); a term with a negative weight would break monotony and is dropped.
        features = np.stack([-np.logaddexp(0, -logits), np.logaddexp(0, logits)], axis=1)
        (a, b), c = logistic(features, labels)
        if a < 0:
            (b,), c = logistic(features[:, 1:], labels)
            a = 0.0
        elif b < 0:
            (a,), c = logistic(features[:, :1], labels)
            b = 0.0
        return Calibration(method, {"a": a, "b": b, "c": c}, floor)
    model = IsotonicRegression(out_of_bounds="clip").fit(logits, labels)
    return Calibration(
        method,
        {"scores": model.X_thresholds_.tolist(), "probabilities": model.y_thresholds_.tolist()},
        floor,
    )
