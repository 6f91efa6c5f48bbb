"""The protocol: what is measured of a model on a labelled folder, and how it is written down."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import imageauth
from imageauth.evaluation.dataset import Item, groups_of, labels_of
from imageauth.evaluation.figures import RESAMPLES, Figures, measure, or_none
from imageauth.evaluation.predictions import DECISION, Predictions
from imageauth.evaluation.scoring import Model, Progress, score_items
from imageauth.pixels.card import Card, Domain, Thresholds
from imageauth.pixels.degradations import DEGRADATIONS
from imageauth.report import Failure

SCHEMA = "imageauth/evaluation/1"
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class DegradedFigures:
    """Figures under one degradation.

    Attributes:
        figures: as for the clean images.
        flip_rate: share of images whose side of the decision threshold differs from the clean image's.
        verdict_flip_rate: share whose answer by the two verdict thresholds (AI, neither, real) differs.
    """

    figures: Figures
    flip_rate: float
    verdict_flip_rate: float

    def to_json(self) -> dict[str, Any]:
        """The figures' keys and the two rates."""
        rates = {"flip_rate": or_none(self.flip_rate), "verdict_flip_rate": or_none(self.verdict_flip_rate)}
        return {**self.figures.to_json(), **rates}


OF_VERDICTS = ("coverage", "accuracy_on_decided")
"""Figures that only a model that may abstain has."""
_NO_VERDICTS = Thresholds(DECISION, math.nan, math.nan)
_EVERYTHING = Domain((1, 2**31), math.inf, 0.0, "what its makers say; only its predictions were read")


@dataclass(frozen=True, slots=True)
class OutsideModel:
    """What stands in the place of a card where only a file of predictions is known.

    Attributes:
        name: of the file.
        sha256: of the file, hexadecimal.
        thresholds: the decision; the verdicts' are not known and NaN.
        domain: every picture.
        version: not known.
    """

    name: str
    sha256: str
    thresholds: Thresholds = _NO_VERDICTS
    domain: Domain = _EVERYTHING
    version: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """One model measured on one set of images.

    Attributes:
        card: the model's, or what is known of one from elsewhere.
        figures: over all images.
        groups: the same per group (sub-folder, or class of object), where there are any.
        macro: plain means over groups: ``real_accuracy`` over those with real images, ``fake_accuracy`` over those
            with AI images, ``balanced_accuracy``, ``auroc`` and ``average_precision`` over those with both.
        degradations: name → figures, in the protocol's order; empty when not asked for.
        failures: files that could not be checked; no figure counts them.
        outside_domain: images that the model's card does not cover; the figures do count them.
        items, scores, probabilities: the clean images, [N] each, for plots.
    """

    card: Card | OutsideModel
    figures: Figures
    groups: Mapping[str, Figures]
    macro: Mapping[str, float]
    degradations: Mapping[str, DegradedFigures]
    failures: tuple[Failure, ...]
    outside_domain: int
    items: tuple[Item, ...]
    scores: Floats
    probabilities: Floats

    @property
    def labels(self) -> npt.NDArray[np.int64]:
        """Of ``items``, [N]."""
        return labels_of(self.items)

    @property
    def worst_degradation(self) -> str | None:
        """The name of the one with the lowest balanced accuracy, and among equals the lowest AUROC."""
        figures = {name: degraded.figures for name, degraded in self.degradations.items()}
        known = [name for name in figures if not np.isnan(figures[name].balanced_accuracy)]
        return min(known, key=lambda name: (figures[name].balanced_accuracy, figures[name].auroc), default=None)

    @property
    def flip_rate(self) -> float:
        """Mean over the degradations; NaN without any."""
        return _mean([degraded.flip_rate for degraded in self.degradations.values()])

    @property
    def verdict_flip_rate(self) -> float:
        """Mean over the degradations; NaN without any."""
        return _mean([degraded.verdict_flip_rate for degraded in self.degradations.values()])

    def to_json(self) -> dict[str, Any]:
        """Plain data fit for ``json.dumps(…, allow_nan=False)``."""
        data: dict[str, Any] = {
            "schema": SCHEMA,
            "imageauth": imageauth.__version__,
            "model": self.card.name,
            "model_version": self.card.version,
            "model_sha256": self.card.sha256,
            **self.figures.to_json(),
            "outside_domain": self.outside_domain,
            "failures": [{"file": f.file, "error": {"code": f.code, "message": f.message}} for f in self.failures],
        }
        if self.groups:
            data["groups"] = {name: figures.to_json() for name, figures in self.groups.items()}
            data["macro"] = {name: or_none(value) for name, value in self.macro.items()}
        if self.degradations:
            data["degradations"] = {name: degraded.to_json() for name, degraded in self.degradations.items()}
            data["worst_degradation"] = self.worst_degradation
            data["flip_rate"] = or_none(self.flip_rate)
            data["verdict_flip_rate"] = or_none(self.verdict_flip_rate)
        return data


