"""Whole training runs: data folder in, model folder out."""

import json
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import keras

from imageauth.errors import DataError
from imageauth.evaluation.dataset import find_images
from imageauth.evaluation.protocol import evaluate
from imageauth.files import write_atomically
from imageauth.pixels.card import Card
from imageauth.pixels.model import PixelModel
from imageauth.training.arrays import load_cifake
from imageauth.training.export import CIFAKE, MODEL_FOLDER, write_model
from imageauth.training.familiarity import familiar_pictures, load_elsewhere, with_familiarity
from imageauth.training.fit import train
from imageauth.training.growth import grow
from imageauth.training.heads import has_stages, seen
from imageauth.training.model_card import describe
from imageauth.training.networks import build
from imageauth.training.recipe import RECIPES, Recipe, fastest_precision
from imageauth.training.record import RUN_FILE, Progress, finished, first_folder, open_run
from imageauth.training.wear import correction, with_wear


def recipe_for(out: Path, network: str | None, changes: Mapping[str, Any], *, resume: bool) -> Recipe:
    """The recipe of a new run, or of the one to resume, with the user's changes.

    Args:
        out: the run's folder.
        network: whose recipe to start from; None: the one in ``out`` when resuming, else ``pocket``.
        changes: fields of :class:`Recipe` to set.
        resume: start from the recipe recorded in ``out``, if there is one.

    Raises:
        DataError: there is no such network or setting, a value has the wrong type or makes no sense, or the run in
            ``out`` is of another network.
    """
    if network and network not in RECIPES:
        raise DataError(f"there is no network {network!r}: choose {' or '.join(RECIPES)}")
    recorded = out / RUN_FILE
    if resume and recorded.is_file():
        try:
            recipe = Recipe(**json.loads(recorded.read_text(encoding="utf-8"))["recipe"])
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"{recorded} is not of a run that this version can resume: {error}") from error
        wanted = RECIPES[network] if network else recipe
        if _kind(wanted) != _kind(recipe):
            raise DataError(f"{recorded} was begun with another network than {network}: resume without --network")
    else:
        recipe = RECIPES[network or "pocket"]
        if not recipe.resident:
            recipe = replace(recipe, precision=fastest_precision())
    known = {field.name for field in fields(Recipe)}
    for key, value in changes.items():
        if key not in known:
            raise DataError(f"there is no setting {key!r}: settings are {', '.join(sorted(known))}")
        before = getattr(recipe, key)
        if isinstance(before, float) and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if type(value) is not type(before):
            raise DataError(f"setting {key!r} must be of type {type(before).__name__}, not {value!r}")
        recipe = replace(recipe, **{key: value})
    if problem := recipe.problem():
        raise DataError(f"this recipe cannot be trained: {problem}")
    return recipe


def train_cifake(
    data: Path,
    out: Path,
    recipe: Recipe,
    *,
    elsewhere: Path | None = None,
    resume: bool = False,
    on_step: Callable[[Progress], None] | None = None,
    on_image: Callable[[int, int], None] | None = None,
) -> Card:
    """Train on a prepared CIFAKE folder, calibrate, export to ``out/model``, and measure it there under degradations.

    Args:
        data: what ``imageauth data cifake`` made.
        out: the run's folder: ``run.json``, ``logs/``, ``checkpoint/``, ``weights.keras``, ``model/``.
        recipe: the settings.
        elsewhere: folder of pictures of other kinds, a sub-folder for each source, that teach the model to say when an
            image is unlike those that it knows; None: it does not learn that.
        resume: go on with the run in ``out``.
        on_step: told of the training's progress.
        on_image: told of the measuring's, as (done, total) images.

    Returns:
        The card of the new model.

    Raises:
        DataError: the data is not prepared, ``out`` does not fit, the recipe's network cannot grow from its start,
            ``elsewhere`` does not serve, or the Keras backend does not. All of that is said before the training; of the
            backend that exports, after it.
    """
    training, validation, about = load_cifake(data)
    model = finished(out, recipe, about) if recipe.resident and resume else None
    if recipe.resident and not model and keras.backend.backend() != "jax":
        raise DataError(
            'this recipe trains on an accelerator with JAX: pip install "imageauth[jax]", and run the same command '
            "with KERAS_BACKEND=jax"
        )
    others = None if elsewhere is None else load_elsewhere(elsewhere, training[0].shape[1], progress=on_image)
    first = recipe.first()
    record = _check_before(out, recipe, about, resume=resume, familiarity=others is not None)
    if "elsewhere" in record and not others:
        raise DataError(f"{out / RUN_FILE} was begun with --elsewhere: give it again")
    if not model and recipe.resident:
        from imageauth.training.resident.run import train_resident

        model = train_resident(
            training, validation, recipe, out, data=about, resume=resume, on_step=on_step, on_image=on_image
        )
    elif not model:
        start = None
        if first:
            folder = first_folder(out, recipe)
            start, _ = train(training, validation, first, folder, data=about, resume=True, on_step=on_step)
        model, _ = train(training, validation, recipe, out, data=about, start=start, resume=resume, on_step=on_step)
    model.save(out / "weights.keras")
    if keras.backend.backend() != "tensorflow":
        raise DataError(
            "training is done, but only the TensorFlow backend exports: run the same command again with "
            "KERAS_BACKEND=tensorflow and --resume"
        )
    if recipe.degraded and has_stages(model):
        model = with_wear(model, training[0], *validation, recipe)
        _note(out / RUN_FILE, "wear", correction(model))
    if others:
        familiar = familiar_pictures(training[0], recipe)
        model = with_familiarity(model, familiar, others.pictures[~others.held_out])
        _note(out / RUN_FILE, "elsewhere", others.about)
    card, result = write_model(model, *validation, out / MODEL_FOLDER, CIFAKE, others)
    # Measured from the files, through the code that serves: the whole way from a JPEG to an answer.
    items = find_images(data, "validation").items
    measured = evaluate(PixelModel.load(out / MODEL_FOLDER), items, degradations=True, progress=on_image, resamples=0)
    folders = [first_folder(out, recipe), out] if first else [out]
    runs = [json.loads((folder / RUN_FILE).read_text(encoding="utf-8")) for folder in folders]
    return describe(out / MODEL_FOLDER, card, result, measured, runs, CIFAKE.uses)


def _check_before(
    out: Path, recipe: Recipe, about: dict[str, Any], *, resume: bool, familiarity: bool
) -> dict[str, Any]:
    """What would otherwise come to light after hours. Returns what ``run.json`` says."""
    record = open_run(out, recipe, about, resume)
    network = build(recipe.network, recipe.network_options)
    if (first := recipe.first()) and not recipe.resident:
        grow(build(first.network, first.network_options), network)
    if familiarity:
        seen(network)
    return record


def _kind(recipe: Recipe) -> tuple[str, str, str, bool]:
    """What a resumed run must have kept."""
    return recipe.network, recipe.start, recipe.teacher, recipe.resident


def _note(file: Path, key: str, value: object) -> None:
    """Add one entry to a ``run.json``."""
    record = json.loads(file.read_text(encoding="utf-8"))
    write_atomically(file, json.dumps(record | {key: value}, indent=1).encode())
