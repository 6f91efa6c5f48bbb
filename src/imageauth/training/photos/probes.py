"""Shortcut probes of a prepared folder, under the same folds as every figure: ``probes.json``."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from imageauth.errors import DataError, ImageError
from imageauth.evaluation.compression import See, history_probe
from imageauth.evaluation.dataset import Item
from imageauth.evaluation.shortcut import HEADERS, HEADERS_AND_SIZE, header_probe
from imageauth.files import write_atomically
from imageauth.images import Image, read_image
from imageauth.pixels.views import VIEWS
from imageauth.training.photo_views import TrainingLook, degrade_at_random, random_of
from imageauth.training.photos.tables import Photo, at_most, digest
from imageauth.training.storing import writing

FILE_NAME = "probes.json"
PER_SOURCE = 2
"""Pictures of each source that the probes look at: sources are what varies, and each picture costs a decode a probe."""

LEFT = ("whole", "crops", "crops, degraded")
"""What of the network's views is probed."""
_COUNTS = {"whole": 1, "crops": 2}
_LEAST_SIDE = 24  # pixels; below it the history probe has no blocks to count
Pixels = npt.NDArray[np.uint8]
Look = Callable[[Image], Pixels]
Progress = Callable[[int, int | None], None]


def _looks(side: int) -> Mapping[str, Look]:
    """What the network sees of a picture in training, by name: uint8 [V, side, side, 3]."""
    training = TrainingLook(side)

    def cut(name: str, *, degraded: bool = False) -> Look:
        def look(image: Image) -> Pixels:
            pixels = training.before_cutting(image.pixels, lossless=image.lossless, sha256=image.sha256)
            if degraded:
                pixels = degrade_at_random(pixels, random_of(image.sha256, 1))
            return VIEWS[name](pixels, training.side, _COUNTS[name]).pixels

        return look

    return dict(zip(LEFT, (cut("whole"), cut("crops"), cut("crops", degraded=True)), strict=True))


def probe(folder: Path, photos: Sequence[Photo], *, progress: Progress | None = None) -> dict[str, Any]:
    """Run the probes, or read what they gave for the same pictures before.

    Native files only, at most :data:`PER_SOURCE` of a source; the pack's views have all been saved alike.

    Args:
        folder: where the pictures are; ``probes.json`` is written there.
        photos: of the folder.
        progress: called with (done, total) pictures of all probes.

    Returns:
        ``photos_sha256`` of the table; ``n``, ``folds`` and ``auroc`` of ``headers``, of ``history`` (the decoded
        files) and of ``laundered``: what the network sees in training (:mod:`imageauth.training.photo_views`), by view;
        None where too few pictures have such views.

    Raises:
        DataError: there are too few pictures, or the file cannot be written.
        MissingExtraError: scikit-learn is not installed.
    """
    if found := known(folder, photos):
        return found
    chosen = at_most([photo for photo in photos if photo.native], PER_SOURCE)
    items = [Item(folder / p.file, p.file, int(p.label == "fake"), p.source) for p in chosen]
    folds = [photo.fold for photo in chosen]
    done, total = 0, len(items) * (1 + len(LEFT))

    def tick() -> None:
        nonlocal done
        done += 1
        if progress:
            progress(done, total)

    result: dict[str, Any] = {
        "photos_sha256": digest(photos),
        "headers": header_probe(items, folds=folds),
        "history": history_probe(items, folds, _seeing(lambda image: image.pixels[None], tick)),
        "laundered": history_left(items, folds, TrainingLook().side, tick),
    }
    with writing(folder):
        write_atomically(folder / FILE_NAME, (json.dumps(result, indent=1) + "\n").encode())
    return result


def history_left(
    items: Sequence[Item], folds: Sequence[int], side: int, tick: Callable[[], None] = lambda: None
) -> dict[str, dict[str, Any]]:
    """What earlier compression left in what a network sees of pictures in training, by view.

    Args:
        items: labelled files.
        folds: of them.
        side: of the network's views, pixels.
        tick: called at each look at a picture: once a picture for each of :data:`LEFT`.

    Returns:
        Name → ``n``, ``folds`` and ``auroc``; None where too few pictures have such views.
    """
    return {name: _measured(items, folds, _seeing(look, tick)) for name, look in _looks(side).items()}


def _seeing(look: Look, tick: Callable[[], None]) -> See:
    def see(item: Item) -> Pixels | None:
        tick()
        try:
            image = read_image(item.path)
        except ImageError:
            return None
        return look(image) if min(image.width, image.height) >= _LEAST_SIDE else None

    return see


def _measured(items: Sequence[Item], folds: Sequence[int], see: See) -> dict[str, Any]:
    """The probe of one view; small pictures have no crops, and where all are small there is nothing to measure."""
    try:
        return history_probe(items, folds, see)
    except DataError:
        return {"n": 0, "folds": 0, "auroc": None}


def known(folder: Path, photos: Sequence[Photo]) -> dict[str, Any] | None:
    """What the probes gave for these very pictures, if they were run.

    Args: as for :func:`probe`.
    """
    try:
        data = json.loads((folder / FILE_NAME).read_text(encoding="utf-8"))
        return data if data["photos_sha256"] == digest(photos) and set(data["laundered"]) == set(LEFT) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def table(probes: Mapping[str, Any] | None) -> list[str]:
    """What they gave, as Markdown.

    Args:
        probes: as :func:`probe` gives them; None: not run.
    """
    if probes is None:
        return ["Shortcut probes were not run."]
    headers, history = probes["headers"], probes["history"]
    rows = [
        ("headers of the native files", headers["n"], headers["auroc"][HEADERS]),
        ("the same and bytes per pixel", headers["n"], headers["auroc"][HEADERS_AND_SIZE]),
        ("JPEG history of the native files", history["n"], history["auroc"]),
        *(
            (f"JPEG history of what the network sees in training: {name}", result["n"], result["auroc"])
            for name, result in probes["laundered"].items()
        ),
    ]
    return [
        f"Shortcut probes, leave-sources-out by fold, at most {PER_SOURCE} pictures of a source: how well the classes "
        "are told apart without looking at what a picture shows (.5: not at all).",
        "",
        "| probe | pictures | AUROC |",
        "|---|---:|---:|",
        *(f"| {name} | {n:,} | {'–' if auroc is None else f'{auroc:.3f}'} |" for name, n, auroc in rows),
    ]
