"""Where in a picture the evidence sits, by occlusion: what the score loses when a part is covered.

Zeiler & Fergus 2014 (arXiv:1311.2901). It asks the network itself and needs nothing but its answers, so it works for
any of them. The network's own activation map was tried first and knows far less: see ``docs/experiments.md``.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from imageauth.pixels.views import squares

CELLS = 8
Score = Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.float64]]


def occlusion(score: Score, views: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
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


def stitch(maps: npt.NDArray[np.float64], height: int, width: int) -> npt.NDArray[np.float64]:
    """Maps of an image's squares as one map of the image; where squares overlap, their mean.

    Args:
        maps: float64 [V, C, C], of the :func:`~imageauth.pixels.views.squares` in their order.
        height, width: of the image, pixels.

    Returns:
        float64 [h, w], C along the shorter side; NaN where no square lies.
    """
    cells = maps.shape[1]
    scale = cells / min(height, width)
    total = np.zeros((max(cells, round(height * scale)), max(cells, round(width * scale))))
    count = np.zeros_like(total)
    for (top, left, _), part in zip(squares(height, width, len(maps)), maps, strict=True):
        row = min(round(top * scale), total.shape[0] - cells)
        column = min(round(left * scale), total.shape[1] - cells)
        place = np.s_[row : row + cells, column : column + cells]
        total[place] += part
        count[place] += 1
    with np.errstate(invalid="ignore"):
        return np.asarray(total / count)
