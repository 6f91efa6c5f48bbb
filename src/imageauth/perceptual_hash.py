"""What a picture looks like at a glance, as a number that saving, scaling and light touches hardly change.

It is the pHash of Zauner 2010 ("Implementation and benchmarking of perceptual image hash functions"): the signs of the
16×16 lowest frequencies (DCT-II) of the picture's luma at 64×64, about their median; 256 bits. The value is that of
ImageHash's ``phash(hash_size=16, highfreq_factor=4)`` but for frequencies that are nothing but rounding errors. How
far near-copies differ was measured in ``docs/review.md``.
"""

import numpy as np
import numpy.typing as npt
import PIL.Image

NAME = "phash-16-4"
"""As reports call it: pHash, 16×16 frequencies of a picture four times as large."""
DIGITS = 64

_SIDE, _FACTOR = 16, 4
_PLAIN = 2.0  # grey levels: a picture that varies less has nothing to be recognised by


def perceptual_hash(pixels: npt.NDArray[np.uint8]) -> str:
    """The hash, 64 hexadecimal digits; empty for a picture without anything to see.

    Args:
        pixels: uint8 [H, W, 3], sRGB, upright.
    """
    side = _SIDE * _FACTOR
    grey = PIL.Image.fromarray(pixels).convert("L")
    # The hash itself scales to 64×64 by a filter that weighs every pixel: halves the work that nobody would see.
    factor = min(grey.size) // (4 * side)
    if factor > 1:
        grey = grey.reduce(factor)
    if float(np.std(np.asarray(grey.resize((side, side), PIL.Image.Resampling.BOX)))) < _PLAIN:
        return ""
    luma = np.asarray(grey.resize((side, side), PIL.Image.Resampling.LANCZOS), np.float64)
    cosines = np.cos(np.pi / (2 * side) * np.outer(np.arange(_SIDE), 2 * np.arange(side) + 1))
    # Frequencies that a symmetric picture lacks are noise of the last digits, which must not differ from day to day.
    lowest = (cosines @ luma @ cosines.T).round(6)
    return np.packbits(lowest > np.median(lowest)).tobytes().hex()


def distance(one: str, two: str) -> int:
    """Bits in which two hashes differ, 0..256.

    Raises:
        ValueError: one of them is no hash.
    """
    if len(one) != DIGITS or len(two) != DIGITS:
        raise ValueError(f"a perceptual hash has {DIGITS} hexadecimal digits")
    return (int(one, 16) ^ int(two, 16)).bit_count()
