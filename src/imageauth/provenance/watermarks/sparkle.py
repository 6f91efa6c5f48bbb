"""The four-pointed star that Google's Gemini lays on its pictures, half transparent and white, at the bottom right.

Its outline is near ``|x|^0.72 + |y|^0.72 = 1``. Whatever its size ``a`` (48 or 96 pixels as Gemini writes it, anything
once the picture is resized), the free space to the right and below is two thirds of ``a``: one number places it. So the
corner is sampled to one small grid for each possible size, and each grid is compared with the drawn star by normalised
correlation, after a gradient and all that is round (lamps, moons, vignettes) were taken out of both. The star must
also be as opaque as Gemini's: what it adds over its surroundings tells that.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from imageauth.provenance.watermarks.mark import Watermark

GRID = 24
SPAN = 1.3
"""The grid's side in sizes of the star."""
EXPONENT = 0.72
SIZES = 16.0 * 1.045 ** np.arange(46)
"""Pixels, tip to tip: 16 to 116."""
OF_SHORT_SIDE = (0.03, 0.10)
"""Sizes as shares of the picture's short side."""
CENTRE = 7 / 6
"""The centre's distance from the right and lower edges, in sizes."""
OPACITY = (0.40, 0.65)
THRESHOLD = 0.50
"""Least correlation; on real pictures it does not pass 0.43 (docs/watermarks.md)."""

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)

Array = npt.NDArray[np.float64]


class _Templates(NamedTuple):
    """The star [T, cells] at sub-cell shifts, and what is taken out of both star and picture (orthonormal columns)."""

    star: Array
    round: Array
    flat_star: Array
    outside: npt.NDArray[np.bool_]


def find_sparkle(pixels: npt.NDArray[np.uint8]) -> Watermark | None:
    """Look for the star in a picture, uint8 [H, W, 3]."""
    short = min(pixels.shape[:2])
    shares = SIZES / short
    sizes = SIZES[(shares >= OF_SHORT_SIDE[0]) & (shares <= OF_SHORT_SIDE[1])]
    if not len(sizes):
        return None
    correlation, opacity, size = best_match(_grids(pixels, sizes), sizes)
    if correlation < THRESHOLD:
        return None
    return Watermark(
        code="watermark-visible-gemini",
        name="Gemini sparkle",
        finding="It shows the four-pointed star that Google's Gemini lays on the pictures it makes or edits; "
        "anyone can draw it.",
        measured={"correlation": round(correlation, 3), "opacity": round(opacity, 2), "size": round(size, 1)},
    )


def best_match(grids: Array, sizes: Array) -> tuple[float, float, float]:
    """The best place for the star.

    Args:
        grids: [S, GRID²] luma of the corner, sampled for each size.
        sizes: [S] pixels.

    Returns:
        Correlation, opacity and size; correlation is -1 where nothing has the right opacity.
    """
    drawn = _templates()
    added = (grids @ drawn.flat_star.T) / np.square(np.linalg.norm(drawn.flat_star, axis=1))
    surroundings = grids[:, drawn.outside].mean(axis=1, keepdims=True)
    opacity = added / np.maximum(255 - surroundings, 1)
    rest = grids - (grids @ drawn.round) @ drawn.round.T
    # One level of noise in each cell, so that a correlation with almost nothing stays small.
    correlation = (rest @ drawn.star.T) / (np.linalg.norm(rest, axis=1, keepdims=True) + GRID)
    correlation = np.where((opacity > OPACITY[0]) & (opacity < OPACITY[1]), correlation, -1.0)
    at, shift = np.unravel_index(int(correlation.argmax()), correlation.shape)
    return float(correlation[at, shift]), float(opacity[at, shift]), float(sizes[at])


def _grids(pixels: npt.NDArray[np.uint8], sizes: Array) -> Array:
    """Mean luma in each cell of a grid about the star's place, for each size, [S, GRID²]."""
    reach = int(sizes[-1] * (CENTRE + SPAN / 2)) + 2
    luma = pixels[-reach:, -reach:].astype(np.float32) @ _LUMA
    height, width = luma.shape
    total = np.zeros((height + 1, width + 1))
    total[1:, 1:] = luma.cumsum(axis=0, dtype=np.float64).cumsum(axis=1)
    grids = np.empty((len(sizes), GRID * GRID))
    steps = np.linspace(-0.5, 0.5, GRID + 1) * SPAN
    for at, size in enumerate(sizes):
        down = _between(total, np.clip(height + (steps - CENTRE) * size, 0, height))
        both = _between(down.T, np.clip(width + (steps - CENTRE) * size, 0, width)).T
        grids[at] = np.diff(np.diff(both, axis=0), axis=1).ravel() / (size * SPAN / GRID) ** 2
    return grids


def _between(table: Array, places: Array) -> Array:
    """Rows of a table at fractional places, by linear interpolation."""
    lower = np.minimum(places.astype(np.int64), len(table) - 2)
    share = (places - lower)[:, None]
    rows: Array = table[lower] * (1 - share) + table[lower + 1] * share
    return rows


def draw_star(shift_x: float = 0.0, shift_y: float = 0.0) -> Array:
    """The star on the grid, [GRID, GRID], 0 outside to 1 inside; shifts in half sizes."""
    fine = 8
    place = ((np.arange(GRID * fine) + 0.5) / (GRID * fine) * 2 - 1) * SPAN
    across, down = np.abs(place - shift_x) ** EXPONENT, np.abs(place - shift_y) ** EXPONENT
    inside = (across[None, :] + down[:, None] <= 1).astype(np.float64)
    star: Array = inside.reshape(GRID, fine, GRID, fine).mean(axis=(1, 3))
    return star


@lru_cache(maxsize=1)
def _templates() -> _Templates:
    shifts = (-0.06, 0.0, 0.06)
    stars = np.stack([draw_star(x, y).ravel() for x in shifts for y in shifts])
    place = (np.arange(GRID) + 0.5) / GRID * 2 - 1
    across, down = (axis.ravel() for axis in np.meshgrid(place, place))
    radius = np.hypot(across, down)
    flat, _ = np.linalg.qr(np.stack([np.ones_like(across), across, down], axis=1))
    rings = [(radius >= low) & (radius < low + 0.125) for low in np.arange(8) / 8] + [radius >= 1]
    bent = [across, down, across**2 - down**2, across * down]
    round_, _ = np.linalg.qr(np.stack([*bent, *(ring.astype(np.float64) for ring in rings)], axis=1))
    star = stars - stars @ round_ @ round_.T
    norm = np.linalg.norm(star, axis=1, keepdims=True)
    return _Templates(
        star=star / norm,
        round=round_,
        flat_star=stars - stars @ flat @ flat.T,
        outside=(draw_star() < 0.02).ravel(),
    )
