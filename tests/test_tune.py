"""``imageauth tune``: the space, the resumable search, what it leaves, how it ends."""

import csv
import json
import os
import shlex
import sqlite3
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from imageauth.cli import app
from imageauth.errors import DataError

if not os.environ.get("CI"):
    pytest.importorskip("tensorflow", reason="needs the [train] extra")
    pytest.importorskip("optuna", reason="needs the [train] extra")
pytestmark = pytest.mark.train

import optuna  # noqa: E402
from optuna.distributions import CategoricalDistribution, IntDistribution  # noqa: E402
from optuna.trial import TrialState  # noqa: E402

from imageauth.training.recipe import RECIPES, Recipe  # noqa: E402
from imageauth.training.runs import recipe_for  # noqa: E402
from imageauth.training.search import plots, report, trial  # noqa: E402
from imageauth.training.search.space import SPACE, Parameter, params_of, recipe_of  # noqa: E402
from imageauth.training.search.study import Search, Settings, open_search  # noqa: E402

ONE = IntDistribution(1, 1)
SMALL = SPACE | {
    "width": Parameter(IntDistribution(4, 8, step=4), ""),
    **{f"depth{stage}": Parameter(ONE, "") for stage in (1, 2, 3)},
    "batch_size": Parameter(CategoricalDistribution((16, 32)), ""),
}
BASE = Recipe(network_options={"widths": [8, 16, 32]}, batch_size=32, average_decay=0.5)
SETTINGS = Settings(epochs=1, images=100)


def figures(score: float = 0.5) -> dict[str, Any]:
    rest = {"accuracy": 0.5, "parameters": 1, "images_per_second": 1.0, "seconds": 1.0}
    return {"score": score, "auroc": score, "auroc_degraded": score, **rest}


@pytest.fixture
def untrained(monkeypatch: pytest.MonkeyPatch) -> list[Recipe]:
    """Trials that end at once, with the score of their number; yields the recipes tried."""
    tried: list[Recipe] = []

    def run(self: trial.Trials, number: int, recipe: Recipe, *tell: object) -> dict[str, Any]:
        tried.append(recipe)
        return figures(1 - 1 / (2 + number))

    monkeypatch.setattr(trial.Trials, "run", run)
    return tried


def finished(data: Path, out: Path, trials: int, settings: Settings = SETTINGS) -> list[Any]:
    with open_search(data, out, BASE, settings, space=SMALL) as search:
        search.run(trials)
        return search.finished


def test_the_shipped_recipe_is_in_the_space_and_comes_back() -> None:
    shipped = RECIPES[report.NETWORK]
    params = params_of(shipped)
    assert recipe_of(params, shipped) == shipped
    values = {name: parameter.values for name, parameter in SPACE.items()}
    optuna.trial.create_trial(params=params, distributions=values, value=0.5)  # raises where one is outside
    assert all(parameter.meaning for parameter in SPACE.values())


@pytest.fixture(scope="module")
def searched(toy_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Search, Path]]:
    """A real search of three trials in a folder with characters that mean something in a URL or a shell."""
    out = tmp_path_factory.mktemp("search") / "it's a?b {x}#%20"
    with open_search(toy_data, out, BASE, SETTINGS, space=SMALL) as search:
        search.run(3)
        report.write_files(search, toy_data, out)
        plots.write_plot(search, SMALL, out)
        yield search, out


def test_a_search_leaves_a_table_a_plot_and_the_best_recipe(searched: tuple[Search, Path]) -> None:
    search, out = searched
    names = {path.name for path in out.iterdir()}
    assert names - {"lock.db-journal"} == {"study.db", "lock.db", "trials", "trials.tsv", "trials.svg", "best.json"}
    assert sum(path.stat().st_size for path in out.rglob("*.json")) < 20_000
    rows = list(csv.DictReader((out / "trials.tsv").open(encoding="utf-8"), delimiter="\t"))
    assert [(row["trial"], row["state"]) for row in rows] == [(str(number), "complete") for number in range(3)]
    assert [row["baseline"] for row in rows] == ["yes", "", ""]
    assert all(0 <= float(row["score"]) <= 1 and float(row["images_per_second"]) > 0 for row in rows)
    assert ElementTree.parse(out / "trials.svg").getroot().tag.endswith("svg")
    best = json.loads((out / "best.json").read_text())
    assert best["score"] == max(float(row["score"]) for row in rows)
    assert best["score"] == pytest.approx((best["auroc"] + best["auroc_degraded"]) / 2)
    run = json.loads((out / "trials" / "0000.json").read_text())
    assert run["recipe"] == replace(BASE, epochs=1, seed=1).to_json()
    assert run["data"]["train"] == 100
    assert report.table(search).row_count == 3
    assert "trial 0 (recipe pocket): score 0." in report.line(search.finished[0])


