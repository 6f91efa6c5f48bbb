"""The search itself: an Optuna study in an SQLite file that outlives any stop, ``kill -9`` included."""

import contextlib
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import optuna
from optuna.trial import FrozenTrial, TrialState

from imageauth import __version__
from imageauth.errors import DataError
from imageauth.training.arrays import load_cifake
from imageauth.training.recipe import Recipe
from imageauth.training.record import Progress
from imageauth.training.search import database
from imageauth.training.search.space import (
    SPACE,
    Parameter,
    largest_batch,
    params_of,
    recipe_of,
    space_to_json,
)
from imageauth.training.search.trial import RejectedError, Trials

ATTEMPTS = 3  # at a trial whose process died: the third time it is the trial's fault, e.g. the memory it takes
FINISHED = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)


@dataclass(frozen=True, slots=True)
class Settings:
    """What all trials of a study share; a study goes on with the same only.

    Attributes:
        epochs: of each trial.
        images: training images used, always the same random ones; None: all.
        seed: of the choice of images, the search and every training.
        most_parameters: networks with more are not trained.
    """

    epochs: int = 4
    images: int | None = None
    seed: int = 1
    most_parameters: int = 3_000_000


class Search:
    """A study that is open for work or for reading; make one with :func:`open_search`.

    Attributes:
        study: Optuna's.
        base: the recipe ``pocket``, with this search's seed: what trials vary.
        facts: what the study was begun with.
    """

    def __init__(
        self,
        study: optuna.Study,
        base: Recipe,
        trials: Trials,
        settings: Settings,
        space: Mapping[str, Parameter],
        facts: dict[str, Any],
    ) -> None:
        self.study, self.base, self.facts = study, base, facts
        self._trials, self._settings, self._space = trials, settings, space

    @property
    def finished(self) -> list[FrozenTrial]:
        """Trials that count: those that a stop or a crash made start again are left out."""
        trials = self.study.get_trials(deepcopy=False)
        replaced = {trial.user_attrs.get("instead_of") for trial in trials}
        return [trial for trial in trials if trial.state in FINISHED and trial.number not in replaced]

    @property
    def complete(self) -> list[FrozenTrial]:
        """Finished trials with a score, best first. (Optuna gives pruned ones a value too, of their last epoch.)"""
        complete = [trial for trial in self.finished if trial.state == TrialState.COMPLETE]
        return sorted(complete, key=lambda trial: (-trial.values[0], trial.number))

    def run(
        self,
        trials: int,
        *,
        sampler: Literal["tpe", "random"] = "tpe",
        on_step: Callable[[FrozenTrial, int, Progress], None] = lambda trial, done, now: None,
        on_trial: Callable[[FrozenTrial], None] = lambda trial: None,
    ) -> None:
        """Add trials until ``trials`` are finished in all.

        Args:
            trials: wanted in the study.
            sampler: ``tpe`` (Bergstra et al. 2011, multivariate) or ``random``, for importances without its bias.
            on_step: told of progress: the running trial, how many are finished, where its training stands.
            on_trial: told of each finished trial.

        Raises:
            DataError: the database cannot be written.
        """
        with database.errors(self._trials.out):
            self._settle()
            while (done := len(self.finished)) < trials:
                # A seed of its own for each trial: a resumed search must not draw the first numbers again.
                seed = np.random.SeedSequence([self._settings.seed, len(self.study.get_trials(deepcopy=False))])
                self.study.sampler = _sampler(sampler, int(seed.generate_state(1)[0]))
                trial = self.study.ask({name: parameter.values for name, parameter in self._space.items()})
                try:
                    self._try(trial, done, on_step)
                except (KeyboardInterrupt, OSError):  # a full disk, for one, is not the trial's fault
                    self._try_again(self.study.get_trials(deepcopy=False)[trial.number], blamed=False)
                    raise
                on_trial(self.study.get_trials(deepcopy=False)[trial.number])

    def recipe(self, trial: FrozenTrial) -> Recipe:
        """The recipe of a trial, as a whole training would use it."""
        return recipe_of(trial.params, self.base)

    def _try(self, trial: optuna.Trial, done: int, on_step: Callable[[FrozenTrial, int, Progress], None]) -> None:
        """Run one trial to its end and store what came of it."""
        epochs = self._settings.epochs
        frozen = self.study.get_trials(deepcopy=False)[trial.number]

        def on_score(epoch: int, score: float) -> None:
            trial.report(score, epoch)
            if epoch < epochs and trial.should_prune():
                raise RejectedError(f"behind half of the others after epoch {epoch}")

        recipe = replace(recipe_of(trial.params, self.base), epochs=epochs)
        try:
            figures = self._trials.run(trial.number, recipe, lambda now: on_step(frozen, done, now), on_score)
        except RejectedError as error:
            trial.set_user_attr("reason", str(error))
            self.study.tell(trial, state=TrialState.PRUNED)
            return
        for name, value in figures.items():
            trial.set_user_attr(name, value)
        self.study.tell(trial, figures["score"])

    def _settle(self) -> None:
        """Put in order what a killed process left, and see to it that the recipe ``pocket`` is tried first."""
        for trial in self.study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            self._try_again(trial, blamed=True)
        if not self.study.get_trials(deepcopy=False):
            self.study.enqueue_trial(params_of(self.base), user_attrs={"baseline": True})

    def _try_again(self, trial: FrozenTrial, *, blamed: bool) -> None:
        """End a trial that was cut off and enqueue its parameters, unless it has had its attempts."""
        attempt = trial.user_attrs.get("attempt", 1) + blamed
        replaced = {other.user_attrs.get("instead_of") for other in self.study.get_trials(deepcopy=False)}
        # First the new one: a crash between the two must not lose it.
        if attempt <= ATTEMPTS and trial.number not in replaced:
            baseline = trial.user_attrs.get("baseline", False)
            params = params_of(self.base) if baseline else trial.params
            about = {"instead_of": trial.number, "attempt": attempt, "baseline": baseline}
            self.study.enqueue_trial(params, user_attrs=about)
        self.study.tell(trial.number, state=TrialState.FAIL)


