"""Heads that begin as the shipped ones and are drawn away from them as far as a user's pictures are worth.

The tower stays as it is, so for each strength of the pull there is one best answer, and what is chosen is the strength:
from heads as they are, step by step looser, until pictures that were held out are no longer told apart better. That is
early stopping along the path of regularisation, of which stopping a descent early is the usual approximation (Bishop
1995, "Regularization and complexity control"; Ali, Kolter & Tibshirani 2019, arXiv:1810.10082).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from imageauth.evaluation.logistic import fit_platt
from imageauth.training.own.seen import Bools, Floats, Seen, Values
from imageauth.training.photo_assess import FLOOR, SLOTS, class_tokens
from imageauth.training.photo_heads import Head, Heads, fit_head, map_features
from imageauth.training.vit import ViT

Progress = Callable[[int, int], None]

STRENGTHS = (np.inf, 30.0, 10.0, 3.0, 1.0, 0.3, 0.1)
"""Of the pull towards the shipped heads, tried in this order; the first leaves them as they are."""
PATIENCE = 2
"""Strengths in a row without gain after which no looser one is tried."""
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
        losses: strength → log loss on held-out pictures, mean over folds, as far as any fold tried it.
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

    Without fold *k* the strength is chosen on the next fold by heads of the others, so that neither has seen *k*; then
    heads of that strength are fitted on all the others. The strength of the last heads is the median over folds.

    Args:
        config: of the tower.
        parent: heads to begin with.
        lot: pictures of three folds at least.
        progress: told (done, total) fits of heads, of which fewer may be needed.
    """
    folds = np.unique(lot.folds).tolist()
    total, done = len(folds) * (len(STRENGTHS) + 1) + 1, 0

    def tell(step: int) -> None:
        nonlocal done
        done += step
        if progress:
            progress(done, total)

    scores: Floats | None = None
    by_fold = []
    tried: dict[float, list[float]] = {}
    for at, fold in enumerate(folds):
        following = folds[(at + 1) % len(folds)]
        fitting = (lot.folds != fold) & (lot.folds != following)
        path = list(_path(config, parent, lot.select(fitting), lot.select(lot.folds == following), tell))
        for strength, loss in path:
            tried.setdefault(strength, []).append(loss.mean())
        chosen = _choose(path)
        by_fold.append(chosen)
        done = at * (len(STRENGTHS) + 1) + len(STRENGTHS)
        held_out = lot.folds == fold
        found = lot.select(held_out).seen.variants(fit(config, parent, lot.select(~held_out), chosen))
        scores = np.empty((len(lot.folds), found.shape[1])) if scores is None else scores
        scores[held_out] = found
        tell(1)
    strength = sorted(by_fold, reverse=True)[(len(by_fold) - 1) // 2]
    heads = fit(config, parent, lot, strength)
    tell(total - done)
    losses = {strength: float(np.mean(values)) for strength, values in tried.items()}
    return Tuned(heads, strength, tuple(by_fold), losses, np.asarray(scores))


def fit(config: ViT, parent: Heads, lot: Lot, strength: float) -> Heads:
    """Heads for the three kinds of views and the map, each drawn towards the parent's; kinds of pictures stay.

    A head stays as it is where a class has fewer than :data:`LEAST_VIEWS` such views. Among the views of each head the
    classes weigh alike: pictures of one class are often larger, so that only they have tiles, and their number must not
    say anything.

    Args:
        config: of the tower.
        parent: heads to begin with.
        lot: pictures to learn from.
        strength: of the pull, on the scale of standardised features; infinite: the parent's heads.
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
        map=fitted(parent.map, every, lambda seen: np.asarray(map_features(config, seen))),
    )


def _path(
    config: ViT, parent: Heads, fitting: Lot, held_out: Lot, tell: Callable[[int], None]
) -> Iterator[tuple[float, Floats]]:
    """(strength, weighted log loss of each held-out picture), looser and looser until it no longer helps."""
    best, waited = np.inf, 0
    for strength in STRENGTHS:
        loss = _losses(held_out.seen, fit(config, parent, fitting, strength))
        tell(1)
        yield strength, loss
        best, waited = (loss.mean(), 0) if loss.mean() < best else (best, waited + 1)
        if waited == PATIENCE:
            return


def _losses(seen: Seen, heads: Heads) -> Floats:
    """Weighted log loss of each picture, float64 [N], of its score after the best scale and offset: calibration comes
    later, and only the order and spread count here."""
    scores, weights = seen.scores(heads), seen.weights
    p = fit_platt(scores, seen.labels, FLOOR, weights=weights)(scores)
    return np.asarray(-np.where(seen.labels == 1, np.log(p), np.log1p(-p)) * weights, np.float64)


def _choose(path: Sequence[tuple[float, Floats]]) -> float:
    """The strongest pull that is not clearly worse than the best: within one standard error of their difference
    (Breiman et al. 1984), since what is kept of the shipped heads is worth more than luck."""
    best = min(path, key=lambda step: step[1].mean())[1]
    for strength, loss in path:
        gap = loss - best
        if gap.mean() <= gap.std() / np.sqrt(len(gap)):
            return strength
    raise ValueError("there is no strength to choose")
