"""Copies of training pictures as WebP leaves them, by Pillow on the processor's cores; the accelerator draws from them.

Two in three are cropped first; a copy of less than full size fills its square by repeating its border, as codecs do.
"""

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

import numpy as np
import numpy.typing as npt

from imageauth.errors import DataError
from imageauth.pixels.degradations import recompress

Copies = tuple[npt.NDArray[np.uint8], npt.NDArray[np.int32]]
_QUALITY = (50, 95)
_CROP = (0.75, 0.95)
_CHUNK = 500


def make_copies(
    pictures: npt.NDArray[np.uint8],
    count: int,
    seed: int,
    workers: int,
    progress: Callable[[int, int], None] | None = None,
) -> Copies:
    """So many copies of each picture.

    Args:
        pictures: uint8 [N, S, S, 3].
        count: copies of each.
        seed: of crops and qualities.
        workers: processes.
        progress: called with (done, total) copies.

    Returns:
        uint8 [count, N, S, S, 3] and the side of each within its square, int32 [count, N].

    Raises:
        DataError: a process died.
    """
    starts = [(turn, at) for turn in range(count) for at in range(0, len(pictures), _CHUNK)]
    parts = [pictures[at : at + _CHUNK] for _, at in starts]
    seeds = [(seed, *start) for start in starts]
    pixels = np.empty((count * len(pictures), *pictures.shape[1:]), np.uint8)
    sizes = np.empty(len(pixels), np.int32)
    done, alone = 0, len(parts) < 2 * workers  # few are not worth the start of a process
    # Spawned, not forked: an accelerator's threads do not survive a fork.
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        made = (map if alone else pool.map)(_copy_part, parts, seeds)
        try:
            for copies, sides in made:
                after = done + len(sides)
                pixels[done:after], sizes[done:after] = copies, sides
                done = after
                if progress:
                    progress(done, len(pixels))
        except BrokenProcessPool as error:
            raise DataError("a process that copied pictures died, perhaps for want of memory; run it again") from error
    return pixels.reshape(count, *pictures.shape), sizes.reshape(count, len(pictures))


def _copy_part(pictures: npt.NDArray[np.uint8], seed: tuple[int, int, int]) -> Copies:
    random = np.random.default_rng(seed)
    side = pictures.shape[1]
    made = np.empty_like(pictures)
    sizes = np.empty(len(pictures), np.int32)
    for at, picture in enumerate(pictures):
        size = side if random.random() < 1 / 3 else int(random.integers(int(_CROP[0] * side), int(_CROP[1] * side) + 1))
        top, left = random.integers(0, side - size + 1, 2)
        cut = np.ascontiguousarray(picture[top : top + size, left : left + size])
        lost = recompress(cut, "WEBP", int(random.integers(_QUALITY[0], _QUALITY[1] + 1)))
        made[at] = np.pad(lost, ((0, side - size), (0, side - size), (0, 0)), "edge")
        sizes[at] = size
    return made, sizes
