"""Shortcut probes of a prepared folder, under the same folds as every figure: ``probes.json``."""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from imageauth.errors import ImageError
from imageauth.evaluation.compression import See, history_probe
from imageauth.evaluation.dataset import Item
from imageauth.evaluation.shortcut import header_probe
from imageauth.files import write_atomically
from imageauth.images import decode, read_bytes
from imageauth.pixels import views as pixel_views
from imageauth.training.photos.laundering import launder
from imageauth.training.photos.tables import Photo, digest
from imageauth.training.storing import writing

FILE_NAME = "probes.json"
PER_SOURCE = 12
"""Pictures of each source that the probes look at: more of the same would not change the answer."""

SIDE = 224
_LEAST_SIDE = 24  # pixels; below it the history probe has no blocks to count
Pixels = npt.NDArray[np.uint8]
Cut = Callable[[Pixels], Pixels]
Progress = Callable[[int, int | None], None]


def network_views() -> Mapping[str, Cut]:
    """What the network ``photo`` looks at, by name: functions of uint8 [H, W, 3] that give uint8 [V, 224, 224, 3]."""
    known = getattr(pixel_views, "VIEWS", {})  # empty where there is no network of this layout yet

    def cut(name: str, count: int) -> Cut:
        return lambda pixels: known[name](pixels, SIDE, count).pixels

    return {name: cut(name, count) for name, count in (("whole", 1), ("crops", 2)) if name in known}


def probe(
    folder: Path, photos: Sequence[Photo], *, views: Mapping[str, Cut] | None = None, progress: Progress | None = None
) -> dict[str, Any]:
    """Run the probes, or read what they gave for the same pictures before.

    Native files only, at most :data:`PER_SOURCE` of a source; the pack's views have all been saved alike.

    Args:
        folder: where the pictures are; ``probes.json`` is written there.
        photos: of the folder.
        views: what a network sees of a laundered picture; default: :func:`network_views`.
        progress: called with (done, total) pictures of all probes.

    Returns:
        ``photos_sha256`` of the table; ``n``, ``folds`` and ``auroc`` of ``headers``, of ``history`` (the decoded
        files) and of ``laundered``, by view.

    Raises:
        DataError: there are too few pictures, or the file cannot be written.
        MissingExtraError: scikit-learn is not installed.
    """
    views = network_views() if views is None else views
    digested = digest(photos)
    if (known := _known(folder / FILE_NAME, digested)) and set(known["laundered"]) >= set(views):
        return known
    seen: Counter[str] = Counter()
    chosen = []
    for photo in sorted(photos, key=lambda photo: photo.sha256):  # as good as at random, and always the same
        if photo.native and seen[photo.source] < PER_SOURCE:
            seen[photo.source] += 1
            chosen.append(photo)
    items = [Item(folder / p.file, p.file, int(p.label == "fake"), p.source) for p in chosen]
    folds = [photo.fold for photo in chosen]
    tell = progress or (lambda done, total: None)
    done, total = 0, len(items) * (1 + len(views))

    def seeing(cut: Cut | None) -> See:
        """The decoded file, or laundered and cut."""

        def see(item: Item) -> Pixels | None:
            nonlocal done
            done += 1
            tell(done, total)
            try:
                image = decode(read_bytes(item.path))
            except ImageError:
                return None
            if min(image.width, image.height) < _LEAST_SIDE:
                return None
            random = np.random.default_rng(int(image.sha256[:16], 16))
            return image.pixels[None] if cut is None else cut(launder(image.pixels, image.format, random))

        return see

    result: dict[str, Any] = {
        "photos_sha256": digested,
        "headers": header_probe(items, folds=folds),
        "history": history_probe(items, folds, seeing(None)),
        "laundered": {name: history_probe(items, folds, seeing(cut)) for name, cut in views.items()},
    }
    with writing(folder):
        write_atomically(folder / FILE_NAME, (json.dumps(result, indent=1) + "\n").encode())
    return result


def _known(path: Path, digested: str) -> dict[str, Any] | None:
    """What the file says, if it is of these very pictures."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return data if data["photos_sha256"] == digested and isinstance(data["laundered"], dict) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
