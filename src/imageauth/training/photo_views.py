"""The views of a photo that a network learns from: as it is, and degraded at random as pictures are on their way.

Both classes are treated alike, and what happens to a picture depends on its SHA-256 alone, so that a second extraction
sees the same pixels. The kinds of degradation are those of :mod:`imageauth.pixels.degradations`, which measures;
strengths are drawn from ranges, so that a classifier learns the kind and not the protocol's few settings.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import PIL.Image

from imageauth.pixels.canonical import Canonical
from imageauth.pixels.degradations import add_noise, blur, degrade, recompress
from imageauth.pixels.layout import Layout
from imageauth.pixels.views import VIEWS

Pixels = npt.NDArray[np.uint8]
Step = Callable[[Pixels, np.random.Generator], Pixels]

_KERNELS = tuple(PIL.Image.Resampling[name] for name in ("BICUBIC", "BILINEAR", "LANCZOS", "BOX"))
# A picture is not reduced below this short side, pixels: less would leave nothing to learn.
_LEAST_SIDE = 96


@dataclass(frozen=True, slots=True, eq=False)
class Slots:
    """Views of one picture in fixed places.

    Attributes:
        pixels: uint8 [V, side, side, 3]; zeros where the picture has no such view.
        present: bool [V].
        shorts: short side of each copy that they were cut from, pixels, int32 [C].
    """

    pixels: Pixels
    present: npt.NDArray[np.bool_]
    shorts: npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class TrainingLook:
    """The whole view, two tiles and one crop of a picture as it is and of degraded copies of it.

    Copies take turns with the tiles of either diagonal and with the most and the second most textured crop, so that
    more of the picture is seen at the same cost.

    Attributes:
        side: of a view, pixels.
        long_side: a larger picture is reduced to it first, as in serving.
        copies: degraded ones.
    """

    side: int = 224
    long_side: int = 1536
    copies: int = 2

    def __call__(self, pixels: Pixels, *, lossless: bool, sha256: str) -> Slots:
        """The views, (1 + copies) · 4: of each copy the whole, two tiles, a crop.

        Args:
            pixels: uint8 [H, W, 3].
            lossless: it comes from a file that lost nothing, so it is saved as JPEG first (:func:`laundered`).
            sha256: of its file, hexadecimal.
        """
        pixels = self.before_cutting(pixels, lossless=lossless, sha256=sha256)
        views: list[Pixels | None] = []
        shorts = []
        for copy in range(1 + self.copies):
            seen = degrade_at_random(pixels, random_of(sha256, copy)) if copy else pixels
            shorts.append(min(seen.shape[:2]))
            views += self._cut(seen, "whole", 1, (0,))
            views += self._cut(seen, "tiles", 4, (2, 3) if copy % 2 else (0, 1))
            views += self._cut(seen, "crops", 2, (copy % 2,))
        return _slots(views, self.side, shorts)

    def before_cutting(self, pixels: Pixels, *, lossless: bool, sha256: str) -> Pixels:
        """The picture that the views of the first copy are cut from: reduced, and then saved if it never was.

        Args: as for :meth:`__call__`.
        """
        pixels = Canonical(self.long_side, 95)(pixels, lossless=False)
        return laundered(pixels, random_of(sha256, 0)) if lossless else pixels

    def _cut(self, pixels: Pixels, name: str, count: int, places: Sequence[int]) -> list[Pixels | None]:
        cut = VIEWS[name](pixels, self.side, count).pixels
        return [cut[place] if place < len(cut) else None for place in places]

    def to_json(self) -> dict[str, Any]:
        """Plain data that tells it from any other look."""
        return {"look": "training", **asdict(self)}


@dataclass(frozen=True, slots=True)
class ServingLook:
    """All views that serving would see of a picture, perhaps of a degraded one.

    Attributes:
        layout: whose views, variants included.
        degradation: in :data:`imageauth.pixels.degradations.DEGRADATIONS`; None: as it is.
    """

    layout: Layout
    degradation: str | None = None

    @property
    def side(self) -> int:
        """Height and width of the views, pixels."""
        return self.layout.side

    def __call__(self, pixels: Pixels, *, lossless: bool, sha256: str) -> Slots:
        """The views: of each entry of the layout, then the first entry's under each variant.

        Args: as for :class:`TrainingLook`; a degraded picture counts as lossy, or its class would show in what the
            degradation leaves of its file's format.
        """
        if self.degradation:
            pixels, lossless = degrade(self.degradation, pixels), False
        seen = self.layout.look(pixels, lossless=lossless)
        entries, at = self.layout.entries, 0
        views: list[Pixels | None] = []
        for entry, count in zip(entries, seen.counts, strict=True):
            views += [*seen.pixels[at : at + count], *[None] * (entry.count - count)]
            at += count
        leading = seen.counts[0]
        for _ in self.layout.variants:
            views += [*seen.pixels[at : at + leading], *[None] * (entries[0].count - leading)]
            at += leading
        return _slots(views, self.layout.side, [min(pixels.shape[:2])])

    def to_json(self) -> dict[str, Any]:
        """Plain data that tells it from any other look; weights and bias change no view and are left out."""
        layout = self.layout.to_json()
        views = [[entry.view, entry.count] for entry in self.layout.entries]
        kept = {key: layout[key] for key in ("side", "variants", "canonical")}
        return {"look": "serving", "degradation": self.degradation, "views": views, **kept}


def random_of(sha256: str, copy: int) -> np.random.Generator:
    """A source of randomness of a picture's copy, the same wherever and whenever it is asked for."""
    return np.random.default_rng([int(sha256[:16], 16), copy])


