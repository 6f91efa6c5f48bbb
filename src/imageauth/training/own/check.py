"""What is said of a user's pictures before anything is learned from them: counts, and shortcuts."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from imageauth.evaluation.own_pictures import CLASSES, Chosen, Own, Why
from imageauth.evaluation.own_splits import Split
from imageauth.evaluation.shortcut import HEADERS, HEADERS_AND_SIZE, PARTS, header_probe
from imageauth.training.photos.probes import LEFT, history_left

Progress = Callable[[int, int], None]

TELLING = 0.75
"""AUROC from which a probe is warned of."""
IMBALANCE = 4.0
"""Times that one class may have as many pictures as the other before it is said."""
_SHOWN = 5
_PROBED = 80  # pictures of each class that the probe of JPEG history looks at, at 60 ms of processor time a view


@dataclass(frozen=True, slots=True)
class Probes:
    """How far the classes are told apart without looking at what pictures show.

    Attributes:
        headers: of the files; as :func:`~imageauth.evaluation.shortcut.header_probe` gives it with parts.
        left: name of a view → what compression left in it, as the network sees it; see
            :mod:`imageauth.evaluation.compression`.
    """

    headers: dict[str, Any]
    left: dict[str, dict[str, Any]]

    def to_text(self) -> str:
        """JSON; :meth:`from_text` reads it back."""
        return json.dumps({"headers": self.headers, "left": self.left}, indent=1) + "\n"

    @staticmethod
    def from_text(text: str) -> "Probes":
        """What :meth:`to_text` gave.

        Raises:
            ValueError, KeyError: it is something else.
        """
        data = json.loads(text)
        return Probes(data["headers"], data["left"])

    @property
    def telling(self) -> dict[str, float]:
        """What in the headers tells the classes apart, the most telling first."""
        auroc = self.headers["auroc"]
        found = {name: auroc[name] for name in PARTS if auroc[name] >= TELLING}
        return dict(sorted(found.items(), key=lambda part: -part[1]))


def probe(pictures: Sequence[Own], split: Split, side: int, progress: Progress | None = None) -> Probes:
    """Run the probes on the folds that are used later.

    Args:
        pictures: that are used.
        split: of them.
        side: of the network's views, pixels.
        progress: told (done, total) looks at pictures.
    """
    items = [own.item for own in pictures]
    headers = header_probe(items, folds=split.folds, parts=True)
    chosen = sorted(at for label in (0, 1) for at in _some(pictures, label))
    done, total = 0, len(chosen) * len(LEFT)

    def tick() -> None:
        nonlocal done
        done += 1
        if progress:
            progress(done, total)

    left = history_left([items[at] for at in chosen], split.folds[chosen].tolist(), side, tick)
    return Probes(headers, left)


def _some(pictures: Sequence[Own], label: int) -> list[int]:
    """Evenly through the names, at most :data:`_PROBED`."""
    members = [at for at, own in enumerate(pictures) if own.item.label == label]
    at = np.linspace(0, len(members) - 1, min(_PROBED, len(members))).round().astype(int)
    return [members[index] for index in at]


def lines(chosen: Chosen, split: Split, probes: Probes) -> list[str]:
    """All of it in plain sentences; those that begin with "warning: " should be read twice."""
    told = []
    for label, name in enumerate(CLASSES):
        counts = Counter(own.item.group for own in chosen.pictures if own.item.label == label)
        folders = ", ".join(f"{group or '(loose)'} {count:,}" for group, count in counts.most_common(_SHOWN))
        more = f", {len(counts) - _SHOWN:,} more" if len(counts) > _SHOWN else ""
        told.append(f"{name}: {chosen.count(label):,} pictures" + (f": {folders}{more}" if set(counts) != {""} else ""))
    why = chosen.why()
    words: dict[Why, str] = {
        "unreadable": "that cannot be read",
        "outside": "of a size that the model is not made for",
        "copy": "exact copies of another",
        "near-copy": "near-copies of another",
    }
    if counted := [f"{why[key]:,} {text}" for key, text in words.items() if why[key]]:
        told.append(f"left out: {', '.join(counted)}")
    both = [out for out in chosen.left_out if out.why == "both classes"]
    if both:
        told.append(
            f"warning: {len(both):,} pictures stand in REAL/ and in FAKE/, as they are or nearly, and are left out: "
            f"one of the labels is wrong, or one was made from the other. E.g. {both[0].name} {both[0].reason}"
        )
    few, many = sorted(chosen.count(label) for label in (0, 1))
    if many > IMBALANCE * few:
        told.append(
            f"warning: one class has {many / few:.0f} times as many pictures as the other. Both count the same in "
            "training; what is known of the smaller one limits every figure"
        )
    return told + split.lines + _shortcuts(probes)


def _shortcuts(probes: Probes) -> list[str]:
    auroc = probes.headers["auroc"]
    together = max(auroc[HEADERS], auroc[HEADERS_AND_SIZE])
    told = []
    if probes.telling or together >= TELLING:
        parts = ", ".join(f"{name} {value:.2f}" for name, value in probes.telling.items()) or "only together"
        told.append(
            f"warning: the files alone tell your classes apart without a look at any picture (AUROC {together:.2f}; "
            f"{parts}; .5 would be not at all). Such differences are of how the pictures were gathered. Both classes "
            "are therefore scaled, saved and degraded alike before the network sees them"
        )
    else:
        told.append(f"File headers hardly tell the classes apart (AUROC {together:.2f}; .5 would be not at all).")
    left = {name: found["auroc"] for name, found in probes.left.items() if found["auroc"] is not None}
    shown = ", ".join(f"{name} {value:.2f}" for name, value in left.items())
    if left:
        worst = max(left.values()) >= TELLING
        told.append(
            f"{'warning: ' if worst else ''}What earlier compression left in what the network sees tells them apart "
            f"with an AUROC of {shown}"
            + (": part of any gain may be that and not the generator. Gather both classes alike" if worst else ".")
        )
    return told
