"""The state that a picture is in, as far as it bears on how well a model judges it. How good the detectors are is in
``docs/looking.md``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from imageauth import jpeg
from imageauth.images import Image

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

SMALL, COARSE, SOFT, SCREEN, KIND = 256, 60, 0.1, 0.016, 0.5
"""A short side in pixels, a JPEG quality, a sharpness, a screen-likeness and a share of a kind: from where on something
is said; all but the first were set by measurement (``docs/looking.md``)."""

# What is measured lies in the middle of the picture, at its own pixels; more would tell no more.
_MOST_SIDE = 768
_BLOCK = 8
_PATCH = 128
# The lowest coefficients but the mean, and the steps that are tried for them, largest first.
_LOWEST = ((0, 1), (1, 0), (1, 1), (0, 2), (2, 0))
_STEPS = range(60, 2, -1)
_TOLD, _PERIODIC = 64, 0.6
# Some of the values, and how far even they are from being multiples of a step that is none.
_SAMPLE, _HARDLY = 1024, 0.3
_COSINES = np.stack(
    [np.cos((2 * np.arange(_BLOCK) + 1) * k * np.pi / 16) * (0.5 if k else 8**-0.5) for k in range(3)]
).astype(np.float32)
# Luma steps beyond this are hard edges.
_HARD = 40
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
_PACKING = np.array([1, 1 << 8, 1 << 16], np.float32)


@dataclass(frozen=True, slots=True)
class Measures:
    """What was measured of one picture.

    Attributes:
        short_side: pixels.
        quality: of a JPEG, as its tables tell; None for other files.
        past_quality, sharpness, screen: see the functions of these names.
    """

    short_side: int
    quality: int | None
    past_quality: int | None
    sharpness: float
    screen: float

    @staticmethod
    def of(image: Image) -> "Measures":
        """Measure a decoded picture."""
        height, width = image.pixels.shape[:2]
        down, across = min(height, _MOST_SIDE), min(width, _MOST_SIDE)
        top, left = (height - down) // 2, (width - across) // 2
        middle = image.pixels[top : top + down, left : left + across]
        luma = middle.astype(np.float32) @ _LUMA
        return Measures(min(height, width), image.quality, past_quality(luma), sharpness(luma), screen(middle, luma))


def past_quality(luma: Floats) -> int | None:
    """The quality of a JPEG that a picture was once, from what its quantisation left in the pixels.

    Steps between neighbours stand out where the blocks of 8×8 meet, which gives the grid. On it the lowest coefficients
    of the cosine transform are multiples of the table's steps (after Fan & de Queiroz 2003, "Identification of bitmap
    compression history"); the largest step that they are multiples of is compared with the reference encoder's.

    Args:
        luma: float32 [H, W], 0..255.

    Returns:
        1..100; None where nothing of the kind is found, as after resizing.
    """
    if min(luma.shape) < 4 * _BLOCK:
        return None
    top, left = _grid(luma), _grid(luma.T)
    blocks = luma[top:, left:]
    down, across = blocks.shape[0] // _BLOCK, blocks.shape[1] // _BLOCK
    blocks = blocks[: down * _BLOCK, : across * _BLOCK].reshape(down, _BLOCK, across, _BLOCK)
    scales = []
    for row, column in _LOWEST:
        values = np.abs(np.einsum("aybx,y,x->ab", blocks, _COSINES[row], _COSINES[column]))
        step = _step(values.ravel())
        if step is not None:
            scales.append(step / jpeg.STANDARD[row * _BLOCK + column])
    return jpeg.quality_of(float(np.median(scales))) if 2 * len(scales) > len(_LOWEST) else None


def _grid(plane: Floats) -> int:
    """Where the grid of blocks begins along the first axis, 0..7."""
    steps = np.abs(np.diff(plane, axis=0))
    excess = steps[1:-1] - (steps[:-2] + steps[2:]) / 2
    length = len(excess) // _BLOCK * _BLOCK
    phases = excess[:length].reshape(-1, _BLOCK, excess.shape[1]).mean(axis=(0, 2))
    return (int(phases.argmax()) + 2) % _BLOCK


def _step(values: Floats) -> float | None:
    """The largest step whose multiples the magnitudes are; None where there is none, or too few to tell."""
    sample = values[:: max(1, len(values) // _SAMPLE)]
    for step in _STEPS:
        few = sample[sample > step / 2]
        if len(few) >= _TOLD and _periodicity(few, step) < _HARDLY:
            continue  # most steps: nothing more is asked of them
        told = values[values > step / 2]
        if len(told) >= _TOLD and _periodicity(told, step) > _PERIODIC:
            return float(step)
    return None


def _periodicity(values: Floats, step: float) -> float:
    """1 where all are multiples of the step, about 0 where they have nothing to do with it."""
    return float(np.cos(values * (2 * np.pi / step)).mean())


def sharpness(luma: Floats) -> float:
    """Energy above half the Nyquist frequency over that in the octave below, in the busiest quarter of some patches.

    Photographs have about as much in each octave; enlarging and blurring take the upper one away.

    Args:
        luma: float32 [H, W], 0..255.

    Returns:
        NaN where the picture is smaller than a patch (128 pixels).
    """
    height, width = luma.shape
    if min(height, width) < _PATCH:
        return float("nan")
    rows = np.unique(np.linspace(0, height - _PATCH, 5).astype(int))
    columns = np.unique(np.linspace(0, width - _PATCH, 5).astype(int))
    patches = np.stack([luma[r : r + _PATCH, c : c + _PATCH] for r in rows for c in columns])
    window = np.hanning(_PATCH).astype(np.float32)
    patches = (patches - patches.mean(axis=(1, 2), keepdims=True)) * np.outer(window, window)
    power = np.abs(np.fft.rfft2(patches)) ** 2
    radius = np.hypot(np.fft.fftfreq(_PATCH)[:, None], np.fft.rfftfreq(_PATCH)[None])
    high = power[:, (radius > 0.25) & (radius <= 0.5)].sum(axis=1)
    middle = power[:, (radius > 0.125) & (radius <= 0.25)].sum(axis=1)
    busiest = np.argsort(-middle)[: max(1, len(middle) // 4)]
    return float(high[busiest].sum() / (middle[busiest].sum() + 1e-3))


def screen(pixels: Pixels, luma: Floats) -> float:
    """How like a screenshot: even areas, and hard edges in what is not even.

    Args:
        pixels: uint8 [H, W, 3].
        luma: of them, float32 [H, W], 0..255.

    Returns:
        The share of pixels that are exactly as the next to the right and the next below, times the share of hard steps
        to the right among those that are not.
    """
    if min(luma.shape) < 2:
        return 0.0
    # Colours as one number each, which float32 holds exactly: many times faster than comparing channels.
    colours = pixels.astype(np.float32) @ _PACKING
    here = colours[:-1, :-1]
    even = float(((colours[1:, :-1] == here) & (colours[:-1, 1:] == here)).mean())
    hard = float((np.abs(np.diff(luma, axis=1)) > _HARD).mean())
    return even * hard / max(1 - even, 1e-3)


Detect = Callable[[Measures, Mapping[str, float]], str | None]


def _small(measures: Measures, kinds: Mapping[str, float]) -> str | None:
    return f"Its short side has fewer than {SMALL} pixels." if measures.short_side < SMALL else None


def _compressed(measures: Measures, kinds: Mapping[str, float]) -> str | None:
    if measures.quality is not None and measures.quality <= COARSE:
        return f"It is heavily compressed (JPEG quality about {measures.quality})."
    if measures.past_quality is not None and measures.past_quality <= COARSE:
        return f"It was heavily compressed before: its pixels show a JPEG of quality about {measures.past_quality}."
    return None


def _soft(measures: Measures, kinds: Mapping[str, float]) -> str | None:
    return "It is blurred or was enlarged: its finest detail is missing." if measures.sharpness < SOFT else None


def _screen(measures: Measures, kinds: Mapping[str, float]) -> str | None:
    sure = kinds["screen"] > KIND if "screen" in kinds else measures.screen > SCREEN
    return "It looks like a screenshot or another picture with large even areas." if sure else None


def _drawn(measures: Measures, kinds: Mapping[str, float]) -> str | None:
    return "It looks drawn, painted or rendered rather than photographed." if kinds.get("drawn", 0) > KIND else None


CONDITIONS: Mapping[str, Detect] = MappingProxyType(
    {"small": _small, "compressed": _compressed, "soft": _soft, "screen": _screen, "drawn": _drawn}
)
"""Name → a sentence where it applies, from what was measured and how likely each kind of picture is."""


def conditions_of(measured: Mapping[str, str], measures: Measures, kinds: Mapping[str, float]) -> tuple[str, ...]:
    """Sentences on the conditions that apply to a picture.

    Args:
        measured: names in :data:`CONDITIONS` that are asked for, each with what was measured of the model on such
            pictures, or "".
        measures: of the picture.
        kinds: how likely it is of each kind; empty where the network does not say.
    """
    found = ((CONDITIONS[name](measures, kinds), text) for name, text in measured.items())
    return tuple(f"{sentence} {text}".strip() for sentence, text in found if sentence)
