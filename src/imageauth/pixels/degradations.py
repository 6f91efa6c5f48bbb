"""What happens to pictures on their way: recompression, blur, scaling, noise, cropping, and chains of them.

Used alike for both classes, by evaluation, by stability checks and by training. Every function takes and gives
uint8 [H, W, 3] and depends on nothing but (pixels, seed) and the installed codecs. All but the crops keep the size.

The kinds and ranges follow Wang et al. 2020 ("CNN-generated images are surprisingly easy to spot… for now") and
GenImage (Zhu et al. 2023), widened at the hard end.
"""

import io
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import PIL.Image
import PIL.ImageFilter

Pixels = npt.NDArray[np.uint8]

# Blur is stated for a picture of this short side, so that it looks the same at any resolution.
BLUR_REFERENCE = 256
# The longest side that each codec can hold, rounded down to whole 16-pixel blocks.
_LONGEST = {"JPEG": 65488, "WEBP": 16368}
_NOISE_ROWS = 256


@dataclass(frozen=True, slots=True)
class Degradation:
    """One that can be asked for by name.

    Attributes:
        apply: of (pixels, seed), uint8 [H, W, 3] to the same.
        lossy: whether it ends as the pixels of a compressed file.
    """

    apply: Callable[[Pixels, int], Pixels]
    lossy: bool = False

    def __call__(self, pixels: Pixels, seed: int) -> Pixels:
        return self.apply(pixels, seed)


def degrade(name: str, pixels: Pixels, seed: int | None = None) -> Pixels:
    """Apply one entry of :data:`DEGRADATIONS`.

    Args:
        name: of the degradation.
        pixels: uint8 [H, W, 3].
        seed: of the noise; default: taken from the pixels, so that a picture gets the same noise wherever it stands.

    Returns:
        uint8 [H, W, 3]; smaller than the input for the crops.

    Raises:
        KeyError: there is no such degradation.
    """
    return DEGRADATIONS[name](pixels, seed_of(pixels) if seed is None else seed)


def seed_of(pixels: Pixels) -> int:
    """A seed that depends on the pixels alone."""
    return zlib.crc32(np.ascontiguousarray(pixels).data)


def recompress(
    pixels: Pixels, kind: Literal["JPEG", "WEBP"], quality: int, chroma: Literal["4:2:0", "4:4:4"] = "4:2:0"
) -> Pixels:
    """Encode and decode lossily, by default with 4:2:0 chroma as phones and web sites do; WebP knows no other."""
    longest = _LONGEST[kind]
    if max(pixels.shape[:2]) > longest:  # longer than the codec allows: in strips that end on block borders
        axis = int(np.argmax(pixels.shape[:2]))
        strips = np.split(pixels, range(longest, pixels.shape[axis], longest), axis)
        return np.concatenate([recompress(strip, kind, quality, chroma) for strip in strips], axis)
    buffer = io.BytesIO()
    options = {"subsampling": chroma} if kind == "JPEG" else {}
    PIL.Image.fromarray(pixels).save(buffer, kind, quality=quality, **options)
    with PIL.Image.open(buffer, formats=[kind]) as picture:
        return np.asarray(picture.convert("RGB"), np.uint8)


def blur(pixels: Pixels, sigma: float) -> Pixels:
    """Gaussian blur of ``sigma`` pixels on a picture of short side 256, and in proportion on larger ones.

    Smaller pictures get ``sigma`` itself: in proportion, a 32-pixel thumbnail would get σ 0.06 to 0.25, and a Gaussian
    that narrow does nothing on a pixel grid (its neighbours' weight at σ 0.25 is 0.03 %). The test is then harder for
    thumbnails, never void.
    """
    scale = max(1.0, min(pixels.shape[:2]) / BLUR_REFERENCE)
    return np.asarray(PIL.Image.fromarray(pixels).filter(PIL.ImageFilter.GaussianBlur(sigma * scale)), np.uint8)


