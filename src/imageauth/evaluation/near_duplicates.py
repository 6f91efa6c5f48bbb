"""Near-copies of small pictures: the same photograph encoded again, shifted, mirrored, or with other colours.

CIFAR-10 is full of them (ciFAIR: Barz & Denzler 2020, arXiv:1902.00423), and a network that has learnt one copy is
flattered by the other. Two steps: a cheap search proposes the nearest pictures by their coarse colours, then the fine
detail decides. Fine detail is what two different photographs of like colours do not share.
"""

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import PIL.Image

SIDE = 32
THRESHOLD = 0.7
"""Likeness from which two pictures count as copies, chosen by looking at pairs: see docs/protocol.md."""

# A query's candidates: its nearest references, none below this correlation of coarse colours. Copies that pass the
# threshold were the query's 1st to 3rd nearest and above 0.84.
_NEAREST, _COARSE = 6, 0.82
_QUERIES, _PAIRS = 512, 4096  # at a time; both bound the memory
_PLAIN = 1.0  # grey levels: a picture with less detail than this is too plain to be recognised by it

Pictures = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.intp]


def thumbnail(pixels: Pictures) -> Pictures:
    """What the search sees of a picture of any size: the centre square at 32×32.

    Args:
        pixels: uint8 [H, W, 3].

    Returns:
        uint8 [32, 32, 3].
    """
    height, width = pixels.shape[:2]
    side = min(height, width)
    left, top = (width - side) // 2, (height - side) // 2
    # In two steps, since 12 megapixels take a while.
    picture = PIL.Image.fromarray(pixels).resize(
        (SIDE, SIDE), PIL.Image.Resampling.BOX, box=(left, top, left + side, top + side), reducing_gap=4
    )
    return np.asarray(picture)


def find_copies(
    queries: Pictures, references: Pictures, progress: Callable[[int, int], None] | None = None
) -> tuple[Indices, Floats]:
    """For each query the reference that is most like it.

    Args:
        queries: uint8 [N, 32, 32, 3].
        references: uint8 [M, 32, 32, 3].
        progress: called with (done, total) queries.

    Returns:
        Indices into ``references``, [N], −1 where no reference reaches :data:`THRESHOLD`; and likenesses, [N], 0 where
        no reference was even a candidate.
    """
    best = np.full(len(queries), -1, np.intp)
    likest = np.zeros(len(queries), np.float32)
    coarse = np.ascontiguousarray(coarse_features(references).T)
    for start in range(0, len(queries), _QUERIES):
        part = queries[start : start + _QUERIES]
        for view in (part, part[:, :, ::-1]) if len(references) else ():
            query, reference = _candidates(coarse_features(view), coarse)
            for pairs in _blocks(len(query)):
                found = likeness(view[query[pairs]], references[reference[pairs]])
                for q, r, value in zip(query[pairs] + start, reference[pairs], found, strict=True):
                    if value > likest[q]:
                        best[q], likest[q] = r, value
        if progress:
            progress(min(start + _QUERIES, len(queries)), len(queries))
    best[likest < THRESHOLD] = -1
    return best, likest


def pairs_of_copies(pictures: Pictures) -> list[tuple[int, int]]:
    """Pairs of pictures of one set of which one is nearly a copy of the other.

    The set is halved again and again, and each picture's likest in the other half is named.

    Args:
        pictures: uint8 [N, 32, 32, 3].

    Returns:
        Pairs (i, j), i < j, sorted.
    """
    found: set[tuple[int, int]] = set()
    waiting = [np.arange(len(pictures))]
    while waiting:
        part = waiting.pop()
        if len(part) < 2:
            continue
        first, second = part[: len(part) // 2], part[len(part) // 2 :]
        for queries, references in ((first, second), (second, first)):
            copies, _ = find_copies(pictures[queries], pictures[references])
            for query, copy in zip(
                queries[copies >= 0].tolist(), references[copies[copies >= 0]].tolist(), strict=True
            ):
                found.add((min(query, copy), max(query, copy)))
        waiting += [first, second]
    return sorted(found)


def coarse_features(pictures: Pictures) -> Floats:
    """8×8 block means without each channel's mean, at unit length: float32 [N, 192] for uint8 [N, 32, 32, 3].

    Neither brightness nor contrast nor a cast of colour changes them, and a shift by one pixel does so little.
    """
    features = np.empty((len(pictures), 192), np.float32)
    for part in _blocks(len(pictures)):
        means = pictures[part].reshape(-1, 8, 4, 8, 4, 3).mean((2, 4), dtype=np.float32)
        means -= means.mean((1, 2), keepdims=True)
        flat = means.reshape(len(means), -1)
        features[part] = flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-3)
    return features


def likeness(first: Pictures, second: Pictures) -> Floats:
    """How far the fine detail of pictures agrees: the highest correlation over shifts by up to one pixel.

    Detail is brightness less its 5×5 mean. Of that, the mean of each row and column is taken off, since otherwise any
    two horizons at one height agree.

    Args:
        first: uint8 [N, 32, 32, 3].
        second: uint8 [N, 32, 32, 3], compared one to one.

    Returns:
        float32 [N], −1 to 1; near 0 for pictures with hardly any detail.
    """
    one, two = _detail(first), _detail(second)
    middle = _unit(one[:, 1:-1, 1:-1])
    likest = np.full(len(first), -1, np.float32)
    for y in range(3):
        for x in range(3):
            shifted = _unit(two[:, y : y + SIDE - 2, x : x + SIDE - 2])
            likest = np.maximum(likest, np.einsum("nyx,nyx->n", middle, shifted))
    return likest


def _candidates(queries: Floats, references: Floats) -> tuple[Indices, Indices]:
    """Pairs (query, reference), the nearest few of each query, given [N, 192] and [192, M]."""
    similar = queries @ references
    query, reference = np.nonzero(similar > _COARSE)
    order = np.lexsort((-similar[query, reference], query))
    query, reference = query[order], reference[order]
    rank = np.arange(len(query)) - np.searchsorted(query, query)
    near = rank < _NEAREST
    return query[near], reference[near]


def _detail(pictures: Pictures) -> Floats:
    """Brightness less its mean over 5×5 pixels, float32 [N, 32, 32]."""
    grey = np.asarray(pictures @ np.array([0.299, 0.587, 0.114], np.float32), np.float32)
    padded = np.pad(grey, ((0, 0), (2, 2), (2, 2)), "edge")
    rows = np.sum([padded[:, at : at + SIDE] for at in range(5)], 0)
    mean = np.sum([rows[:, :, at : at + SIDE] for at in range(5)], 0) / 25
    return np.asarray(grey - mean, np.float32)


def _unit(detail: Floats) -> Floats:
    """Without the means of rows and columns, at unit length (shorter for plain pictures)."""
    centred = detail - detail.mean(1, keepdims=True)
    centred -= centred.mean(2, keepdims=True)
    length = np.sqrt(np.einsum("nyx,nyx->n", centred, centred))
    least = _PLAIN * (SIDE - 2)
    return np.asarray(centred / np.maximum(length, least)[:, None, None], np.float32)


def _blocks(count: int) -> Iterator[slice]:
    for start in range(0, count, _PAIRS):
        yield slice(start, start + _PAIRS)
