"""The heads of ``photo``: fitted, and judged on sources that they never saw."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from imageauth.evaluation.held_out import HeldOut, Risks
from imageauth.pixels.calibration import Calibration
from imageauth.pixels.layout import Entry
from imageauth.training.photo_heads import Head, Heads, fit_head, source_weights
from imageauth.training.vit import ViT

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

SLOTS = ("whole", "tiles", "tiles", "crops")
"""The views of each copy of a picture, as :class:`imageauth.training.photo_views.TrainingLook` gives them."""
ENTRIES = (Entry("whole", 1, 0.32), Entry("tiles", 2, 0.45), Entry("crops", 1, 0.23))
"""What is looked at, and how it counts: chosen by leave-sources-out, see ``docs/experiments.md``."""
KINDS = ("photo", "drawn", "screen")
_KIND_OF: Mapping[str, int] = MappingProxyType(
    {"photo": 0, "portrait": 0, "art": 1, "illustration": 1, "render": 1, "screenshot": 2, "document": 2}
)
L2, L2_KINDS = 0.1, 0.04
RISKS = Risks(real_kind=0.04)
"""Under which thresholds are chosen: a kind that the other folds lack then still keeps to one in twenty accused."""
# No more can be known of pictures of so few sources.
FLOOR = 0.005


@dataclass(frozen=True, slots=True, eq=False)
class Pictures:
    """What is known of pictures, N each.

    Attributes:
        labels: int64, 1 for AI-made.
        folds: int64; no group of sources stands in two.
        sources, generators, kinds: str.
    """

    labels: npt.NDArray[np.int64]
    folds: npt.NDArray[np.int64]
    sources: npt.NDArray[np.object_]
    generators: npt.NDArray[np.object_]
    kinds: npt.NDArray[np.object_]

    def select(self, mask: Bools) -> "Pictures":
        """Some of them."""
        return Pictures(*(getattr(self, field.name)[mask] for field in fields(self)))


def fit_heads(
    config: ViT, values: npt.NDArray[np.float16], present: Bools, pictures: Pictures, l2: float = L2
) -> Heads:
    """All heads, on all copies of pictures.

    The logits rest on class tokens alone: with the means of patches added they were no better on unseen sources.

    Args:
        config: of the tower.
        values: features, [N, 4·C, F], of C copies; present: bool [N, 4·C].
        pictures: N.
        l2: of the logits' heads; see :func:`~imageauth.training.photo_heads.fit_head`.
    """
    weights = source_weights(list(pictures.sources), pictures.labels)
    views = np.array(SLOTS * (values.shape[1] // len(SLOTS)))
    tokens = _class_tokens(config)

    def fitted(slots: Bools, columns: npt.NDArray[np.intp]) -> Head:
        row, slot = np.nonzero(present & slots)
        return fit_head(values[row, slot][:, columns], pictures.labels[row], weights[row], l2=l2)

    def of_all(head: Head) -> Head:
        wide = np.zeros((config.features, head.weights.shape[1]), np.float32)
        wide[tokens] = head.weights
        return Head(wide, head.bias)

    last = np.arange(config.features - config.width, config.features)
    known = np.array([_KIND_OF.get(str(kind), -1) for kind in pictures.kinds])
    row, slot = np.nonzero(present & (views == "whole") & (known >= 0)[:, None])
    share = 1 / np.sqrt(np.bincount(known[known >= 0], minlength=len(KINDS)))
    kinds = fit_head(values[row, slot][:, tokens], known[row], share[known[row]].astype(np.float32), l2=L2_KINDS)
    whole, tiles, crops = (of_all(fitted(views == name, tokens)) for name in ("whole", "tiles", "crops"))
    return Heads(whole, tiles, crops, of_all(kinds), fitted(np.ones(len(views), np.bool_), last))


def scores(heads: Heads, values: npt.NDArray[np.float16], present: Bools) -> Floats:
    """The scores of pictures as serving forms them, without variants.

    Args:
        heads: to ask.
        values: features of one copy, [N, 4, F]; present: bool [N, 4].

    Returns:
        float64 [N].
    """
    logits = np.stack([getattr(heads, name)(values[:, slot])[:, 0] for slot, name in enumerate(SLOTS)], axis=1)
    total = np.zeros(len(values))
    left = np.full(len(values), ENTRIES[0].weight)
    for entry in ENTRIES[1:]:
        slots = present & (np.array(SLOTS) == entry.view)
        any_ = slots.any(axis=1)
        total += entry.weight * np.where(any_, (logits * slots).sum(axis=1) / np.maximum(1, slots.sum(axis=1)), 0.0)
        left += entry.weight * ~any_
    return np.asarray(total + left * logits[:, 0], np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Assessment:
    """What leave-sources-out gives.

    Attributes:
        held_out: probabilities of all pictures as they are, each by heads and a calibration that saw none of its fold;
            ``conditions`` hold the degraded copies.
        heads: of each fold, fitted without it.
        calibrations: of each fold, fitted without it.
        calibration: of what ships, fitted on the scores of all folds.
    """

    held_out: HeldOut
    heads: Mapping[int, Heads]
    calibrations: Mapping[int, Calibration]
    calibration: Calibration


def assess(
    config: ViT, values: npt.NDArray[np.float16], present: Bools, pictures: Pictures, l2: float = L2
) -> Assessment:
    """Fit heads once without each fold, and judge them on it.

    Args:
        config, values, present, pictures, l2: as for :func:`fit_heads`.
    """
    copies = values.shape[1] // len(SLOTS)
    by_copy = np.zeros((copies, len(values)))
    heads: dict[int, Heads] = {}
    for fold in np.unique(pictures.folds).tolist():
        rest = pictures.folds != fold
        heads[fold] = fit_heads(config, values[rest], present[rest], pictures.select(rest), l2)
        for copy in range(copies):
            part = slice(copy * len(SLOTS), (copy + 1) * len(SLOTS))
            by_copy[copy, ~rest] = scores(heads[fold], values[~rest, part], present[~rest, part])
    weights = source_weights(list(pictures.sources), pictures.labels)

    def calibrated(mask: Bools) -> Calibration:
        # The picture as it is weighs as much as all its degraded copies.
        share = np.array([1.0, *[1 / max(1, copies - 1)] * (copies - 1)])
        fitted = LogisticRegression(C=1e6).fit(
            by_copy[:, mask].reshape(-1, 1),
            np.tile(pictures.labels[mask], copies),
            sample_weight=np.outer(share, weights[mask]).ravel(),
        )
        scale, offset = float(fitted.coef_[0, 0]), float(fitted.intercept_[0])
        return Calibration("platt", {"scale": scale, "offset": offset}, FLOOR)

    calibrations = {fold: calibrated(pictures.folds != fold) for fold in heads}
    probabilities = probabilities_of(calibrations, by_copy, pictures.folds)
    held_out = HeldOut(
        labels=pictures.labels,
        probabilities=probabilities[0],
        folds=pictures.folds,
        sources=pictures.sources,
        generators=pictures.generators,
        kinds=pictures.kinds,
        scores=by_copy[0],
        conditions={f"degraded at random, {copy}": probabilities[copy] for copy in range(1, copies)},
    )
    return Assessment(held_out, heads, calibrations, calibrated(np.ones(len(values), np.bool_)))


def serving_scores(heads: Heads, values: npt.NDArray[np.float16], present: Bools) -> Floats:
    """The same with variants, as :func:`imageauth.pixels.stability.pool` pools them.

    Args:
        heads: to ask.
        values: features of :data:`SLOTS`, then of the whole view mirrored and re-encoded, [N, 6, F]; present: bool.

    Returns:
        float64 [3, N]: the picture's own score, and those with the whole view mirrored and re-encoded.
    """
    views = len(SLOTS)
    by_variant = []
    for slot in (0, views, views + 1):
        slots = [slot, *range(1, views)]
        by_variant.append(scores(heads, values[:, slots], present[:, slots]))
    as_is, mirrored, again = by_variant
    return np.stack([(as_is + mirrored) / 2, mirrored, again])


def probabilities_of(calibrations: Mapping[int, Calibration], by_copy: Floats, folds: npt.NDArray[np.int64]) -> Floats:
    """Of scores [C, N], each by the calibration that saw none of its fold; float64 [C, N]."""
    result = np.empty_like(by_copy)
    for fold, calibration in calibrations.items():
        result[:, folds == fold] = calibration(by_copy[:, folds == fold])
    return result


def _class_tokens(config: ViT) -> npt.NDArray[np.intp]:
    """Columns of the class tokens among the features."""
    starts: Sequence[int] = range(0, config.features, 2 * config.width)
    return np.concatenate([np.arange(start, start + config.width) for start in starts])
