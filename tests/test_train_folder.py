"""``imageauth train folder``: a tiny model of the form of ``photo``, tuned to a user's pictures and used."""

import hashlib
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

pytest.importorskip("tensorflow", reason="needs the [train] extra") if not os.environ.get("CI") else None
pytestmark = pytest.mark.train

from imageauth.cli import app  # noqa: E402
from imageauth.errors import DataError, ModelError  # noqa: E402
from imageauth.evaluation.metrics import auroc  # noqa: E402
from imageauth.models import find_model  # noqa: E402
from imageauth.pixels.calibration import Calibration  # noqa: E402
from imageauth.pixels.card import Card, Thresholds  # noqa: E402
from imageauth.pixels.stability import pool  # noqa: E402
from imageauth.training import clip  # noqa: E402
from imageauth.training.litert import to_litert, to_mixed  # noqa: E402
from imageauth.training.own import kept, run, tune  # noqa: E402
from imageauth.training.own.seen import Seen  # noqa: E402
from imageauth.training.photo_assess import LAYOUT, SLOTS  # noqa: E402
from imageauth.training.photo_card import DOMAIN, answers_of, layout_of  # noqa: E402
from imageauth.training.photo_heads import BITS, Head, Heads, attach, fit_head  # noqa: E402
from imageauth.training.vit import build  # noqa: E402
from tests import own_data  # noqa: E402
from tests.conftest import Disk  # noqa: E402
from tests.test_photo_training import TINY, tower  # noqa: E402


def heads(seed: int = 0) -> Heads:
    """That say next to nothing, by the class tokens alone."""
    rng = np.random.default_rng(seed)

    def head(size: int, count: int = 1) -> Head:
        return Head(rng.normal(0, 0.01, (size, count)).astype(np.float32), np.zeros(count, np.float32))

    return Heads(
        head(TINY.features), head(TINY.features), head(TINY.features), head(TINY.features, 3), head(TINY.width)
    )


@pytest.fixture(scope="module")
def parent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder of the form of ``photo``, with validation pictures that ship for its tower."""
    model = build(TINY, tokens=True)
    clip.fill(model, TINY, tower())
    network = to_mixed(to_litert(attach(model, heads(1))), BITS)
    folder = tmp_path_factory.mktemp("parent")
    (folder / "model.tflite").write_bytes(network)
    card = Card(
        name="tiny",
        version="7",
        file="model.tflite",
        sha256=hashlib.sha256(network).hexdigest(),
        layout=layout_of(TINY),
        answers=answers_of(TINY),
        domain=DOMAIN,
        calibration=Calibration("platt", {"scale": 1.0, "offset": 0.0}, 0.005),
        thresholds=Thresholds(0.5, 0.9, 0.1),
        figures={},
        limits=("First.", "Second."),
        conditions={"drawn": "Measured of the parent."},
    )
    (folder / "card.json").write_text(card.to_text(), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return own_data.folder(tmp_path_factory.mktemp("own"), 30, 5)


@pytest.fixture(scope="module")
def done(parent: Path, data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A finished run by the command, stopped once on the way, and what it printed."""
    out = tmp_path_factory.mktemp("runs") / "red"
    other = own_data.folder(tmp_path_factory.mktemp("other"), 6, 3, first=5000)

    def stop(what: str, done: int, total: int | None) -> None:
        if what == "looking (serving)":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run.train_folder(run.Wish(data, out, str(parent), workers=1), progress=stop)
    before = {path: path.stat().st_mtime_ns for path in (out / "features-training").iterdir()}
    arguments = [
        "--data",
        data,
        "--out",
        out,
        "--model",
        parent,
        "--name",
        "red",
        "--validation",
        other,
        "--workers",
        1,
    ]
    result = CliRunner().invoke(app, ["train", "folder", *map(str, arguments)])
    assert result.exit_code == 0, result.output
    assert before == {path: path.stat().st_mtime_ns for path in (out / "features-training").iterdir()}
    return out, result.output