def laundered(pixels: Pixels, random: np.random.Generator) -> Pixels:
    """Saved once as JPEG of quality 75–97, with 4:4:4 or 4:2:0 chroma: what a photograph has behind it anyway."""
    return recompress(pixels, "JPEG", int(random.integers(75, 98)), _chroma(random, 0.5))


def degrade_at_random(pixels: Pixels, random: np.random.Generator) -> Pixels:
    """A chain of one to three steps, at the picture's own scale.

    One step in 45 % of cases, two in 35 %, three in 20 %. A single one is JPEG (50 %), scaling (14 %), WebP (12 %),
    blur (10 %), noise (8 %) or a crop (6 %). Longer chains are different ones of scaling, scaling there and back, blur,
    noise and crop, and end with WebP (12 %) or JPEG, as pictures that are shared do. The ranges stand at the steps.

    Args:
        pixels: uint8 [H, W, 3].
        random: draws all of it.

    Returns:
        uint8 [h, w, 3].
    """
    count = int(random.choice([1, 2, 3], p=[0.45, 0.35, 0.2]))
    if count == 1:
        chain = [_SINGLE[random.choice(len(_SINGLE), p=_SINGLE_SHARES)]]
    else:
        before = random.choice(len(_BEFORE), size=count - 1, replace=False)
        chain = [*(_BEFORE[step] for step in before), _webp if random.random() < 0.12 else _jpeg]
    for step in chain:
        pixels = step(pixels, random)
    return pixels


def _jpeg(pixels: Pixels, random: np.random.Generator) -> Pixels:
    """Quality 30–95; 4:4:4 chroma in one of four."""
    return recompress(pixels, "JPEG", int(random.integers(30, 96)), _chroma(random, 0.25))


def _webp(pixels: Pixels, random: np.random.Generator) -> Pixels:
    """Quality 50–94."""
    return recompress(pixels, "WEBP", int(random.integers(50, 95)))


def _scaled(pixels: Pixels, random: np.random.Generator) -> Pixels:
    """To 0.25–0.95 of each side by one of four kernels; never below a short side of 96 pixels."""
    height, width = pixels.shape[:2]
    share = max(float(random.uniform(0.25, 0.95)), min(1.0, _LEAST_SIDE / min(height, width)))
    kernel = _KERNELS[random.integers(len(_KERNELS))]
    size = max(1, round(width * share)), max(1, round(height * share))
    return np.asarray(PIL.Image.fromarray(pixels).resize(size, kernel), np.uint8)


def _there_and_back(pixels: Pixels, random: np.random.Generator) -> Pixels:
    """Scaled as above, and enlarged again by the bicubic kernel."""
    height, width = pixels.shape[:2]
    small = PIL.Image.fromarray(_scaled(pixels, random))
    return np.asarray(small.resize((width, height), PIL.Image.Resampling.BICUBIC), np.uint8)


def _blurred(pixels: Pixels, random: np.random.Generator) -> Pixels:
    """Gaussian, σ 0.3–2 pixels of a picture of short side 256."""
    return blur(pixels, float(random.uniform(0.3, 2.0)))


def _noisy(pixels: Pixels, random: np.random.Generator) -> Pixels:
    """Gaussian, σ 0.01–0.08 of full scale."""
    return add_noise(pixels, float(random.uniform(0.01, 0.08)), int(random.integers(2**31)))


def _cropped(pixels: Pixels, random: np.random.Generator) -> Pixels:
    """0.7–0.95 of each side, from anywhere."""
    share = random.uniform(0.7, 0.95)
    height, width = (max(1, int(size * share)) for size in pixels.shape[:2])
    top, left = (
        int(random.integers(size - kept + 1)) for size, kept in zip(pixels.shape, (height, width), strict=False)
    )
    return np.ascontiguousarray(pixels[top : top + height, left : left + width])


_SINGLE: tuple[Step, ...] = (_jpeg, _scaled, _webp, _blurred, _noisy, _cropped)
_SINGLE_SHARES = (0.5, 0.14, 0.12, 0.1, 0.08, 0.06)
_BEFORE: tuple[Step, ...] = (_scaled, _there_and_back, _blurred, _noisy, _cropped)


def _chroma(random: np.random.Generator, full: float) -> Literal["4:2:0", "4:4:4"]:
    """4:4:4 with the chance ``full``."""
    return "4:4:4" if random.random() < full else "4:2:0"


def _slots(views: Sequence[Pixels | None], side: int, shorts: Sequence[int]) -> Slots:
    empty = np.zeros((side, side, 3), np.uint8)
    return Slots(
        np.stack([empty if view is None else view for view in views]),
        np.array([view is not None for view in views]),
        np.array(shorts, np.int32),
    )
