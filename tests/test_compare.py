"""``imageauth compare`` and ``evaluate --predictions``: figures, words and files, where the answers are known."""

import json
import re

import numpy as np
import pytest
from typer.testing import CliRunner

from imageauth.cli import app
from imageauth.errors import DataError
from imageauth.evaluation.dataset import find_images
from imageauth.evaluation.figures import measure
from imageauth.evaluation.held_out import FrozenCuts
from imageauth.evaluation.paired import FIGURES, Judged, measure_pair
from imageauth.evaluation.predictions import read_predictions
from imageauth.pixels.card import Thresholds
from imageauth.pixels.model import PixelModel
from tests.brightness import Brightness, draw


def run(*arguments):
    return CliRunner().invoke(app, [*map(str, arguments)])


@pytest.fixture
def folder(tmp_path):
    data = tmp_path / "data"
    for index in range(12):
        draw(data / "REAL" / f"r{index}.png", 40, seed=index)
        draw(data / "FAKE" / f"f{index}.png", 215, seed=index)
    return data


def table(path, rows, head="file,probability,verdict"):
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return path


def tool(path, wrong=()):
    """Predictions that are right but for some."""
    rows = []
    for label, name in (("REAL", "r"), ("FAKE", "f")):
        for index in range(12):
            ai = (label == "FAKE") != (f"{name}{index}" in wrong)
            rows.append(f"{label}/{name}{index}.png,{0.9 if ai else 0.1},{'likely-ai' if ai else 'likely-real'}")
    return table(path, rows)


def cuts(n):
    return FrozenCuts(np.full(n, 0.5), np.full(n, 0.9), np.full(n, 0.1))


def drawn(n=400, seed=0):
    random = np.random.default_rng(seed)
    labels = random.integers(0, 2, n)
    hard = random.normal(size=n)
    scores = [2 * labels - 1 + hard + random.normal(scale=0.5, size=n) for _ in range(2)]
    judged = [Judged(s, 1 / (1 + np.exp(-s)), cuts(n), random.random(n) < 0.9) for s in scores]
    return labels, *judged


def test_each_side_has_the_figures_of_the_protocol():
    labels, a, b = drawn()
    pair = measure_pair(labels, a, b, resamples=300)
    alone = measure(labels, b.scores, b.probabilities, Thresholds(0.5, 0.9, 0.1), answered=b.answered, resamples=0)
    for ours, theirs in (("auroc", alone.auroc), ("ece", alone.ece), ("share_decided", alone.coverage)):
        assert pair.b.values[ours] == pytest.approx(theirs)
    said_ai = b.answered & (b.probabilities >= 0.9)
    assert pair.b.values["real_left_alone"] == pytest.approx(1 - said_ai[labels == 0].mean())
    for name in FIGURES:
        assert pair.difference.values[name] == pytest.approx(pair.b.values[name] - pair.a.values[name])
        low, high = pair.difference.intervals[name]
        assert low <= high


def test_what_both_find_hard_cancels_out_of_the_difference():
    labels, a, b = drawn()
    pair = measure_pair(labels, a, b, resamples=300)
    widths = [high - low for low, high in (side.intervals["auroc"] for side in (pair.a, pair.b, pair.difference))]
    assert widths[2] < 0.9 * min(widths[:2])


def test_weights_stand_for_another_share_of_ai():
    labels, a, b = drawn()
    nine = np.where(labels == 1, 1, 9)  # nine real pictures for each AI-made one
    twice = np.repeat(np.arange(400), nine)
    weighed = measure_pair(labels, a, b, weights=nine.astype(float), resamples=0)
    repeated = measure_pair(labels[twice], a.select(twice), b.select(twice), resamples=0)
    for name in ("accuracy", "ece", "brier", "error_decided"):
        assert weighed.a.values[name] == pytest.approx(repeated.a.values[name])


