"""What a network looks at: square views of a picture at the network's own size, and where in the picture they lie."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import PIL.Image

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]
Place = tuple[float, float, float, float]

_RESAMPLING = PIL.Image.Resampling
# Where crops may lie: so many places along each side.
_GRID = 5
# Steps between neighbouring pixels count up to here: one hard edge is no texture.
_MOST_STEP = 32


@dataclass(frozen=True, slots=True, eq=False)
class Views:
    """All that a network sees of one picture, as :meth:`imageauth.pixels.layout.Layout.look` gives it.

    Attributes:
        pixels: uint8 [N, side, side, 3]: the views of each entry of the layout in turn, V in all, then the first
            entry's under each variant.
        places: float64 [V, 4], top, left, bottom and right of each view, as shares of the picture.
        counts: of views in each entry; their sum is V.
        height, width: of the picture, pixels.
    """

    pixels: Pixels
    places: Floats
    counts: tuple[int, ...]
    height: int
    width: int

    @property
    def contrast(self) -> float:
        """Of what the network looks at; see :func:`contrast`."""
        return contrast(self.pixels)


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """Views cut from a picture; ``pixels`` uint8 [V, side, side, 3] and ``places`` float64 [V, 4] are as in
    :class:`Views`.
    """

    pixels: Pixels
    places: Floats

    @staticmethod
    def of(pixels: list[Pixels], places: list[Place], side: int) -> "Cut":
        stacked = np.stack(pixels) if pixels else np.empty((0, side, side, 3), np.uint8)
        return Cut(stacked, np.array(places, np.float64).reshape(-1, 4))


@dataclass(frozen=True, slots=True)
class View:
    """A way of looking.

    Attributes:
        cut: the function of (uint8 [H, W, 3], side, count at most).
        sides: the picture's least short side, in sides of the view; below it there are no such views. 0: any picture.
    """

    cut: Callable[[Pixels, int, int], Cut]
    sides: int

    def least_side(self, side: int) -> int:
        """The picture's least short side, pixels."""
        return max(1, self.sides * side)

    def __call__(self, pixels: Pixels, side: int, count: int) -> Cut:
        if min(pixels.shape[:2]) < self.least_side(side):
            return Cut.of([], [], side)
        return self.cut(pixels, side, count)


def contrast(pixels: Pixels) -> float:
    """Standard deviation over places, root of the mean square over channels, in levels of 0..255: 0 for one colour.

    Args:
        pixels: uint8 [..., 3].
    """
    # Counting levels is ten times faster than a variance in floating point.
    flat, values = pixels.reshape(-1, 3), np.arange(256)
    levels = np.stack([np.bincount(flat[:, channel], minlength=256) for channel in range(3)])
    mean, mean_square = levels @ values / len(flat), levels @ values**2 / len(flat)
    return float(np.sqrt((mean_square - mean**2).mean()))


