"""The JPEG-history probe: how well does what earlier compression left in the pixels tell the classes apart?

Photographs have mostly been JPEGs since the camera; AI-made pictures mostly began as PNGs. A detector may learn that
difference instead of the pictures, even where all files have one format by now. The probe sees two traces, and nothing
of what a picture shows:

- *blockiness* (Fan & de Queiroz 2003): steps between neighbouring pixels are larger at every eighth column and row;
- *combs in histograms of DCT coefficients* (Lukáš & Fridrich 2003; Popescu & Farid 2004): on the grid of 8×8 blocks,
  coefficients once quantised by ``q`` lie near multiples of ``q``.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from imageauth.errors import DataError
from imageauth.evaluation.dataset import Item
from imageauth.evaluation.shortcut import forest_auroc, require_sklearn

Floats = npt.NDArray[np.float64]
Views = npt.NDArray[np.uint8]
See = Callable[[Item], Views | None]

_SIDE = 512  # pixels: of a larger picture its middle is enough
_SEARCHED = 256  # pixels: of which the grid is found
_STEPS = np.arange(2, 25)  # quantisation steps that are looked for
# The first nine AC coefficients in zigzag order, (row, column): higher ones are mostly zero.
_COEFFICIENTS = ((0, 1), (1, 0), (2, 0), (1, 1), (0, 2), (0, 3), (1, 2), (2, 1), (3, 0))

_K, _N = np.meshgrid(np.arange(8), np.arange(8), indexing="ij")
_DCT = np.cos((2 * _N + 1) * _K * np.pi / 16) * np.where(_K == 0, np.sqrt(1 / 8), 0.5)


def history_probe(items: Sequence[Item], folds: npt.ArrayLike, see: See, *, seed: int = 0) -> dict[str, Any]:
    """Cross-validated AUROC of a random forest that sees :func:`history_features` only.

    Args:
        items: labelled files.
        folds: int [N]: each is judged by a forest that learnt from the other folds.
        see: the pixels to look at, uint8 [V, H, W, 3], of a file: the decoded picture, or what is left of it when a
            network sees it. The features of several views are averaged. None where it has none or cannot be read.
        seed: of the forest.

    Returns:
        ``n`` pictures seen, the number of ``folds``, and ``auroc``.

    Raises:
        MissingExtraError: scikit-learn is not installed.
        DataError: a class, or a fold's rest, has too few pictures.
    """
    require_sklearn()
    rows: list[Floats] = []
    labels: list[int] = []
    where: list[int] = []
    for item, fold in zip(items, np.asarray(folds).tolist(), strict=True):
        views = see(item)
        if views is not None and len(views):
            rows.append(np.mean([history_features(view) for view in views], axis=0))
            labels.append(item.label)
            where.append(fold)
    if not rows:
        raise DataError("the probe of JPEG history has no picture to look at")
    auroc = forest_auroc(np.stack(rows), np.array(labels), np.array(where), seed)
    return {"n": len(rows), "folds": len(set(where)), "auroc": auroc}


def history_features(pixels: Views) -> Floats:
    """What compression left in a picture, float64 [38].

    Args:
        pixels: uint8 [H, W, 3], at least 24 pixels each way; of a large picture the middle 512 × 512 count, on the
            picture's own grid.

    Returns:
        How much larger the step to each column and row is than its neighbours', by their number modulo 8 (16 numbers),
        and the largest of each (2); whether the sharpest grid of blocks is the picture's own, and how much sharper it
        is than the median one (2); then on that grid, for nine coefficients, how sharp the sharpest comb is and its
        spacing (18).
    """
    luma = _middle(pixels, _SIDE) @ np.array([0.299, 0.587, 0.114])
    across, down = _profile(luma), _profile(luma.T)
    sharpness = _grids(_middle(luma, _SEARCHED))
    top, left = divmod(int(sharpness.argmax()), 8)
    lead = sharpness.max() - np.median(sharpness)
    combs = [value for values in _combs(luma[top:, left:]) for value in values]
    return np.array([*across, *down, across.max(), down.max(), top == left == 0, lead, *combs])


def _middle(pixels: npt.NDArray[Any], side: int) -> npt.NDArray[Any]:
    """At most ``side`` pixels each way, beginning at a multiple of 8."""
    starts = [max(0, length - side) // 2 // 8 * 8 for length in pixels.shape[:2]]
    return pixels[starts[0] : starts[0] + side, starts[1] : starts[1] + side]


def _profile(luma: Floats) -> Floats:
    """How much larger than its two neighbours' mean the step to a column is, by the column's number modulo 8."""
    step = np.abs(np.diff(luma, axis=1))  # step[:, i] leads to column i + 1
    excess = (step[:, 1:-1] - (step[:, :-2] + step[:, 2:]) / 2).mean(axis=0)  # [i] leads to column i + 2
    position = (np.arange(len(excess)) + 2) % 8
    means = np.bincount(position, excess, 8) / np.maximum(np.bincount(position, minlength=8), 1)
    return np.asarray(means / (step.mean() + 0.1), np.float64)


def _grids(luma: Floats) -> Floats:
    """How sharp combs are for each place at which blocks may begin, float64 [8, 8]: (top, left).

    Blockiness finds the grid of strong compression only; combs find it up to a quality of about 90.
    """
    height, width = ((length - 7) // 8 * 8 for length in luma.shape)
    total = np.zeros((8, 8))
    for row, column in _COEFFICIENTS[:2]:
        rows = sum(_DCT[row, at] * luma[at : at + height] for at in range(8))
        values = sum(_DCT[column, at] * rows[:, at : at + width] for at in range(8))
        by_place = values.reshape(height // 8, 8, width // 8, 8).transpose(1, 3, 0, 2).reshape(64, -1)
        total += np.array([_sharpness(values).max() for values in by_place]).reshape(8, 8)
    return total


def _combs(luma: Floats) -> list[tuple[float, float]]:
    """(sharpness, spacing) of each coefficient's sharpest comb, for blocks that begin at the first pixel."""
    height, width = (length // 8 for length in luma.shape)
    blocks = luma[: 8 * height, : 8 * width].reshape(height, 8, width, 8).transpose(0, 2, 1, 3)
    combs = []
    for row, column in _COEFFICIENTS:
        values = np.einsum("hwyx,y,x->hw", blocks, _DCT[row], _DCT[column], optimize=True)
        sharpness = _sharpness(values.ravel())
        best = int(sharpness.argmax())
        combs.append((float(sharpness[best]), float(_STEPS[best])))
    return combs


def _sharpness(values: Floats) -> Floats:
    """How sharp the comb of each spacing is, float64 [len(_STEPS)], of one coefficient's values [N].

    The mean of cos(2πc / q) over coefficients beyond q / 2: 1 where all lie on multiples of q, near 0 where they lie
    anywhere. It is weighted down where few do, which proves little.
    """
    values = np.abs(values)[:, None]
    beyond = values > _STEPS / 2
    sums = (np.cos(2 * np.pi * values / _STEPS) * beyond).sum(axis=0)
    return np.asarray(sums / np.sqrt(np.maximum(beyond.sum(axis=0), 1) * len(values)), np.float64)
