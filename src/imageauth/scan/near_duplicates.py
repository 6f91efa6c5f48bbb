"""Near-copies among many pictures: the same picture saved again, scaled or lightly touched.

The perceptual hash (:mod:`imageauth.perceptual_hash`) puts them close together in Hamming distance; ``docs/review.md``
has what was measured. For small pictures of a training set, where a shift by a pixel and a mirror image count as well,
:mod:`imageauth.evaluation.near_duplicates` compares the pixels themselves.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from imageauth.scan.limits import DISTANCE, MOST_DISTANCE

_BANDS, _BAND_BITS = 16, 16
_PAIRS = 2**21  # compared at a time; bounds the memory
_STEP = 2**14  # the same, while linking step by step
_LARGE = 512  # hashes in a bucket (or two neighbouring ones) from which they are linked step by step

Indices = npt.NDArray[np.intp]
Words = npt.NDArray[np.uint64]


def group_near_duplicates(hashes: Sequence[str | None], distance: int = DISTANCE) -> Indices:
    """Put pictures into groups: two are in one if a chain of near-copies leads from one to the other.

    Exact, by multi-index hashing (Norouzi, Punjani & Fleet 2012, arXiv:1307.2982): hashes that differ in at most 31
    bits differ in at most one bit in at least one of 16 bands, so only those are compared. Memory grows linearly.

    Args:
        hashes: as :mod:`imageauth.perceptual_hash` gives them; None, empty or damaged ones are in no group.
        distance: bits that near-copies may differ in, 0 to :data:`MOST_DISTANCE`.

    Returns:
        For each picture the first one of its group, [N]: its representative, and the group's identity. A picture that
        is in no group stands for itself.

    Raises:
        ValueError: ``distance`` is out of range.
    """
    if not 0 <= distance <= MOST_DISTANCE:
        raise ValueError(f"distance must be 0 to {MOST_DISTANCE}")
    representative = np.arange(len(hashes))
    words, holder = _parsed(hashes)
    if not len(holder):
        return representative
    distinct, first, which = np.unique(words, axis=0, return_index=True, return_inverse=True)
    order = np.argsort(first)  # so that the lowest index of a group is also its first picture
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    root = _Linker(distinct[order], distance).roots()
    representative[holder] = holder[first[order][root[place[which.reshape(-1)]]]]
    return representative


def _parsed(hashes: Sequence[str | None]) -> tuple[Words, Indices]:
    """Hashes as uint64 [M, 4], and which of the given ones they are, [M]."""
    data, holder = bytearray(), []
    for index, text in enumerate(hashes):
        try:
            one = bytes.fromhex(text or "")
        except ValueError:
            continue
        if len(one) == 32:
            data += one
            holder.append(index)
    return np.frombuffer(bytes(data), np.uint64).reshape(-1, 4), np.array(holder, np.intp)


class _Linker:
    """Finds all pairs of distinct hashes within a distance, and joins them."""

    def __init__(self, words: Words, distance: int) -> None:
        self.words = words
        self.distance = distance
        self.root: Indices = np.arange(len(words))
        # Comparisons that step-by-step linking may cost. Where bands that many share (crafted, or of a kind that we
        # never saw) use it up, all are linked with all, once: never more than twice the work of plain comparison.
        self.budget = len(words) ** 2 // 2

    def roots(self) -> Indices:
        """For each hash the first one that it hangs together with, [N]."""
        bits = np.unpackbits(self.words.view(np.uint8).reshape(len(self.words), 32), axis=1)
        for band in range(_BANDS):
            # Neighbouring frequencies resemble each other, so a band takes every 16th bit.
            mine = np.ascontiguousarray(bits[:, band::_BANDS])
            keys = np.packbits(mine, axis=1).view(">u2").reshape(-1).astype(np.intp)
            self._band(keys)
            if self.budget < 0:
                self._link(np.arange(len(self.words)))
                break
        return self.root

    def _band(self, keys: Indices) -> None:
        """Join the pairs whose keys differ by at most as many bits as they must."""
        order = np.argsort(keys, kind="stable")
        counts = np.bincount(keys, minlength=1 << _BAND_BITS)
        starts = np.concatenate([[0], np.cumsum(counts)])
        ordered = keys[order]
        flips = [0] if self.distance < _BANDS else [0, *(1 << bit for bit in range(_BAND_BITS))]
        for flip in flips:
            here = np.flatnonzero(counts)
            there = here ^ flip
            mine = (here < there) & (counts[there] > 0) if flip else counts[here] > 1
            here, there = here[mine], there[mine]
            large = counts[here] + (counts[there] if flip else 0) > _LARGE
            for one, two in zip(here[large], there[large], strict=True):
                buckets = [order[starts[key] : starts[key + 1]] for key in {int(one), int(two)}]
                self._link(np.concatenate(buckets))
                if self.budget < 0:
                    return
            small = np.zeros(1 << _BAND_BITS, bool)
            small[here[~large]] = True
            position = np.flatnonzero(small[ordered])
            other = ordered[position] ^ flip
            begin = position + 1 if flip == 0 else starts[other]
            self._pairs(order, position, begin, starts[other + 1])

    def _pairs(self, order: Indices, position: Indices, begin: Indices, end: Indices) -> None:
        """Join each hash at ``position`` with those from ``begin`` to ``end`` that are near; all are places in
        ``order``.
        """
        counts = end - begin
        for block in _blocks(counts):
            many = counts[block]
            one = np.repeat(position[block], many)
            offset = np.arange(len(one)) - np.repeat(np.cumsum(many) - many, many)
            first, second = order[one], order[np.repeat(begin[block], many) + offset]
            apart = self.root[first] != self.root[second]
            first, second = first[apart], second[apart]
            near = self._distances(first, second) <= self.distance
            self._join(first[near], second[near])

    def _link(self, members: Indices) -> None:
        """Join all near pairs among ``members``. What has joined a group leaves those still to be compared, so a heap
        of near-copies costs little however large it is.
        """
        rest = members
        while len(rest) and self.budget >= -(len(self.words) ** 2):
            known = self.root[rest] == self.root[rest[0]]
            start, frontier, rest = rest[0], rest[known], rest[~known]
            while len(frontier) and len(rest):
                some = max(1, _STEP // len(rest))  # a few at a time, where there is little left to compare them with
                block, frontier = frontier[-some:], frontier[:-some]
                self.budget -= len(block) * len(rest)
                near = (self._distances(block[:, None], rest[None]) <= self.distance).any(0)
                if near.any():
                    self._join(np.full(np.count_nonzero(near), start), rest[near])
                    frontier, rest = np.concatenate([frontier, rest[near]]), rest[~near]

    def _distances(self, first: Indices, second: Indices) -> npt.NDArray[np.intp]:
        """Bits that hashes differ in; the shapes of the two are broadcast."""
        return np.asarray(np.bitwise_count(self.words[first] ^ self.words[second]).sum(-1, dtype=np.intp))

    def _join(self, first: Indices, second: Indices) -> None:
        """Give the pairs and all that hangs on them the lowest root among them."""
        while len(first):
            one, two = self.root[first], self.root[second]
            apart = one != two
            first, second, one, two = first[apart], second[apart], one[apart], two[apart]
            np.minimum.at(self.root, np.maximum(one, two), np.minimum(one, two))
            while not np.array_equal(flat := self.root[self.root], self.root):
                self.root = flat


def _blocks(counts: Indices) -> Iterator[slice]:
    """Runs of places whose counts sum to :data:`_PAIRS` at most, or one place alone."""
    total = np.cumsum(counts)
    at = 0
    while at < len(counts):
        before = total[at - 1] if at else 0
        stop = max(at + 1, int(np.searchsorted(total, before + _PAIRS, "right")))
        yield slice(at, stop)
        at = stop
