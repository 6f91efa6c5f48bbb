"""``imageauth export``: each form answers as the model does, in its own runtime, and nothing is half-written."""

import errno
import importlib.util
import json
import os
import runpy
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from imageauth import Detector
from imageauth.cli import app
from imageauth.models import find_model
from imageauth.pixels.calibration import Method
from imageauth.pixels.card import Card
from imageauth.pixels.model import PixelModel
from imageauth.pixels.stability import LOSSLESS, VARIANTS
from imageauth.pixels.views import VIEWS
from imageauth.training.formats import forms
from imageauth.training.formats.golden import Golden
from imageauth.training.formats.onnx_graph import to_onnx
from tests import photo_model
from tests.docs_pages import as_program
from tests.golden import PATTERNS
from tests.test_imports import modules_after

onnx = pytest.importorskip("onnx") if not os.environ.get("CI") else __import__("onnx")
onnxruntime = pytest.importorskip("onnxruntime") if not os.environ.get("CI") else __import__("onnxruntime")

EXAMPLES = Path(__file__).parent.parent / "examples" / "runtimes"
sys.path.insert(0, str(EXAMPLES))  # where they lie, they import each other
import checking  # noqa: E402
import preprocessing  # noqa: E402

sys.path.remove(str(EXAMPLES))
COMPANIONS = {"card.json", "golden.npz", "README.md"}
# In a score, a logit, between a float32 form and the model's own file, whose layers pass on 8-bit numbers: measured on
# the golden pictures, .008 for cifake and .039 for photo; these leave room for other processors.
FROM_LITERT = {"cifake": 0.1, "photo": 0.3}


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["export", *map(str, arguments)])