def evaluate(
    model: Model,
    items: Sequence[Item],
    *,
    degradations: bool = False,
    progress: Progress | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Evaluation:
    """Measure a model by the protocol. Files that cannot be checked are listed and do not stop the rest.

    Args:
        model: such as a :class:`~imageauth.pixels.model.PixelModel`.
        items: from :func:`~imageauth.evaluation.dataset.find_images`.
        degradations: also measure under each entry of :data:`~imageauth.pixels.degradations.DEGRADATIONS`.
        progress: called with (done, total) files.
        resamples: of the bootstrap.
        seed: of the bootstrap.
    """
    conditions = tuple(DEGRADATIONS) if degradations else ()
    scored = score_items(model, items, conditions, progress)
    card = model.card
    labels = labels_of(scored.items)
    probabilities = [np.asarray(card.calibration(row), np.float64) for row in scored.scores]

    def figures(index: int, mask: npt.NDArray[np.bool_] | slice = slice(None)) -> Figures:
        return measure(
            labels[mask], scored.scores[index][mask], probabilities[index][mask], card.thresholds,
            answered=scored.answered[index][mask], resamples=resamples, seed=seed,
        )  # fmt: skip

    groups = _by_group(scored.items, lambda mask: figures(0, mask))
    degraded = {
        name: DegradedFigures(figures(index), *_flips(probabilities, scored.answered, index, card.thresholds))
        for index, name in enumerate(conditions, start=1)
    }
    return Evaluation(
        card=card,
        figures=figures(0),
        groups=groups,
        macro=_macro(groups),
        degradations=degraded,
        failures=scored.failures,
        outside_domain=scored.outside_domain,
        items=scored.items,
        scores=scored.scores[0],
        probabilities=probabilities[0],
    )


def evaluate_predictions(
    predictions: Predictions, items: Sequence[Item], folder: Path, *, resamples: int = RESAMPLES, seed: int = 0
) -> Evaluation:
    """Measure another tool by what it said of the same pictures. Those that it said nothing of are listed as failures.

    Args:
        predictions: as read.
        items: from :func:`~imageauth.evaluation.dataset.find_images`.
        folder: of the pictures.
        resamples, seed: of the bootstrap.

    Raises:
        DataError: it says nothing of any of them.
    """
    judged, places = predictions.judge(items, folder)
    known = tuple(items[at] for at in places)
    labels = labels_of(known)
    answered = np.zeros(len(known), np.bool_) if judged.answered is None else judged.answered

    def figures(mask: npt.NDArray[np.bool_]) -> Figures:
        some = judged.select(mask)
        found = measure(
            labels[mask], some.scores, some.probabilities, some.cuts,
            answered=answered[mask], resamples=resamples, seed=seed,
        )  # fmt: skip
        if judged.answered is not None:
            return found
        intervals = {name: each for name, each in found.intervals.items() if name not in OF_VERDICTS}
        return replace(found, coverage=math.nan, accuracy_on_decided=math.nan, intervals=intervals)

    groups = _by_group(known, figures)
    there = set(places)
    missing = [item.name for at, item in enumerate(items) if at not in there]
    return Evaluation(
        card=OutsideModel(predictions.name, predictions.sha256),
        figures=figures(np.ones(len(known), np.bool_)),
        groups=groups,
        macro=_macro(groups),
        degradations={},
        failures=tuple(Failure(name, "unreadable", "has no prediction") for name in missing),
        outside_domain=0,
        items=known,
        scores=judged.scores,
        probabilities=judged.probabilities,
    )


def _by_group(items: Sequence[Item], figures: Callable[[npt.NDArray[np.bool_]], Figures]) -> dict[str, Figures]:
    """Figures of each group, given a function of which images count."""
    names = np.array([item.group for item in items], object)
    return {name: figures(names == name) for name in groups_of(items)}


def _flips(
    probabilities: Sequence[Floats], answered: npt.NDArray[np.bool_], index: int, thresholds: Thresholds
) -> tuple[float, float]:
    """Shares of images whose decision, and whose three-way answer, differ under a condition from the clean image's."""

    def answer(at: int) -> npt.NDArray[np.int64]:
        p = probabilities[at]
        return np.asarray(((p >= thresholds.ai).astype(np.int64) - (p <= thresholds.real)) * answered[at], np.int64)

    clean, degraded = (probabilities[at] >= thresholds.decision for at in (0, index))
    return _mean(clean != degraded), _mean(answer(0) != answer(index))


def _macro(groups: Mapping[str, Figures]) -> dict[str, float]:
    names = ("real_accuracy", "fake_accuracy", "balanced_accuracy", "auroc", "average_precision")
    return {name: _mean([getattr(figures, name) for figures in groups.values()]) for name in names} if groups else {}


def _mean(values: npt.ArrayLike) -> float:
    """Without NaN; NaN when nothing is left."""
    array = np.asarray(values, np.float64)
    known = array[~np.isnan(array)]
    return float(known.mean()) if len(known) else float("nan")
