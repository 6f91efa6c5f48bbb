"""The whole way with two models: one for thumbnails, and a stand-in for the one that sees larger pictures."""

import json
import os
import threading
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from imageauth import Detector, Failure, ImageAuthError, ModelError, Report, Verdict
from imageauth import models as shipped
from imageauth.cli import app
from imageauth.evaluation.dataset import Item
from imageauth.evaluation.deletion import deletion_test
from imageauth.evaluation.scoring import score_items
from imageauth.models import find_model
from imageauth.pixels.choice import Models
from imageauth.pixels.model import PixelModel
from imageauth.pixels.network import Network
from imageauth.verdict import Policy
from tests.conftest import drawn
from tests.photo_model import CARD, redness, write
from tests.test_detector import png

pytest.importorskip("tensorflow", reason="needs the [train] extra") if not os.environ.get("CI") else None
pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def network() -> bytes:
    return redness()


@pytest.fixture
def both(network: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """As if ``cifake`` and ``photo`` had shipped."""
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "cifake").symlink_to(find_model("cifake"))
    folder = write(tmp_path / "models" / "photo", network)
    monkeypatch.setattr(shipped, "_HERE", tmp_path / "models")
    return folder


def red(width: int = 900, height: int = 600, level: int = 60) -> np.ndarray:
    """A grey picture whose left part is redder than green by ``level``."""
    pixels = np.full((height, width, 3), 120, np.uint8)
    pixels += np.random.default_rng(0).integers(0, 9, pixels.shape, np.uint8)
    pixels[:, : width // 2, 0] += np.uint8(level)
    return pixels


def test_each_size_has_its_model(both: Path) -> None:
    detector = Detector()
    named = {
        size: detector.check(png(drawn(*size))).evidence[0].detail["model"]
        for size in ((31, 40), (32, 32), (64, 90), (65, 65), (640, 480), (65, 20_000))
    }
    assert list(named.values()) == ["cifake", "cifake", "cifake", "photo", "photo", "photo"]


def test_only_what_is_needed_is_loaded(both: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[int] = []
    begin = Network.__init__

    def init(self: Network, data: bytes, **options: object) -> None:
        loaded.append(len(data))
        begin(self, data, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Network, "__init__", init)
    detector = Detector()
    assert loaded == []
    detector.check(png(drawn(32, 32)))
    assert loaded == [(find_model("cifake") / "model.tflite").stat().st_size]
    threads = [threading.Thread(target=detector.check, args=(png(drawn(100, 100)),)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert loaded[1:] == [(both / "model.tflite").stat().st_size]


def test_reports_name_the_model_that_looked(both: Path) -> None:
    report = Detector().check(png(red()))
    assert report.produced_by["model"] == "photo 0"
    assert report.verdict is Verdict.LIKELY_AI or report.probability is not None
    pixels, stability = report.evidence[:2]
    assert set(pixels.detail["kinds"]) == {"photo", "drawn", "screen"}
    assert sum(pixels.detail["kinds"].values()) == pytest.approx(1, abs=1e-3)
    assert set(stability.detail["probabilities"]) == {"as-is", "flipped", "re-encoded-75", "resized"}
    assert stability.code == "stability-held"
    assert "A stand-in." in report.limits
    assert not any("short side" in limit for limit in report.limits)
    small = Detector().check(png(drawn(100, 100)))
    assert any(limit == "Its short side has fewer than 256 pixels. Nothing is known." for limit in small.limits)
    blue = np.clip(drawn(500, 500).astype(int) // 2 + [0, 0, 100], 0, 255).astype(np.uint8)
    assert any("drawn" in limit for limit in Detector().check(png(blue)).limits)
    thumbnail = Detector().check(png(drawn(32, 32)))
    assert str(thumbnail.produced_by["model"]).startswith("cifake")
    assert "kinds" not in thumbnail.evidence[0].detail


def test_the_score_is_the_cards_sum(both: Path) -> None:
    model = PixelModel.load("photo")
    pixels = red(600, 600)
    views = model.views(pixels)
    scores = model.score_views([views])
    logits = scores.said[0][:, 0]
    assert scores.said[0].shape == (7, 201)
    expected = logits[0] + 0.5 * logits[1:5].mean() + 0.25 * logits[5:].mean() + 0.125
    assert scores.variants[0, 0] == pytest.approx(expected, abs=1e-4)
    assert scores.pooled[0] == pytest.approx(scores.variants[0, :2].mean())
    small = model.score_views([model.views(red(300, 100))])
    assert small.variants[0, 0] == pytest.approx(1.75 * small.said[0][0, 0] + 0.125, abs=1e-4)
    together = model.scores([pixels, red(300, 100), red()])
    assert together == pytest.approx([model.scores([p])[0] for p in (pixels, red(300, 100), red())], abs=1e-4)


def test_many_of_all_sizes_come_in_order(both: Path) -> None:
    sizes = [(32, 32), (700, 500), (64, 64), (65, 65), (300, 900)] * 6
    data: list[bytes] = [png(drawn(*size, seed=index)) for index, size in enumerate(sizes)]
    data[7] = b"nothing"
    detector = Detector()
    answers = list(detector.check_many(data, names=[str(index) for index in range(len(data))]))
    assert [answer.file for answer in answers] == [str(index) for index in range(len(data))]
    assert isinstance(answers[7], Failure)
    for index in (0, 1, 3, 29):
        answer, alone = answers[index], detector.check(data[index])
        assert isinstance(answer, Report)
        assert answer.produced_by == alone.produced_by
        for key in ("probability", "uncalibrated_probability"):
            if key in alone.evidence[0].detail:
                assert answer.evidence[0].detail[key] == pytest.approx(alone.evidence[0].detail[key], abs=2e-3)


def test_a_heatmap_shows_where_and_asks_no_more(both: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0
    call = Network.__call__

    def counted(self: Network, batch: np.ndarray) -> np.ndarray:
        nonlocal asked
        asked += len(batch)
        return call(self, batch)

    monkeypatch.setattr(Network, "__call__", counted)
    detector = Detector()
    detector.check(png(red()))
    once, asked = asked, 0
    found = detector.explain(png(red()))
    assert asked == once == 10
    assert found.heatmap is not None
    assert found.heatmap.shape == (28, 42)
    seen = ~np.isnan(found.heatmap)
    left, right = found.heatmap[:, :21][seen[:, :21]], found.heatmap[:, 21:][seen[:, 21:]]
    assert left.mean() > right.mean() + 2
    assert detector.explain(png(drawn(100, 150))).heatmap.shape == (21, 14)  # type: ignore[union-attr]


def test_heatmaps_pass_the_deletion_test(both: Path) -> None:
    pictures = []
    for index in range(6):
        pixels = red(460, 460, level=0)
        pixels[40 * index : 40 * index + 150, 200:350, 0] += 60
        pictures.append(pixels)
    found = deletion_test(PixelModel.load("photo"), pictures)
    assert found.n == 6
    assert found.marked > found.random
    assert found.wins == 1


def test_evaluation_takes_it(both: Path, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png(red(500, 500)))
    scored = score_items(PixelModel.load("photo"), [Item(tmp_path / "a.png", "a.png", 1, "")], ["jpeg-75", "crop-0.8"])
    assert scored.scores.shape == (3, 1)
    # The file is lossless, as the detector sees it too.
    report = Detector().check(tmp_path / "a.png")
    assert CARD.calibration(scores := scored.scores[0, 0]) == pytest.approx(report.probability, abs=1e-3), scores


def test_a_policy_must_fit_both(both: Path) -> None:
    Detector(policy=Policy("strict", likely_ai=0.99))
    with pytest.raises(ImageAuthError, match="does not fit the model"):
        Detector(policy=Policy("odd", likely_real=0.85))
    report = Detector(policy=Policy("strict", likely_ai=0.9995)).check(png(red()))
    assert report.evidence[0].detail["thresholds"][1] == 0.9995


def test_damaged_weights_are_one_line_when_they_are_needed(both: Path) -> None:
    (both / "model.tflite").write_bytes(b"nothing")
    detector = Detector()
    assert detector.check(png(drawn(32, 32))).evidence
    with pytest.raises(ModelError, match="not the file that its card describes"):
        detector.check(png(drawn(100, 100)))
    with pytest.raises(ModelError):
        Detector("photo")


def test_a_card_must_fit_its_network(both: Path) -> None:
    data = json.loads((both / "card.json").read_text(encoding="utf-8"))
    data["answers"]["map"] = {"first": 6, "side": 14}
    (both / "card.json").write_text(json.dumps(data))
    with pytest.raises(ModelError, match="gives 201 answers to a picture, its card speaks of 202"):
        Detector("photo")


def test_without_the_larger_model_the_smaller_one_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cifake").symlink_to(find_model("cifake"))
    monkeypatch.setattr(shipped, "_HERE", tmp_path)
    models = Models("auto")
    assert {model.card.name for size in (20, 40, 4000) if (model := models.made_for(size, size))} == {"cifake"}


def test_models_lists_both(both: Path) -> None:
    shown = CliRunner().invoke(app, ["models"]).output
    assert "cifake 4" in shown
    assert "photo 0" in shown
    cards = [json.loads(line) for line in CliRunner().invoke(app, ["models", "--json"]).output.splitlines()]
    assert cards[1]["answers"] == CARD.answers.to_json()
