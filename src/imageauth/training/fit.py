"""Train a network by a recipe: resumable, averaged, recorded."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from imageauth.errors import DataError
from imageauth.evaluation.metrics import auroc
from imageauth.training import checkpoint
from imageauth.training.arrays import Arrays
from imageauth.training.averaging import WeightAverage
from imageauth.training.growth import grow
from imageauth.training.networks import build
from imageauth.training.pipeline import evaluation_batches, training_batches
from imageauth.training.recipe import Recipe
from imageauth.training.record import KEPT, Progress, close_run, open_run
from imageauth.training.schedule import WarmupCosine


def train(
    training: Arrays,
    validation: Arrays,
    recipe: Recipe,
    out: Path,
    *,
    data: dict[str, Any],
    start: keras.Model | None = None,
    resume: bool = False,
    on_step: Callable[[Progress], None] | None = None,
    on_epoch: Callable[[dict[str, Any], keras.Model], None] | None = None,
) -> tuple[keras.Model, npt.NDArray[np.float64]]:
    """Train, and leave in ``out``: ``run.json``, TensorBoard logs and the last checkpoint.

    After each epoch the averaged weights are measured on the validation split and a checkpoint is written. With
    ``resume`` the run continues from the last one with the same order of pictures and the same number of steps.

    Args:
        training: uint8 [N, H, W, 3] and uint8 [N] (1 = AI-made).
        validation: the same, never trained on.
        recipe: the settings; on resuming they must equal those of the run.
        out: the run's folder.
        data: what ``run.json`` says about the data.
        start: a smaller trained network to grow from; None: random weights.
        resume: go on with the run in ``out``, if one is there.
        on_step: told of progress.
        on_epoch: given, after each epoch is measured, its row of the history and the model with the weights that were
            measured. An error that it raises ends the run before this epoch's checkpoint.

    Returns:
        The model in float32 with the best weights (averaged, if the recipe averages), and its validation logits,
        float64 [N].

    Raises:
        OSError: the disk is full; the last whole checkpoint stays.
        DataError: ``out`` holds another run and ``resume`` is not set, or holds one with other settings.
    """
    steps_per_epoch = recipe.steps_per_epoch(len(training[0]))
    steps = steps_per_epoch * recipe.epochs
    record = open_run(out, recipe, data, resume)
    keras.utils.set_random_seed(recipe.seed)
    keras.mixed_precision.set_global_policy(recipe.precision)
    try:
        model = _compiled(recipe, steps)
        if start is not None:
            grow(start, model)
        average = WeightAverage(model, recipe.average_decay) if recipe.average_decay else None
        state: dict[str, Any] = {"step": 0, "best": -1.0, "best_epoch": 0, "seconds": 0.0, "history": []}
        best = model.get_weights()
        found = checkpoint.load(out) if resume else None
        if found:
            arrays, state = found
            try:
                best = arrays[KEPT]
                model.set_weights(arrays["weights"])
                for variable, value in zip(model.optimizer.variables, arrays["optimizer"], strict=True):
                    variable.assign(value)
                if average:
                    average.restore(arrays["average"])
            except (KeyError, ValueError) as error:
                raise DataError(f"{out / checkpoint.NAME} is of another network: train into another folder") from error
        best = _run(model, average, state, best, training, validation, recipe, out, on_step, on_epoch)
    except tf.errors.ResourceExhaustedError as error:
        if "No space left" in str(error):  # TensorFlow's word for a full disk is that for a full memory
            raise OSError(None, "no space left on the disk", str(out)) from error
        raise
    finally:
        keras.mixed_precision.set_global_policy("float32")
    final = build(recipe.network, recipe.network_options)
    final.set_weights(best)
    logits = predict(final, validation[0])
    result = {
        "steps": state["step"],
        "seconds": round(state["seconds"], 1),
        "parameters": int(final.count_params()),
        "best_epoch": state["best_epoch"],
        "validation_accuracy": float(np.mean((logits > 0) == validation[1])),
        "validation_auroc": auroc(validation[1], logits),
        "history": state["history"],
    }
    close_run(out, record, result)
    return final, logits


def predict(model: keras.Model, pictures: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """Logits, float64 [N], of uint8 pictures [N, H, W, 3]."""
    return outputs(model, pictures)[:, 0]


def outputs(model: keras.Model, pictures: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """All outputs, float64 [N, C], of uint8 pictures [N, H, W, 3]."""
    parts = [model.predict_on_batch(batch) for batch in evaluation_batches(pictures).as_numpy_iterator()]
    return np.concatenate(parts).astype(np.float64)


def _run(
    model: keras.Model,
    average: WeightAverage | None,
    state: dict[str, Any],
    best: checkpoint.Arrays,
    training: Arrays,
    validation: Arrays,
    recipe: Recipe,
    out: Path,
    on_step: Callable[[Progress], None] | None,
    on_epoch: Callable[[dict[str, Any], keras.Model], None] | None,
) -> checkpoint.Arrays:
    """The loop: steps, and after each epoch a measurement, a log line and a checkpoint. Returns the best weights."""
    steps_per_epoch = recipe.steps_per_epoch(len(training[0]))
    logs = tf.summary.create_file_writer(str(out / "logs"))
    # NumPy arrays, because that is what every Keras backend takes.
    batches = training_batches(*training, recipe, first_step=state["step"]).as_numpy_iterator()
    for epoch in range(state["step"] // steps_per_epoch + 1, recipe.epochs + 1):
        if _stalled(state, epoch, recipe):
            break
        begun, loss, total_loss = time.monotonic(), 0.0, 0.0
        for done in range(1, steps_per_epoch + 1):
            images, targets = next(batches)
            result = model.train_on_batch(images, targets, return_dict=True)
            total_loss += float(result["loss"])  # of this batch alone
            loss = total_loss / done
            state["step"] += 1
            if average:
                average.update(state["step"])
            if on_step and (done % 10 == 0 or done == steps_per_epoch):
                accuracy = state["history"][-1]["validation_accuracy"] if state["history"] else None
                total = steps_per_epoch * recipe.epochs
                on_step(Progress(state["step"], total, epoch, recipe.epochs, loss, accuracy))
        images_per_second = steps_per_epoch * recipe.batch_size / (time.monotonic() - begun)
        if average:
            average.swap()
        logits = predict(model, validation[0])
        row = {
            "epoch": epoch,
            "loss": loss,
            "images_per_second": round(images_per_second, 1),
            "validation_accuracy": float(np.mean((logits > 0) == validation[1])),
            "validation_auroc": auroc(validation[1], logits),
        }
        state["history"].append(row)
        if row["validation_accuracy"] > state["best"]:
            state |= {"best": row["validation_accuracy"], "best_epoch": epoch}
            best = model.get_weights()
        state["seconds"] += time.monotonic() - begun
        if on_epoch:
            on_epoch(row, model)
        if average:
            average.swap()
        with logs.as_default(step=epoch):
            for name, value in row.items():
                if name != "epoch":
                    tf.summary.scalar(name, value)
            tf.summary.scalar("learning_rate", float(keras.ops.convert_to_numpy(model.optimizer.learning_rate)))
        logs.flush()
        groups = {
            KEPT: best,
            "weights": model.get_weights(),
            "optimizer": [np.asarray(keras.ops.convert_to_numpy(v)) for v in model.optimizer.variables],
        }
        if average:
            groups["average"] = average.state()
        checkpoint.save(out, groups, state)
    return best


def _stalled(state: dict[str, Any], epoch: int, recipe: Recipe) -> bool:
    """Whether the recipe's patience is at its end."""
    return bool(recipe.patience) and epoch - 1 - state["best_epoch"] >= recipe.patience


def _compiled(recipe: Recipe, steps: int) -> keras.Model:
    """The recipe's network, ready to train."""
    model = build(recipe.network, recipe.network_options)
    rate: Any = recipe.learning_rate
    if recipe.warmup >= 0:
        rate = WarmupCosine(recipe.learning_rate, int(recipe.warmup * steps), steps)
    decay = recipe.weight_decay or None
    optimizer = (
        keras.optimizers.SGD(rate, momentum=0.9, nesterov=True, weight_decay=decay)
        if recipe.optimizer == "sgd"
        else keras.optimizers.AdamW(rate, weight_decay=decay or 0.0)
    )
    optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    loss = keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=recipe.label_smoothing)
    model.compile(optimizer=optimizer, loss=loss)
    optimizer.build(model.trainable_variables)
    return model
