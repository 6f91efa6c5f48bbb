"""``imageauth tune``"""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from imageauth.cli.guard import guarded
from imageauth.silence import silenced

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Search for a better training recipe with Optuna.")


class Sampler(StrEnum):
    """How the search chooses."""

    TPE = "tpe"
    RANDOM = "random"


@app.callback()
def root() -> None:
    """Search for a better training recipe with Optuna."""


def cifake(
    data: Annotated[Path, typer.Option(help="Folder made by: imageauth data cifake")],
    out: Annotated[Path, typer.Option(help="Folder of the search; the same command goes on with one found there.")],
    trials: Annotated[int, typer.Option(min=1, help="Trials wanted in all, those of earlier runs included.")],
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the images in each trial.")] = 4,
    images: Annotated[
        int | None, typer.Option(min=1, help="Training images used, always the same random ones; default: all.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the choice of images, the search and the trainings.")] = 1,
    most_parameters: Annotated[int, typer.Option(min=1, help="Larger networks are not trained.")] = 3_000_000,
    sampler: Annotated[Sampler, typer.Option(help="tpe learns from earlier trials; random does not.")] = Sampler.TPE,
) -> None:
    """Search the recipe of the pocket network: width, depth, stem, regularisation, augmentation, optimizer.

    Trial 0 is the recipe pocket. Each trial is a short training, judged on the validation split by the mean of its
    AUROC on images as they are and degraded; poor ones are stopped early. The folder gets trials.tsv, trials.svg and
    best.json, which holds the best recipe and the command that trains by it.
    """
    from imageauth.errors import MissingExtraError
    from imageauth.evaluation.plots import require_matplotlib
    from imageauth.rendering.progress import progress

    try:
        with silenced():
            from optuna.trial import FrozenTrial

            from imageauth.cli.terminal import console
            from imageauth.training.record import Progress
            from imageauth.training.runs import recipe_for
            from imageauth.training.search import plots, report
            from imageauth.training.search.space import SPACE
            from imageauth.training.search.study import Settings, open_search
    except ImportError as error:
        raise MissingExtraError("tuning", "train") from error
    require_matplotlib("tuning", "train")
    base = recipe_for(out, report.NETWORK, {}, resume=False)
    settings = Settings(epochs, images, seed, most_parameters)
    watched = sys.stdout.isatty() and sys.stderr.isatty()
    with open_search(data, out, base, settings) as search:
        with progress("tuning", trials) as tell:

            def on_step(trial: FrozenTrial, done: int, now: Progress) -> None:
                note = f"trial {trial.number}, epoch {now.epoch}/{now.epochs}, loss {now.loss:.4f}"
                tell(done + now.step / now.steps, trials, note)

            def on_trial(trial: FrozenTrial) -> None:
                if not watched:
                    print(report.line(trial), flush=True)
                report.write_files(search, data, out)

            search.run(trials, sampler=sampler.value, on_step=on_step, on_trial=on_trial)
        report.write_files(search, data, out)
        plots.write_plot(search, SPACE, out)
        if not search.complete:
            print(f"no trial was completed: {out / report.TABLE_FILE} says why")
            return
        console(160).print(report.table(search))
        recipe = search.recipe(search.complete[0])
        print(f"\nTrain by the best recipe:\n{report.train_command(recipe, data, out / report.RUN_FOLDER)}")


app.command()(guarded(cifake, when_stopped="the same command goes on"))
