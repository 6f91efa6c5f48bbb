"""Labelled images in folders: ``REAL/`` and ``FAKE/`` (or ``0_real/`` and ``1_fake/``), at any depth."""

import hashlib
import os
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from imageauth.errors import DataError
from imageauth.escaping import printable
from imageauth.images import has_image_suffix
from imageauth.manifest import FILE_NAME, Manifest

CLASSES = {"real": 0, "0_real": 0, "fake": 1, "1_fake": 1}


@dataclass(frozen=True, slots=True)
class Item:
    """One labelled file.

    Attributes:
        path: where it is.
        name: relative to the data folder, with ``/``, printable.
        label: 1 for AI-made, 0 for real.
        group: what its manifest says, such as the class of object; else the sub-folder relative to the data folder
            without the class part, such as a generator; "" for none.
    """

    path: Path
    name: str
    label: int
    group: str


@dataclass(frozen=True, slots=True)
class DataSet:
    """The images of one evaluation.

    Attributes:
        folder: where they are.
        items: sorted by name.
        split: of its manifest, or ``None`` where there is no manifest.
        skipped: files in the class folders that are not images by their extension.
    """

    folder: Path
    items: tuple[Item, ...]
    split: str | None = None
    skipped: int = 0

    def trained_on(self) -> int:
        """How many of the images a prepared data set around this folder names as training images."""
        for parent in self.folder.resolve().parents:
            if (parent / FILE_NAME).is_file():
                used = {parent / entry.path for entry in Manifest.load(parent).select("train")}
                return sum(item.path.resolve() in used for item in self.items)
        return 0

    def digest(self) -> str:
        """:func:`digest_of` the readable files."""
        known = []
        for item in self.items:
            try:
                with item.path.open("rb") as stream:
                    known.append((hashlib.file_digest(stream, "sha256").hexdigest(), item.label, item.group))
            except OSError:
                continue
        return digest_of(known)

    def limited(self, per_class: int, seed: int = 0) -> "DataSet":
        """At most ``per_class`` images of each class, drawn at random but always the same ones."""
        random = np.random.default_rng(seed)
        kept: list[Item] = []
        for label in (0, 1):
            members = [item for item in self.items if item.label == label]
            chosen = random.permutation(len(members))[:per_class]
            kept += [members[index] for index in sorted(chosen)]
        return replace(self, items=tuple(sorted(kept, key=lambda item: item.name)))


def digest_of(pictures: Iterable[tuple[str, int, str]]) -> str:
    """SHA-256 over labelled pictures, whatever their files are called and in whatever order they come.

    Args:
        pictures: SHA-256 of the file, label and group of each.
    """
    lines = sorted(f"{sha256} {label} {group}\n" for sha256, label, group in pictures)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def find_images(folder: Path, split: str | None = None) -> DataSet:
    """The labelled images below a folder.

    A folder made by ``imageauth data`` has a ``manifest.tsv``; its ``test`` split is taken unless ``split`` says
    otherwise, so that nobody measures on training images by accident.

    Raises:
        DataError: the folder or the split is missing, there are no class folders, or a class has no images.
    """
    if not folder.is_dir():
        raise DataError(f"{folder} is not a folder")
    if (folder / FILE_NAME).is_file():
        found = _from_manifest(folder, split or "test")
    elif split:
        raise DataError(f"{folder} has no {FILE_NAME}, so it has no splits: leave out --split {split}")
    else:
        found = _from_folders(folder)
    counts = Counter(item.label for item in found.items)
    for label, word in ((0, "REAL"), (1, "FAKE")):
        if not counts[label]:
            raise DataError(f"{folder}: the {word} class is a folder without pictures")
    return found


def _from_manifest(folder: Path, split: str) -> DataSet:
    manifest = Manifest.load(folder)
    chosen = [entry for entry in manifest if entry.split == split]
    if not chosen:
        there = ", ".join(sorted({entry.split for entry in manifest} - {"excluded"})) or "none"
        raise DataError(f"{folder} has no images in the split {split!r}; choose one with --split: {there}")
    items = []
    for entry in chosen:
        parts = entry.path.split("/")
        group = entry.group or "/".join(part for part in parts[:-1] if part.lower() not in CLASSES)
        items.append(Item(folder / entry.path, printable(entry.path), int(entry.label == "fake"), printable(group)))
    return DataSet(folder, tuple(sorted(items, key=lambda item: item.name)), split)


def _from_folders(folder: Path) -> DataSet:
    items, skipped, classes = [], 0, set()
    for parts, names in walk(folder):
        at = next((index for index, part in enumerate(parts) if part.lower() in CLASSES), None)
        if at is None:
            continue
        label = CLASSES[parts[at].lower()]
        classes.add(label)
        group = "/".join((*parts[:at], *parts[at + 1 :]))
        for name in names:
            if not has_image_suffix(name):
                skipped += 1
                continue
            path = folder.joinpath(*parts, name)
            items.append(Item(path, printable("/".join((*parts, name))), label, printable(group)))
    if len(classes) < 2:
        missing = "REAL/ and FAKE/" if not classes else "FAKE/" if 0 in classes else "REAL/"
        raise DataError(f"{folder} has no {missing}: put real photographs in REAL/ and AI-made images in FAKE/")
    return DataSet(folder, tuple(sorted(items, key=lambda item: item.name)), skipped=skipped)


def walk(folder: Path) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    """Folders below ``folder`` as parts of their relative path, with their files' names; hidden ones are left out.

    Links to folders are followed last and each folder is read once: loops end, and a second way to a class folder
    never takes its images from the first.
    """
    seen: set[tuple[int, int]] = set()
    plain: list[tuple[str, ...]] = [()]
    links: deque[tuple[str, ...]] = deque()
    while plain or links:
        parts = plain.pop() if plain else links.popleft()
        try:
            where = folder.joinpath(*parts)
            status = where.stat()
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            entries = sorted(os.scandir(where), key=lambda entry: entry.name)
        except OSError as error:
            raise DataError(f"{printable(str(where))} cannot be read: {error.strerror}") from error
        shown = [entry for entry in entries if not entry.name.startswith(".")]
        for entry in shown:
            if entry.is_dir():
                (links if entry.is_symlink() else plain).append((*parts, entry.name))
        yield parts, [entry.name for entry in shown if not entry.is_dir()]


def labels_of(items: Sequence[Item]) -> npt.NDArray[np.int64]:
    """Of pictures, int64 [N]: 1 for AI-made."""
    return np.array([item.label for item in items], np.int64)


def groups_of(items: Sequence[Item]) -> list[str]:
    """Names of the groups, sorted; empty when no image has one."""
    names = {item.group for item in items}
    return sorted(names) if names - {""} else []
