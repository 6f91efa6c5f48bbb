"""``imageauth train folder``: from a user's REAL/ and FAKE/ to a model folder, step by step, resumable."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from imageauth.errors import DataError, ModelError
from imageauth.evaluation.dataset import find_images
from imageauth.evaluation.own_pictures import Chosen, Own, choose, labelled
from imageauth.evaluation.own_splits import Split, source_of, split
from imageauth.files import write_atomically
from imageauth.images import read_image
from imageauth.models import find_model
from imageauth.pixels.card import Card
from imageauth.pixels.network import Network, usable_cores
from imageauth.training.export import MODEL_FOLDER
from imageauth.training.litert import to_litert, to_mixed
from imageauth.training.own import check
from imageauth.training.own.card import ADDED, OWN, SHIPPED, Facts, check_name, comparison, warnings, write_model
from imageauth.training.own.judge import of_others, of_tuned
from imageauth.training.own.kept import kept_for
from imageauth.training.own.seen import Extractor, Seen
from imageauth.training.own.tune import Lot, tune
from imageauth.training.photo_assess import LAYOUT
from imageauth.training.photo_heads import BITS, Heads, attach, encoder_of
from imageauth.training.photo_views import ServingLook, TrainingLook
from imageauth.training.rebuild import PhotoParts, rebuild_photo
from imageauth.training.storing import writing

Progress = Callable[[str, int, int | None], None]
Say = Callable[[str], None]

LIMIT = 2000
"""Pictures of each class at most, unless the user says otherwise: more cost hours and change little."""
_RUN, _PROBES, _ENCODER = "run.json", "probes.json", "encoder.tflite"
# Between logits by the heads and by a finished network, which round what flows between layers alike: more is a mistake.
_MAX_DIFFERENCE = 0.02


@dataclass(frozen=True, slots=True)
class Wish:
    """What a user asks for.

    Attributes:
        data: the folder with REAL/ and FAKE/.
        out: of the run; the model lands in its ``model/``.
        model: to begin with: a shipped one's name or a model folder, of the form of ``photo``.
        name: of the new model; None: the old one's and "-own".
        validation: another labelled folder to judge both models on, never learned from.
        limit: pictures of each class at most.
        seed: of the choice among more, and of what is dealt out at random.
        workers: processes that look at pictures; None: the usable cores.
    """

    data: Path
    out: Path
    model: str = "photo"
    name: str | None = None
    validation: Path | None = None
    limit: int = LIMIT
    seed: int = 0
    workers: int | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """What came of it.

    Attributes:
        card: of the new model.
        comparison: figures before and after, lines of Markdown.
        warnings: what to know before using it, in plain sentences.
    """

    card: Card
    comparison: tuple[str, ...]
    warnings: tuple[str, ...]


def train_folder(wish: Wish, *, progress: Progress | None = None, say: Say | None = None) -> Made:
    """Check the pictures, tune, judge before and after, export and describe. A stopped run goes on.

    Args:
        wish: what to do.
        progress: told (what, done, total).
        say: given plain sentences on the pictures, before the long part.

    Raises:
        DataError: the pictures cannot be used, or ``out`` belongs to another run or cannot be written.
        ModelError: the model cannot be tuned.
    """
    tell = progress or (lambda what, done, total: None)
    say = say or (lambda line: None)
    folder = find_model(wish.model)
    card = Card.of(wish.model)
    name = check_name(wish.name or f"{card.name}-own")
    if replace(card.layout, side=LAYOUT.side) != LAYOUT:
        raise ModelError(f"{wish.model} does not look at pictures as photo does, so it cannot be tuned here")
    told, chosen = _pictures(wish, card, tell)
    pictures = chosen.pictures
    with writing(wish.out):
        _claim(wish.out, {"model_sha256": card.sha256, "pictures_sha256": chosen.digest, "seed": wish.seed})
        parts = split(pictures, wish.seed)
        told += check.lines(chosen, parts, _probes(wish.out / _PROBES, pictures, parts, card.layout.side, tell))
        for line in told:
            say(line)
        apart = _apart(wish, card, pictures, say)
        tell("rebuilding the network", 0, None)
        network = rebuild_photo(folder)
        encoder = wish.out / _ENCODER
        if not encoder.is_file():
            write_atomically(encoder, encoder_of(network.tower, network.config))
        extractor = Extractor(encoder, wish.out, wish.workers or usable_cores(), tell)
        lot = _lot(pictures, parts, card, extractor)
        _agree(folder / card.file, encoder, network.heads, card, pictures[0])
        tuned = tune(network.config, network.heads, lot, lambda done, total: tell("tuning", done, total))
        chosen_at = replace(parts, folds=lot.folds, sources=lot.seen.sources)
        found, own, added = of_tuned(lot.seen, chosen_at, network.heads, tuned.variants, card)
        judged = {OWN: own} | ({ADDED: added} if added else {})
        after = replace(card, calibration=found.calibration, thresholds=found.thresholds)
        for what, seen in _others(folder, card, network, apart, extractor, say).items():
            judged[what] = of_others(seen, (network.heads, card), (tuned.heads, after))
        facts = Facts(name, card, tuned, found, judged, tuple(told), parts, chosen)
        tell("exporting", 0, None)
        data = to_mixed(to_litert(attach(network.tower, tuned.heads)), BITS)
        made = write_model(wish.out / MODEL_FOLDER, facts, data)
        _agree(wish.out / MODEL_FOLDER / made.file, encoder, tuned.heads, made, pictures[0])
    return Made(made, tuple(comparison(facts)), tuple(warnings(facts)))


def _pictures(wish: Wish, card: Card, tell: Progress) -> tuple[list[str], Chosen]:
    """The pictures to use, and what there is to say of their number."""
    told: list[str] = []
    found = find_images(wish.data)
    if found.skipped:
        told.append(f"{found.skipped:,} files are not images by their extension")
    limited = found.limited(wish.limit, wish.seed)
    if len(limited.items) < len(found.items):
        told.append(f"{len(limited.items):,} of {len(found.items):,} pictures are used, drawn at random (--limit)")
    return told, choose(limited.items, card.domain, lambda done, total: tell("reading pictures", done, total))


def _probes(file: Path, pictures: Sequence[Own], parts: Split, side: int, tell: Progress) -> check.Probes:
    """What a stopped run found, or new ones."""
    try:
        return check.Probes.from_text(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError, KeyError):
        found = check.probe(pictures, parts, side, lambda done, total: tell("looking for shortcuts", done, total))
    write_atomically(file, found.to_text().encode())
    return found


def _lot(pictures: Sequence[Own], parts: Split, card: Card, extractor: Extractor) -> Lot:
    """What is learned from: pictures that could be looked at in both ways."""
    training = extractor(pictures, TrainingLook(card.layout.side), "training")
    serving = extractor(pictures, ServingLook(card.layout), "serving")
    rows, first, second = np.intersect1d(training.rows, serving.rows, return_indices=True)
    labels = np.array([pictures[row].item.label for row in rows], np.int64)
    seen = Seen(labels, parts.sources[rows], serving.values[second], serving.present[second])
    return Lot(seen, parts.folds[rows], training.values[first], training.present[first])


def _apart(wish: Wish, card: Card, pictures: Sequence[Own], say: Say) -> list[Own]:
    """The pictures of ``--validation``."""
    if not wish.validation:
        return []
    return labelled(wish.validation, card.domain, pictures, say)


def _others(
    folder: Path, card: Card, network: PhotoParts, apart: Sequence[Own], extractor: Extractor, say: Say
) -> dict[str, Seen]:
    """Pictures besides the user's own to judge both models on."""
    found = {}
    if shipped := kept_for(folder, network.tower):
        found[SHIPPED] = shipped.seen(network.config)
    else:
        say("no validation pictures ship for this model's tower: what it forgets is not measured")
    if apart:
        features = extractor(apart, ServingLook(card.layout), "validation")
        mine = [apart[row] for row in features.rows]
        labels = np.array([own.item.label for own in mine], np.int64)
        sources = np.array([source_of(own) for own in mine], object)
        found["--validation"] = Seen(labels, sources, features.values, features.present)
    return found


