"""What is done to every picture before a network in training sees it, so that its file says nothing of its class."""

import io

import numpy as np
import numpy.typing as npt
import PIL.Image

Pixels = npt.NDArray[np.uint8]

LONG_SIDE = 1536
QUALITIES = (75, 97)
_LARGEST_SAVED = 8000  # pixels along the longer side; beyond it reducing takes more than saving would


def launder(pixels: Pixels, form: str, random: np.random.Generator) -> Pixels:
    """A picture whose file never was a JPEG is saved once as one; a large one is reduced.

    Args:
        pixels: uint8 [H, W, 3].
        form: of its file, as :class:`imageauth.images.Image` names it.
        random: draws the quality (75–97) and the subsampling (4:4:4 or 4:2:0).

    Returns:
        uint8 [h, w, 3], at most 1536 pixels along the longer side.
    """
    picture = PIL.Image.fromarray(pixels)
    if form != "jpeg" and max(picture.size) <= _LARGEST_SAVED:
        least, most = QUALITIES
        out = io.BytesIO()
        picture.save(out, "JPEG", quality=int(random.integers(least, most + 1)), subsampling=int(random.choice([0, 2])))
        picture = PIL.Image.open(out).convert("RGB")
    if (longest := max(picture.size)) > LONG_SIDE:
        width, height = (max(1, round(length * LONG_SIDE / longest)) for length in picture.size)
        picture = picture.resize((width, height), PIL.Image.Resampling.LANCZOS, reducing_gap=3)
    return np.asarray(picture)
