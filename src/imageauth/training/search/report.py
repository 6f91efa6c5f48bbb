"""What a search leaves for people: ``trials.tsv``, ``best.json``, the table and lines for the terminal."""

import csv
import io
import json
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

from optuna.trial import FrozenTrial, TrialState
from rich.table import Table

from imageauth.files import write_text
from imageauth.training.recipe import RECIPES, Recipe
from imageauth.training.search.space import SPACE
from imageauth.training.search.study import Search

TABLE_FILE, BEST_FILE = "trials.tsv", "best.json"
RUN_FOLDER = "best"  # in the search's folder, for the command
NETWORK = "pocket"  # whose recipe is searched
FIGURES = ("score", "auroc", "auroc_degraded", "accuracy", "parameters", "images_per_second", "seconds")
WORDS = {TrialState.COMPLETE: "complete", TrialState.PRUNED: "pruned", TrialState.FAIL: "failed"}


def write_files(search: Search, data: Path, out: Path) -> None:
    """Write ``trials.tsv`` with every finished trial and, once one is complete, ``best.json``.

    Args:
        search: with its trials.
        data: the folder of the data set, for the command.
        out: where to write, and for the command.

    Raises:
        ImageAuthError: they cannot be written.
    """
    trials = search.finished
    write_text(out / TABLE_FILE, _tsv(trials))
    if not search.complete:
        return
    best = search.complete[0]
    recipe = search.recipe(best)
    found = {
        "trial": best.number,
        **_figures(best),
        "judged_by": "mean of the AUROC on validation pictures as they are and degraded",
        "baseline": next((_figures(trial) for trial in trials if trial.user_attrs.get("baseline")), None),
        "search": {name: value for name, value in search.facts.items() if name != "space"},
        "parameters_of_the_search": best.params,
        "recipe": recipe.to_json(),
        "command": train_command(recipe, data, out / RUN_FOLDER),
    }
    write_text(out / BEST_FILE, json.dumps(found, indent=1) + "\n")


def train_command(recipe: Recipe, data: Path, out: Path) -> str:
    """The ``imageauth train`` command that trains by ``recipe``, quoted for a shell.

    The arithmetic's precision is left to the machine that trains, as always.
    """
    shipped = RECIPES[NETWORK]
    before, after = shipped.to_json(), replace(recipe, precision=shipped.precision).to_json()
    words = ["imageauth", "train", "cifake", "--data", str(data), "--out", str(out), "--network", NETWORK]
    for name, value in after.items():
        if value != before[name]:
            words += ["--set", f"{name}={json.dumps(value)}"]
    return shlex.join(words)


def line(trial: FrozenTrial) -> str:
    """One finished trial in one line."""
    name = f"trial {trial.number}" + (" (recipe pocket)" if trial.user_attrs.get("baseline") else "")
    if trial.state != TrialState.COMPLETE:
        return f"{name}: {WORDS[trial.state]}: {_reason(trial)}"
    figures = trial.user_attrs
    return (
        f"{name}: score {figures['score']:.5f}, AUROC {figures['auroc']:.5f}, "
        f"degraded {figures['auroc_degraded']:.5f}, accuracy {figures['accuracy']:.2%}, "
        f"{figures['parameters']:,} parameters, {figures['images_per_second']:,.0f} images/s, "
        f"{figures['seconds']:,.0f} s"
    )


def table(search: Search, most: int = 10) -> Table:
    """The best trials, and the recipe that is varied wherever it stands."""
    shown = Table(title=f"Best of {len(search.finished)} trials", title_justify="left")
    shown.add_column("trial", justify="right")
    for label in ("score", "AUROC", "degraded", "accuracy", "parameters", "images/s", "seconds"):
        shown.add_column(label, justify="right", no_wrap=True)
    shown.add_column("recipe")
    for place, trial in enumerate(search.complete):
        baseline = trial.user_attrs.get("baseline", False)
        if place >= most and not baseline:
            continue
        figures = trial.user_attrs
        shown.add_row(
            str(trial.number),
            *(f"{figures[name]:.5f}" for name in ("score", "auroc", "auroc_degraded")),
            f"{figures['accuracy']:.2%}",
            *(f"{figures[name]:,.0f}" for name in ("parameters", "images_per_second", "seconds")),
            "the recipe pocket" if baseline else _in_short(search.recipe(trial), trial.params),
            style="bold" if not place else None,
        )
    return shown


def _in_short(recipe: Recipe, params: dict[str, Any]) -> str:
    depths = "-".join(str(params[f"depth{stage}"]) for stage in (1, 2, 3))
    stem = params["colour"] + (" + high-pass" if params["high_pass"] else "")
    return (
        f"width {params['width']}, depths {depths}, {stem}, "
        f"{recipe.optimizer} {recipe.learning_rate:g}, batch {recipe.batch_size}"
    )


def _tsv(trials: list[FrozenTrial]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, delimiter="\t", lineterminator="\n")
    writer.writerow(["trial", "state", *FIGURES, "baseline", "reason", *SPACE])
    for trial in trials:
        figures = [trial.user_attrs.get(name, "") for name in FIGURES]
        baseline = "yes" if trial.user_attrs.get("baseline") else ""
        reason = "" if trial.state == TrialState.COMPLETE else _reason(trial)
        params = [trial.params.get(name, "") for name in SPACE]
        writer.writerow([trial.number, WORDS[trial.state], *figures, baseline, reason, *params])
    return out.getvalue()


def _figures(trial: FrozenTrial) -> dict[str, Any]:
    return {name: trial.user_attrs.get(name) for name in FIGURES}


def _reason(trial: FrozenTrial) -> str:
    """Why a trial has no score; one that was cut off again and again could not say it itself."""
    return str(trial.user_attrs.get("reason", "its process was killed again and again"))