def example(name: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """What one of the examples prints of an export; it would end with an error where anything differs."""
    with as_program([str(EXAMPLES / name), str(folder)]):
        runpy.run_path(str(EXAMPLES / name), run_name="__main__")
    return capsys.readouterr().out


def by_the_readme(network: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The README's own lines give the golden answers."""
    folder = network if network.is_dir() else network.parent
    stem = "" if network.is_dir() else f"{network.stem}."
    golden = np.load(folder / f"{stem}golden.npz")
    code = (folder / f"{stem}README.md").read_text(encoding="utf-8").partition("```python\n")[2].partition("```")[0]
    monkeypatch.chdir(folder)
    names = {"views": golden["views"]}
    exec(code, names)
    # All views at once; LiteRT is given them one by one by us, and rounds otherwise.
    np.testing.assert_allclose(names["said"], golden["answers"], atol=0.5 if "litert" in code else 1e-3)


def test_litert_is_a_model_folder_that_checks_pictures(
    tmp_path: Path, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = run("cifake", "--format", "litert", "--out", tmp_path / "new" / "cifake")
    assert done.exit_code == 0, done.output
    folder = tmp_path / "new" / "cifake"
    assert {file.name for file in folder.iterdir()} == {"model.tflite", *COMPANIONS}
    report = Detector(folder).check(picture)
    assert report.produced_by["model_sha256"] == Card.load(find_model("cifake")).sha256
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert all(limit in text for limit in Card.load(folder).limits)
    by_the_readme(folder, monkeypatch)


def test_onnx_proves_itself_without_imageauth(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done = run("cifake", "--format", "onnx", "--out", tmp_path / "cifake")
    assert done.exit_code == 0, done.output
    folder = tmp_path / "cifake"
    assert {file.name for file in folder.iterdir()} == {"model.onnx", *COMPANIONS}
    assert example("onnxruntime_check.py", folder, capsys).count("ok") == 6
    golden = np.load(folder / "golden.npz")
    assert abs(golden["score"] - golden["litert_score"]) < FROM_LITERT["cifake"]
    # Code that gets something wrong is told.
    ask = partial(ask_onnx, (folder / "model.onnx").read_bytes())
    assert not checking.check(folder / "golden.npz", folder / "card.json", lambda views: ask(views / 255))
    assert "WRONG" in capsys.readouterr().out


def test_onnx_needs_no_tensorflow() -> None:
    code = "import imageauth.training.formats.writing, imageauth.training.formats.onnx_graph"
    assert not modules_after(code) & {"tensorflow", "keras"}


def ask_onnx(data: bytes, views: np.ndarray) -> np.ndarray:
    network = onnxruntime.InferenceSession(data)
    (said,) = network.run(["answers"], {"pixels": views.astype(np.float32)})
    return np.asarray(said)


def test_an_onnx_file_has_its_companions_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("cifake", "--format", "onnx", "--out", tmp_path / "mine.onnx").exit_code == 0
    names = {"mine.onnx", *(f"mine.{name}" for name in COMPANIONS)}
    assert {file.name for file in tmp_path.iterdir()} == names
    by_the_readme(tmp_path / "mine.onnx", monkeypatch)
    loaded = onnx.load(str(tmp_path / "mine.onnx"))
    onnx.checker.check_model(loaded, full_check=True)
    assert [(each.domain, each.version) for each in loaded.opset_import] == [("", 18)]
    told = {each.key: each.value for each in loaded.metadata_props}
    assert told["model"] == "cifake"
    assert told["from_sha256"] == Card.load(find_model("cifake")).sha256
    model = PixelModel.load("cifake")
    views = np.concatenate([model.views(picture).pixels for picture in PATTERNS["cifake"]().values()])
    said = ask_onnx((tmp_path / "mine.onnx").read_bytes(), views)  # any number of views at once
    # Patterns unlike any photograph, on which rounding to 8 bits costs most: of answers that reach ±60.
    assert np.abs(said - model.ask(views)).max() < 1.5


def test_photo_as_onnx_answers_as_the_model_does() -> None:
    folder = find_model("photo")
    card = Card.load(folder)
    golden = Golden.of(card)
    assert golden.views.counts == (1, 1, 1)  # every kind of view
    said = ask_onnx(to_onnx((folder / card.file).read_bytes(), {}).SerializeToString(), golden.views.pixels)
    by_litert = PixelModel.load("photo").ask(golden.views.pixels)
    difference = golden.scores(said.astype(np.float64)).pooled - golden.scores(by_litert).pooled
    assert abs(difference[0]) < FROM_LITERT["photo"]


def test_the_examples_see_of_a_picture_what_photo_sees() -> None:
    card = Card.load(find_model("photo"))
    everything = replace(card, layout=photo_model.LAYOUT)  # all variants, four tiles, two crops
    for used, height, width in ((card, 700, 1700), (everything, 600, 448), (everything, 300, 250), (card, 90, 200)):
        picture = np.random.default_rng(height).integers(0, 256, (height, width, 3), np.uint8)
        for lossless in (False, True):
            looked = used.layout.look(picture, lossless=lossless)
            views, counts, variants = preprocessing.views_of(picture, used.to_json(), lossless)
            np.testing.assert_array_equal(views, looked.pixels)
            assert tuple(counts) == looked.counts
            said = np.random.default_rng(1).normal(0, 2, (len(views), used.answers.columns))
            found = preprocessing.answer(said, used.to_json(), counts, variants)
            golden = Golden(picture, looked, used)
            assert found["score"] == pytest.approx(golden.scores(said).pooled[0])
            assert found["probability"] == pytest.approx(used.calibration(golden.scores(said).pooled)[0])


def test_golden_names_every_view() -> None:
    names = Golden.of(Card.load(find_model("photo"))).names()
    assert names == ["whole", "tiles", "crops", "whole/passed-on"]


def test_the_page_names_all_there_is() -> None:
    text = (EXAMPLES.parent.parent / "docs" / "export.md").read_text(encoding="utf-8")
    card = Card.load(find_model("cifake"))
    golden = Golden.of(card)
    said = np.zeros((len(golden.views.pixels), card.answers.columns))
    own = {name for name in golden.arrays(said, said) if not name.startswith("litert_")}
    for name in {*forms.FORMS, *VIEWS, *VARIANTS, *get_args(Method), *own}:
        assert f"`{name}`" in text, name
    assert preprocessing.CUT.keys() == VIEWS.keys()
    assert preprocessing.CHANGE.keys() == VARIANTS.keys()
    assert set(preprocessing.LOSSLESS) == LOSSLESS


@pytest.mark.train
def test_saved_model_proves_itself_without_imageauth(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("tensorflow") if not os.environ.get("CI") else None
    done = run("cifake", "--format", "saved-model", "--out", tmp_path / "cifake")
    assert done.exit_code == 0, done.output
    assert {file.name for file in (tmp_path / "cifake").iterdir()} > COMPANIONS
    assert example("tensorflow_check.py", tmp_path / "cifake", capsys).count("ok") == 6
    by_the_readme(tmp_path / "cifake", monkeypatch)


@pytest.mark.train
def test_keras_and_onnx_agree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("tensorflow") if not os.environ.get("CI") else None
    import keras

    done = run("cifake", "--format", "keras", "--out", tmp_path / "cifake.keras")
    assert done.exit_code == 0, done.output
    by_the_readme(tmp_path / "cifake.keras", monkeypatch)
    network = keras.models.load_model(tmp_path / "cifake.keras")
    golden = np.load(tmp_path / "cifake.golden.npz")
    said = keras.ops.convert_to_numpy(network(golden["views"].astype(np.float32), training=False))
    np.testing.assert_allclose(said, golden["answers"], atol=1e-4)
    folder = find_model("cifake")
    by_onnx = ask_onnx(to_onnx((folder / "model.tflite").read_bytes(), {}).SerializeToString(), golden["views"])
    np.testing.assert_allclose(by_onnx, said, atol=1e-4)


def one_line(done: Result) -> str:
    assert done.exit_code == 2
    assert not done.stdout
    (line,) = done.stderr.splitlines()
    return line


def test_nothing_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "mine.txt").write_text("mine")
    assert "exists already" in one_line(run("cifake", "--format", "litert", "--out", tmp_path / "there"))
    (tmp_path / "model.card.json").write_text("mine")
    assert "model.card.json exists" in one_line(run("cifake", "--format", "litert", "--out", tmp_path / "model.tflite"))
    (tmp_path / "empty").mkdir()
    assert run("cifake", "--format", "litert", "--out", tmp_path / "empty").exit_code == 0
    assert {file.name for file in tmp_path.iterdir()} == {"there", "model.card.json", "empty"}


def test_wrong_use_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    assert "there is no model 'nonsense'" in one_line(run("nonsense", "--format", "onnx", "--out", out))
    assert "and onnx was asked for" in one_line(run("cifake", "--format", "onnx", "--out", tmp_path / "F.keras"))
    assert "has no card.json" in one_line(run(tmp_path, "--format", "onnx", "--out", out))
    assert run("cifake", "--format", "tflite", "--out", out).exit_code == 2
    (tmp_path / "file").write_text("")
    assert "cannot be written" in one_line(run("cifake", "--format", "onnx", "--out", tmp_path / "file" / "out"))
    damaged = photo_model.write(tmp_path / "damaged", b"no network", photo_model.CARD)
    assert "not a LiteRT network" in one_line(run(damaged, "--format", "onnx", "--out", out))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert 'pip install "imageauth[export]"' in one_line(run("cifake", "--format", "onnx", "--out", out))
    assert 'pip install "imageauth[train]"' in one_line(run("cifake", "--format", "keras", "--out", out))
    assert not out.exists()


def test_a_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, data: bytes) -> None:
        path.write_bytes(data[:1000])
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(forms, "write_atomically", full)
    for form in ("litert", "onnx"):
        assert "No space left" in one_line(run("cifake", "--format", form, "--out", tmp_path / "out"))
    assert not list(tmp_path.iterdir())


def test_what_does_not_answer_as_the_model_is_not_handed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = replace(forms.FORMS["onnx"], ask=lambda path: lambda views: np.full((len(views), 2), 50.0))
    monkeypatch.setattr("imageauth.training.formats.writing.FORMS", {"onnx": wrong})
    assert "differs from the model" in one_line(run("cifake", "--format", "onnx", "--out", tmp_path / "out"))
    assert not list(tmp_path.iterdir())


def test_the_card_of_an_export_is_the_models_own(tmp_path: Path) -> None:
    assert run("cifake", "--format", "litert", "--out", tmp_path / "cifake").exit_code == 0
    assert json.loads((tmp_path / "cifake" / "card.json").read_text()) == json.loads(
        (find_model("cifake") / "card.json").read_text()
    )