def test_it_learns_what_the_parent_did_not_know(done: tuple[Path, str], parent: Path) -> None:
    out, printed = done
    found = json.loads((out / "model" / "before-after.json").read_text(encoding="utf-8"))
    own = found["pictures"]["your pictures, held out"]
    assert own["after"]["auroc"] > 0.9 > own["before"]["auroc"]
    assert found["pictures"]["--validation"]["after"]["auroc"] > 0.9
    assert found["pull"]["chosen"] is not None
    assert "30 pictures: site0 6" in printed
    assert "| AUROC |" in printed
    assert "never says likely-ai" in printed, "30 real pictures cannot show a risk of 2 %"
    card = Card.load(out / "model")
    assert (card.name, card.made_from["parent"]) == ("red", "tiny")
    assert card.made_from["parent_sha256"] == Card.load(parent).sha256
    assert card.limits[0].startswith("Tuned to 30 real and 30 AI-made pictures")
    assert card.conditions == {"drawn": ""}
    page = (out / "model" / "README.md").read_text(encoding="utf-8")
    assert "| Real not called likely-ai |" in page


def test_the_model_is_used_as_any_other(done: tuple[Path, str], data: Path, tmp_path: Path) -> None:
    folder = str(done[0] / "model")
    picture = tmp_path / "red.png"
    Image.fromarray(own_data.pixels(9999, red=True)).save(picture)
    report = json.loads(CliRunner().invoke(app, ["check", str(picture), "--model", folder, "--json"]).stdout)
    assert report["produced_by"]["model"] == "red 1"
    assert report["probability"] > 0.5
    assert any("Tuned to 30 real" in limit for limit in report["limits"])
    measured = CliRunner().invoke(app, ["evaluate", str(data), "--model", folder, "--json", "-", "--limit", "10"])
    assert json.loads(measured.stdout)["auroc"] > 0.95
    page = tmp_path / "report.html"
    assert CliRunner().invoke(app, ["check", str(picture), "--model", folder, "--html", str(page)]).exit_code == 0
    assert "red 1" in page.read_text(encoding="utf-8")
    listed = CliRunner().invoke(app, ["models", folder])
    assert listed.exit_code == 0
    assert "red 1" in listed.stdout


def test_the_same_command_again_changes_nothing_and_another_is_refused(
    done: tuple[Path, str], parent: Path, data: Path, tmp_path: Path
) -> None:
    out = done[0]
    for name, wish in {
        "other pictures": run.Wish(own_data.folder(tmp_path / "few", 20, 0), out, str(parent)),
        "another seed": run.Wish(data, out, str(parent), seed=3),
    }.items():
        with pytest.raises(DataError, match="is a run with other pictures or another model"):
            run.train_folder(wish)
        assert (out / "model" / "card.json").is_file(), name
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("do not delete")
    with pytest.raises(DataError, match="none of this run"):
        run.train_folder(run.Wish(data, tmp_path / "mine", str(parent)))


def test_a_full_disk_is_one_line(parent: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "write_atomically", Disk(0))
    with pytest.raises(DataError, match=r"cannot be written: No space left.*the same command goes on"):
        run.train_folder(run.Wish(data, tmp_path / "out", str(parent)))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--name", "photo"], "is the name of a shipped model"),
        (["--name", "../x"], "is no name for a model"),
        (["--model", "nonsense"], "there is no model"),
        (["--data", "nowhere"], "is not a folder"),
    ],
)
def test_wrong_usage_is_one_line(arguments: list[str], says: str, data: Path, parent: Path, tmp_path: Path) -> None:
    usual = {"--data": str(data), "--out": str(tmp_path / "out"), "--model": str(parent)}
    usual |= dict(zip(arguments[::2], arguments[1::2], strict=True))
    result = CliRunner().invoke(app, ["train", "folder", *[part for pair in usual.items() for part in pair]])
    assert result.exit_code == 2
    assert says in result.stderr
    assert "Traceback" not in result.output


