"""``imageauth train photo`` from prepared pictures to a model that checks pictures, with a tiny tower."""

import hashlib
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("keras")

from imageauth.detector import Detector
from imageauth.errors import DataError
from imageauth.pixels.model import PixelModel
from imageauth.training import photo_runs
from imageauth.training.photo_assess import SLOTS, Pictures, assess, fit_heads, scores, serving_scores
from imageauth.training.photos.tables import Photo, save
from tests.conftest import drawn
from tests.test_photo_training import TINY, tower, write_safetensors


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """AI pictures are reddish here, of three sources in three folds; real ones of three others."""
    folder = tmp_path_factory.mktemp("data")
    photos = []
    for index in range(60):
        fake, source = index % 2 == 1, f"source{index % 6}"
        pixels = drawn(90 + index % 7, 80, index)
        if fake:
            pixels = (pixels * [1.0, 0.5, 0.5]).astype(np.uint8)
        png = io.BytesIO()
        Image.fromarray(pixels).save(png, "PNG")
        sha256 = hashlib.sha256(png.getvalue()).hexdigest()
        path = folder / f"{'FAKE' if fake else 'REAL'}/{source}/{sha256[:16]}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png.getvalue())
        fold = index % 6 // 2
        photos.append(
            Photo(
                path.relative_to(folder).as_posix(), "fake" if fake else "real", source, f"maker {source}",
                ("photo", "illustration", "screenshot")[index // 6 % 3], f"owner{fold}/repository", "0" * 40, "a.png",
                "unclear", sha256, 80, 90, fold, True, "", f"@owner{fold}",
            )
        )  # fmt: skip
    save(folder, photos)
    return folder


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "model.safetensors"
    write_safetensors(path, tower())
    return path


def test_a_run_makes_a_model_that_checks_pictures(
    data: Path, weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(photo_runs, "MOST_OF_A_SOURCE", 10)  # the card names generators of ten pictures or more
    told: set[str] = set()
    card = photo_runs.train_photo(
        data, tmp_path, tower=weights, workers=1, config=TINY, progress=lambda what, done, total: told.add(what)
    )
    folder = tmp_path / "model"
    assert {"quantising", "looking: training", "looking: jpeg-90"} <= told
    assert card.figures["pictures"] == 60
    assert card.figures["parameters"] > 0
    assert card.figures["auroc_macro"] > 0.9, "red pictures are easily told from others"
    page = (folder / "README.md").read_text(encoding="utf-8")
    assert "shared-repost" in page
    assert "maker source1" in page
    assert "Shortcut probes were not run." in page
    assert json.loads((folder / "figures.json").read_text(encoding="utf-8"))["all"]["folds"] == 3
    model = PixelModel.load(folder)
    red = (drawn(120, 100, 99) * [1.0, 0.5, 0.5]).astype(np.uint8)
    assert model.scores([red])[0] > model.scores([drawn(120, 100, 99)])[0]
    report = Detector(folder).check(next((data / "REAL" / "source0").iterdir()))
    assert report.evidence[0].detail["kinds"].keys() == {"photo", "drawn", "screen"}
    # Nothing is looked at twice, and the same comes out (the file holds names that Keras numbers anew).
    before = (tmp_path / "features-training").stat().st_mtime_ns
    again = photo_runs.train_photo(data, tmp_path, tower=weights, workers=1, config=TINY)
    assert (again.figures, again.thresholds) == (card.figures, card.thresholds)
    assert (tmp_path / "features-training").stat().st_mtime_ns == before


def test_a_run_belongs_to_one_tower(data: Path, weights: Path, tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text('{\n "tower": "other"\n}\n', encoding="utf-8")
    with pytest.raises(DataError, match="other weights"):
        photo_runs.train_photo(data, tmp_path, tower=weights, config=TINY)


def known(count: int) -> tuple[np.ndarray, np.ndarray, Pictures]:
    """Features of which the first class token tells the label, of two copies of each picture."""
    random = np.random.default_rng(0)
    labels = np.arange(count) % 2
    values = random.normal(0, 1, (count, 2 * len(SLOTS), TINY.features)).astype(np.float16)
    values[:, :, 0] += 3 * labels[:, None]
    present = np.ones(values.shape[:2], np.bool_)
    present[::5, 1:4] = False  # small pictures have a whole view alone
    names = np.array([f"s{label}{index % 12 // 2}" for index, label in enumerate(labels)], object)
    kinds = np.array(["photo", "art", "screenshot"], object)[np.arange(count) % 3]
    folds = np.arange(count) % 12 // 4
    return values, present, Pictures(labels, folds, names, names, kinds)


def test_held_out_scores_come_from_heads_that_saw_nothing_of_the_fold() -> None:
    values, present, pictures = known(240)
    found = assess(TINY, values, present, pictures, l2=0.1)
    fold = pictures.folds == 1
    heads = fit_heads(TINY, values[~fold], present[~fold], pictures.select(~fold), l2=0.1)
    mine = scores(heads, values[fold][:, :4], present[fold][:, :4])
    assert found.held_out.scores[fold] == pytest.approx(mine, abs=1e-4)
    assert found.held_out.probabilities[fold] == pytest.approx(found.calibrations[1](mine), abs=1e-5)
    assert list(found.held_out.conditions) == ["degraded at random, 1"]


def test_degraded_copies_count_as_much_as_asked_for() -> None:
    values, present, pictures = known(120)
    copy = len(SLOTS)
    values[:, copy:, 0] = 0  # what tells the label is gone from the degraded copies
    alone = fit_heads(TINY, values[:, :copy], present[:, :copy], pictures)
    light, heavy = (fit_heads(TINY, values, present, pictures, degraded=weight) for weight in (1e-6, 10.0))
    strength = [float(abs(heads.whole.weights[0, 0])) for heads in (alone, light, heavy)]
    # The same up to how features are standardised, which sees all copies.
    assert strength[1] == pytest.approx(strength[0], rel=0.5)
    assert strength[2] < strength[1] / 2


def test_a_missing_views_weight_goes_to_the_whole_view() -> None:
    values, present, pictures = known(60)
    heads = fit_heads(TINY, values, present, pictures)
    small = ~present[:, 1]
    alone = heads.whole(values[small, 0])[:, 0]
    assert scores(heads, values[:, :4], present[:, :4])[small] == pytest.approx(alone)
    # The variant that serving adds loses detail, so it tests the score and is no part of it.
    served = [0, 1, 3, 4]  # serving has one tile, of the two that its head learns from
    own, passed_on = serving_scores(heads, values[:, served], present[:, served])
    assert own == pytest.approx(scores(heads, values[:, :4], present[:, :4]))
    assert passed_on[small] == pytest.approx(heads.whole(values[small, 4])[:, 0])