def test_by_source_intervals_are_wider_where_sources_agree_within():
    labels, a, b = drawn()
    labels = np.sort(labels)
    units = np.array([f"{label}/{index // 20}" for index, label in enumerate(labels)])
    shift = np.random.default_rng(1).normal(size=20)[np.arange(400) // 20]
    b = Judged(b.scores + 3 * shift, 1 / (1 + np.exp(-b.scores - 3 * shift)), b.cuts, b.answered)
    widths = []
    for each in (None, units):
        low, high = measure_pair(labels, a, b, units=each, resamples=300).difference.intervals["brier"]
        widths.append(high - low)
    assert widths[1] > 1.5 * widths[0]


def test_two_tools_compared_from_their_predictions(folder, tmp_path):
    a = tool(tmp_path / "old.csv", wrong=("r0", "r1", "f0", "f1", "f2", "f3", "f4"))
    b = tool(tmp_path / "new.csv", wrong=("r0",))
    result = run("compare", a, b, "--data", folder, "--json", tmp_path / "c.json", "--html", tmp_path / "c.html")
    assert result.exit_code == 0, result.output
    assert "On these 24 pictures B is right 6 times more often; chance alone would hardly do that (p = .016)." in (
        result.stdout
    )
    found = json.loads((tmp_path / "c.json").read_text())
    assert found["decision"]["only_b"] == 6
    assert found["decision"]["p_exact"] == pytest.approx(2 / 2**6)
    assert found["verdicts"]["table"]["fake"] == [[7, 0, 0], [0, 0, 0], [5, 0, 0]]
    assert found["figures"]["difference"]["accuracy"] == pytest.approx(6 / 24)
    assert (found["units"], found["a"]["name"], found["missing"]) == ("pictures", "old", 0)
    page = (tmp_path / "c.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 3
    assert not re.search(r"https?://(?!www\.w3\.org)", page)


def test_a_difference_that_may_be_chance_is_called_so_and_how_many_pictures_it_takes_is_said(folder, tmp_path):
    a, b = tool(tmp_path / "a.csv", wrong=("r0", "f3")), tool(tmp_path / "b.csv", wrong=("r0",))
    said = run("compare", a, b, "--data", folder).stdout
    assert "B is right once more often; the difference may be chance (p = .500)" in said
    assert re.search(r"about \d+ pictures would show it four times in five", said)
    assert "right and wrong about the very same ones" in run("compare", a, a, "--data", folder).stdout


def test_sub_folders_are_tested_by_holm(tmp_path):
    data, rows = tmp_path / "data", []
    for index in range(24):
        group = "one" if index < 12 else "two"
        draw(data / f"REAL/{group}/r{index}.png", 40, seed=index)
        draw(data / f"FAKE/{group}/f{index}.png", 215, seed=index)
        rows += [f"REAL/{group}/r{index}.png,.1,", f"FAKE/{group}/f{index}.png,.9,"]
    draw(data / "FAKE/few/f.png", 215)  # too few to be tested by itself
    rows += ["FAKE/few/f.png,.9,"]
    a = table(tmp_path / "a.csv", rows)
    b = table(tmp_path / "b.csv", [row.replace(".1,", ".9,") if "two/r" in row else row for row in rows])
    result = run("compare", a, b, "--data", data, "--json", "-")
    groups = json.loads(result.stdout)["groups"]
    assert list(groups) == ["one", "two"]
    assert groups["one"]["p_holm"] == 1
    assert groups["two"]["p_holm"] == pytest.approx(2 * groups["two"]["p_mid"])
    assert json.loads(result.stdout)["verdicts"] is None  # no verdict in either file


def test_a_model_against_another_tool(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(PixelModel, "load", staticmethod(lambda name: Brightness()))
    (folder / "REAL/empty.png").touch()
    result = run("compare", "any", tool(tmp_path / "tool.csv", wrong=("f1",)), "--data", folder)
    assert result.exit_code == 1
    assert "A is right once more often" in result.stdout
    assert "REAL/empty.png: empty" in result.stderr


def test_names_may_be_written_from_here_or_absolute(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = ['{"file": "data/REAL/r0.png", "probability": 0.25, "verdict": "inconclusive"}',
            json.dumps({"file": str(folder / "FAKE" / "f0.png"), "probability": 0.5, "verdict": "likely-ai"}),
            '{"file": "FAKE\\\\f1.png", "probability": 1, "verdict": "ai-generated"}',
            '{"file": "REAL/r1.png", "error": {"code": "corrupt"}}']  # fmt: skip
    path = tmp_path / "t.jsonl"
    path.write_text("\n".join(rows), encoding="utf-8")
    items = find_images(folder).items
    judged, places = read_predictions(path).judge(items, folder)
    assert [items[at].name for at in places] == ["FAKE/f0.png", "FAKE/f1.png", "REAL/r0.png"]
    assert judged.probabilities.tolist() == [0.5, 1, 0.25]
    assert judged.verdicts.tolist() == [1, 1, 0]


def test_evaluate_measures_predictions(folder, tmp_path):
    predictions = tool(tmp_path / "tool.csv", wrong=("r0",))
    predictions.write_text(predictions.read_text().replace("FAKE/f0.png,0.9,likely-ai\n", ""))
    target = tmp_path / "f.json"
    result = run("evaluate", folder, "--predictions", predictions, "--json", target, "--html", tmp_path / "f.html")
    assert result.exit_code == 1
    assert "FAKE/f0.png: unreadable: has no prediction" in result.stderr
    found = json.loads(target.read_text())
    assert (found["n"], found["model"], found["coverage"]) == (23, "tool", 1)
    assert found["accuracy"] == pytest.approx(22 / 23)
    assert len(found["data"]["digest"]) == 64
    assert "its own, as its predictions say" in (tmp_path / "f.html").read_text(encoding="utf-8")
    assert "needs a model" in run("evaluate", folder, "--predictions", predictions, "--degradations").stderr


def test_a_tool_without_verdicts_has_no_figures_of_them(folder, tmp_path):
    rows = [f"REAL/r{index}.png,.2" for index in range(12)] + [f"FAKE/f{index}.png,.8" for index in range(12)]
    predictions = table(tmp_path / "t.csv", rows, "file,probability")
    found = json.loads(run("evaluate", folder, "--predictions", predictions, "--json", "-").stdout)
    assert (found["coverage"], found["accuracy_on_decided"], found["accuracy"]) == (None, None, 1)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("t.csv", "name,p\na,1\n", "names no column"),
        ("t.csv", "file,probability\nREAL/r0.png,1.2\n", "line 2: '1.2' is no probability"),
        ("t.csv", "file,probability\nREAL/r0.png,nan\n", "line 2: 'nan' is no probability"),
        ("t.csv", "file,probability\nREAL/r0.png,.1\nREAL/r0.png,.2\n", "line 3: REAL/r0.png is there twice"),
        ("t.csv", "file,probability,verdict\nREAL/r0.png,.1,fake\n", "'fake' is none of ai-generated"),
        ("t.csv", "file,probability\nelsewhere.png,.1\n", "none of its rows names a picture"),
        ("t.csv", "", "names no column"),
        ("t.csv", "file,probability\n", "has no predictions"),
        ("t.csv", b"\xff\xfe\x00", "is not UTF-8"),
        ("t.jsonl", "[1]\n", "line 1 is not a JSON object"),
        ("t.jsonl", "{\n", "line 1 is not JSON"),
        ("t.jsonl", '{"file": 3, "probability": 1}\n', "line 1: names no file"),
        ("t.jsonl", '{"file": "a", "probability": true}\n', "'True' is no probability"),
        ("t.jsonl", "[" * 100_000, "cannot be read"),
    ],
)
def test_damaged_predictions_end_in_one_line(folder, tmp_path, name, content, said):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    result = run("evaluate", folder, "--predictions", path)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stderr.count("\n") == 1


def test_usage_errors(folder, tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        read_predictions(tmp_path / "missing.csv")
    assert "no model" in run("compare", "nonsense", "nonsense", "--data", folder).stderr
    assert "cannot be written" in run("compare", "a", "b", "--data", folder, "--html", tmp_path).stderr