def test_a_second_process_is_refused(searched: tuple[Search, Path], toy_data: Path) -> None:
    with (
        pytest.raises(DataError, match="another process"),
        open_search(toy_data, searched[1], BASE, SETTINGS, space=SMALL),
    ):
        pass


def test_the_number_of_trials_is_of_the_whole_study(untrained: list[Recipe], toy_data: Path, tmp_path: Path) -> None:
    broken, whole = tmp_path / "broken", tmp_path / "whole"
    assert len(finished(toy_data, broken, 2)) == 2
    assert len(finished(toy_data, broken, 2)) == 2
    assert len(untrained) == 2
    resumed = finished(toy_data, broken, 4)
    assert [trial.params for trial in resumed] == [trial.params for trial in finished(toy_data, whole, 4)]


def test_what_a_kill_cut_off_is_tried_again_twice(untrained: list[Recipe], toy_data: Path, tmp_path: Path) -> None:
    for _ in range(2):  # what a killed process leaves is a trial in state RUNNING
        with open_search(toy_data, tmp_path, BASE, SETTINGS, space=SMALL) as search:
            search._settle()
            search.study.ask({name: parameter.values for name, parameter in SMALL.items()})
    done = finished(toy_data, tmp_path, 1)
    assert [trial.number for trial in done] == [2]
    assert done[0].user_attrs["baseline"]
    assert untrained == [replace(BASE, epochs=1, seed=1)]
    with open_search(toy_data, tmp_path, BASE, SETTINGS, space=SMALL) as search:
        assert not search.study.get_trials(states=(TrialState.RUNNING, TrialState.WAITING))
        for _ in range(3):
            search._settle()
            search.study.ask({name: parameter.values for name, parameter in SMALL.items()})
        search._settle()
        assert [trial.state for trial in search.finished] == [TrialState.COMPLETE, TrialState.FAIL]
        assert "killed" in report.line(search.finished[1])


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(28, "No space left on device")])
def test_a_stop_is_not_held_against_the_trial(
    error: BaseException, untrained: list[Recipe], toy_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*arguments: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(trial.Trials, "run", stop)
        for _ in range(5):
            with pytest.raises(type(error)):
                finished(toy_data, tmp_path, 1)
    (done,) = finished(toy_data, tmp_path, 1)
    assert done.user_attrs["attempt"] == 1
    assert done.state == TrialState.COMPLETE


def test_bad_trials_say_why_and_the_search_goes_on(
    toy_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Now:
        loss, epoch = float("nan"), 1

    def train(*arguments: object, on_step: Any, **options: object) -> None:
        if len(list((tmp_path / "seen").iterdir())):
            raise MemoryError
        (tmp_path / "seen" / "one").touch()
        on_step(Now())

    (tmp_path / "seen").mkdir()
    monkeypatch.setattr(trial, "train", train)
    done = finished(toy_data, tmp_path / "out", 2)
    assert [(trial.state, trial.user_attrs["reason"]) for trial in done] == [
        (TrialState.PRUNED, "diverged in epoch 1"),
        (TrialState.PRUNED, "out of memory"),
    ]
    (large,) = finished(toy_data, tmp_path / "small", 1, replace(SETTINGS, most_parameters=1000))
    assert "parameters" in report.line(large)


def test_trials_behind_the_median_are_stopped(toy_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(self: trial.Trials, number: int, recipe: Recipe, on_step: object, on_score: Any) -> dict[str, Any]:
        for epoch in range(1, recipe.epochs + 1):
            on_score(epoch, 0.9 - number / 100)
        return figures(0.9 - number / 100)

    monkeypatch.setattr(trial.Trials, "run", run)
    done = finished(toy_data, tmp_path, 7, replace(SETTINGS, epochs=3))
    assert [trial.state for trial in done] == [TrialState.COMPLETE] * 5 + [TrialState.PRUNED] * 2
    assert report.line(done[-1]) == "trial 6: pruned: behind half of the others after epoch 2"


def test_other_settings_and_other_databases_are_refused(
    untrained: list[Recipe], toy_data: Path, tmp_path: Path
) -> None:
    finished(toy_data, tmp_path / "ours", 1)
    for change in ({"epochs": 2}, {"images": None}, {"seed": 2}, {"most_parameters": 9}):
        with pytest.raises(DataError, match="begun with another"):
            finished(toy_data, tmp_path / "ours", 1, replace(SETTINGS, **change))
    with pytest.raises(DataError, match="fewer than the largest batch, 32"):
        finished(toy_data, tmp_path / "few", 1, replace(SETTINGS, images=31))

    for name, make, message in (
        ("text", lambda path: path.write_text("not a database at all"), "file is not a database"),
        ("other", lambda path: sqlite3.connect(path).execute("CREATE TABLE songs (title)"), "something else"),
        ("optuna", lambda path: optuna.create_study(storage=f"sqlite:///{path}", study_name="x"), "another study, 'x'"),
    ):
        (tmp_path / name).mkdir()
        make(tmp_path / name / "study.db")
        before = (tmp_path / name / "study.db").read_bytes()
        with pytest.raises(DataError, match=message):
            finished(toy_data, tmp_path / name, 1)
        assert (tmp_path / name / "study.db").read_bytes() == before


def test_a_full_disk_is_one_line_and_the_study_stays_whole(
    untrained: list[Recipe], toy_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished(toy_data, tmp_path, 1)
    connect = sqlite3.connect

    def full(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection = connect(*arguments, **options)
        connection.execute("PRAGMA max_page_count = 1")  # not a page more than there are
        return connection

    with monkeypatch.context() as patch:
        patch.setattr(sqlite3, "connect", full)
        patch.setattr(trial.Trials, "run", lambda *arguments: figures() | {"accuracy": "0" * 100_000})
        with pytest.raises(DataError, match=r"study\.db: database or disk is full$"):
            finished(toy_data, tmp_path, 2)
    assert len(finished(toy_data, tmp_path, 2)) == 2


def test_the_command_found_trains_by_the_same_recipe(
    toy_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from imageauth.training import runs

    base = replace(recipe_for(tmp_path, report.NETWORK, {}, resume=False), seed=7)
    params = params_of(base) | {"width": 48, "depth3": 2, "colour": "ycbcr", "high_pass": True, "attention": False}
    recipe = recipe_of(params | {"optimizer": "adamw", "rate_factor": 0.123456, "dropout": 0.30000000000000004}, base)
    asked = {}

    class AskedError(Exception):
        pass

    def train_cifake(data: Path, out: Path, recipe: Recipe, **options: object) -> None:
        asked.update(data=data, out=out, recipe=recipe)
        raise AskedError

    monkeypatch.setattr(runs, "train_cifake", train_cifake)
    monkeypatch.setenv("IMAGEAUTH_TRACEBACK", "1")
    words = shlex.split(report.train_command(recipe, toy_data, tmp_path / "it's best"))
    assert words[0] == "imageauth"
    result = CliRunner().invoke(app, words[1:])
    assert isinstance(result.exception, AskedError), result.output
    assert asked == {"data": toy_data, "out": tmp_path / "it's best", "recipe": recipe}
    assert (recipe.learning_rate, recipe.network_options["dropout"], recipe.epochs) == (0.000247, 0.3, base.epochs)


def test_usage_errors_are_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def tune(*arguments: str) -> Any:
        return CliRunner().invoke(app, ["tune", "cifake", "--data", str(tmp_path), "--out", str(tmp_path), *arguments])

    result = tune("--trials", "0")
    assert (result.exit_code, "--trials" in result.stderr) == (2, True)
    result = tune("--trials", "1")
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert "prepare the data first" in result.stderr
    monkeypatch.setitem(sys.modules, "optuna.trial", None)
    result = tune("--trials", "1")
    assert result.exit_code == 2
    assert result.stderr == 'imageauth: tuning needs an optional part: pip install "imageauth[train]"\n'


def test_the_command_prints_trials_a_table_and_the_command(
    untrained: list[Recipe], toy_data: Path, tmp_path: Path
) -> None:
    command = ["tune", "cifake", "--data", str(toy_data), "--out", str(tmp_path), "--trials"]
    lines = CliRunner().invoke(app, [*command, "2"]).stdout.splitlines()
    assert [line.split(":")[0] for line in lines[:2]] == ["trial 0 (recipe pocket)", "trial 1"]
    assert lines[-1] == json.loads((tmp_path / "best.json").read_text())["command"]
    again = CliRunner().invoke(app, [*command, "2"]).stdout.splitlines()
    assert again == lines[2:]
    assert len(untrained) == 2
    assert not CliRunner().invoke(app, [*command, "3"]).stderr
    assert len(untrained) == 3