def _agree(weights: Path, encoder: Path, heads: Heads, card: Card, own: Own) -> None:
    """A finished network answers as its heads do on what the encoder says: neither was changed on the way.

    Raises:
        ModelError: it does not.
    """
    image = read_image(own.item.path)
    views = card.layout.look(image.pixels, lossless=image.lossless, variants=False)
    batch = views.pixels[:1].astype(np.float32)
    said = Network(weights.read_bytes(), name=str(weights))(batch)[0, card.answers.logit]
    expected = heads.whole(Network(encoder.read_bytes(), name=str(encoder))(batch))[0, 0]
    if abs(said - expected) > _MAX_DIFFERENCE:
        raise ModelError(
            f"{weights} and its Keras form differ by {abs(said - expected):.2g} in a logit: at most "
            f"{_MAX_DIFFERENCE} is rounding. Please report it"
        )


def _claim(out: Path, key: dict[str, str | int]) -> None:
    """Make the folder ours, or see that it is.

    Raises:
        DataError: it belongs to another run.
        OSError: it cannot be written.
    """
    out.mkdir(parents=True, exist_ok=True)
    file, text = out / _RUN, json.dumps(key, indent=1) + "\n"
    if file.is_file():
        if file.read_text(encoding="utf-8") != text:
            raise DataError(f"{out} is a run with other pictures or another model: take another --out, or delete it")
        return
    if any(out.iterdir()):
        raise DataError(f"{out} has files that are none of this run: take an empty folder")
    write_atomically(file, text.encode())
