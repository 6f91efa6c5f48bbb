"""What a network looks at: square views of an image at the network's own size."""

import numpy as np
import numpy.typing as npt
import PIL.Image


def square_views(pixels: npt.NDArray[np.uint8], side: int, most: int) -> npt.NDArray[np.uint8]:
    """Square crops spread evenly along the longer side, each brought to ``side`` × ``side``.

    Larger images are reduced by averaging areas (a box filter), smaller ones enlarged bilinearly; an image of exactly
    that size is passed on untouched. Crops are cut before scaling, so memory stays small whatever the aspect ratio.

    Args:
        pixels: uint8 [H, W, 3].
        side: of the views, pixels.
        most: the number of views at most; a square image has one, a longer one enough to cover it.

    Returns:
        uint8 [V, side, side, 3], 1 ≤ V ≤ ``most``.
    """
    height, width = pixels.shape[:2]
    if height == width == side:
        return pixels[None]
    short, long = min(height, width), max(height, width)
    count = min(most, -(-long // short))
    views = np.empty((count, side, side, 3), np.uint8)
    starts = np.linspace(0, long - short, count).round().astype(int) if count > 1 else [(long - short) // 2]
    for index, start in enumerate(starts):
        crop = pixels[start : start + short] if height > width else pixels[:, start : start + short]
        method = PIL.Image.Resampling.BOX if short > side else PIL.Image.Resampling.BILINEAR
        views[index] = np.asarray(PIL.Image.fromarray(crop).resize((side, side), method))
    return views