@contextlib.contextmanager
def open_search(
    data: Path,
    out: Path,
    base: Recipe,
    settings: Settings,
    *,
    space: Mapping[str, Parameter] = SPACE,
) -> Iterator[Search]:
    """Open the study in ``out``, or begin it.

    Args:
        data: what ``imageauth data cifake`` made; its test split is never looked at.
        out: the search's folder: ``study.db``, ``trials/``.
        base: the recipe that is tried first and that trials vary.
        settings: shared by all trials.
        space: what is varied.

    Raises:
        DataError: the data is not prepared or too little, ``out`` holds a study begun with other settings or data, or
            another process works on it.
    """
    training, validation, about = load_cifake(data)
    if settings.images and settings.images < len(training[1]):
        order = np.random.default_rng(settings.seed).permutation(len(training[1]))
        chosen = np.sort(order[: settings.images])
        training = training[0][chosen], training[1][chosen]
    if len(training[1]) < largest_batch(space):
        raise DataError(f"{len(training[1])} training images are fewer than the largest batch, {largest_batch(space)}")
    facts = {
        **asdict(settings),
        "data": about["manifest_sha256"],
        "imageauth": __version__,
        "space": space_to_json(space),
    }
    with database.opened(out, facts) as study:
        about["train"] = len(training[1])
        trials = Trials(training, validation, about, settings.most_parameters, out)
        yield Search(study, replace(base, seed=settings.seed), trials, settings, space, facts)


def _sampler(name: str, seed: int) -> optuna.samplers.BaseSampler:
    if name == "random":
        return optuna.samplers.RandomSampler(seed=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return optuna.samplers.TPESampler(seed=seed, multivariate=True)
