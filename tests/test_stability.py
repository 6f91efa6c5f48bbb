"""Harmless changes, heatmaps, and what is said about them."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imageauth import Detector
from imageauth.errors import ModelError
from imageauth.evaluation.dataset import Item
from imageauth.evaluation.deletion import deletion_test
from imageauth.evaluation.protocol import evaluate
from imageauth.images import read_image
from imageauth.models import find_model
from imageauth.pixels.calibration import Calibration
from imageauth.pixels.card import Card
from imageauth.pixels.evidence import stability_evidence
from imageauth.pixels.heatmap import CELLS, blend, occlusion
from imageauth.pixels.layout import Entry, Layout
from imageauth.pixels.model import PixelModel, Scores
from imageauth.pixels.stability import VARIANTS, pool, settled, with_variants
from imageauth.rendering.heatmap import AI, REAL, draw_heatmap, overlay
from imageauth.report import Evidence, Report
from imageauth.verdict import decide
from tests.brightness import Brightness
from tests.conftest import drawn
from tests.test_cli import run
from tests.test_detector import copy_of_the_model, png


def test_variants_are_harmless_and_each_is_a_change() -> None:
    views = np.stack([drawn(seed=1), drawn(seed=2)])
    everything = with_variants(views, list(VARIANTS))
    assert everything.shape == (2 * (1 + len(VARIANTS)), 32, 32, 3)
    np.testing.assert_array_equal(everything[:2], views)
    by_name = dict(zip(VARIANTS, everything[2:].reshape(-1, 2, 32, 32, 3), strict=True))
    np.testing.assert_array_equal(by_name["moved"][:, 1:, 1:], views[:, :-1, :-1])
    np.testing.assert_array_equal(by_name["mirrored"][:, :-1, 1:], views[:, 1:, ::-1][:, :, :-1])
    difference = np.abs(by_name["re-encoded"].astype(int) - views)
    assert 0 < difference.mean() < 5
    assert with_variants(views, []) is views


def test_settled_means_that_all_variants_agree() -> None:
    scores = np.array([[2.0, 3.0], [-2.0, -3.0], [2.0, -0.1], [0.0, 0.0]])
    assert settled(scores, Calibration("temperature", {"scale": 1.0}), 0.5).tolist() == [True, True, False, True]


def test_only_lossless_variants_are_pooled() -> None:
    assert pool(np.array([[1.0, 2.0, 3.0, 100.0]]), ["moved", "mirrored", "re-encoded"]).tolist() == [2.0]
    assert pool(np.array([[1.0]]), []).tolist() == [1.0]


@pytest.mark.parametrize("strength", [0.99, 0.02])
def test_an_unstable_answer_gets_no_verdict_and_the_reason_is_said(strength: float) -> None:
    card = Card.load(find_model("cifake"))
    other = 1 - strength
    held = stability_evidence(card, [strength] * (1 + len(card.layout.variants)))
    broken = stability_evidence(card, [strength] * len(card.layout.variants) + [other])
    assert (held.code, broken.code) == ("stability-held", "stability-broken")
    assert "saved again" in broken.finding
    assert "mirrored" not in broken.finding
    assert broken.detail["probabilities"]["re-encoded"] == pytest.approx(other)

    answer = Evidence("pixels", "pixels-ai", "The pixels look AI-made.", "ai", "statistical")
    decision = decide([answer, broken])
    assert (decision.verdict, decision.reason) == ("inconclusive", "pixels-unstable")
    assert "changes" in decision.summary
    assert decide([answer, held]).reason == "statistics-ai"


def test_reports_tell_of_stability_and_verdicts_heed_it(detector: Detector, cifake_sample: Path) -> None:
    """Wherever the variants of a real picture disagree there is no verdict, and where they agree it is said."""
    seen = set()
    card = Card.load(find_model("cifake"))
    for report in detector.check_many(sorted(cifake_sample.rglob("*.jpg"))):
        assert isinstance(report, Report)
        if report.probability is None:
            assert len(report.evidence) == 1
            continue
        stability = report.evidence[1]
        sides = {p >= card.thresholds.decision for p in stability.detail["probabilities"].values()}
        assert stability.code == ("stability-held" if len(sides) == 1 else "stability-broken")
        if stability.code == "stability-broken":
            assert report.verdict == "inconclusive"
            assert "changes" in stability.finding
        seen.add(stability.code)
    assert seen == {"stability-held", "stability-broken"}


def test_evaluation_counts_an_unsettled_image_as_undecided(tmp_path: Path) -> None:
    class Wavering(Brightness):
        """Sure of every picture, and of the opposite when it is mirrored."""

        def score_views(self, views):  # type: ignore[no-untyped-def]
            rows = [[9.0, -1.0] if picture.pixels.mean() > 128 else [-9.0, -9.0] for picture in views]
            return Scores(np.array(rows), np.mean(rows, axis=1), np.zeros(len(rows)))

    items = []
    for index, level in enumerate((30, 220)):
        Image.fromarray(np.full((32, 32, 3), level, np.uint8)).save(tmp_path / f"{index}.png")
        items.append(Item(tmp_path / f"{index}.png", f"{index}.png", index, ""))
    figures = evaluate(Wavering(), items, resamples=5).figures
    assert figures.accuracy == 1
    assert figures.coverage == 0.5


def test_a_card_with_an_unknown_variant_is_refused(tmp_path: Path) -> None:
    folder = copy_of_the_model(tmp_path)
    data = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    data["input"]["variants"] = ["upside-down"]
    (folder / "card.json").write_text(json.dumps(data))
    with pytest.raises(ModelError, match="upside-down"):
        Detector(folder)
    del data["input"]["variants"]  # a card from before variants
    (folder / "card.json").write_text(json.dumps(data))
    report = Detector(folder).check(png(drawn()))
    assert not [item for item in report.evidence if item.code.startswith("stability")]


def test_occlusion_finds_the_part_that_matters() -> None:
    def score(batch: np.ndarray) -> np.ndarray:  # looks at one corner only
        return batch[:, :4, 28:, 0].mean(axis=(1, 2)) / 10.0

    view = np.zeros((32, 32, 3), np.uint8)
    view[:4, 28:] = 250
    (heat,) = occlusion(score, view[None])
    assert np.unravel_index(heat.argmax(), heat.shape) == (0, CELLS - 1)
    assert heat.max() > 20
    assert np.count_nonzero(heat) == 1


def test_maps_of_squares_follow_the_picture() -> None:
    def blended(height: int, width: int, most: int) -> np.ndarray:
        views = Layout(32, (Entry("squares", most, 1.0),)).look(drawn(width, height))
        maps = np.stack([np.full((8, 8), value) for value in (1.0, 2.0, 3.0)])[: len(views.places)]
        return blend(maps, views, [1.0], 8)

    wide = blended(32, 80, 3)
    assert wide.shape == (8, 20)
    assert wide[0, [0, -1]] == pytest.approx([1, 3])
    assert wide[0, 7] == pytest.approx(1.5)  # where two squares overlap
    assert blended(80, 32, 3).shape == (20, 8)
    assert np.isnan(blended(32, 96, 1)[0, 0])  # one view of a long picture: its ends were never seen


def test_shipped_heatmaps_pass_the_deletion_test(cifake_sample: Path) -> None:
    """Blurring the marked tenth away moves the probability more than blurring a random tenth, or the busiest."""
    files = sorted(cifake_sample.rglob("*.jpg"))[::7]
    found = deletion_test(PixelModel.load("cifake"), [read_image(file).pixels for file in files])
    assert found.n >= 90
    assert found.marked > 2 * found.random
    assert found.marked > found.busiest
    assert found.wins > 0.6


def test_overlay_keeps_the_two_sides_apart() -> None:
    heat = np.zeros((8, 8))
    heat[:4], heat[4:] = 1.0, -1.0
    picture = Image.fromarray(np.full((64, 64, 3), 128, np.uint8))
    pixels = np.asarray(overlay(picture, heat)).astype(int)
    assert np.abs(pixels[4, 32] - AI).max() < np.abs(pixels[4, 32] - REAL).max()
    assert np.abs(pixels[60, 32] - REAL).max() < np.abs(pixels[60, 32] - AI).max()
    sheet = draw_heatmap(drawn(), heat, "x" * 500)
    assert sheet.width < 1100
    assert draw_heatmap(drawn(600, 40), np.full((8, 120), np.nan), "nothing").height < 300


def test_heatmap_on_the_command_line(tmp_path: Path) -> None:
    file, out = tmp_path / "a.png", tmp_path / "heat.png"
    Image.fromarray(drawn(60, 40)).save(file)
    result = run("check", file, "--heatmap", out, "--json")
    assert result.returncode == 0
    assert json.loads(result.stdout)["file"] == str(file)
    with Image.open(out) as picture:
        assert picture.format == "PNG"
        assert picture.height > 400
    out.unlink()
    (tmp_path / "bad.png").write_text("no image")
    Image.new("RGB", (300, 300), "teal").save(tmp_path / "flat.png")
    for arguments, code, words in (
        ((file, file), 2, "2 were named"),
        ((file, "--no-pixels"), 2, "leave out --no-pixels"),
        ((tmp_path / "bad.png",), 1, "unsupported-format"),
        ((tmp_path / "gone.png",), 1, "unreadable"),
        ((tmp_path / "flat.png",), 0, "no heatmap"),
    ):
        result = run("check", *arguments, "--heatmap", out)
        assert result.returncode == code, result.stderr
        assert words in result.stderr
        assert not out.exists()
    assert run("check", file, "--heatmap", tmp_path / "no" / "x.png").returncode == 2
    kept = file.read_bytes()
    (tmp_path / "link.png").symlink_to(file)
    for target in (file, tmp_path / "link.png"):
        result = run("check", file, "--heatmap", target)
        assert (result.returncode, "overwrite the image itself" in result.stderr) == (2, True)
    assert file.read_bytes() == kept
    assert "name it heat.png" in run("check", file, "--heatmap", tmp_path / "heat.jpg").stderr
