"""The heads of ``photo``: fitted, and judged on sources that they never saw."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import partial

import numpy as np
import numpy.typing as npt

from imageauth.evaluation.held_out import HeldOut
from imageauth.evaluation.logistic import fit_platt
from imageauth.pixels.calibration import Calibration
from imageauth.pixels.canonical import Canonical
from imageauth.pixels.card import Risks
from imageauth.pixels.kinds import KIND_OF, KINDS
from imageauth.pixels.layout import Entry, Layout
from imageauth.pixels.stability import pool
from imageauth.training.photo_heads import Head, Heads, fit_head, map_features, source_weights
from imageauth.training.vit import ViT

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Values = npt.NDArray[np.float16]

SLOTS = ("whole", "tiles", "tiles", "crops")
"""The views of each copy of a picture, as :class:`imageauth.training.photo_views.TrainingLook` gives them."""
LAYOUT = Layout(
    ViT().side,
    (Entry("whole", 1, 0.34), Entry("tiles", 1, 0.33), Entry("crops", 1, 0.33)),
    ("passed-on",),
    canonical=Canonical(1536, 92),
)
"""What is looked at, and how it counts: chosen by leave-sources-out, see ``docs/experiments-photo.md``."""
L2, L2_KINDS = 0.03, 0.04
DEGRADED = 0.25
"""What a degraded copy weighs in fitting a logit, beside its picture as it is; chosen in the same way."""
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
    config: ViT, values: Values, present: Bools, pictures: Pictures, *, l2: float = L2, degraded: float = DEGRADED
) -> Heads:
    """All heads, on all copies of pictures.

    The logits rest on class tokens alone: with the means of patches added they were no better on unseen sources.

    Args:
        config: of the tower.
        values: features, [N, 4·C, F], of C copies; present: bool [N, 4·C].
        pictures: N.
        l2: of the logits' heads; see :func:`~imageauth.training.photo_heads.fit_head`.
        degraded: the weight of each degraded copy beside the picture as it is, which counts 1.
    """
    weights = source_weights(list(pictures.sources), pictures.labels)
    views = np.array(SLOTS * (values.shape[1] // len(SLOTS)))
    by_slot = np.where(np.arange(len(views)) < len(SLOTS), 1.0, degraded).astype(np.float32)
    tokens = class_tokens(config)

    def fitted(slots: Bools, part: Callable[[Values], npt.NDArray[np.floating]]) -> Head:
        row, slot = np.nonzero(present & slots)
        return fit_head(part(values[row, slot]), pictures.labels[row], weights[row] * by_slot[slot], l2=l2)

    def of_all(head: Head) -> Head:
        wide = np.zeros((config.features, head.weights.shape[1]), np.float32)
        wide[tokens] = head.weights
        return Head(wide, head.bias)

    # Kinds of none teach the head of kinds nothing.
    known = np.array([KINDS.index(KIND_OF[str(kind)]) if str(kind) in KIND_OF else -1 for kind in pictures.kinds])
    row, slot = np.nonzero(present & (views == "whole") & (known >= 0)[:, None])
    share = 1 / np.sqrt(np.bincount(known[known >= 0], minlength=len(KINDS)))
    kinds = fit_head(values[row, slot][:, tokens], known[row], share[known[row]].astype(np.float32), l2=L2_KINDS)
    whole, tiles, crops = (
        of_all(fitted(views == name, lambda seen: seen[:, tokens])) for name in ("whole", "tiles", "crops")
    )
    return Heads(
        whole, tiles, crops, of_all(kinds), fitted(np.ones(len(views), np.bool_), partial(map_features, config))
    )


def scores(heads: Heads, values: Values, present: Bools) -> Floats:
    """The scores of pictures as they are, as serving weighs their views.

    Args:
        heads: to ask.
        values: features of one copy, [N, 4, F]; present: bool [N, 4].

    Returns:
        float64 [N].
    """
    served = [
        slot
        for entry in LAYOUT.entries
        for slot in [slot for slot, name in enumerate(SLOTS) if name == entry.view][: entry.count]
    ]
    return variant_scores(heads, values[:, served], present[:, served])[:, 0]


def serving_scores(heads: Heads, values: Values, present: Bools) -> Floats:
    """The same with variants, as serving pools them.

    Args:
        heads: to ask.
        values: features of the layout's V views, then of the whole view under each of its K variants, [N, V + K, F];
            present: bool.

    Returns:
        float64 [1 + K, N]: the picture's own score, and those under each variant.
    """
    by_variant = variant_scores(heads, values, present)
    return np.stack([pool(by_variant, LAYOUT.variants), *by_variant.T[1:]])


def variant_scores(heads: Heads, values: Values, present: Bools) -> Floats:
    """Scores as they are and with the whole view under each variant that there are features of.

    Args: as for :func:`serving_scores`.

    Returns:
        float64 [N, 1 + K].
    """
    most = [entry.count for entry in LAYOUT.entries]
    slots = LAYOUT.names(most, values.shape[1])
    logits = np.stack([getattr(heads, name)(values[:, slot])[:, 0] for slot, name in enumerate(slots)], axis=1)
    counts = np.stack([part.sum(axis=1) for part in np.split(present, np.cumsum(most), axis=1)[: len(most)]], axis=1)
    return np.stack([LAYOUT.weigh(row[here], count) for row, here, count in zip(logits, present, counts, strict=True)])


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
    config: ViT, values: Values, present: Bools, pictures: Pictures, *, l2: float = L2, degraded: float = DEGRADED
) -> Assessment:
    """Fit heads once without each fold, and judge them on it.

    Args:
        config, values, present, pictures, l2, degraded: as for :func:`fit_heads`.
    """
    copies = values.shape[1] // len(SLOTS)
    by_copy = np.zeros((copies, len(values)))
    heads: dict[int, Heads] = {}
    for fold in np.unique(pictures.folds).tolist():
        rest = pictures.folds != fold
        heads[fold] = fit_heads(config, values[rest], present[rest], pictures.select(rest), l2=l2, degraded=degraded)
        for copy in range(copies):
            part = slice(copy * len(SLOTS), (copy + 1) * len(SLOTS))
            by_copy[copy, ~rest] = scores(heads[fold], values[~rest, part], present[~rest, part])
    weights = source_weights(list(pictures.sources), pictures.labels)

    def calibrated(mask: Bools) -> Calibration:
        # The picture as it is weighs as much as all its degraded copies.
        share = np.array([1.0, *[1 / max(1, copies - 1)] * (copies - 1)])
        return fit_platt(
            by_copy[:, mask].ravel(),
            np.tile(pictures.labels[mask], copies),
            FLOOR,
            weights=np.outer(share, weights[mask]).ravel(),
        )

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


def probabilities_of(calibrations: Mapping[int, Calibration], by_copy: Floats, folds: npt.NDArray[np.int64]) -> Floats:
    """Of scores [C, N], each by the calibration that saw none of its fold; float64 [C, N]."""
    result = np.empty_like(by_copy)
    for fold, calibration in calibrations.items():
        result[:, folds == fold] = calibration(by_copy[:, folds == fold])
    return result


def class_tokens(config: ViT) -> slice:
    """Columns of the class tokens among the features."""
    return slice(len(config.taps) * config.width)
