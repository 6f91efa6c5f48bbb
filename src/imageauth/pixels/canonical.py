"""What is done to a picture before views are cut from it, so that its file's format and its size say nothing."""

from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import PIL.Image

from imageauth.pixels.degradations import recompress

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Canonical:
    """Large pictures are reduced, and those that may never have been compressed are saved once as JPEG.

    AI-made pictures often come as PNG and photographs as JPEG; a network would learn that instead of looking. Training
    does the same to both classes.

    Attributes:
        long_side: above it a picture is reduced to it, pixels.
        quality: of the JPEG, 1..95, with 4:2:0 chroma.
    """

    long_side: int
    quality: int

    def __post_init__(self) -> None:
        if not 64 <= self.long_side <= 8192 or not 1 <= self.quality <= 95:
            raise ValueError("long_side is 64 to 8192 and quality 1 to 95")

    def __call__(self, pixels: Pixels, *, lossless: bool, aside: Executor | None = None) -> Pixels:
        """The picture as the views see it: reduced first (the JPEG then costs little), then saved.

        Args:
            pixels: uint8 [H, W, 3].
            lossless: whether it comes from a file that lost nothing.
            aside: reduces a large one, in parts; default: this thread does.

        Returns:
            uint8 [h, w, 3].
        """
        pixels = self._reduced(pixels, aside)
        return recompress(pixels, "JPEG", self.quality) if lossless else pixels

    def _reduced(self, pixels: Pixels, aside: Executor | None) -> Pixels:
        height, width = pixels.shape[:2]
        longest = max(height, width)
        if longest <= self.long_side:
            return pixels
        size = max(1, round(width * self.long_side / longest)), max(1, round(height * self.long_side / longest))
        # Twice as fast as one reduction by Lanczos, and nearly the same: 47 dB apart.
        picture = PIL.Image.fromarray(_averaged(pixels, longest // self.long_side, aside))
        return np.asarray(picture.resize(size, PIL.Image.Resampling.LANCZOS), np.uint8)

    def to_json(self) -> dict[str, int]:
        """Plain data for the card; :meth:`from_json` reads it back."""
        return {"long_side": self.long_side, "quality": self.quality}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "Canonical":
        """Read a card's ``canonical``.

        Raises:
            KeyError, TypeError, ValueError: something is missing or makes no sense.
        """
        return Canonical(int(data["long_side"]), int(data["quality"]))


def _averaged(pixels: Pixels, factor: int, aside: Executor | None) -> Pixels:
    """Means over ``factor`` × ``factor`` pixels, by strips: Pillow's own copy of a huge picture would double it."""
    if factor < 2:
        return pixels
    rows = 256 * factor
    run = aside.map if aside else map
    strips = run(
        lambda at: np.asarray(PIL.Image.fromarray(pixels[at : at + rows]).reduce(factor)), range(0, len(pixels), rows)
    )
    return np.concatenate(list(strips))
