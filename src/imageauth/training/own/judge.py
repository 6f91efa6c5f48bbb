"""Figures of a model before and after tuning, on the same pictures, by the protocol of leave-sources-out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from imageauth.evaluation.figures import or_none
from imageauth.evaluation.held_out import FrozenCuts, HeldOut, conformal_thresholds, fixed_cuts, frozen_cuts
from imageauth.evaluation.leave_sources_out import SourceFigures, measure_held_out
from imageauth.evaluation.logistic import fit_platt
from imageauth.evaluation.thresholds import enough
from imageauth.pixels.calibration import Calibration
from imageauth.pixels.card import Thresholds
from imageauth.training.own.seen import Floats, Seen
from imageauth.training.photo_assess import FLOOR, RISKS, probabilities_of
from imageauth.training.photo_heads import Heads

Labels = npt.NDArray[np.int64]
Names = npt.NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Judged:
    """Figures of one model on one set of pictures.

    Attributes:
        figures: of leave-sources-out; with fixed thresholds where the model had seen none of the pictures.
        accused: share of real pictures that are called likely-ai.
        missed: share of AI pictures that are called likely-real.
    """

    figures: SourceFigures
    accused: float
    missed: float

    def value(self, name: str) -> float:
        """A figure by its name: one of :data:`imageauth.evaluation.leave_sources_out.FIGURES`, or ours."""
        return {"accused": self.accused, "missed": self.missed, **self.figures.clean.values}[name]

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            **self.figures.counts,
            **{name: or_none(value) for name, value in self.figures.clean.values.items()},
            "real_called_likely_ai": or_none(self.accused),
            "ai_called_likely_real": or_none(self.missed),
            "confidence_intervals": self.figures.clean.to_json()["confidence_intervals"],
            "sources": {name: part.to_json() for name, part in self.figures.sources.items()},
        }


@dataclass(frozen=True, slots=True)
class Fitted:
    """What stands in the card, and how it was judged.

    Attributes:
        calibration: fitted on all held-out scores.
        thresholds: chosen on all held-out probabilities.
        by_source: whether the thresholds' units are sources; else pictures.
        judged: each picture by a calibration and thresholds that saw none of its fold.
    """

    calibration: Calibration
    thresholds: Thresholds
    by_source: bool
    judged: Judged


def fit_card(scores: Floats, folds: Labels, seen: Seen) -> Fitted:
    """Calibration and thresholds from held-out scores.

    The units that the thresholds' risks are kept for are sources where there are enough of them to say anything, else
    pictures. With too few pictures, too, a threshold lies where nothing reaches it, and the model abstains.

    Args:
        scores: held out, float64 [N].
        folds: of the pictures, [N].
        seen: the pictures.
    """
    labels, sources, weights = seen.labels, seen.sources, seen.weights
    floor = max(FLOOR, 1 / (2 + int(np.bincount(labels, minlength=2).min())))

    def calibrated(mask: npt.NDArray[np.bool_]) -> Calibration:
        return fit_platt(scores[mask], labels[mask], floor, weights=weights[mask])

    calibrations = {fold: calibrated(folds != fold) for fold in np.unique(folds).tolist()}
    probabilities = probabilities_of(calibrations, scores[None], folds)[0]
    by_source = enough(len(set(sources[labels == 0])), RISKS.real) and enough(len(set(sources[labels == 1])), RISKS.ai)
    units = sources if by_source else np.array([f"picture {at}" for at in range(len(labels))], object)
    for_thresholds = _held_out(probabilities, scores, labels, folds, units)
    cuts = frozen_cuts(for_thresholds, RISKS)
    held_out = _held_out(probabilities, scores, labels, folds, sources)
    return Fitted(
        calibrated(np.ones(len(labels), np.bool_)),
        conformal_thresholds(for_thresholds, RISKS),
        by_source,
        _judge(held_out, cuts),
    )


def judge(seen: Seen, heads: Heads, calibration: Calibration, thresholds: Thresholds) -> Judged:
    """A model as its card has it, on pictures that none of it was fitted on.

    Args:
        seen: the pictures.
        heads: of the model.
        calibration, thresholds: of its card.
    """
    scores = seen.scores(heads)[0]
    folds = np.zeros_like(seen.labels)
    held_out = _held_out(calibration(scores), scores, seen.labels, folds, seen.sources)
    return _judge(held_out, fixed_cuts(held_out, thresholds))


def _held_out(probabilities: Floats, scores: Floats, labels: Labels, folds: Labels, sources: Names) -> HeldOut:
    return HeldOut(labels, probabilities, folds, sources, sources, np.full(len(labels), "own", object), scores)


def _judge(held_out: HeldOut, cuts: FrozenCuts) -> Judged:
    real, p = held_out.labels == 0, held_out.probabilities
    return Judged(
        measure_held_out(held_out, cuts),
        float(np.mean((p >= cuts.ai)[real])),
        float(np.mean((p <= cuts.real)[~real])),
    )


ROWS: Mapping[str, str] = {
    "auroc": "AUROC",
    "tpr_at_fpr_5": "AI pictures found at 5 % false alarms",
    "balanced_accuracy": "right at the decision threshold, both classes alike",
    "accused": "real pictures called `likely-ai`",
    "missed": "AI pictures called `likely-real`",
    "share_decided": "get a verdict",
    "error_decided": "… of those, wrong",
    "ece": "calibration error (ECE)",
}
"""Figure → what it says, as tables of before and after show it."""


def table(columns: Mapping[str, Judged]) -> list[str]:
    """A Markdown table, a column for each model and set of pictures."""
    lines = [f"| | {' | '.join(columns)} |", f"|---|{'---:|' * len(columns)}"]
    for name, words in ROWS.items():
        cells = (shown(name, judged.value(name)) for judged in columns.values())
        lines.append(f"| {words} | {' | '.join(cells)} |")
    return lines


def shown(name: str, value: float) -> str:
    """A figure as a reader wants it."""
    if value != value:
        return "–"
    return f"{value:.3f}" if name in ("auroc", "ece") else f"{value:.1%}"
