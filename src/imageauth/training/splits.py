"""Which split each picture goes to: no picture, and no near-copy of one, stands in two splits."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from imageauth.evaluation.near_duplicates import find_copies
from imageauth.manifest import Entry, Split
from imageauth.training.holding_out import one_in

Pictures = npt.NDArray[np.uint8]


def is_validation(label: str, name: str) -> bool:
    """The fixed rule of the validation split: one training file in ten, by the SHA-256 of ``LABEL/name``."""
    return one_in(10, f"{label.upper()}/{name}")


def without_repeats(
    entries: Sequence[Entry], pictures: Pictures, progress: Callable[[int, int], None] | None = None
) -> list[Entry]:
    """The entries, with each picture ``excluded`` that would otherwise stand in two splits.

    The file that stands for it is its ``duplicate_of``: with the same bytes for an exact copy, else a near-copy.

    Args:
        entries: test before train, so that a picture in both stays in the official test split.
        pictures: uint8 [N, 32, 32, 3], of the entries.
        progress: called with (done, total) pictures of the search for near-copies.
    """
    return _without_near_copies(_without_duplicates(entries), pictures, progress or (lambda done, total: None))


def _without_duplicates(entries: Sequence[Entry]) -> list[Entry]:
    """Entries in which no file stands in two splits or, outside the official test split, stands twice.

    The test split stays whole, so that figures on it compare with published ones. Elsewhere the first copy stays, and
    none of a picture that is there with both labels.
    """
    copies: dict[str, list[Entry]] = {}
    for entry in entries:
        copies.setdefault(entry.sha256, []).append(entry)
    kept = []
    for entry in entries:
        same = copies[entry.sha256]
        repeated = same[0] is not entry or len({copy.label for copy in same}) > 1
        if entry.split != "test" and repeated:
            other = same[0] if same[0] is not entry else same[1]
            entry = replace(entry, split="excluded", duplicate_of=other.path)
        kept.append(entry)
    return kept


def _without_near_copies(
    entries: Sequence[Entry], pictures: Pictures, progress: Callable[[int, int], None]
) -> list[Entry]:
    """Entries in which no near-copy of a test picture is used, nor, in validation, one of a training picture.

    Near-copies within one split stay: they flatter nobody.
    """
    kept = list(entries)

    def members(*splits: Split) -> npt.NDArray[np.intp]:
        return np.array([index for index, entry in enumerate(kept) if entry.split in splits], np.intp)

    def exclude(queries: npt.NDArray[np.intp], references: npt.NDArray[np.intp], before: int) -> None:
        copies, _ = find_copies(pictures[queries], pictures[references], lambda done, _: progress(before + done, total))
        for query, copy in zip(queries, copies, strict=True):
            if copy >= 0:
                kept[query] = replace(kept[query], split="excluded", duplicate_of=kept[references[copy]].path)

    either, validation = members("train", "validation"), members("validation")
    total = len(either) + len(validation)
    exclude(either, members("test"), 0)
    exclude(members("validation"), members("train"), len(either))
    progress(total, total)
    return kept
