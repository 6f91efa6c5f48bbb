"""``imageauth train photo``: from prepared pictures and CLIP's tower to a model folder, step by step, resumable."""

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from imageauth.errors import DataError
from imageauth.evaluation.held_out import FrozenCuts, HeldOut, frozen_cuts
from imageauth.evaluation.leave_sources_out import SourceFigures, measure_held_out
from imageauth.files import write_atomically
from imageauth.images import read_image
from imageauth.pixels.card import Card
from imageauth.pixels.network import usable_cores
from imageauth.training import clip
from imageauth.training.export import MODEL_FOLDER
from imageauth.training.features import Features, Picture, extract, load
from imageauth.training.gptq import quantise_tower
from imageauth.training.litert import to_litert, to_mixed
from imageauth.training.photo_assess import (
    RISKS,
    Assessment,
    Pictures,
    assess,
    fit_heads,
    probabilities_of,
    serving_scores,
)
from imageauth.training.photo_card import layout_of, write_photo
from imageauth.training.photo_heads import BITS, attach, encoder_of
from imageauth.training.photo_views import ServingLook, TrainingLook
from imageauth.training.photos.probes import known as known_probes
from imageauth.training.photos.tables import Photo, at_most
from imageauth.training.photos.tables import load as load_table
from imageauth.training.vit import ViT, build

if TYPE_CHECKING:
    from keras import Model

Progress = Callable[[str, int, int | None], None]

_WEIGHTS, _ENCODER, _RUN = "tower.weights.h5", "encoder.tflite", "run.json"
# Of each source, so that the large ones neither drown the others nor cost hours.
MOST_OF_A_SOURCE = 6
# Of each source under each of the protocol's conditions, and which those are.
MOST_DEGRADED = 1
CONDITIONS = ("jpeg-90", "jpeg-75", "resize-0.75", "shared-messenger", "shared-repost")
_CALIBRATION_VIEWS = 400

ABOUT: Mapping[str, str] = MappingProxyType(
    {
        "Intended use": "A first, honest opinion on pictures as people meet them, with its error rates in mind and its "
        "evidence shown.",
        "Not for": "Deciding about a person, a publication or an account by itself; proof; pictures edited in part.",
        "Network": "The first 10 blocks of the image tower of OpenAI's CLIP ViT-B/16 (MIT licence, see NOTICE): "
        "queries, keys and perceptrons in 4 bits by GPTQ, the rest in 8; in the last two blocks the class token alone "
        "is renewed. On its class tokens after blocks 6 to 10 stand linear heads of our own: one each for the whole "
        "view, for tiles and for native crops, and one for the kind of picture; one on the patches after block 6 gives "
        "the map.",
    }
)


def train_photo(
    data: Path,
    out: Path,
    *,
    tower: Path | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    config: ViT = ViT(),  # noqa: B008 (frozen)
) -> Card:
    """Fit, judge, export and describe the model. What a stopped run left in ``out`` is used again.

    Args:
        data: folder made by ``imageauth data photos``.
        out: folder of the run; the model lands in its ``model/``.
        tower: CLIP's weights (:func:`imageauth.training.clip.read_tower`); default: from Hugging Face.
        workers: processes; default: the cores that this process may use.
        progress: told (what, done, total).
        config: of the tower.

    Raises:
        DataError: the data or the weights cannot be used, or ``out`` belongs to others.
        MissingExtraError: a package is not installed.
    """
    tell = progress or (lambda what, done, total: None)
    began = time.monotonic()
    prepared = load_table(data)
    photos = at_most(prepared, MOST_OF_A_SOURCE)
    if len({photo.fold for photo in photos}) < 2:
        raise DataError(f"{data}: leave-sources-out needs two folds at least")
    out.mkdir(parents=True, exist_ok=True)
    path = tower or clip.download_tower()
    _claim(out, {"tower": _sha256(path) if path.is_file() else ""})
    model = _tower(config, path, data, photos, out, tell)
    count = workers or usable_cores()

    def extracted(chosen: Sequence[Photo], look: TrainingLook | ServingLook, name: str) -> tuple[Features, list[Photo]]:
        pictures = [Picture(data / photo.file, photo.sha256, photo.native) for photo in chosen]
        folder = out / f"features-{name}"
        extract(
            pictures,
            out / _ENCODER,
            look,
            folder,
            workers=count,
            progress=lambda n, of: tell(f"looking: {name}", n, of),
        )
        features = load(pictures, folder)
        return features, [chosen[row] for row in features.rows]

    features, used = extracted(photos, TrainingLook(config.side), "training")
    known = _pictures(used)
    tell("fitting", 0, None)
    assessment = assess(config, features.values, features.present, known)
    cuts = frozen_cuts(assessment.held_out, RISKS)
    figures = measure_held_out(assessment.held_out, cuts)
    part = at_most(used, MOST_DEGRADED)
    by_condition = {
        name: extracted(part, ServingLook(layout_of(config), None if name == "clean" else name), name)
        for name in ("clean", *CONDITIONS)
    }
    degraded = degraded_figures(assessment, cuts, used, by_condition)
    heads = fit_heads(config, features.values, features.present, known)
    whole = attach(model, heads)
    network = to_mixed(to_litert(whole), BITS)
    data_used = (
        f"{len(used):,} pictures of {len(set(known.sources)):,} sources (`docs/photos.md`), at most {MOST_OF_A_SOURCE} "
        "of each. Each was looked at as it is and twice degraded at random, both classes alike."
    )
    about = {"Data": data_used, **ABOUT}
    more = {"precision": "4 and 8 bits", "parameters": int(whole.count_params())}
    folder, probes = out / MODEL_FOLDER, known_probes(data, prepared)
    card = write_photo(folder, config, network, assessment, figures, degraded, about, more, probes)
    run = {"seconds": round(time.monotonic() - began), "pictures": len(used), "sha256": card.sha256}
    write_atomically(out / "result.json", (json.dumps(run, indent=1) + "\n").encode())
    return card


