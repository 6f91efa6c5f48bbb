"""Calibration and thresholds fitted anew on labelled pictures of a user's own; the network stays as it is."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from imageauth.errors import DataError
from imageauth.evaluation.comparison import sources_of
from imageauth.evaluation.dataset import labels_of
from imageauth.evaluation.figures import RESAMPLES
from imageauth.evaluation.held_out import FrozenCuts, HeldOut, conformal_thresholds
from imageauth.evaluation.judging import judged_by
from imageauth.evaluation.logistic import fit_platt
from imageauth.evaluation.metrics import Floats
from imageauth.evaluation.own_splits import Split
from imageauth.evaluation.paired import Judged, Paired, measure_pair
from imageauth.evaluation.scoring import Scored
from imageauth.evaluation.thresholds import enough
from imageauth.pixels.calibration import Calibration, sigmoid
from imageauth.pixels.card import STANDARD_RISKS, Card, Risks, Thresholds

Labels = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Recalibration:
    """What :func:`recalibrate` found.

    Attributes:
        calibration, thresholds: fitted on all pictures: what the new card holds.
        risks: that the thresholds were chosen by.
        prior: share of AI-made pictures where the probability holds.
        stated: whether the user stated it; else it is the folder's own.
        share: of AI-made pictures in the folder.
        by_source: whether the thresholds' units of each class, real and AI, are sources; else pictures.
        counted_by_source: whether the intervals are by source; else by picture.
        labels: int64 [N].
        weights: of the pictures under ``prior``, float64 [N].
        before: what the model says by its card.
        after: what it says of each picture by a calibration and thresholds that saw none of its fold.
        figures: of both, under ``prior``.
    """

    calibration: Calibration
    thresholds: Thresholds
    risks: Risks
    prior: float
    stated: bool
    share: float
    by_source: tuple[bool, bool]
    counted_by_source: bool
    labels: Labels
    weights: Floats
    before: Judged
    after: Judged
    figures: Paired


def recalibrate(
    card: Card,
    scored: Scored,
    split: Split,
    *,
    prior: float | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Recalibration:
    """Fit calibration and thresholds, and measure what that changes.

    The calibration is Platt's (a scale and an offset), with his smoothed targets. With a stated prior P its offset is
    moved by logit(P) − logit(π), where π is the share of AI-made pictures that it was fitted on (Saerens, Latinne &
    Decaestecker 2002, doi:10.1162/089976602753284446): right as long as the stream differs from the folder in that
    share alone. Figures then weigh each class as the stream has it.

    Thresholds are conformal, at the risks of the model's card, as :func:`conformal_thresholds` has it. Their units are
    sources where a class has enough of them to carry its risk, else pictures. Where real pictures are the units, each
    sub-folder of 30 real pictures or more is a kind with a risk of its own.

    "After" is cross-fitted: each fold is judged by a calibration and thresholds from the others.

    Args:
        card: of the model.
        scored: what its network says of the pictures.
        split: of the same pictures, in the same order.
        prior: share of AI-made pictures in the user's stream; None: as in the folder.
        resamples: of the bootstrap; 0 for no intervals.
        seed: of the bootstrap.

    Raises:
        DataError: the score does not rise with being AI-made on these pictures, so there is nothing to calibrate.
    """
    labels, scores = labels_of(scored.items), scored.scores[0]
    groups = np.array([item.group for item in scored.items], object)
    share = float(np.mean(labels))
    risks = card.risks or STANDARD_RISKS
    needed = (risks.real, risks.ai)
    by_source = tuple(
        split.by_source[label] and enough(len(set(split.sources[labels == label])), needed[label]) for label in (0, 1)
    )

    def fitted(mask: Bools) -> tuple[Calibration, Thresholds]:
        calibration = _calibrated(scores[mask], labels[mask], card.calibration.floor, prior)
        held_out = _units(calibration(scores), scores, labels, split, groups, by_source).select(mask)
        return calibration, conformal_thresholds(held_out, risks)

    calibration, thresholds = fitted(np.ones(len(labels), np.bool_))
    before = judged_by(scored, card.calibration, card.thresholds)
    after = _crosswise(scored, split.folds, fitted)
    told = share if prior is None else prior
    weights = weights_for(labels, told)
    units = sources_of(scored.items)
    return Recalibration(
        calibration=calibration,
        thresholds=thresholds,
        risks=risks,
        prior=told,
        stated=prior is not None,
        share=share,
        by_source=(by_source[0], by_source[1]),
        counted_by_source=units is not None,
        labels=labels,
        weights=weights,
        before=before,
        after=after,
        figures=measure_pair(labels, before, after, units=units, weights=weights, resamples=resamples, seed=seed),
    )


def weights_for(labels: Labels, share: float) -> Floats:
    """Of pictures, so that a share of their sum is AI-made."""
    fake = float(np.mean(labels))
    return np.where(labels == 1, share / fake, (1 - share) / (1 - fake))


def shifted(calibration: Calibration, before: float, after: float) -> Calibration:
    """Platt's calibration for another share of AI-made pictures.

    Args:
        calibration: with a scale and an offset.
        before: share that it holds for, 0..1.
        after: share that it shall hold for.
    """
    shift = _logit(after) - _logit(before)
    parameters = {**calibration.parameters, "offset": calibration.parameters.get("offset", 0.0) + shift}
    # What the pictures cannot show is how strong evidence may be; odds of 200 : 1 move with the prior.
    low, high = (float(sigmoid(_logit(edge) + shift)) for edge in (calibration.floor, 1 - calibration.floor))
    return Calibration("platt", parameters, min(low, 1 - high))


def _calibrated(scores: Floats, labels: Labels, floor: float, prior: float | None) -> Calibration:
    count = int(np.bincount(labels, minlength=2).min())
    calibration = fit_platt(scores, labels, max(floor, 1 / (2 + count)), smoothed=True)
    if calibration.parameters["scale"] <= 0:
        raise DataError(
            "on these pictures the model's score does not rise with being AI-made: it cannot tell them apart, and no "
            "calibration changes that. Are REAL/ and FAKE/ the right way round?"
        )
    return calibration if prior is None else shifted(calibration, float(np.mean(labels)), prior)


def _crosswise(
    scored: Scored, folds: npt.NDArray[np.int64], fitted: Callable[[Bools], tuple[Calibration, Thresholds]]
) -> Judged:
    """What is said of each fold by what was fitted on the others."""
    n = len(scored.items)
    probabilities, answered, cuts = np.empty(n), np.empty(n, np.bool_), np.empty((3, n))
    for fold in np.unique(folds):
        here = folds == fold
        judged = judged_by(scored, *fitted(~here)).select(here)
        probabilities[here] = judged.probabilities
        answered[here] = np.asarray(judged.answered, np.bool_)
        cuts[:, here] = judged.cuts.decision, judged.cuts.ai, judged.cuts.real
    return Judged(scored.scores[0], probabilities, FrozenCuts(*cuts), answered)


def _units(
    probabilities: Floats,
    scores: Floats,
    labels: Labels,
    split: Split,
    groups: npt.NDArray[np.object_],
    by_source: tuple[bool, ...],
) -> HeldOut:
    """The pictures as :func:`conformal_thresholds` takes them: units as sources, sub-folders as kinds."""
    sourced = np.array(by_source)[labels]
    alone = np.array([f"{at}" for at in range(len(labels))], object)
    units = np.where(sourced, split.sources, alone)
    kinds = np.where(sourced, "", groups)
    return HeldOut(labels, probabilities, split.folds, units, groups, kinds, scores)


def _logit(p: float) -> float:
    return float(np.log(p) - np.log1p(-p))
