"""The bar of five coloured squares that DALL·E 2 put at the bottom right: 80×16 pixels on a picture of 1024×1024."""

import numpy as np
import numpy.typing as npt

from imageauth.provenance.watermarks.mark import Watermark

COLOURS = np.array([(255, 255, 102), (66, 255, 255), (81, 218, 76), (255, 110, 61), (60, 70, 255)], np.float64)
"""From left to right: yellow, cyan, green, orange, blue, as sRGB."""
SIDE, PICTURE = 16, 1024
MIN_SIDE = 4.0
"""Pixels; in smaller squares nothing but a smear is left after JPEG."""
_MAX_DISTANCE = 40.0
_MAX_SPREAD = 24.0


def find_colour_bar(pixels: npt.NDArray[np.uint8]) -> Watermark | None:
    """Look for the bar in a picture, uint8 [H, W, 3], at its own size and scaled with the picture.

    Each square's mean must be within 40 levels of its colour in every channel, and the inside of each flat.
    """
    height, width = pixels.shape[:2]
    for side in sorted({float(SIDE), SIDE * width / PICTURE}, reverse=True):
        if side < MIN_SIDE or 5 * side > width or side > height:
            continue
        distance, spread = _compare(pixels, side)
        if distance <= _MAX_DISTANCE and spread <= _MAX_SPREAD:
            return Watermark(
                code="watermark-visible-dall-e-2",
                name="DALL·E 2 colour bar",
                finding="It shows the bar of five coloured squares that DALL·E 2 put at the bottom right of its "
                "pictures; anyone can draw it.",
                measured={"square_side": round(side, 1), "colour_distance": round(distance, 1)},
            )
    return None


def _compare(pixels: npt.NDArray[np.uint8], side: float) -> tuple[float, float]:
    """The worst square's distance from its colour, and the worst standard deviation inside one, in levels."""
    height, width = pixels.shape[:2]
    inset = side / 4  # edges are blurred by resizing and by coarse chroma
    top, bottom = round(height - side + inset), max(round(height - inset), round(height - side + inset) + 1)
    distance = spread = 0.0
    for place, colour in enumerate(COLOURS):
        left = width - (5 - place) * side
        inside = pixels[top:bottom, round(left + inset) : max(round(left + side - inset), round(left + inset) + 1)]
        distance = max(distance, float(np.abs(inside.mean(axis=(0, 1)) - colour).max()))
        spread = max(spread, float(inside.std(axis=(0, 1)).max()))
    return distance, spread