def degraded_figures(
    assessment: Assessment,
    cuts: FrozenCuts,
    used: Sequence[Photo],
    by_condition: Mapping[str, tuple[Features, Sequence[Photo]]],
) -> dict[str, SourceFigures]:
    """Figures under the protocol's conditions, at thresholds frozen on the other folds of all pictures.

    Args:
        assessment: of all pictures, ``used``.
        cuts: of them.
        by_condition: name → features as :class:`ServingLook` sees them, and whose they are; "clean" is among them.
            Pictures that any lacks are left out.
    """
    index = {photo.sha256: at for at, photo in enumerate(used)}
    common = set.intersection(*({photo.sha256 for photo in whose} for _, whose in by_condition.values()))
    order = sorted(index[sha256] for sha256 in common)
    chosen = [used[at] for at in order]
    known = _pictures(chosen)
    probabilities = {}
    for name, (features, whose) in by_condition.items():
        row = {photo.sha256: at for at, photo in enumerate(whose)}
        rows = np.array([row[photo.sha256] for photo in chosen])
        found = np.empty((1, len(chosen)))
        for fold, heads in assessment.heads.items():
            here = known.folds == fold
            found[0, here] = serving_scores(heads, features.values[rows[here]], features.present[rows[here]])[0]
        probabilities[name] = probabilities_of(assessment.calibrations, found, known.folds)[0]
    at = np.array(order)
    held_out = HeldOut(
        labels=known.labels,
        probabilities=probabilities.pop("clean"),
        folds=known.folds,
        sources=known.sources,
        generators=known.generators,
        kinds=known.kinds,
        conditions=probabilities,
    )
    figures = measure_held_out(held_out, cuts.select(at))
    return {f"As the protocol degrades them, at native size; at most {MOST_DEGRADED} of each source": figures}


def _tower(config: ViT, path: Path, data: Path, photos: Sequence[Photo], out: Path, tell: Progress) -> "Model":
    """The quantised tower and, in ``out``, its encoder."""
    model = build(config, tokens=True)
    if (out / _WEIGHTS).is_file() and (out / _ENCODER).is_file():
        model.load_weights(out / _WEIGHTS)
        return model
    clip.fill(model, config, clip.read_tower(path, config))
    views = _some_views(config, data, photos)
    quantise_tower(model, config, views, progress=lambda done, total: tell("quantising", done, total))
    model.save_weights(out / _WEIGHTS)
    write_atomically(out / _ENCODER, encoder_of(model, config))
    return model


def _some_views(config: ViT, data: Path, photos: Sequence[Photo]) -> npt.NDArray[np.uint8]:
    """Views of pictures of all sources alike, of every kind of view."""
    look = TrainingLook(config.side, copies=1)
    random = np.random.default_rng(0)
    found = []
    for photo in at_most(photos, 2)[:_CALIBRATION_VIEWS]:
        image = read_image(data / photo.file)
        slots = look(image.pixels, lossless=photo.native and image.lossless, sha256=photo.sha256)
        found.append(slots.pixels[random.choice(np.flatnonzero(slots.present))])
    return np.stack(found)


def _pictures(photos: Sequence[Photo]) -> Pictures:
    return Pictures(
        labels=np.array([photo.label == "fake" for photo in photos], np.int64),
        folds=np.array([photo.fold for photo in photos], np.int64),
        sources=np.array([photo.source for photo in photos], object),
        generators=np.array([photo.generator_or_device for photo in photos], object),
        kinds=np.array([photo.kind for photo in photos], object),
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:  # 600 MB: never all of it in memory
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _claim(out: Path, key: Mapping[str, str]) -> None:
    """A run's folder belongs to one tower.

    Raises:
        DataError: it belongs to another.
    """
    file = out / _RUN
    text = json.dumps(dict(key), indent=1) + "\n"
    if file.is_file() and file.read_text(encoding="utf-8") != text:
        raise DataError(f"{out} is a run with other weights of the tower; take another folder")
    write_atomically(file, text.encode())
