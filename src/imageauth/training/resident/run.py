"""Whole runs on the accelerator: a network learns the labels, or what a larger one answers."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np

from imageauth.errors import DataError
from imageauth.evaluation.metrics import auroc
from imageauth.pixels.network import usable_cores
from imageauth.training import checkpoint
from imageauth.training.arrays import Arrays
from imageauth.training.networks import build
from imageauth.training.recipe import Recipe
from imageauth.training.record import KEPT, Progress, close_run, first_folder, open_run
from imageauth.training.resident.augment import Pictures
from imageauth.training.resident.copies import make_copies
from imageauth.training.resident.loop import Predictor, Trainer, Weights, give, weights_of

COPIES = 3  # of each picture, by WebP


def train_resident(
    training: Arrays,
    validation: Arrays,
    recipe: Recipe,
    out: Path,
    *,
    data: dict[str, Any],
    resume: bool = False,
    on_step: Callable[[Progress], None] | None = None,
    on_image: Callable[[int, int], None] | None = None,
) -> keras.Model:
    """Train the recipe's teacher, if it names one, and then its network; both runs can be resumed after any epoch.

    Args:
        training: uint8 [N, S, S, 3] and uint8 [N] (1 = AI-made); S a multiple of 16.
        validation: the same, never trained on.
        recipe: a resident one.
        out: the run's folder: ``run.json``, ``checkpoint/``, and ``teacher/`` with the same.
        data: what ``run.json`` says about the data.
        resume: go on with the run in ``out``, if one is there.
        on_step: told of progress.
        on_image: told of the copies that are made first, as (done, total).

    Returns:
        The model in float32 with the averaged weights of the last epoch.

    Raises:
        OSError: the disk is full; the last whole checkpoint stays.
        DataError: ``out`` holds another run and ``resume`` is not set, or holds one with other settings.
    """
    open_run(out, recipe, data, resume)
    made = make_copies(training[0], COPIES, recipe.seed, usable_cores(), on_image)
    labels = training[1].astype(np.float32)
    pictures = Pictures(*(jnp.asarray(array) for array in (training[0], labels, *made)))
    teacher = None
    if first := recipe.first():
        folder = first_folder(out, recipe)
        teacher = _train(pictures, validation, first, folder, None, data=data, resume=True, on_step=on_step)
    return _train(pictures, validation, recipe, out, teacher, data=data, resume=resume, on_step=on_step)


def _train(
    pictures: Pictures,
    validation: Arrays,
    recipe: Recipe,
    out: Path,
    taught_by: keras.Model | None,
    *,
    data: dict[str, Any],
    resume: bool,
    on_step: Callable[[Progress], None] | None,
) -> keras.Model:
    epoch_steps = recipe.steps_per_epoch(len(pictures.labels))
    record = open_run(out, recipe, data, resume)
    keras.utils.set_random_seed(recipe.seed)
    exact = build(recipe.network, recipe.network_options)
    keras.mixed_precision.set_global_policy(recipe.precision)
    try:
        model, first = build(recipe.network, recipe.network_options), recipe.first()
        teacher = build(first.network, first.network_options) if first else None
    finally:
        keras.mixed_precision.set_global_policy("float32")
    give(model, weights_of(exact))
    trainer = Trainer(model, recipe, epoch_steps * recipe.epochs, teacher)
    predict = Predictor(exact)
    state: dict[str, Any] = {"step": 0, "seconds": 0.0, "history": []}
    if resume and (found := checkpoint.load(out)):
        arrays, state = found
        try:
            trainer.restore(arrays)
        except (KeyError, ValueError) as error:
            raise DataError(f"{out / checkpoint.NAME} is of another network: train into another folder") from error
    answers = weights_of(taught_by) if taught_by else None
    for epoch in range(state["step"] // epoch_steps + 1, recipe.epochs + 1):
        begun = time.monotonic()
        loss = _epoch(trainer, pictures, answers, epoch, epoch_steps, recipe, state, on_step)
        logits = predict(trainer.averaged(), validation[0])
        state["step"] = epoch * epoch_steps
        state["history"].append(
            {
                "epoch": epoch,
                "loss": loss,
                "images_per_second": round(epoch_steps * recipe.batch_size / (time.monotonic() - begun), 1),
                "validation_accuracy": float(np.mean((logits > 0) == validation[1])),
                "validation_auroc": auroc(validation[1], logits),
            }
        )
        state["seconds"] += time.monotonic() - begun
        give(exact, trainer.averaged())
        checkpoint.save(out, trainer.state() | {KEPT: exact.get_weights()}, state)
    give(exact, trainer.averaged())
    last = state["history"][-1]
    result = {
        "steps": state["step"],
        "seconds": round(state["seconds"], 1),
        "parameters": int(exact.count_params()),
        "best_epoch": recipe.epochs,
        **{key: last[key] for key in ("validation_accuracy", "validation_auroc")},
        "history": state["history"],
    }
    if jax.default_backend() != "cpu":
        result["accelerator"] = jax.devices()[0].device_kind
    close_run(out, record, result)
    return exact


def _epoch(
    trainer: Trainer,
    pictures: Pictures,
    teacher: Weights | None,
    epoch: int,
    steps: int,
    recipe: Recipe,
    state: dict[str, Any],
    on_step: Callable[[Progress], None] | None,
) -> float:
    """One pass; gives the mean loss."""
    accuracy = state["history"][-1]["validation_accuracy"] if state["history"] else None
    done, total = 0, 0.0
    while done < steps:
        count = min(trainer.chunk, steps - done)
        step = (epoch - 1) * steps + done
        total += count * trainer.train(pictures, teacher, step, count)
        done += count
        if not np.isfinite(total):
            raise DataError(f"the training fell apart at step {step}: a smaller learning_rate may help")
        if on_step and (trainer.chunk > 1 or done % 10 == 0 or done == steps):
            on_step(Progress(step + count, steps * recipe.epochs, epoch, recipe.epochs, total / done, accuracy))
    return total / steps
