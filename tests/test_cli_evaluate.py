"""``imageauth evaluate`` from the outside, with a shipped-model stand-in."""

import json

import pytest
from typer.testing import CliRunner

from imageauth.cli import app
from imageauth.pixels.model import PixelModel
from tests.brightness import Brightness, draw


@pytest.fixture(autouse=True)
def stand_in(monkeypatch):
    monkeypatch.setattr(PixelModel, "load", staticmethod(lambda name: Brightness()))


@pytest.fixture
def folder(tmp_path):
    data = tmp_path / "data"
    for index in range(6):
        draw(data / "one/REAL" / f"[red]r{index}.png", 40, seed=index)
        draw(data / "two/FAKE" / f"f{index}.png", 215, seed=index)
    return data


def run(*arguments):
    return CliRunner().invoke(app, ["evaluate", *map(str, arguments), "--model", "any"])


def test_tables(folder):
    result = run(folder, "--degradations", "--shortcut-probe")
    assert result.exit_code == 0, result.output
    for expected in ("Balanced accuracy", "100.00%", "one", "two", "jpeg-30", "(worst)", "Shortcut probe"):
        assert expected in result.stdout
    assert result.stderr == ""


def test_json_to_standard_output_stands_alone(folder):
    result = run(folder, "--json", "-", "--limit", 2)
    data = json.loads(result.stdout)
    assert (data["n"], data["accuracy"]) == (4, 1)
    assert data["data"]["limit"] == 2


def test_files_and_failures(folder, tmp_path):
    (folder / "one/REAL/empty.png").touch()
    (folder / "one/REAL/notes.txt").touch()
    result = run(folder, "--json", tmp_path / "f.json", "--html", tmp_path / "f.html")
    assert result.exit_code == 1
    assert result.stderr == "one/REAL/empty.png: empty: is empty (0 bytes)\n"
    data = json.loads((tmp_path / "f.json").read_text())
    assert data["n"] == 12
    assert data["data"]["skipped"] == 1
    assert "empty.png" in (tmp_path / "f.html").read_text(encoding="utf-8")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "f.html", "f.json"]


@pytest.mark.parametrize("option", ["--json", "--html"])
def test_outputs_are_checked_before_the_work(folder, tmp_path, monkeypatch, option):
    monkeypatch.setattr(PixelModel, "load", staticmethod(lambda name: pytest.fail("the work began")))
    for target in (tmp_path, tmp_path / "missing" / "f"):
        result = run(folder, option, target)
        assert result.exit_code == 2
        assert "cannot be written" in result.stderr


def test_the_page_shows_as_many_mistakes_as_asked_for(folder, tmp_path):
    for index in range(40):
        draw(folder / "one/REAL" / f"bright{index}.png", 215, seed=index)
    for options, shown in (((), 24), (("--mistakes", 30), 30), (("--mistakes", 0), 0)):
        assert run(folder, "--html", tmp_path / "f.html", *options).exit_code == 0
        assert (tmp_path / "f.html").read_text(encoding="utf-8").count("<img ") == 2 * shown  # each beside its heatmap


def test_usage_errors(folder):
    assert run(folder, "--mistakes", 501).exit_code == 2
    assert run(folder, "--limit", 0).exit_code == 2
    assert "is not a folder" in run(folder / "missing").stderr
    assert "has no splits" in run(folder, "--split", "test").stderr
