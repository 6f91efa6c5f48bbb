"""A data set decoded once into arrays, kept beside the data for the next run."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from imageauth.errors import DataError, ImageError
from imageauth.images import read_image
from imageauth.manifest import Manifest, Split

Progress = Callable[[int, int], None]
Arrays = tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]


def load_arrays(
    folder: Path, manifest: Manifest, split: Split, *, side: int = 32, progress: Progress | None = None
) -> Arrays:
    """Pictures and labels of one split, in manifest order.

    Every file is decoded by :func:`imageauth.images.read_image`, the same code that serves.
    The decoded array is cached under ``folder/.cache`` by the manifest's digest.

    Args:
        folder: a prepared data set.
        manifest: its manifest.
        split: which part.
        side: every picture must have this width and height, in pixels.
        progress: called with (done, total) now and then.

    Returns:
        Pictures, uint8 [N, side, side, 3] (memory-mapped, sRGB), and labels, uint8 [N], 1 for AI-made.

    Raises:
        DataError: a picture cannot be read, differs from the manifest or has another size; or the disk is full.
    """
    entries = manifest.select(split)
    labels = np.array([entry.label == "fake" for entry in entries], np.uint8)
    cache = folder / ".cache" / f"{split}-{entries.digest[:16]}-{side}.npy"
    if not cache.is_file():
        pictures = np.empty((len(entries), side, side, 3), np.uint8)
        for index, entry in enumerate(entries):
            try:
                image = read_image(folder / entry.path)
            except ImageError as error:
                raise DataError(f"{folder / entry.path}: {error}; prepare the data again") from error
            if image.sha256 != entry.sha256:
                raise DataError(f"{folder / entry.path}: changed since the manifest was made; prepare the data again")
            if image.pixels.shape != (side, side, 3):
                raise DataError(f"{folder / entry.path}: {image.width}×{image.height}, not {side}×{side}")
            pictures[index] = image.pixels
            if progress and (index % 512 == 0 or index + 1 == len(entries)):
                progress(index + 1, len(entries))
        _save(cache, pictures)
    return np.load(cache, mmap_mode="r"), labels


def load_cifake(folder: Path) -> tuple[Arrays, Arrays, dict[str, Any]]:
    """Both splits of a prepared CIFAKE folder that training uses, and what ``run.json`` says about them.

    Returns:
        (pictures, labels) of the training and of the validation split, as :func:`load_arrays` gives them; plain data.

    Raises:
        DataError: as :func:`load_arrays`; or the folder is not prepared, or validation has not both classes.
    """
    manifest = Manifest.load(folder)
    training, validation = load_arrays(folder, manifest, "train"), load_arrays(folder, manifest, "validation")
    if len(set(validation[1].tolist())) < 2:
        raise DataError(f"{folder}: the validation split needs images of both classes")
    counts = {"train": len(training[1]), "validation": len(validation[1])}
    return training, validation, {"name": "cifake", "manifest_sha256": manifest.digest, **counts}


def _save(cache: Path, pictures: npt.NDArray[np.uint8]) -> None:
    """Whole or not at all."""
    part = cache.with_suffix(f".{os.getpid()}.part.npy")
    try:
        cache.parent.mkdir(exist_ok=True)
        for stale in cache.parent.glob(f"{cache.stem}.*.part.npy"):  # of a run that was killed
            stale.unlink()
        np.save(part, pictures)
        part.replace(cache)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise DataError(f"{cache} cannot be written: {error.strerror or error}") from error
