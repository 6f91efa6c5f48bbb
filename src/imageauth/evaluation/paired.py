"""Two models on the same pictures: the figures of each, their differences, and intervals by one bootstrap for both."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from imageauth.evaluation.figures import RESAMPLES, or_none
from imageauth.evaluation.held_out import FrozenCuts
from imageauth.evaluation.metrics import Floats, Labels, surprises
from imageauth.evaluation.weighted import MEASURED, WeightedTable, intervals_of, resampled

Bools = npt.NDArray[np.bool_]

FIGURES = (
    *("accuracy", "balanced_accuracy", "real_accuracy", "fake_accuracy", "auroc", "average_precision"),
    *("tpr_at_fpr_1", "tpr_at_fpr_5", "ece", "brier", "log_loss"),
    *("share_decided", "error_decided", "real_left_alone", "fake_left_alone"),
)
OF_VERDICTS = ("share_decided", "error_decided", "real_left_alone", "fake_left_alone")
"""Figures that a model has only where it may abstain."""
_ECE = FIGURES.index("ece")
_CELLS = 2_000_000  # resamples × images held at once


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """What one model says of N pictures.

    Attributes:
        scores: float64 [N], higher for AI; they rank.
        probabilities: float64 [N] in 0..1.
        cuts: each picture's thresholds.
        answered: bool [N], whether there may be a verdict at all; None: the model gives none.
    """

    scores: Floats
    probabilities: Floats
    cuts: FrozenCuts
    answered: Bools | None

    @property
    def said_ai(self) -> Bools:
        """At or above the decision threshold, bool [N]."""
        return np.asarray(self.probabilities >= self.cuts.decision)

    @property
    def verdicts(self) -> npt.NDArray[np.int64]:
        """1 likely-ai, −1 likely-real, 0 neither; int64 [N]."""
        if self.answered is None:
            return np.zeros(len(self.scores), np.int64)
        p = self.probabilities
        return np.asarray(self.answered * ((p >= self.cuts.ai).astype(np.int64) - (p <= self.cuts.real)), np.int64)

    def select(self, chosen: npt.NDArray[Any]) -> "Judged":
        """Some of the pictures, by mask or index."""
        answered = None if self.answered is None else self.answered[chosen]
        return Judged(self.scores[chosen], self.probabilities[chosen], self.cuts.select(chosen), answered)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of figures.

    Attributes:
        values: of each of :data:`FIGURES`; NaN where there is none.
        intervals: (low, high), 95 %; empty when not asked for.
    """

    values: Mapping[str, float]
    intervals: Mapping[str, tuple[float, float]]

    def to_json(self) -> dict[str, Any]:
        """Plain data; NaN becomes ``None``."""
        intervals = {name: [or_none(low), or_none(high)] for name, (low, high) in self.intervals.items()}
        return {**{name: or_none(value) for name, value in self.values.items()}, "confidence_intervals": intervals}


@dataclass(frozen=True, slots=True)
class Paired:
    """Figures of two models, and of the second less the first."""

    a: Column
    b: Column
    difference: Column

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {"a": self.a.to_json(), "b": self.b.to_json(), "difference": self.difference.to_json()}


def measure_pair(
    labels: Labels,
    a: Judged,
    b: Judged,
    *,
    units: npt.ArrayLike | None = None,
    weights: Floats | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Paired:
    """Figures of two models and of their difference, with 95 % percentile intervals of a paired bootstrap.

    Each resample draws the same pictures for both (Efron & Tibshirani 1993, ch. 16), so what makes a picture hard for
    either cancels out of the difference. ``log_loss`` is in nats, ``real_left_alone`` the share of real pictures that
    are not called likely-ai, ``fake_left_alone`` that of AI pictures that are not called likely-real; the others are as
    in :mod:`imageauth.evaluation.figures` and :mod:`imageauth.evaluation.leave_sources_out`. Those of calibration error
    are moved by the bootstrap's own estimate of its bias, as everywhere.

    Args:
        labels: [N], 1 for AI-made.
        a, b: what the models say of them.
        units: what is drawn, such as sources, each with pictures of one class, [N]; None: pictures.
        weights: of the pictures, [N]; None: all alike.
        resamples: 0 for no intervals.
        seed: of the resampling.
    """
    fake = np.asarray(labels) == 1
    share = np.ones(len(fake)) if weights is None else weights
    _, unit = np.unique(np.arange(len(fake)) if units is None else np.asarray(units), return_inverse=True)
    count = int(unit.max()) + 1 if len(unit) else 0
    of_both = [_figures(fake, judged) for judged in (a, b)]

    def drawn(times: Floats) -> list[Floats]:
        each = times[:, unit] * share
        return [figures(each) for figures in of_both]

    points = [found[:, 0] for found in drawn(np.ones((1, count)))]
    points.append(points[1] - points[0])
    intervals: list[dict[str, tuple[float, float]]] = [{}, {}, {}]
    if resamples and count:
        random = np.random.default_rng(seed)
        unit_fake = np.zeros(count, np.bool_)
        unit_fake[unit] = fake
        classes = [members for members in (np.flatnonzero(unit_fake), np.flatnonzero(~unit_fake)) if len(members)]
        step = max(1, _CELLS // len(fake))
        parts = [
            drawn(resampled(random, classes, min(step, resamples - at), count)) for at in range(0, resamples, step)
        ]
        first, second = (np.concatenate([part[which] for part in parts], axis=1) for which in (0, 1))
        gap = second - first
        gap[_ECE] += points[2][_ECE] - gap[_ECE].mean()
        intervals = [
            intervals_of(FIGURES, first, points[0], (_ECE,)),
            intervals_of(FIGURES, second, points[1], (_ECE,)),
            intervals_of(FIGURES, gap, points[2], ()),
        ]
    columns = [
        Column(dict(zip(FIGURES, point.tolist(), strict=True)), found)
        for point, found in zip(points, intervals, strict=True)
    ]
    return Paired(*columns)


def _figures(fake: Bools, judged: Judged) -> Callable[[Floats], Floats]:
    """A function of weights [R, N] that gives :data:`FIGURES`, [len(FIGURES), R]."""
    order = np.argsort(-judged.scores, kind="stable")
    sorted_ = judged.select(order)
    truth, verdicts = fake[order], sorted_.verdicts
    answered = np.zeros(len(truth), np.bool_) if sorted_.answered is None else sorted_.answered
    table = WeightedTable(truth, sorted_.scores, sorted_.probabilities, sorted_.cuts, answered)
    terms = np.column_stack(
        [surprises(truth, sorted_.probabilities), ~truth & (verdicts != 1), truth & (verdicts != -1), ~truth, truth]
    ).astype(np.float64)

    def figures(weights: Floats) -> Floats:
        mine = weights[:, order]
        known = dict(zip(MEASURED, table.figures(mine), strict=True))
        with np.errstate(invalid="ignore", divide="ignore"):
            loss, real_alone, fake_alone, real, ai = (mine @ terms).T
            known |= {
                "log_loss": loss / (real + ai),
                "share_decided": known["coverage"],
                "error_decided": 1 - known["accuracy_on_decided"],
                "real_left_alone": real_alone / real,
                "fake_left_alone": fake_alone / ai,
            }
        if judged.answered is None:
            known |= {name: np.full(len(mine), np.nan) for name in OF_VERDICTS}
        return np.stack([known[name] for name in FIGURES])

    return figures
