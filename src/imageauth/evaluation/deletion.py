"""The deletion test of a heatmap: does blanking what it marks move the answer more than blanking anything else?"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import PIL.Image
import PIL.ImageFilter

from imageauth.pixels.model import PixelModel

SHARE = 0.1
Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Deletion:
    """How far the probability moves away from the answer, on average over pictures.

    Attributes:
        marked: when the tenth that speaks most for the answer is blurred away.
        random: when a random tenth is.
        busiest: when the tenth of the highest contrast is, which needs no heatmap to find.
        wins: share of pictures in which the marked tenth moves it further than the random one.
        n: pictures.
    """

    marked: float
    random: float
    busiest: float
    wins: float
    n: int


def deletion_test(model: PixelModel, pictures: Sequence[Pixels], *, seed: int = 0) -> Deletion:
    """Measure a model's heatmaps (deletion, after Petsiuk et al. 2018, arXiv:1806.07421).

    Cells are replaced by a strong blur of the picture. The heatmap fills them, one at a time, with one colour: what is
    tested is whether its parts, found in one way, matter together in another. As many random cells of the same picture
    are the control, so that what blurring itself does is on both sides.

    Args:
        model: whose heatmaps and answers.
        pictures: uint8 [H, W, 3] each.
        seed: of the random cells.

    Returns:
        The figures; NaN without pictures.
    """
    random = np.random.default_rng(seed)
    before = model.probabilities(pictures)
    towards = np.where(before >= model.card.thresholds.decision, 1.0, -1.0)
    changed: list[list[Pixels]] = [[], [], []]
    for picture, sign in zip(pictures, towards, strict=True):
        heat = model.heatmap(picture)
        count = max(1, round(SHARE * heat.size))
        # NaN, where no view looked, sorts last.
        marked = np.argsort(-sign * heat.ravel(), kind="stable")[:count]
        busiest = np.argsort(-_contrast(picture, heat.shape).ravel(), kind="stable")[:count]
        chosen = marked, random.choice(heat.size, count, replace=False), busiest
        for cells, kept in zip(chosen, changed, strict=True):
            kept.append(_blur_away(picture, heat.shape, cells))
    if not pictures:
        return Deletion(np.nan, np.nan, np.nan, np.nan, 0)
    moves = np.stack([towards * (before - model.probabilities(copies)) for copies in changed])
    far, control, contrast = moves.mean(axis=1).tolist()
    return Deletion(far, control, contrast, float(np.mean(moves[0] > moves[1])), len(pictures))


def _cells(picture: Pixels, shape: tuple[int, ...]) -> npt.NDArray[np.intp]:
    """The number of the cell, in a grid of ``shape``, that each pixel belongs to, [H, W]."""
    height, width = picture.shape[:2]
    rows, columns = np.arange(height) * shape[0] // height, np.arange(width) * shape[1] // width
    return np.asarray(rows[:, None] * shape[1] + columns)


def _contrast(picture: Pixels, shape: tuple[int, ...]) -> npt.NDArray[np.float64]:
    """Variance of the brightness in each cell, float64 of ``shape``."""
    grey, cells = picture.mean(axis=2).ravel(), _cells(picture, shape).ravel()
    size = shape[0] * shape[1]
    count = np.maximum(np.bincount(cells, minlength=size), 1)
    mean, square = (np.bincount(cells, values, size) / count for values in (grey, grey**2))
    return np.asarray(square - mean**2).reshape(shape)


def _blur_away(picture: Pixels, shape: tuple[int, ...], cells: npt.NDArray[np.intp]) -> Pixels:
    """A copy in which some cells show the picture's blur instead."""
    radius = min(picture.shape[:2]) / 4
    soft = np.asarray(PIL.Image.fromarray(picture).filter(PIL.ImageFilter.GaussianBlur(radius)))
    return np.where(np.isin(_cells(picture, shape), cells)[..., None], soft, picture)
