"""Where in a picture the evidence sits.

A network that tells it for each patch of a view is asked for nothing more: the maps of the views are laid at their
places (:func:`blend`). Any other is asked what its score loses when a part is covered (:func:`occlusion`, after Zeiler
& Fergus 2014, arXiv:1311.2901): that needs nothing but its answers. For ``cifake`` the activation map of the network
itself was tried first and knows far less: see ``docs/experiments.md``.
"""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from imageauth.pixels.views import Views

CELLS = 8
Floats = npt.NDArray[np.float64]
Score = Callable[[npt.NDArray[np.uint8]], Floats]


def occlusion(score: Score, views: npt.NDArray[np.uint8]) -> Floats:
    """How far the logit falls when a cell is filled with its view's mean colour.

    Args:
        score: uint8 [N, S, S, 3] → logits [N].
        views: uint8 [V, S, S, 3].

    Returns:
        float64 [V, CELLS, CELLS]; above 0 speaks for AI, below 0 for a photograph.
    """
    side = views.shape[1]
    edges = np.arange(CELLS + 1) * side // CELLS
    covered = np.repeat(views[:, None], 1 + CELLS**2, axis=1)  # the first of each stays as it is
    fill = views.reshape(len(views), -1, 3).mean(axis=1).round().astype(np.uint8)[:, None, None]
    for cell in range(CELLS**2):
        row, column = divmod(cell, CELLS)
        covered[:, 1 + cell, edges[row] : edges[row + 1], edges[column] : edges[column + 1]] = fill
    logits = score(covered.reshape(-1, side, side, 3)).reshape(len(views), -1)
    return np.asarray(logits[:, :1] - logits[:, 1:], np.float64).reshape(-1, CELLS, CELLS)


def local_logits(maps: Floats, logits: Floats) -> Floats:
    """Maps whose mean is the view's own logit: the map says where, the logit how much.

    Args:
        maps: float64 [V, S, S], of the network's patches.
        logits: float64 [V], of the views.
    """
    return np.asarray(maps - maps.mean(axis=(1, 2), keepdims=True) + logits[:, None, None], np.float64)


def blend(maps: Floats, views: Views, weights: Sequence[float], cells: int) -> Floats:
    """Maps of a picture's views as one map of the picture.

    Each view's map is laid at its place by areas. Where views of one entry overlap, their mean counts; where those of
    several do, the mean weighted as in the score. So a cell shows what the views that look at it say.

    Args:
        maps: float64 [V, S, S], in the order of ``views.places``.
        views: whose maps they are.
        weights: of the entries.
        cells: of the result, along the picture's shorter side.

    Returns:
        float64 [h, w]; NaN where no view looks.
    """
    scale = cells / min(views.height, views.width)
    shape = max(cells, round(views.height * scale)), max(cells, round(views.width * scale))
    total, weight = np.zeros(shape), np.zeros(shape)
    at = 0
    for count, share in zip(views.counts, weights, strict=True):
        values, seen = np.zeros(shape), np.zeros(shape)
        for place, part in zip(views.places[at : at + count], maps[at : at + count], strict=True):
            down = _overlaps(place[0], place[2], len(part), shape[0])
            across = _overlaps(place[1], place[3], part.shape[1], shape[1])
            values += down @ part @ across.T
            seen += np.outer(down.sum(axis=1), across.sum(axis=1))
        at += count
        # Of a cell that one view half covers, half counts; two views that cover it count once.
        covered = np.minimum(seen, 1)
        total += share * covered * np.divide(values, seen, out=np.zeros(shape), where=seen > 1e-9)
        weight += share * covered
    # A cell that is hardly touched was not looked at.
    result = np.full(shape, np.nan)
    np.divide(total, weight, out=result, where=weight > 0.5 * min(share for share in weights if share))
    return result


def _overlaps(start: float, end: float, parts: int, cells: int) -> Floats:
    """The share of each cell that each part covers, float64 [cells, parts], on one axis.

    Args:
        start, end: of what is cut into ``parts``, as shares of the axis.
        parts, cells: how many.
    """
    edges = np.linspace(start, end, parts + 1) * cells
    left = np.maximum(np.arange(cells)[:, None], edges[None, :-1])
    right = np.minimum(np.arange(1, cells + 1)[:, None], edges[None, 1:])
    return np.asarray(np.maximum(right - left, 0.0), np.float64)