def test_a_model_of_another_form_is_refused(data: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cifake does not look at pictures as photo does"):
        run.train_folder(run.Wish(data, tmp_path / "out", "cifake"))


def lot(count: int, told_by: int, *, noise: bool = False) -> tune.Lot:
    """Pictures whose label one class token tells, of five sources each in five folds."""
    rng = np.random.default_rng(1)
    labels = np.arange(count) % 2
    values = rng.normal(0, 1, (count, 2 * len(SLOTS), TINY.features)).astype(np.float16)
    if not noise:
        values[:, :, told_by] += 3 * labels[:, None]
    present = np.ones(values.shape[:2], np.bool_)
    served = len(LAYOUT.entries) + len(LAYOUT.variants)
    folds = np.arange(count) // 2 % 5
    sources = np.array(
        [f"{'FAKE' if label else 'REAL'}/{fold}" for label, fold in zip(labels, folds, strict=True)], object
    )
    return tune.Lot(Seen(labels, sources, values[:, :served], present[:, :served]), folds, values, present)


def pooled(seen: Seen, judges: Heads) -> np.ndarray:
    """Scores as serving pools them, [N]."""
    return pool(seen.variants(judges), LAYOUT.variants)


def test_heads_leave_the_parents_only_for_something() -> None:
    known = lot(200, told_by=0)
    found = tune.tune(TINY, heads(), known)
    assert np.isfinite(found.strength)
    assert auroc(known.seen.labels, found.variants[:, 0]) > 0.9
    assert auroc(known.seen.labels, pooled(known.seen, heads())) < 0.7
    # A model that ranks them the wrong way round is no better for being steady.
    wrong = heads()
    wrong.whole.weights[0] = wrong.tiles.weights[0] = wrong.crops.weights[0] = -1
    assert auroc(known.seen.labels, pooled(known.seen, wrong)) < 0.1
    assert auroc(known.seen.labels, tune.tune(TINY, wrong, known).variants[:, 0]) > 0.9
    nothing = lot(200, told_by=0, noise=True)
    kept_as_they_are = tune.tune(TINY, heads(), nothing)
    assert np.isinf(kept_as_they_are.strength)
    assert kept_as_they_are.heads is not None
    np.testing.assert_array_equal(kept_as_they_are.heads.whole.weights, heads().whole.weights)


def test_tiles_of_one_class_alone_teach_nothing() -> None:
    known = lot(120, told_by=0)
    tiles = np.array(SLOTS * 2) == "tiles"
    present = known.present & ~(tiles & (known.seen.labels == 0)[:, None])
    found = tune.fit(TINY, heads(), replace(known, present=present), 1.0)
    assert found.tiles is not None
    np.testing.assert_array_equal(found.tiles.weights, heads().tiles.weights)
    assert (found.whole.weights != heads().whole.weights).any()
    np.testing.assert_array_equal(found.kinds.weights, heads().kinds.weights)


def test_the_pull_is_towards_the_head_that_was_there() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(2, [1, 5, 0.1], (300, 3))
    labels = (features[:, 0] > 2).astype(int)
    weights = np.ones(300, np.float32)
    before = Head(np.array([[0.0], [0.3], [-2.0]], np.float32), np.array([0.5], np.float32))
    stiff = fit_head(features, labels, weights, l2=1e5, towards=before)
    np.testing.assert_allclose(stiff.weights, before.weights, atol=1e-3)
    loose = fit_head(features, labels, weights, l2=1e-4, towards=before)
    np.testing.assert_allclose(loose(features), fit_head(features, labels, weights, l2=1e-4)(features), atol=0.8)
    # At the optimum the gradient of the loss is what the pull takes back, on the scale of standardised features.
    middle = fit_head(features, labels, weights, l2=0.1, towards=before)
    deviation = features.std(axis=0) + 1e-3
    standard = (features - features.mean(axis=0)) / deviation
    wrong = 1 / (1 + np.exp(-middle(features)[:, 0])) - labels
    pull = 0.1 * (middle.weights - before.weights)[:, 0] * deviation
    np.testing.assert_allclose(standard.T @ wrong / 300, -pull, atol=2e-3)


def test_kept_pictures_come_back_as_they_were(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    entries = len(LAYOUT.entries)
    present = rng.random((8, entries + len(LAYOUT.variants))) < 0.7
    present[:, [0, *range(entries, present.shape[1])]] = True  # every picture has the whole view
    names = np.array(["REAL/a", "FAKE/b"] * 4, object)
    tokens = rng.normal(size=(present.sum(), len(TINY.taps) * TINY.width)).astype(np.float16)
    whole = kept.Kept("d" * 64, np.array([0, 1] * 4), names, names, present, tokens)
    path = tmp_path / kept.FILE_NAME
    path.write_bytes(whole.to_bytes())
    again = kept.Kept.load(path)
    np.testing.assert_array_equal(again.seen(TINY).variants(heads()), whole.seen(TINY).variants(heads()))
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(DataError, match="damaged"):
        kept.Kept.load(path)


def test_the_shipped_validation_pictures_are_of_the_shipped_tower() -> None:
    from imageauth.training.rebuild import rebuild_photo

    network = rebuild_photo("photo")
    shipped = kept.kept_for(find_model("photo"), network.tower)
    assert shipped is not None
    seen = shipped.seen(network.config)
    assert min(np.bincount(seen.labels)) >= 200
    assert len(set(seen.sources)) > 80
    assert auroc(seen.labels, pooled(seen, network.heads)) > 0.9
