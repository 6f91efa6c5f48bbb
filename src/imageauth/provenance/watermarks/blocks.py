"""Pixels → one phase for each block of 8×8 pixels, in which the ``dwtDct`` mark hides its bits.

The mark's encoder (ShieldMnt/invisible-watermark, ``dwtDct``) takes the low band of a Haar transform of the U channel,
cuts it into blocks of 4×4 coefficients, and moves the largest coefficient but the first of each block to a quarter
(bit 0) or three quarters (bit 1) of a step of 36. Blocks are numbered row by row; block ``k`` carries bit ``k`` modulo
the length of the message. Despite its name the method uses no cosine transform.

The reader there asks whether the coefficient lies in the lower or upper half of the step. JPEG breaks that: among noisy
coefficients the largest is on average too large, which shifts all remainders alike. So we keep the remainder as a
phase, and ask later only whether the phases of ones and zeros differ (``invisible.py``).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from imageauth.provenance.watermarks.messages import Plane

BLOCK = 8
"""Pixels along a block's side: 4 coefficients, each of 2×2 pixels."""
STEP = 36.0
MIN_PIXELS = 256 * 256
"""The encoder refuses smaller pictures."""
MAX_BLOCKS = 16384
"""Of pictures larger than 1024×1024 some rows of blocks are read, evenly spread: the message repeats throughout."""

# Weights of R, G, B in 0.492 (B - Y), and in the same with red and blue exchanged (OpenCV's BGR2YUV). A Haar
# coefficient of the low band is half the sum of 2×2 pixels.
_WEIGHTS = (0.492 / 2) * np.array([[-0.299, -0.587, 0.886], [0.886, -0.587, -0.299]], np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Blocks:
    """The blocks that were read.

    Attributes:
        index: int64 [N], the number of each in the whole picture.
        phases: for each plane complex64 [N], of magnitude 1: the largest coefficient's place within the step.
    """

    index: npt.NDArray[np.int64]
    phases: dict[Plane, npt.NDArray[np.complex64]]


def read_blocks(pixels: npt.NDArray[np.uint8]) -> Blocks | None:
    """Read the blocks.

    Args:
        pixels: uint8 [H, W, 3], sRGB.

    Returns:
        None where the picture is too small to carry the mark.
    """
    height, width = pixels.shape[0] // BLOCK, pixels.shape[1] // BLOCK
    if pixels.shape[0] * pixels.shape[1] < MIN_PIXELS or not height or not width:
        return None
    columns = min(width, MAX_BLOCKS)
    rows = np.linspace(0, height - 1, min(height, MAX_BLOCKS // columns)).astype(np.int64)
    strips = pixels[: height * BLOCK].reshape(height, BLOCK, -1, 3)[rows, :, : columns * BLOCK]
    strips = strips.reshape(-1, 2, columns * BLOCK, 3)
    pairs = np.add(strips[:, 0], strips[:, 1], dtype=np.uint16)
    sums = [(pairs[:, ::2, colour] + pairs[:, 1::2, colour]).astype(np.float32) for colour in range(3)]
    # By hand, not as a product of matrices: its library would start threads inside our threads.
    low = np.stack([sum(weight * sum_ for weight, sum_ in zip(weights, sums, strict=True)) for weights in _WEIGHTS])
    low[:, ::4, ::4] = low[:, ::4, 1::4]  # the first coefficient of a block carries nothing
    extremes = [(_by_block(np.maximum, band), _by_block(np.minimum, band)) for band in low]
    return Blocks(
        index=(rows[:, None] * width + np.arange(columns)).ravel(),
        phases={plane: _phases(*extremes[exchanged], centre) for plane in Plane for exchanged, centre in [plane.value]},
    )


def _by_block(reduce: np.ufunc, band: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The greatest or least of each 4×4 coefficients of a band [4·rows, 4·columns], [rows · columns]."""
    down = reduce(reduce(band[0::4], band[1::4]), reduce(band[2::4], band[3::4]))
    result: npt.NDArray[np.float32] = reduce(
        reduce(down[:, 0::4], down[:, 1::4]), reduce(down[:, 2::4], down[:, 3::4])
    ).ravel()
    return result


def _phases(most: npt.NDArray[np.float32], least: npt.NDArray[np.float32], centre: float) -> npt.NDArray[np.complex64]:
    """The largest magnitude of each block [N], as its place within the step on the unit circle."""
    largest = np.maximum(most + np.float32(2 * centre), -least - np.float32(2 * centre))
    angle = largest * np.float32(2 * np.pi / STEP)
    phases: npt.NDArray[np.complex64] = np.cos(angle) + np.complex64(1j) * np.sin(angle)
    return phases
