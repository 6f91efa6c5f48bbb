"""Folds of a user's pictures: by source wherever there are sources."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from imageauth.evaluation.own_pictures import CLASSES, Own

FOLDS = 5
LEAST_SOURCES = 3
"""Sub-folders of a class from which they count as its sources: with fewer, a fold would take away half of it."""
LARGEST_SOURCE = 0.6
"""Share of a class above which one sub-folder is too much of it to be held out."""


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Who stands where.

    Attributes:
        folds: int64 [N], 0 to :data:`FOLDS` − 1, as many as there are.
        sources: str [N]; each has pictures of one class. A picture of a class without sources is one of its own.
        by_source: whether each class, REAL and FAKE, was split by source; else at random.
    """

    folds: npt.NDArray[np.int64]
    sources: npt.NDArray[np.object_]
    by_source: tuple[bool, bool]

    @property
    def lines(self) -> list[str]:
        """How it was done, in plain sentences."""
        told = []
        for name, label in zip(CLASSES, range(2), strict=True):
            mine = [source for source in self.sources if source.startswith(f"{name}/")]
            if self.by_source[label]:
                told.append(f"{name}: held out by source, of {len(set(mine))} sub-folders.")
            else:
                told.append(
                    f"{name}: held out at random, since {name}/ has fewer than {LEAST_SOURCES} sub-folders or one with "
                    f"most of it: figures are optimistic about pictures from elsewhere. One sub-folder for each source "
                    "(a camera, a generator, a site) makes them honest."
                )
        return told


def split(pictures: Sequence[Own], seed: int = 0) -> Split:
    """Folds in which no source stands twice, each with about as many pictures of either class.

    A sub-folder of ``REAL/`` or ``FAKE/`` is a source. One of the same name in both (a subject rather than a source)
    stays together. Where a class has too few sources its pictures are dealt out one by one, at random.

    Args:
        pictures: at least five of each class.
        seed: of the dealing.
    """
    labels = np.array([own.item.label for own in pictures])
    by_source = (_has_sources(pictures, 0), _has_sources(pictures, 1))
    sources = np.empty(len(pictures), object)
    units: defaultdict[str, list[int]] = defaultdict(list)
    for at, own in enumerate(pictures):
        item = own.item
        named = by_source[item.label]
        sources[at] = source_of(own, named=named)
        units[f"group {item.group}" if named else f"picture {own.sha256}"].append(at)
    totals = np.bincount(labels, minlength=2)
    fewest = min(len({name for name, members in units.items() if (labels[members] == label).any()}) for label in (0, 1))
    count = min(FOLDS, fewest)
    filled = np.zeros((count, 2))
    folds = np.zeros(len(pictures), np.int64)
    # The largest first, each where least stands of what it brings.
    for _, members in sorted(units.items(), key=lambda unit: (-len(unit[1]), _shuffled(seed, unit[0]))):
        brings = np.bincount(labels[members], minlength=2) / totals
        fold = int(np.argmin((filled * (brings > 0)).max(axis=1)))
        folds[members] = fold
        filled[fold] += brings
    return Split(folds, sources, by_source)


def source_of(own: Own, *, named: bool = True) -> str:
    """A picture's source: its class and sub-folder, or, where sub-folders are no sources, itself."""
    return f"{CLASSES[own.item.label]}/{own.item.group if named else own.sha256[:16]}"


def _shuffled(seed: int, name: str) -> bytes:
    return hashlib.sha256(f"{seed} {name}".encode("utf-8", "surrogateescape")).digest()


def _has_sources(pictures: Sequence[Own], label: int) -> bool:
    counts = Counter(own.item.group for own in pictures if own.item.label == label)
    return len(counts) >= LEAST_SOURCES and max(counts.values()) <= LARGEST_SOURCE * sum(counts.values())
