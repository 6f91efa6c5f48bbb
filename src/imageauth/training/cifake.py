"""Obtain and prepare CIFAKE (Bird & Lotfi 2023, arXiv:2303.14126).

The result is a folder with ``train/`` and ``test/``, each with ``REAL/`` and ``FAKE/``, a ``manifest.tsv`` and a
``SUMMARY.md``. The manifest is written last: without it the folder is unfinished, and the same command goes on.
"""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np

from imageauth.errors import DataError, ImageError
from imageauth.files import write_atomically
from imageauth.images import read_image
from imageauth.manifest import FILE_NAME, Entry, Manifest, Split
from imageauth.training.source import download, members
from imageauth.training.splits import is_validation, without_repeats
from imageauth.training.storing import store, writing
from imageauth.training.summary import summarise

SIDE = 32
SUMMARY = "SUMMARY.md"
OBJECTS = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
"""The classes of objects of CIFAR-10, in the order of the numbers in CIFAKE's file names."""

_NAME = re.compile(r"\d+(?: \(([2-9]|10)\))?\.jpe?g", re.IGNORECASE)

Progress = Callable[[str, int, int | None], None]


def object_class(name: str) -> str:
    """What a file shows by CIFAKE's convention: ``0001.jpg`` an airplane, ``0001 (2).jpg`` an automobile; else ""."""
    match = _NAME.fullmatch(name)
    return OBJECTS[int(match[1] or 1) - 1] if match else ""


def prepare(to: Path, source: Path | None = None, *, progress: Progress | None = None) -> tuple[Manifest, list[str]]:
    """Copy CIFAKE into ``to``, check it and write its manifest and summary.

    Safe to repeat and to interrupt: each file is written whole or not at all, files that are there are kept, and the
    manifest that makes the folder usable comes last.

    Args:
        to: the folder to prepare.
        source: a folder, ``.zip`` or ``.tar*`` that holds ``train/`` (and ``test/``); None downloads it through Kaggle.
        progress: told (what, done, total or None).

    Returns:
        The manifest, and one line for each file that was left out because it is damaged.

    Raises:
        DataError: the source holds no CIFAKE files or only one class, cannot be read, or ``to`` cannot be written.
        MissingExtraError: kagglehub is needed and not installed.
    """
    origin = source or download()
    tell = progress or (lambda what, done, total: None)
    stray: list[str] = []
    labels: set[str] = set()
    copied = 0
    for member in members(origin, stray.append):
        store(to / FILE_NAME, Path(member.split, member.label, member.name), member.data)
        labels.add(member.label)
        copied += 1
        if copied % 500 == 0:
            tell("copying", copied, None)
    if not copied:
        raise DataError(f"{origin} holds no train/REAL, train/FAKE, test/REAL or test/FAKE with JPEG files")
    if len(labels) < 2:
        missing = "FAKE" if "REAL" in labels else "REAL"
        raise DataError(f"{origin} holds no {missing} images: there is nothing to tell apart")
    tell("copying", copied, copied)
    manifest, damaged = _inspect(to, tell)
    with writing(to):
        write_atomically(to / SUMMARY, summarise(manifest, damaged, stray).encode())
        manifest.save(to)
    return manifest, damaged


def _inspect(folder: Path, tell: Progress) -> tuple[Manifest, list[str]]:
    """Decode and hash every file, then give each its split."""
    # Test before train, so that a picture in both stays in the official test split.
    files = [
        file
        for split in ("test", "train")
        for label in ("REAL", "FAKE")
        for file in sorted((folder / split / label).glob("*"))
        if file.suffix != ".part"
    ]
    entries: list[Entry] = []
    pictures = np.empty((len(files), SIDE, SIDE, 3), np.uint8)
    damaged = []
    for done, file in enumerate(files, 1):
        path = file.relative_to(folder).as_posix()
        part, label, name = path.split("/")
        try:
            image = read_image(file)
            if image.pixels.shape != (SIDE, SIDE, 3):
                raise ImageError("corrupt", f"is {image.width}×{image.height}, not {SIDE}×{SIDE}")
        except ImageError as error:
            damaged.append(f"{path} {error}")
            continue
        split: Split = "test" if part == "test" else "validation" if is_validation(label, name) else "train"
        pictures[len(entries)] = image.pixels
        what = object_class(name)
        entries.append(Entry(path, image.sha256, "fake" if label == "FAKE" else "real", split, group=what))
        if done % 500 == 0 or done == len(files):
            tell("checking", done, len(files))

    def searching(done: int, total: int) -> None:
        tell("comparing", done, total)

    kept = without_repeats(entries, pictures[: len(entries)], searching)
    return Manifest(sorted(kept, key=lambda entry: entry.path)), damaged
