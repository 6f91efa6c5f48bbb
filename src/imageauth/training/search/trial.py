"""One trial of the search: a short training by the recipe in question, judged on the validation split."""

import gc
import json
import math
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from imageauth.evaluation.metrics import auroc
from imageauth.training.arrays import Arrays
from imageauth.training.degradations import Reach, degrade_batch
from imageauth.training.fit import predict, train
from imageauth.training.networks import build
from imageauth.training.recipe import Recipe
from imageauth.training.record import RUN_FILE, Progress

Figures = dict[str, Any]


class RejectedError(Exception):
    """This recipe is no good, for the reason given; the search goes on."""


@dataclass(frozen=True)
class Trials:
    """What all trials of a search share.

    Attributes:
        training: pictures uint8 [N, H, W, 3] and labels uint8 [N], to train on.
        validation: the same, to judge by.
        about: what ``run.json`` says about the data.
        most_parameters: a network with more is not trained.
        out: the search's folder.
    """

    training: Arrays
    validation: Arrays
    about: dict[str, Any]
    most_parameters: int
    out: Path

    def run(
        self,
        number: int,
        recipe: Recipe,
        on_step: Callable[[Progress], None],
        on_score: Callable[[int, float], None],
    ) -> Figures:
        """Train by ``recipe`` and measure the weights that ``imageauth train`` would have kept.

        It trains in ``running/``, which is removed at the end, and leaves ``trials/<number>.json`` alone.

        Args:
            number: of the trial.
            recipe: its settings.
            on_step: told of progress.
            on_score: told the score after each epoch (from 1); may raise to end the trial.

        Returns:
            ``score`` (see :func:`score`), ``auroc``, ``auroc_degraded``, ``accuracy``, ``parameters``,
            ``images_per_second`` (training alone, in the last epoch) and ``seconds``.

        Raises:
            RejectedError: the network is too large, it diverged or memory ran out.
        """
        begun = time.monotonic()
        parameters = int(build(recipe.network, recipe.network_options).count_params())
        if parameters > self.most_parameters:
            raise RejectedError(f"{parameters:,} parameters")
        running = self.out / "running"
        shutil.rmtree(running, ignore_errors=True)

        def watch_step(now: Progress) -> None:
            if not math.isfinite(now.loss):
                raise RejectedError(f"diverged in epoch {now.epoch}")
            on_step(now)

        def watch_epoch(row: dict[str, Any], model: keras.Model) -> None:
            on_score(row["epoch"], score(row["validation_auroc"], self._degraded_auroc(model)))

        try:
            model, logits = train(
                self.training,
                self.validation,
                recipe,
                running,
                data=self.about,
                on_step=watch_step,
                on_epoch=watch_epoch,
            )
            run = json.loads((running / RUN_FILE).read_text(encoding="utf-8"))
            clean, degraded = auroc(self.validation[1], logits), self._degraded_auroc(model)
            (self.out / "trials").mkdir(exist_ok=True)
            (running / RUN_FILE).replace(self.out / "trials" / f"{number:04}.json")
        except (MemoryError, tf.errors.ResourceExhaustedError) as error:
            raise RejectedError("out of memory") from error
        finally:
            shutil.rmtree(running, ignore_errors=True)
            keras.backend.clear_session()
            gc.collect()
        return {
            "score": score(clean, degraded),
            "auroc": clean,
            "auroc_degraded": degraded,
            "accuracy": run["validation_accuracy"],
            "parameters": parameters,
            "images_per_second": run["history"][-1]["images_per_second"],
            "seconds": round(time.monotonic() - begun, 1),
        }

    @cached_property
    def _degraded(self) -> npt.NDArray[np.uint8]:
        return degraded_copy(self.validation[0])

    def _degraded_auroc(self, model: keras.Model) -> float:
        logits = predict(model, self._degraded)
        if not np.isfinite(logits).all():
            raise RejectedError("diverged")
        return auroc(self.validation[1], logits)


def score(clean: float, degraded: float) -> float:
    """What the search maximises: the mean of the AUROC on validation pictures as they are and on degraded ones.

    AUROC tells close recipes apart sooner than accuracy and does not depend on calibration, which label smoothing
    shifts. By clean pictures alone the search would buy a little with models that one JPEG saving fools.
    """
    return (clean + degraded) / 2


def degraded_copy(pictures: npt.NDArray[np.uint8], batch: int = 240) -> npt.NDArray[np.uint8]:
    """The pictures degraded by all families of training in equal parts, the same at every call; uint8 [N, H, W, 3].

    Each batch is drawn from everywhere, because its parts share one strength, and both classes must meet the same.
    """
    order = np.random.default_rng(0).permutation(len(pictures))
    degraded = np.empty(pictures.shape, np.uint8)
    for start in range(0, len(order), batch):
        chosen = order[start : start + batch]
        degraded[chosen] = degrade_batch(pictures[chosen], [0, start], Reach())
    return degraded
