"""Marks of our own making: the dwtDct watermark written from its method, DALL·E 2's bar, Gemini's star."""

import io

import numpy as np
from PIL import Image

from imageauth.provenance.watermarks.colour_bar import COLOURS
from imageauth.provenance.watermarks.messages import Plane
from imageauth.provenance.watermarks.sparkle import CENTRE, EXPONENT

STEP = 36


def embed(pixels: np.ndarray, binary: str, plane: Plane) -> np.ndarray:
    """A picture with a message in it, uint8 [H, W, 3].

    Each block of 8×8 pixels has 16 coefficients, each half the sum of 2×2 values of U. The largest but the first goes
    to a quarter or three quarters of its step; the change of U is spread over its four pixels. Y and V stay, so red
    does too; blue follows U, and green makes up for blue in Y.
    """
    exchanged, centre = plane.value
    picture = pixels.astype(np.float64)[..., :: -1 if exchanged else 1]
    red, green, blue = np.moveaxis(picture, -1, 0)
    chroma = 0.492 * (blue - (0.299 * red + 0.587 * green + 0.114 * blue)) + centre
    if plane is Plane.BYTES:
        chroma = np.rint(chroma)
    rows, columns = pixels.shape[0] // 8, pixels.shape[1] // 8
    change = np.zeros_like(chroma)
    low = chroma[: rows * 8, : columns * 8].reshape(rows, 4, 2, columns, 4, 2).sum(axis=(2, 5)) / 2
    for block in range(rows * columns):
        row, column = divmod(block, columns)
        values = low[row, :, column].ravel()
        place = 1 + int(np.abs(values[1:]).argmax())
        value = values[place]
        size = (abs(value) // STEP + 0.25 + 0.5 * int(binary[block % len(binary)])) * STEP
        top, left = row * 8 + place // 4 * 2, column * 8 + place % 4 * 2
        change[top : top + 2, left : left + 2] = ((size if value >= 0 else -size) - value) / 2
    result = np.stack([red, green - change / 0.492 * 0.114 / 0.587, blue + change / 0.492], axis=-1)
    return np.clip(np.rint(result[..., :: -1 if exchanged else 1]), 0, 255).astype(np.uint8)


def jpeg(pixels: np.ndarray, quality: int, subsampling: int = 2) -> np.ndarray:
    """The picture after JPEG."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=quality, subsampling=subsampling)
    return np.asarray(Image.open(stream))


def with_bar(pixels: np.ndarray, side: int = 16) -> np.ndarray:
    """The picture with DALL·E 2's bar."""
    result = pixels.copy()
    for place, colour in enumerate(COLOURS):
        left = result.shape[1] - (5 - place) * side
        result[-side:, left : left + side] = colour
    return result


def with_star(pixels: np.ndarray, size: float = 48, opacity: float = 0.52) -> np.ndarray:
    """The picture with Gemini's star."""
    height, width = pixels.shape[:2]
    down = np.abs(np.arange(height) + 0.5 - (height - CENTRE * size))[:, None] / (size / 2)
    across = np.abs(np.arange(width) + 0.5 - (width - CENTRE * size))[None] / (size / 2)
    # The power's distance from 1, in about pixels, makes a soft edge.
    inside = np.clip((1 - down**EXPONENT - across**EXPONENT) * size / 3 + 0.5, 0, 1)[..., None] * opacity
    return np.rint(pixels * (1 - inside) + 255 * inside).astype(np.uint8)
