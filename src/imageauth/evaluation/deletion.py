"""The deletion test of a heatmap: does blanking what it marks move the answer more than blanking anything else?"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from imageauth.pixels.model import PixelModel

SHARE = 0.1
Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Deletion:
    """How far the probability moves, on average over pictures.

    Attributes:
        marked: when the tenth that speaks most for the answer is blanked, mean |Δ probability|.
        random: when a random tenth is.
        wins: share of pictures in which the marked tenth moves it more.
        n: pictures.
    """

    marked: float
    random: float
    wins: float
    n: int


def deletion_test(model: PixelModel, pictures: Sequence[Pixels], *, seed: int = 0) -> Deletion:
    """Measure a model's heatmaps (deletion, after Petsiuk et al. 2018, arXiv:1806.07421).

    Cells are blanked with the picture's mean colour. As many random cells of the same picture are the control, so that
    what blanking itself does to a picture is on both sides.

    Args:
        model: whose heatmaps and answers.
        pictures: uint8 [H, W, 3] each.
        seed: of the random cells.

    Returns:
        The figures; NaN without pictures.
    """
    random = np.random.default_rng(seed)
    decision = model.card.thresholds.decision
    before = model.probabilities(pictures)
    blanked: list[list[Pixels]] = [[], []]
    for picture, p in zip(pictures, before, strict=True):
        heat = model.heatmap(picture)
        # NaN, where no view looked, sorts last.
        order = np.argsort(-heat.ravel() if p >= decision else heat.ravel(), kind="stable")
        count = max(1, round(SHARE * heat.size))
        chosen = order[:count], random.choice(heat.size, count, replace=False)
        for cells, kept in zip(chosen, blanked, strict=True):
            kept.append(_blank(picture, heat.shape, cells))
    if not pictures:
        return Deletion(float("nan"), float("nan"), float("nan"), 0)
    marked, control = (np.abs(model.probabilities(changed) - before) for changed in blanked)
    return Deletion(float(marked.mean()), float(control.mean()), float(np.mean(marked > control)), len(pictures))


def _blank(picture: Pixels, shape: tuple[int, ...], cells: npt.NDArray[np.intp]) -> Pixels:
    """A copy with some cells of a grid of ``shape`` filled with the mean colour."""
    height, width = picture.shape[:2]
    mask = np.zeros(shape, np.bool_)
    mask.ravel()[cells] = True
    rows, columns = np.arange(height) * shape[0] // height, np.arange(width) * shape[1] // width
    out = picture.copy()
    out[mask[np.ix_(rows, columns)]] = picture.reshape(-1, 3).mean(axis=0).round()
    return out
