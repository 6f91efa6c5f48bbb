"""Heads that begin as the shipped ones and are drawn away from them as far as a user's pictures are worth.

The tower stays as it is, so for each strength of the pull there is one best answer, and what is chosen is the strength:
from heads as they are, step by step looser, until pictures that were held out are no longer told apart better. That is
early stopping along the path of regularisation, of which stopping a descent early is the usual approximation (Bishop
1995, "Regularization and complexity control"; Ali, Kolter & Tibshirani 2019, arXiv:1810.10082).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from imageauth.evaluation.logistic import fit_platt
from imageauth.evaluation.metrics import surprises
from imageauth.pixels.calibration import Calibration
from imageauth.training.own.seen import Bools, Floats, Seen, Values
from imageauth.training.photo_assess import FLOOR, SLOTS, class_tokens
from imageauth.training.photo_heads import Head, Heads, fit_head, map_features
from imageauth.training.vit import ViT

Progress = Callable[[int, int], None]

STRENGTHS = (np.inf, 30.0, 10.0, 3.0, 1.0, 0.3, 0.1)
"""Of the pull towards the shipped heads, tried in this order; the first leaves them as they are."""
PATIENCE = 2
"""Strengths in a row without gain after which no looser one is tried."""
# Log loss above which scores say nothing: the search goes on until they do.
_NOTHING = float(np.log(2)) - 0.005
LEAST_VIEWS = 10
"""Views of each class below which a head stays as it is."""


@dataclass(frozen=True, slots=True, eq=False)
class Lot:
    """Pictures to learn from, N.

    Attributes:
        seen: their labels, their sources, and what serving sees of them.
        folds: int64 [N].
        values: features of views as they are and degraded, float16 [N, V, F]; see
            :class:`~imageauth.training.photo_views.TrainingLook`.
        present: bool [N, V].
    """

    seen: Seen
    folds: npt.NDArray[np.int64]
    values: Values
    present: Bools

    def select(self, mask: Bools) -> "Lot":
        """Some of them."""
        return Lot(self.seen.select(mask), self.folds[mask], self.values[mask], self.present[mask])


@dataclass(frozen=True, slots=True, eq=False)
class Tuned:
    """What tuning gave.

    Attributes:
        heads: fitted on all pictures.
        strength: of the pull, chosen on held-out pictures.
        by_fold: strength chosen without each fold.
        losses: strength → mean log loss on held-out pictures, as far as it was tried.
        variants: held out, float64 [N, 1 + K]: each picture's scores, as it is and under each variant, by
            heads that, with their strength, saw none of its fold.
    """

    heads: Heads
    strength: float
    by_fold: tuple[float, ...]
    losses: dict[float, float]
    variants: Floats


def tune(config: ViT, parent: Heads, lot: Lot, progress: Progress | None = None) -> Tuned:
    """Fit heads once without each fold, and once on all pictures.

    The strength for fold *k* is chosen without it: each other fold is judged by heads that saw neither, which takes one
    fit for each pair of folds and serves both. Then heads of that strength are fitted on all but *k*. The strength of
    the last heads is chosen in the same way, by all folds.

    Args:
        config: of the tower.
        parent: heads to begin with.
        lot: pictures of three folds at least.
        progress: told (done, total) fits of heads, of which fewer may be needed.
    """
    folds = np.unique(lot.folds).tolist()
    pairs = list(combinations(folds, 2))
    total, done = len(STRENGTHS) * len(pairs) + len(folds) + 1, 0

    def tell() -> None:
        nonlocal done
        done += 1
        if progress:
            progress(done, total)

    path = _path(config, parent, lot, pairs, tell)
    done = total - len(folds) - 1
    chosen, variants = {}, None
    for fold in folds:
        here = lot.folds == fold
        chosen[fold] = _choose({strength: losses[fold][~here] for strength, losses in path.items()})
        found = lot.seen.select(here).variants(fit(config, parent, lot.select(~here), chosen[fold], map_too=False))
        variants = np.empty((len(lot.folds), found.shape[1])) if variants is None else variants
        variants[here] = found
        tell()
    # Without its own fold, each picture was judged once for each other fold that was also left out.
    overall = {strength: np.nanmean(np.stack(list(losses.values())), axis=0) for strength, losses in path.items()}
    strength = _choose(overall)
    heads = fit(config, parent, lot, strength)
    tell()
    means = {strength: float(np.mean(losses)) for strength, losses in overall.items()}
    return Tuned(heads, strength, tuple(chosen.values()), means, np.asarray(variants))


def fit(config: ViT, parent: Heads, lot: Lot, strength: float, *, map_too: bool = True) -> Heads:
    """Heads for the three kinds of views and the map, each drawn towards the parent's; kinds of pictures stay.

    A head stays as it is where a class has fewer than :data:`LEAST_VIEWS` such views. Among the views of each head the
    classes weigh alike: pictures of one class are often larger, so that only they have tiles, and their number must not
    say anything.

    Args:
        config: of the tower.
        parent: heads to begin with.
        lot: pictures to learn from.
        strength: of the pull, on the scale of standardised features; infinite: the parent's heads.
        map_too: fit the map's head; no score needs it.
    """
    if np.isinf(strength):
        return parent
    views = np.array(SLOTS * (lot.values.shape[1] // len(SLOTS)))
    tokens = class_tokens(config)

    def fitted(head: Head, slots: Bools, part: Callable[[Values], npt.NDArray[Any]]) -> Head:
        row, slot = np.nonzero(lot.present & slots)
        labels, weights = lot.seen.labels[row], lot.seen.weights[row]
        if np.bincount(labels, minlength=2).min() < LEAST_VIEWS:
            return head
        for label in (0, 1):
            weights[labels == label] /= weights[labels == label].sum()
        return fit_head(part(lot.values[row, slot]), labels, weights, l2=strength, towards=head)

    def of_tokens(name: str) -> Head:
        head: Head = getattr(parent, name)
        found = fitted(Head(head.weights[tokens], head.bias), views == name, lambda seen: seen[:, tokens])
        wide = head.weights.copy()
        wide[tokens] = found.weights
        return Head(wide, found.bias)

    every = np.ones(len(views), np.bool_)
    return replace(
        parent,
        whole=of_tokens("whole"),
        tiles=of_tokens("tiles"),
        crops=of_tokens("crops"),
        map=fitted(parent.map, every, lambda seen: np.asarray(map_features(config, seen))) if map_too else parent.map,
    )


def _path(
    config: ViT, parent: Heads, lot: Lot, pairs: Sequence[tuple[int, int]], tell: Callable[[], None]
) -> dict[float, dict[int, Floats]]:
    """Strength → fold → loss of each picture by heads that saw neither that fold nor the picture's own, float64 [N];
    NaN for the fold itself. Looser and looser until it no longer helps.
    """
    path: dict[float, dict[int, Floats]] = {}
    best, waited = np.inf, 0
    for strength in STRENGTHS:
        losses = {fold: np.full(len(lot.folds), np.nan) for pair in pairs for fold in pair}
        scores = {fold: np.full(len(lot.folds), np.nan) for fold in losses}
        for one, other in pairs:
            neither = (lot.folds != one) & (lot.folds != other)
            heads = fit(config, parent, lot.select(neither), strength, map_too=False)
            for left_out, judged in ((one, other), (other, one)):
                here = lot.folds == judged
                scores[left_out][here] = lot.seen.select(here).scores(heads)
            tell()
        for fold, found in scores.items():
            rest = lot.folds != fold
            losses[fold][rest] = _losses(lot.seen.select(rest), found[rest])
        path[strength] = losses
        mean = float(np.nanmean(np.stack(list(losses.values()))))
        best, waited = (mean, 0) if mean < best else (best, waited + 1)
        if waited >= PATIENCE and best < _NOTHING:
            break
    return path


def _losses(seen: Seen, scores: Floats) -> Floats:
    """Weighted log loss of each picture, float64 [N], after the best scale and offset: calibration comes later, and
    only the order and spread of scores count here."""
    calibration = fit_platt(scores, seen.labels, FLOOR, weights=seen.weights, smoothed=True)
    if calibration.parameters["scale"] <= 0:
        # Scores that fall where they should rise say nothing, however surely.
        calibration = Calibration("platt", {"scale": 0.0, "offset": 0.0})
    probabilities = calibration(scores)
    return surprises(seen.labels, probabilities) * seen.weights


def _choose(losses: Mapping[float, Floats]) -> float:
    """The strongest pull that is not clearly worse than the best: within one standard error of their difference
    (Breiman et al. 1984), since what is kept of the parent's heads is worth more than luck."""
    best = min(losses.values(), key=lambda loss: float(loss.mean()))
    for strength, loss in losses.items():
        gap = loss - best
        if gap.mean() <= gap.std() / np.sqrt(len(gap)):
            return strength
    raise ValueError("there is no strength to choose")