def rescale(pixels: Pixels, factor: float) -> Pixels:
    """Reduce both sides to ``factor`` and enlarge back to the original size, both bicubic."""
    height, width = pixels.shape[:2]
    small = max(1, round(width * factor)), max(1, round(height * factor))
    method = PIL.Image.Resampling.BICUBIC
    return np.asarray(PIL.Image.fromarray(pixels).resize(small, method).resize((width, height), method), np.uint8)


def add_noise(pixels: Pixels, sigma: float, seed: int) -> Pixels:
    """Add independent Gaussian noise to each value; ``sigma`` is a share of full scale."""
    random = np.random.default_rng(seed)
    noisy = np.empty_like(pixels)
    for at in range(0, len(pixels), _NOISE_ROWS):  # by rows: floats of a large picture would fill the memory
        rows = pixels[at : at + _NOISE_ROWS]
        noise = random.standard_normal(rows.shape, np.float32) * np.float32(sigma * 255)
        noisy[at : at + _NOISE_ROWS] = np.clip(np.rint(rows + noise), 0, 255).astype(np.uint8)
    return noisy


def crop(pixels: Pixels, share: float) -> Pixels:
    """The centre, ``share`` of each side, at its native pixels.

    Nothing is resampled here: bringing a picture of any size to the network's is the work of
    :func:`~imageauth.pixels.views.square_views`, here as in serving (a 32-pixel picture becomes 26 and is enlarged).
    """
    height, width = pixels.shape[:2]
    rows, columns = max(1, round(height * share)), max(1, round(width * share))
    top, left = (height - rows) // 2, (width - columns) // 2
    return np.ascontiguousarray(pixels[top : top + rows, left : left + columns])


def _plain(function: Callable[..., Pixels], *settings: Any, lossy: bool = False) -> Degradation:
    """A function of (pixels, settings) as a degradation."""
    return Degradation(lambda pixels, seed: function(pixels, *settings), lossy)


def _seeded(function: Callable[..., Pixels], *settings: Any) -> Degradation:
    """A function of (pixels, settings, seed) as a degradation."""
    return Degradation(lambda pixels, seed: function(pixels, *settings, seed))


def _jpeg(quality: int) -> Degradation:
    return _plain(recompress, "JPEG", quality, lossy=True)


def _webp(quality: int) -> Degradation:
    return _plain(recompress, "WEBP", quality, lossy=True)


def _chain(*steps: Degradation) -> Degradation:
    def apply(pixels: Pixels, seed: int) -> Pixels:
        for step in steps:
            pixels = step(pixels, seed)
        return pixels

    return Degradation(apply, steps[-1].lossy)


DEGRADATIONS: Mapping[str, Degradation] = MappingProxyType(
    {
        **{f"jpeg-{quality}": _jpeg(quality) for quality in (90, 75, 50, 30)},
        **{f"blur-{sigma:g}": _plain(blur, sigma) for sigma in (0.5, 1, 2)},
        **{f"resize-{factor:g}": _plain(rescale, factor) for factor in (0.75, 0.5, 0.25)},
        **{f"noise-{sigma:g}": _seeded(add_noise, sigma) for sigma in (0.02, 0.05, 0.1)},
        "crop-0.8": _plain(crop, 0.8),
        "webp-80": _webp(80),
        # Shared online: scaled and compressed by a messenger; cropped from a screen, posted, and saved again;
        # grainy, scaled and compressed hard, as after many rounds.
        "shared-messenger": _chain(_plain(rescale, 0.75), _jpeg(75)),
        "shared-repost": _chain(_plain(crop, 0.8), _webp(80), _jpeg(75)),
        "shared-worn": _chain(_seeded(add_noise, 0.02), _plain(rescale, 0.5), _jpeg(50)),
    }
)
"""Name → degradation, read-only, in the order in which they are reported. A further one is a line here, and with a
setting of its own a function above."""

LOSSY = frozenset(name for name, degradation in DEGRADATIONS.items() if degradation.lossy)
"""Those that end as the pixels of a compressed file."""
