"""What a network looks at: square views of an image at the network's own size."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import PIL.Image


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


def square_views(pixels: npt.NDArray[np.uint8], side: int, most: int) -> npt.NDArray[np.uint8]:
    """The :func:`squares` of an image, each brought to ``side`` × ``side``.

    Larger images are reduced by averaging areas (a box filter), smaller ones enlarged bilinearly; an image of exactly
    that size is passed on untouched. Crops are cut before scaling, so memory stays small whatever the aspect ratio.

    Args:
        pixels: uint8 [H, W, 3].
        side: of the views, pixels.
        most: the number of views at most.

    Returns:
        uint8 [V, side, side, 3], 1 ≤ V ≤ ``most``.
    """
    height, width = pixels.shape[:2]
    if height == width == side:
        return pixels[None]
    views = []
    for top, left, short in squares(height, width, most):
        crop = pixels[top : top + short, left : left + short]
        method = PIL.Image.Resampling.BOX if short > side else PIL.Image.Resampling.BILINEAR
        views.append(np.asarray(PIL.Image.fromarray(crop).resize((side, side), method)))
    return np.stack(views)
