"""The pictures of a user's folder: each is decoded once, and what cannot teach anything is left out and told."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from imageauth.errors import DataError, ImageError
from imageauth.evaluation.dataset import Item, digest_of, find_images
from imageauth.evaluation.near_duplicates import find_copies, pairs_of_copies, thumbnail
from imageauth.images import read_image
from imageauth.pixels.card import Domain
from imageauth.pixels.network import usable_cores

Progress = Callable[[int, int], None]
Why = Literal["unreadable", "outside", "copy", "near-copy", "both classes"]

LEAST = 20
"""Pictures of each class below which nothing is trained: five folds would then leave two or three to choose by."""
CLASSES = ("REAL", "FAKE")
_WORDS: Mapping[Why, str] = {
    "unreadable": "unreadable",
    "outside": "outside the model's sizes",
    "copy": "copies",
    "near-copy": "near-copies",
    "both classes": "in both classes",
}


@dataclass(frozen=True, slots=True, eq=False)
class Own:
    """One picture that can be used.

    Attributes:
        item: its file and label.
        sha256: of the file, hexadecimal.
        thumbnail: uint8 [32, 32, 3].
    """

    item: Item
    sha256: str
    thumbnail: npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """One picture that cannot.

    Attributes:
        name: of the file.
        label: 1 for AI-made.
        why: in a word.
        reason: in words, fit to follow the name.
    """

    name: str
    label: int
    why: Why
    reason: str


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a folder holds.

    Attributes:
        pictures: to learn from, sorted by name.
        left_out: sorted by name.
    """

    pictures: tuple[Own, ...]
    left_out: tuple[LeftOut, ...]

    @property
    def digest(self) -> str:
        """Of all pictures and labels."""
        return digest_of((own.sha256, own.item.label, own.item.group) for own in self.pictures)

    def count(self, label: int) -> int:
        """Pictures of a class that can be used."""
        return sum(own.item.label == label for own in self.pictures)

    def why(self) -> Counter[Why]:
        """How many were left out for what."""
        return Counter(out.why for out in self.left_out)


def choose(items: Sequence[Item], domain: Domain, progress: Progress | None = None) -> Chosen:
    """Decode the pictures of a folder and leave out those that cannot be used.

    Of exact and near-copies within a class the first by name stays: the others teach nothing, and would flatter every
    figure if they stood on the other side of a split. Of pictures that stand in both classes, as they are or nearly,
    none stays: one of the labels is wrong, or the one was made from the other.

    Args:
        items: labelled files.
        domain: of the model; what it is not made for is left out.
        progress: told (done, total) files.

    Raises:
        DataError: fewer than :data:`LEAST` pictures of a class are left.
    """
    found: list[Own] = []
    left_out: list[LeftOut] = []
    with ThreadPoolExecutor(usable_cores()) as pool:
        for done, result in enumerate(pool.map(partial(_read, domain), items), 1):
            if isinstance(result, Own):
                found.append(result)
            else:
                left_out.append(result)
            if progress:
                progress(done, len(items))
    found, repeated = _without_repeats(found)
    found, nearly = _without_near_copies(found)
    chosen = Chosen(tuple(found), tuple(sorted([*left_out, *repeated, *nearly], key=lambda out: out.name)))
    for label, name in enumerate(CLASSES):
        if (count := chosen.count(label)) < LEAST:
            raise DataError(
                f"{name}/ has {count} {'picture' if count == 1 else 'pictures'} that can be used; {LEAST} of each "
                f"class is the least, 200 are better{_because(chosen, label)}"
            )
    return chosen


def labelled(folder: Path, domain: Domain, learned: Sequence[Own], say: Callable[[str], None]) -> list[Own]:
    """The pictures of a folder to judge on, less those that were learned from, or nearly were.

    Args:
        folder: with REAL/ and FAKE/.
        domain: of the model.
        learned: pictures that were learned from.
        say: told in a sentence what is left out.

    Raises:
        DataError: the folder cannot be used, or a class has no picture left.
    """
    with ThreadPoolExecutor(usable_cores()) as pool:
        read = list(pool.map(partial(_read, domain), find_images(folder).items))
    taken = {own.sha256 for own in learned}
    usable, _ = _without_repeats([own for own in read if isinstance(own, Own) and own.sha256 not in taken])
    if usable and learned:
        ours, theirs = (np.stack([own.thumbnail for own in some]) for some in (usable, learned))
        copies, _ = find_copies(ours, theirs)
        usable = [own for own, copy in zip(usable, copies, strict=True) if copy < 0]
    if count := len(read) - len(usable):
        say(
            f"{folder}: {count:,} pictures are left out: unreadable, copies, outside the model's sizes, or (nearly) "
            "learned from"
        )
    for label, name in enumerate(CLASSES):
        if not any(own.item.label == label for own in usable):
            raise DataError(f"{folder}: {name}/ has no picture to judge on that was not learned from")
    return usable


def _because(chosen: Chosen, label: int) -> str:
    counts = Counter(out.why for out in chosen.left_out if out.label == label)
    example = next((f"; e.g. {out.name} {out.reason}" for out in chosen.left_out if out.label == label), "")
    told = ", ".join(f"{count} {_WORDS[why]}" for why, count in counts.most_common())
    return f" (left out: {told}{example})" if told else ""


def _read(domain: Domain, item: Item) -> Own | LeftOut:
    try:
        image = read_image(item.path)
    except ImageError as error:
        return LeftOut(item.name, item.label, "unreadable", str(error))
    except MemoryError:
        return LeftOut(item.name, item.label, "unreadable", "needs more memory than there is")
    if reason := domain.misshapen(image.width, image.height):
        return LeftOut(item.name, item.label, "outside", f"is {reason}")
    return Own(item, image.sha256, thumbnail(image.pixels))


def _without_repeats(found: Sequence[Own]) -> tuple[list[Own], list[LeftOut]]:
    """Without files that repeat the bytes of another."""
    same: defaultdict[str, list[Own]] = defaultdict(list)
    for own in found:
        same[own.sha256].append(own)
    kept, left_out = [], []
    for own in found:
        copies = same[own.sha256]
        other = next((copy for copy in copies if copy.item.label != own.item.label), None)
        if other:
            left_out.append(_both(own, other, "has the same bytes as"))
        elif copies[0] is not own:
            left_out.append(LeftOut(own.item.name, own.item.label, "copy", f"is a copy of {copies[0].item.name}"))
        else:
            kept.append(own)
    return kept, left_out


def _without_near_copies(found: Sequence[Own]) -> tuple[list[Own], list[LeftOut]]:
    """Without pictures that are nearly one of before, or of the other class."""
    if not found:
        return [], []
    pairs = pairs_of_copies(np.stack([own.thumbnail for own in found]))
    why: dict[int, LeftOut] = {}
    for first, second in pairs:
        if found[first].item.label != found[second].item.label:
            for one, other in ((first, second), (second, first)):
                why[one] = _both(found[one], found[other], "is nearly the same picture as")
    for first, second in pairs:
        if first not in why and second not in why:
            own = found[second].item
            why[second] = LeftOut(own.name, own.label, "near-copy", f"is nearly {found[first].item.name}")
    return [own for at, own in enumerate(found) if at not in why], list(why.values())


def _both(own: Own, other: Own, how: str) -> LeftOut:
    return LeftOut(own.item.name, own.item.label, "both classes", f"{how} {other.item.name}")