def squares(height: int, width: int, most: int) -> Iterator[tuple[int, int, int]]:
    """Squares as large as the shorter side, spread evenly along the longer one.

    Args:
        height, width: of the image, pixels.
        most: the number of squares at most; a square image has one, a longer one enough to cover it.

    Yields:
        (top, left, side), pixels.
    """
    short, long = min(height, width), max(height, width)
    count = min(most, -(-long // short))
    starts = np.linspace(0, long - short, count).round().astype(int) if count > 1 else [(long - short) // 2]
    for start in starts:
        yield (int(start), 0, short) if height > width else (0, int(start), short)


def square_views(pixels: Pixels, side: int, most: int) -> Cut:
    """The :func:`squares` of an image, each brought to ``side`` × ``side``.

    Larger images are reduced by averaging areas (a box filter), smaller ones enlarged bilinearly; an image of exactly
    that size is passed on untouched. Crops are cut before scaling, so memory stays small whatever the aspect ratio.

    Args:
        pixels: uint8 [H, W, 3].
        side: of the views, pixels.
        most: the number of views at most.
    """
    height, width = pixels.shape[:2]
    if height == width == side:
        return Cut.of([pixels], [(0.0, 0.0, 1.0, 1.0)], side)
    views, places = [], []
    for top, left, short in squares(height, width, most):
        crop = pixels[top : top + short, left : left + short]
        method = _RESAMPLING.BOX if short > side else _RESAMPLING.BILINEAR
        views.append(np.asarray(PIL.Image.fromarray(crop).resize((side, side), method)))
        places.append((top / height, left / width, (top + short) / height, (left + short) / width))
    return Cut.of(views, places, side)


def whole_view(pixels: Pixels, side: int, most: int) -> Cut:
    """The centre square, as large as the shorter side, at ``side`` × ``side``: what the picture shows."""
    place = _centre_place(pixels, side)
    return Cut.of([_scaled(pixels, place, side)], [place], side)


def tile_views(pixels: Pixels, side: int, most: int) -> Cut:
    """The same at twice the size, cut in 2×2: only of pictures that have so many pixels, since enlarged ones would
    tell nothing that the whole view does not.
    """
    top, left, bottom, right = _centre_place(pixels, 2 * side)
    rows, columns = (top, (top + bottom) / 2, bottom), (left, (left + right) / 2, right)
    # Two of them lie across from one another.
    places = [
        (rows[row], columns[column], rows[row + 1], columns[column + 1])
        for row, column in ((0, 0), (1, 1), (0, 1), (1, 0))[:most]
    ]
    return Cut.of([_scaled(pixels, place, side) for place in places], places, side)


def crop_views(pixels: Pixels, side: int, most: int) -> Cut:
    """Squares of ``side`` native pixels, the most textured of a grid of 5×5: the traces that scaling takes away.

    Two of them lie at least half a side apart (down and across together), so a picture little larger than one crop has
    fewer.
    """
    height, width = pixels.shape[:2]
    rows = np.unique(np.linspace(0, height - side, _GRID).round().astype(int))
    columns = np.unique(np.linspace(0, width - side, _GRID).round().astype(int))
    texture = _texture(pixels, side, rows, columns)
    views: list[Pixels] = []
    taken: list[tuple[int, int]] = []
    for at in np.argsort(-texture, axis=None, kind="stable").tolist():
        row, column = int(rows[at // len(columns)]), int(columns[at % len(columns)])
        if len(taken) < most and all(abs(row - r) + abs(column - c) >= side // 2 for r, c in taken):
            taken.append((row, column))
            views.append(pixels[row : row + side, column : column + side])
    places: list[Place] = [
        (row / height, column / width, (row + side) / height, (column + side) / width) for row, column in taken
    ]
    return Cut.of(views, places, side)


VIEWS: Mapping[str, View] = MappingProxyType(
    {
        "squares": View(square_views, 0),
        "whole": View(whole_view, 0),
        "tiles": View(tile_views, 2),
        "crops": View(crop_views, 1),
    }
)
"""Name → what is cut. Tiles need a short side of two views' sides, crops of one."""


def _centre_place(pixels: Pixels, side: int) -> Place:
    """Where the centre square of the picture would lie if its short side were ``side``."""
    height, width = pixels.shape[:2]
    scale = side / min(height, width)
    across, down = max(side, round(width * scale)), max(side, round(height * scale))
    left, top = (across - side) // 2 / across, (down - side) // 2 / down
    return top, left, top + side / down, left + side / across


def _scaled(pixels: Pixels, place: Place, side: int) -> Pixels:
    """What lies there, at ``side`` × ``side``; only that is scaled, lest a long picture fill the memory."""
    height, width = pixels.shape[:2]
    top, left, bottom, right = place
    box = (left * width, top * height, min(width, right * width), min(height, bottom * height))
    method = _RESAMPLING.BICUBIC if box[3] - box[1] < side else _RESAMPLING.LANCZOS
    picture = PIL.Image.fromarray(pixels).resize((side, side), method, box, reducing_gap=3)
    return np.asarray(picture, np.uint8)


def _texture(
    pixels: Pixels, side: int, rows: npt.NDArray[np.signedinteger], columns: npt.NDArray[np.signedinteger]
) -> npt.NDArray[np.int64]:
    """Sum of steps between neighbours, down and across, in each square; int64 [rows, columns]."""
    grey = np.asarray(PIL.Image.fromarray(pixels).convert("L")).astype(np.int16)
    steps = np.abs(grey[1:, :-1] - grey[:-1, :-1]) + np.abs(grey[:-1, 1:] - grey[:-1, :-1])
    steps = np.minimum(steps, _MOST_STEP)
    across = np.zeros((len(steps), steps.shape[1] + 1), np.int32)
    np.cumsum(steps, axis=1, dtype=np.int32, out=across[:, 1:])
    strips = across[:, columns + side - 1] - across[:, columns]
    total = np.zeros((len(steps) + 1, len(columns)), np.int64)
    np.cumsum(strips, axis=0, dtype=np.int64, out=total[1:])
    return np.asarray(total[rows + side - 1] - total[rows])
