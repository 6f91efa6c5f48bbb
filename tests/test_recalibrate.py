"""``imageauth recalibrate``: what it fits, how it is judged, and the folder that it leaves."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from imageauth import Detector
from imageauth.cli import app
from imageauth.errors import DataError
from imageauth.evaluation.dataset import Item
from imageauth.evaluation.metrics import log_loss
from imageauth.evaluation.own_splits import Split
from imageauth.evaluation.recalibration import recalibrate, shifted
from imageauth.evaluation.scoring import Scored
from imageauth.models import find_model
from imageauth.pixels.calibration import Calibration
from imageauth.pixels.card import Card, Risks
from tests.brightness import Brightness
from tests.conftest import drawn


def scored(n: int = 600, share: float = 0.5, groups: int = 3, seed: int = 0) -> tuple[Scored, Split]:
    """Pictures whose true log-odds are half of the model's score plus one, in sub-folders, and five folds."""
    random = np.random.default_rng(seed)
    labels = (np.arange(n) < share * n).astype(int)
    truth = np.where(labels == 1, 1.0, -1.0) * 2 + random.normal(scale=2, size=n)
    scores = 2 * (truth - 1)
    group = random.integers(0, groups, n)
    items = tuple(
        Item(Path(f"{at}.png"), f"{at}.png", int(label), f"g{place}")
        for at, (label, place) in enumerate(zip(labels, group, strict=True))
    )
    sources = np.array([f"{label}/{place}" for label, place in zip(labels, group, strict=True)], object)
    one = np.ones((1, n), np.bool_)
    split = Split(random.integers(0, 5, n), sources, (groups > 4, groups > 4))
    return Scored(items, scores[None], one, scores[:, None], one[0], ()), split


CARD = replace(Brightness().card, risks=Risks(real=0.02, real_kind=0.05, ai=0.05))


def test_probabilities_become_true() -> None:
    found = recalibrate(CARD, *scored(2000), resamples=200)
    assert found.calibration.parameters["scale"] == pytest.approx(0.5, abs=0.06)
    assert found.calibration.parameters["offset"] == pytest.approx(1, abs=0.25)
    assert found.figures.b.values["ece"] < 0.03 < found.figures.a.values["ece"]
    low, high = found.figures.difference.intervals["log_loss"]
    assert low < found.figures.difference.values["log_loss"] < high < 0
    assert found.figures.a.values["auroc"] == pytest.approx(found.figures.b.values["auroc"])


def test_nothing_is_judged_by_what_was_fitted_on_it() -> None:
    """Turning the labels of one fold round changes how it is judged, and not what is said of it."""
    data, split = scored(400)
    fold = split.folds == 2
    turned = tuple(replace(item, label=1 - item.label) if fold[at] else item for at, item in enumerate(data.items))
    one, two = (recalibrate(CARD, each, split, resamples=0) for each in (data, replace(data, items=turned)))
    assert (one.after.probabilities[fold] == two.after.probabilities[fold]).all()
    assert (one.after.verdicts[fold] == two.after.verdicts[fold]).all()
    assert (one.after.probabilities[~fold] != two.after.probabilities[~fold]).any()


def test_thresholds_keep_the_risks_of_the_card_on_new_pictures() -> None:
    accused, missed = [], []
    for seed in range(30):
        data, split = scored(800, seed=seed)
        after = recalibrate(CARD, data, split, resamples=0).after
        labels = np.array([item.label for item in data.items])
        accused.append(np.mean(after.verdicts[labels == 0] == 1))
        missed.append(np.mean(after.verdicts[labels == 1] == -1))
    assert np.mean(accused) <= 0.02
    assert np.mean(missed) <= 0.055


def test_a_stated_prior_moves_the_odds_and_weighs_the_figures() -> None:
    data, split = scored(4000)
    plain, rare = (recalibrate(CARD, data, split, prior=prior, resamples=0) for prior in (None, 0.05))
    moved = rare.calibration.parameters["offset"] - plain.calibration.parameters["offset"]
    assert moved == pytest.approx(np.log(0.05 / 0.95))
    # On a stream with one AI-made picture in twenty its probabilities hold: drawn from the same kind of pictures.
    stream, _ = scored(40_000, share=0.05, seed=9)
    labels = np.array([item.label for item in stream.items])
    losses = [log_loss(labels, each.calibration(stream.scores[0])) for each in (rare, plain)]
    assert losses[0] < 0.7 * losses[1]
    assert rare.calibration(stream.scores[0]).mean() == pytest.approx(0.05, abs=0.01)
    assert rare.figures.b.values["ece"] < 0.03
    assert rare.figures.b.values["share_decided"] == pytest.approx(
        0.05 * np.mean(rare.after.verdicts[:2000] != 0) + 0.95 * np.mean(rare.after.verdicts[2000:] != 0)
    )


def test_the_floor_moves_with_the_prior() -> None:
    moved = shifted(Calibration("platt", {"scale": 1.0, "offset": 0.0}, 0.005), 0.5, 0.01)
    assert moved.floor == pytest.approx(0.005 / 99 / (0.005 / 99 + 0.995), rel=1e-6)
    assert moved(np.array([-99.0]))[0] < 0.01


