"""Predictions about pictures whose sources the model never saw, and thresholds frozen on other folds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from imageauth.errors import DataError
from imageauth.evaluation.metrics import Floats
from imageauth.evaluation.thresholds import best_decision, conformal_threshold
from imageauth.pixels.card import STANDARD_RISKS, Risks, Thresholds

Names = npt.NDArray[np.object_]

KIND_LEAST = 30
"""Pictures of a kind from which a figure of its own is given and a risk of its own is kept."""


@dataclass(frozen=True, slots=True, eq=False)
class HeldOut:
    """Out-of-fold predictions: each picture's by a model that saw no picture of its fold.

    Attributes:
        labels: int64 [N], 1 for AI-made.
        probabilities: float64 [N], calibrated without the picture's fold.
        folds: int64 [N]; no group of sources stands in two.
        sources: str [N]; a source has pictures of one class only.
        generators: str [N]: what made a picture, or took it.
        kinds: str [N]: photo, portrait, art, …
        scores: float64 [N], that rank the pictures; default: the probabilities.
        conditions: name → float64 [N], probabilities of the same pictures under a degradation.
    """

    labels: npt.NDArray[np.int64]
    probabilities: Floats
    folds: npt.NDArray[np.int64]
    sources: Names
    generators: Names
    kinds: Names
    scores: Floats = field(default_factory=lambda: np.empty(0))
    conditions: Mapping[str, Floats] = field(default_factory=dict)

    def __post_init__(self) -> None:
        def array(name: str, dtype: npt.DTypeLike) -> None:
            object.__setattr__(self, name, np.asarray(getattr(self, name), dtype))

        for name in ("labels", "folds"):
            array(name, np.int64)
        for name in ("sources", "generators", "kinds"):
            array(name, object)
        array("probabilities", np.float64)
        object.__setattr__(self, "scores", np.asarray(self.scores if len(self.scores) else self.probabilities, float))
        conditions = {name: np.asarray(values, np.float64) for name, values in self.conditions.items()}
        object.__setattr__(self, "conditions", conditions)
        n = len(self.labels)
        columns = (self.probabilities, self.scores, self.folds, self.sources, self.generators, self.kinds)
        if any(len(values) != n for values in (*columns, *conditions.values())):
            raise DataError("the predictions' columns have different lengths")
        for values in (self.probabilities, *conditions.values()):
            if not ((values >= 0) & (values <= 1)).all():
                raise DataError("a probability lies outside 0..1")
        if not np.isfinite(self.scores).all():
            raise DataError("a score is not a number")
        if set(self.labels.tolist()) != {0, 1}:
            raise DataError("the predictions need pictures of both classes")
        if len({(source, label) for source, label in zip(self.sources, self.labels.tolist(), strict=True)}) != len(
            set(self.sources.tolist())
        ):
            raise DataError("a source has pictures of both classes")

    def select(self, mask: npt.NDArray[np.bool_]) -> "HeldOut":
        """Some of the pictures.

        Raises:
            DataError: a class is missing.
        """
        columns = {name: getattr(self, name)[mask] for name in self.__slots__ if name != "conditions"}
        return HeldOut(**columns, conditions={name: values[mask] for name, values in self.conditions.items()})


def conformal_thresholds(held_out: HeldOut, risks: Risks = STANDARD_RISKS) -> Thresholds:
    """Thresholds that keep the risks on sources exchangeable with these, as far as there are enough.

    ``ai`` is the larger of two: with sources as units (:func:`~imageauth.evaluation.thresholds.conformal_threshold`)
    for all real pictures, and with pictures as units for each real kind of at least :data:`KIND_LEAST`. Most kinds have
    too few sources to promise anything of a new one, so for kinds the promise is only about further pictures of the
    same sources; :func:`frozen_cuts` lets it be judged on other folds. ``real`` has AI sources as units.
    ``decision`` is that of best balanced accuracy. If the classes are separated better than asked for, so that ``real``
    would pass ``ai``, both end at the decision where that lies between them.

    Args:
        held_out: predictions to choose on.
        risks: to keep.
    """
    p, labels = held_out.probabilities, held_out.labels
    real, fake = labels == 0, labels == 1
    ai = conformal_threshold(p[real], risks.real, held_out.sources[real])
    if risks.real_kind is not None:
        for kind in large_kinds(held_out):
            ai = max(ai, conformal_threshold(p[real & (held_out.kinds == kind)], risks.real_kind))
    below = 1 - conformal_threshold(1 - p[fake], risks.ai, held_out.sources[fake])
    decision = best_decision(p, labels, balanced=True)
    if below >= ai:
        ai = float(np.clip(decision, ai, below))
        below = float(np.nextafter(ai, 0))
    return Thresholds(decision, min(1.0, max(ai, risks.least_sure)), min(below, round(1 - risks.least_sure, 12)))


def large_kinds(held_out: HeldOut) -> list[str]:
    """Kinds of real pictures with at least :data:`KIND_LEAST`, in order."""
    names, counts = np.unique(held_out.kinds[held_out.labels == 0].astype(str), return_counts=True)
    return [str(name) for name, count in zip(names, counts, strict=True) if count >= KIND_LEAST]


@dataclass(frozen=True, slots=True, eq=False)
class FrozenCuts:
    """Thresholds of each picture, chosen without its fold: float64 [N] each."""

    decision: Floats
    ai: Floats
    real: Floats

    def select(self, chosen: npt.NDArray[Any]) -> "FrozenCuts":
        """Of some of the pictures, by mask or index."""
        return FrozenCuts(self.decision[chosen], self.ai[chosen], self.real[chosen])


def frozen_cuts(held_out: HeldOut, risks: Risks = STANDARD_RISKS) -> FrozenCuts:
    """For each fold, the :func:`conformal_thresholds` of all the other folds' predictions.

    Raises:
        DataError: there is one fold only, or the others lack a class.
    """
    cuts = np.empty((3, len(held_out.labels)))
    if len(np.unique(held_out.folds)) < 2:
        raise DataError("thresholds cannot be frozen on other folds: there is one fold only")
    for fold in np.unique(held_out.folds):
        here = held_out.folds == fold
        chosen = conformal_thresholds(held_out.select(~here), risks)
        cuts[:, here] = np.array([chosen.decision, chosen.ai, chosen.real])[:, None]
    return FrozenCuts(*cuts)


def fixed_cuts(pictures: int, thresholds: Thresholds) -> FrozenCuts:
    """The same thresholds for all, such as those of a model that was released before these pictures were seen."""
    values = (thresholds.decision, thresholds.ai, thresholds.real)
    return FrozenCuts(*(np.full(pictures, value) for value in values))