def test_too_few_pictures_abstain_and_sources_count_where_there_are_enough() -> None:
    few = recalibrate(CARD, *scored(90), resamples=0)
    assert (few.after.verdicts == 1).sum() == 0
    assert few.thresholds.ai == 1
    assert few.by_source == (False, False)
    many = recalibrate(CARD, *scored(2000, groups=60), resamples=0)
    assert many.by_source == (True, True)
    assert many.counted_by_source


def test_a_score_that_does_not_rise_with_ai_is_refused() -> None:
    data, split = scored()
    with pytest.raises(DataError, match="right way round"):
        recalibrate(CARD, replace(data, scores=-data.scores), split)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Real files for the shipped thumbnail model: smooth pictures, AI-made ones with a fine pattern on them."""
    data = tmp_path_factory.mktemp("own")
    pattern = ((np.indices((32, 32)).sum(0) % 2) * 60 - 30)[:, :, None]
    for index in range(24):
        for name in ("REAL", "FAKE"):
            pixels = drawn(seed=index + (100 if name == "FAKE" else 0)).astype(int)
            if name == "FAKE":
                pixels = pixels + pattern
            (data / name).mkdir(exist_ok=True)
            Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(data / name / f"{index}.png")
    return data


def run(*arguments: object) -> object:
    return CliRunner().invoke(app, ["recalibrate", *map(str, arguments)])


def test_from_a_folder_to_a_model_that_checks(folder: Path, tmp_path: Path) -> None:
    from imageauth.pixels.model import PixelModel

    network = PixelModel.load("cifake")
    scores = [network.scores([np.asarray(Image.open(file)) for file in (folder / name).iterdir()]).mean()
              for name in ("REAL", "FAKE")]  # fmt: skip
    data = folder
    if scores[1] < scores[0]:  # what the network makes of such a pattern is not the point here
        data = tmp_path / "turned"
        (data / "REAL").parent.mkdir()
        (data / "REAL").symlink_to(folder / "FAKE")
        (data / "FAKE").symlink_to(folder / "REAL")
    out, page = tmp_path / "mine", tmp_path / "page.html"
    result = run("--data", data, "--model", "cifake", "--out", out, "--prior", 0.2, "--html", page)
    assert result.exit_code == 0, result.output
    assert "Nothing will be called likely-ai" in result.stdout
    card, parent = Card.load(out), Card.load(find_model("cifake"))
    assert card.sha256 == parent.sha256
    assert card.version.startswith(f"{parent.version}+recalibrated.")
    assert (card.calibration, card.thresholds) != (parent.calibration, parent.thresholds)
    assert card.made_from["parent_sha256"] == parent.sha256
    assert card.made_from["data"]["real_pictures"] == 24
    assert card.made_from["share_of_ai"] == {"in_the_data": 0.5, "assumed": 0.2}
    assert card.figures["pictures"] == 48
    assert sum(limit.startswith("The probability holds where") for limit in card.limits) == 1
    assert card.limits[-1] == (
        "The probability holds where 20.0% of the pictures asked about are AI-made, as its user stated."
    )
    assert any(limit.startswith("Before it was recalibrated: Thumbnails from elsewhere") for limit in card.limits)
    assert sorted(file.name for file in out.iterdir()) == ["README.md", "card.json", "model.tflite"]
    assert "Only the calibration and the thresholds are new" in (out / "README.md").read_text(encoding="utf-8")
    text = page.read_text(encoding="utf-8")
    assert text.count("<svg") == 3
    assert "<script" not in text
    picture = next((data / "REAL").iterdir())
    report = Detector(out).check(picture)
    assert report.to_json()["produced_by"]["model"] == f"cifake {card.version}"
    assert set(card.limits) <= set(report.limits)
    assert json.loads((out / "card.json").read_text())["risks"] == parent.risks.to_json()


def test_what_cannot_work_is_one_line_and_leaves_nothing(folder: Path, tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "x").touch()
    few = tmp_path / "few"
    for name in ("REAL", "FAKE"):
        (few / name).mkdir(parents=True)
        for index in range(5):
            (few / name / f"{index}.png").write_bytes((folder / name / f"{index}.png").read_bytes())
    for arguments, said in (
        (("--data", folder, "--out", taken), "exists already"),
        (("--data", folder, "--out", tmp_path / "x", "--prior", 1), "share between 0 and 1"),
        (("--data", few, "--out", tmp_path / "x"), "REAL/ has 5 pictures that can be used; 20"),
        (("--data", tmp_path / "nothing", "--out", tmp_path / "x"), "is not a folder"),
        (("--data", folder, "--out", tmp_path / "x", "--model", "nonsense"), "there is no model"),
        (("--data", folder, "--out", tmp_path / "few" / "REAL" / "0.png" / "x"), "cannot be written"),
    ):
        result = run("--model", "cifake", *arguments) if "--model" not in arguments else run(*arguments)
        assert result.exit_code == 2
        assert said in result.stderr
        assert result.stderr.count("\n") == 1
        assert not (tmp_path / "x").exists()
