"""Training: the networks, the input, resuming, calibration, export."""

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imageauth import Detector
from imageauth.errors import DataError, ModelError
from imageauth.evaluation.metrics import ece
from imageauth.pixels.calibration import Calibration, sigmoid
from imageauth.pixels.card import Card
from imageauth.pixels.model import Scores

pytest.importorskip("tensorflow", reason="needs the [train] extra") if not os.environ.get("CI") else None
pytestmark = pytest.mark.train

import keras  # noqa: E402

from imageauth.training import checkpoint  # noqa: E402
from imageauth.training.averaging import WeightAverage  # noqa: E402
from imageauth.training.calibrate import METHODS, at_risk, conformal, fit_calibration, fit_thresholds  # noqa: E402
from imageauth.training.cifake import prepare  # noqa: E402
from imageauth.training.degradations import Reach, degrade_at_random  # noqa: E402
from imageauth.training.export import CIFAKE, litert_scores, write_model  # noqa: E402
from imageauth.training.familiarity import (  # noqa: E402
    familiar_pictures,
    load_elsewhere,
    threshold,
    with_familiarity,
)
from imageauth.training.fit import predict, train  # noqa: E402
from imageauth.training.growth import grow  # noqa: E402
from imageauth.training.litert import to_int8, to_litert  # noqa: E402
from imageauth.training.networks import NETWORKS, build  # noqa: E402
from imageauth.training.pipeline import training_batches  # noqa: E402
from imageauth.training.recipe import RECIPES, Recipe  # noqa: E402
from imageauth.training.record import open_run  # noqa: E402
from imageauth.training.runs import recipe_for, train_cifake  # noqa: E402
from imageauth.training.schedule import WarmupCosine  # noqa: E402
from imageauth.training.wear import with_wear  # noqa: E402
from tests.conftest import drawn, toy  # noqa: E402

TINY = {"widths": [8, 8, 8]}


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_keep_their_contract(name: str) -> None:
    model = build(name, {})
    assert model.input_shape == (None, 32, 32, 3)
    assert model.output_shape == (None, 1)
    assert model.count_params() <= 3_000_000
    assert np.isfinite(predict(model, toy(3)[0])).all()


def test_the_papers_network_has_the_papers_shape() -> None:
    layers = [type(layer).__name__ for layer in build("paper", {}).layers]
    convolutions = ["Conv2D", "MaxPooling2D"] * 2
    assert layers == ["InputLayer", "Rescaling", *convolutions, "Flatten", "Dense", "Dense"]


def test_the_schedule() -> None:
    schedule = WarmupCosine(0.1, 10, 110)
    rates = [float(keras.ops.convert_to_numpy(schedule(step))) for step in range(111)]
    assert rates[0] == pytest.approx(0.01)
    assert max(rates) == pytest.approx(0.1)
    assert rates[60] == pytest.approx(0.05)
    assert rates[110] == pytest.approx(0, abs=1e-7)
    assert WarmupCosine.from_config(schedule.get_config()).steps == 110


def test_an_epoch_shows_every_picture_once_and_resuming_repeats_the_order() -> None:
    pictures = np.zeros((40, 32, 32, 3), np.uint8) + np.arange(40, dtype=np.uint8)[:, None, None, None]
    labels = (np.arange(40) % 2).astype(np.uint8)
    recipe = Recipe(batch_size=8, epochs=3, shift=2)
    whole = [(images.numpy(), target.numpy()) for images, target in training_batches(pictures, labels, recipe)]
    assert len(whole) == 15
    for epoch in range(3):
        values = np.concatenate([images[:, 0, 0, 0] for images, _ in whole[5 * epoch : 5 * epoch + 5]])
        assert sorted(values) == list(range(40))
    assert not np.array_equal(whole[0][0], whole[5][0])
    for images, target in whole:
        np.testing.assert_array_equal(images[:, 0, 0, 0] % 2, target[:, 0])
    rest = list(training_batches(pictures, labels, recipe, first_step=7))
    assert len(rest) == 8
    for (images, target), (again, target_again) in zip(whole[7:], rest, strict=True):
        np.testing.assert_array_equal(images, again)
        np.testing.assert_array_equal(target, target_again)


def test_augmentation_mirrors_and_shifts_without_inventing_pixels() -> None:
    picture = drawn(seed=3)
    pictures = np.repeat(picture[None], 64, axis=0)
    recipe = Recipe(batch_size=64, epochs=1, flip=True, shift=2)
    images, _ = next(iter(training_batches(pictures, np.zeros(64, np.uint8), recipe)))
    possible = {
        np.roll(flipped, (-dy, -dx), axis=(0, 1))[4:-4, 4:-4].astype(np.float32).tobytes()
        for flipped in (picture, picture[:, ::-1])
        for dy in range(-2, 3)
        for dx in range(-2, 3)
    }
    seen = {image[4:-4, 4:-4].tobytes() for image in images.numpy()}
    assert seen <= possible
    assert len(seen) > 15


def test_cutmix_pastes_a_patch_and_its_share_of_the_label() -> None:
    labels = (np.arange(64) % 2).astype(np.uint8)
    pictures = np.zeros((64, 32, 32, 3), np.uint8) + labels[:, None, None, None] * np.uint8(200)
    recipe = Recipe(batch_size=64, epochs=1, flip=False, cutmix=0.5)
    images, targets = next(iter(training_batches(pictures, labels, recipe)))
    share = (images.numpy() == 200).mean(axis=(1, 2, 3))
    np.testing.assert_allclose(share, targets.numpy()[:, 0], atol=1e-5)  # the label says how much is of which class
    mixed = (share > 0) & (share < 1)
    assert 8 < mixed.sum() < 40
    again, _ = next(iter(training_batches(pictures, labels, recipe)))
    np.testing.assert_array_equal(images, again)


def test_averaging_follows_the_weights_and_swaps_back() -> None:
    model = build("pocket", TINY)
    average = WeightAverage(model, 0.5, every=1)
    before = model.get_weights()
    model.set_weights([w + 1 for w in before])
    for step in range(1, 60):
        average.update(step)
    average.swap()
    for old, averaged in zip(before, model.get_weights(), strict=True):
        np.testing.assert_allclose(averaged, old + 1, atol=1e-3)
    average.swap()
    for old, now in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(now, old + 1)


def test_training_learns_and_a_resumed_run_equals_an_unbroken_one(tmp_path: Path) -> None:
    training, validation = toy(320), toy(96, seed=5000)
    recipe = Recipe(network_options=TINY, epochs=4, batch_size=32, learning_rate=0.05, average_decay=0.9)
    _, whole = train(training, validation, recipe, tmp_path / "whole", data={})

    class StoppedError(Exception):
        pass

    def stop(progress: object) -> None:
        if progress.step == 30:  # type: ignore[attr-defined]
            raise StoppedError

    with pytest.raises(StoppedError):
        train(training, validation, recipe, tmp_path / "broken", data={}, on_step=stop)
    assert checkpoint.load(tmp_path / "broken")[1]["step"] == 20  # type: ignore[index]
    _, resumed = train(training, validation, recipe, tmp_path / "broken", data={}, resume=True)
    np.testing.assert_allclose(resumed, whole, atol=0.05)
    runs = [json.loads((tmp_path / name / "run.json").read_text()) for name in ("whole", "broken")]
    assert [run["steps"] for run in runs] == [40, 40]
    assert runs[0]["validation_accuracy"] > 0.8
    assert {"recipe", "data", "packages", "seconds", "history", "parameters", "machine"} <= runs[0].keys()
    assert list((tmp_path / "whole" / "logs").glob("events*"))
    with pytest.raises(DataError, match="add --resume"):
        train(training, validation, recipe, tmp_path / "whole", data={})
    with pytest.raises(DataError, match="another data"):
        train(training, validation, recipe, tmp_path / "whole", data={"other": 1}, resume=True)


def test_a_crash_while_saving_leaves_a_whole_checkpoint(tmp_path: Path) -> None:
    checkpoint.save(tmp_path, {"weights": [np.ones(3)]}, {"step": 1})
    (tmp_path / "checkpoint.new").mkdir()  # a crash before the new one was whole
    (tmp_path / "checkpoint.new" / "weights.npz").write_bytes(b"half")
    assert checkpoint.load(tmp_path)[1] == {"step": 1}  # type: ignore[index]
    checkpoint.save(tmp_path, {"weights": [np.zeros(3)]}, {"step": 2})
    (tmp_path / "checkpoint").rename(tmp_path / "checkpoint.old")  # a crash between the two renames
    arrays, state = checkpoint.load(tmp_path)  # type: ignore[misc]
    assert state == {"step": 2}
    np.testing.assert_array_equal(arrays["weights"][0], np.zeros(3))
    assert checkpoint.load(tmp_path / "nowhere") is None


@pytest.mark.parametrize("name", NETWORKS)
def test_litert_agrees_with_keras(name: str) -> None:
    """On weights that were trained a little, in every layer, over pictures of all brightnesses."""
    model = build(name, TINY if name == "pocket" else {})
    rng = np.random.default_rng(1)
    model.set_weights([w + rng.normal(0, 0.05, w.shape) ** 2 for w in model.get_weights()])
    pictures = np.concatenate([toy(60)[0], np.zeros((1, 32, 32, 3), np.uint8), np.full((1, 32, 32, 3), 255, np.uint8)])
    by_keras = predict(model, pictures)
    data = to_litert(model)
    for batch in (1, 7, 62):
        by_litert = litert_scores(data, pictures, (), batch).pooled
        assert np.max(np.abs(sigmoid(by_litert) - sigmoid(by_keras))) <= 1e-4


@pytest.mark.parametrize("options", [{"colour": "ycbcr"}, {"high_pass": True}, {"colour": "ycbcr", "high_pass": True}])
def test_stems_only_add_fixed_layers_and_export(options: dict[str, object], tmp_path: Path) -> None:
    plain, model = build("pocket", TINY), build("pocket", TINY | options)
    added = [layer for layer in model.layers if layer.name not in {ours.name for ours in plain.layers}]
    assert {layer.name for layer in plain.layers} < {layer.name for layer in model.layers}
    assert not any(layer.trainable_weights for layer in added)
    pictures = toy(8)[0]
    by_keras = predict(model, pictures)
    np.testing.assert_allclose(litert_scores(to_litert(model), pictures).pooled, by_keras, atol=1e-4)
    model.save(tmp_path / "weights.keras")
    np.testing.assert_array_equal(predict(keras.models.load_model(tmp_path / "weights.keras"), pictures), by_keras)


def test_luma_and_chroma_are_those_of_jpeg() -> None:
    from PIL import Image

    picture = toy(1)[0][0]
    expected = np.asarray(Image.fromarray(picture).convert("YCbCr")).astype(float) - [0, 128, 128]
    layer = build("pocket", TINY | {"colour": "ycbcr"}).get_layer("luma_chroma")
    found = keras.ops.convert_to_numpy(layer(picture[None].astype(np.float32)))[0] / [1, 4, 4]
    np.testing.assert_allclose(found, expected, atol=1.5)


def test_eight_bit_weights_are_small_and_say_nearly_the_same() -> None:
    model = build("pocket", {})
    pictures = toy(60)[0]
    data = to_litert(model)
    small = to_int8(data)
    assert len(small) < len(data) / 3
    full, quantised = (litert_scores(each, pictures).pooled for each in (data, small))
    assert np.corrcoef(full, quantised)[0, 1] > 0.99


def skewed(count: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Logits that are three times too sure and shifted."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(0, 2, count)
    labels = (rng.random(count) < sigmoid(truth)).astype(np.uint8)
    return 3 * truth + 1, labels


def test_calibration_mends_overconfidence_on_images_it_has_not_seen() -> None:
    logits, labels = skewed(4000)
    result = fit_calibration(logits, labels)
    assert ece(labels, sigmoid(logits)) > 0.08
    assert ece(labels, result.held_out) < 0.03
    new_logits, new_labels = skewed(4000, seed=2)
    assert ece(new_labels, result.calibration(new_logits)) < 0.03
    assert set(result.log_loss) == set(METHODS)
    assert result.log_loss[result.calibration.method] == min(result.log_loss.values())
    floor = 1 / (2 + min(labels.sum(), 4000 - labels.sum()))
    assert result.calibration(np.array([-1e4, 1e4])).tolist() == [floor, 1 - floor]


@pytest.mark.parametrize(
    ("method", "parameters"),
    [
        ("temperature", {"scale": 0.5}),
        ("platt", {"scale": 0.5, "offset": 0.1}),
        ("beta", {"a": 0.5, "b": 0.7, "c": 0.1}),
        ("isotonic", {"scores": [-1.0, 0.0, 2.0], "probabilities": [0.1, 0.4, 0.9]}),
    ],
)
def test_calibrations_are_monotone_and_survive_the_card(method: str, parameters: dict[str, object]) -> None:
    calibration = Calibration(method, parameters, 0.001)  # type: ignore[arg-type]
    scores = np.linspace(-1000, 1000, 4001)
    p = calibration(scores)
    assert (np.diff(p) >= 0).all()
    assert p.min() >= 0.001
    assert p.max() <= 0.999
    again = Calibration(**json.loads(json.dumps(calibration.to_json())))
    np.testing.assert_array_equal(again(scores), p)


def test_thresholds_hold_their_error_rates() -> None:
    logits, labels = skewed(20_000)
    p = sigmoid(logits / 3)
    thresholds = fit_thresholds(p, labels)
    assert np.mean(p[labels == 0] >= thresholds.ai) <= 0.01
    assert np.mean(p[labels == 1] <= thresholds.real) <= 0.01
    grid = np.linspace(0, 1, 501)
    best = max(np.mean((p >= t) == labels) for t in grid)
    assert np.mean((p >= thresholds.decision) == labels) >= best - 1e-9
    sure = fit_thresholds(np.where(labels == 1, 0.99, 0.01), labels)
    assert (sure.real, sure.ai) == (pytest.approx(0.2), pytest.approx(0.8))


def test_conformal_thresholds_keep_their_promise_on_new_images() -> None:
    """Over many draws of 300 images, the share of new ones called wrongly is at most the risk on average."""
    rates = []
    for seed in range(40):
        logits, labels = skewed(600, seed)
        p = sigmoid(logits / 3)
        real, ai = conformal(p[:300], labels[:300], 0.05)
        rates.append([np.mean(p[300:][labels[300:] == 0] >= ai), np.mean(p[300:][labels[300:] == 1] <= real)])
    mean = np.mean(rates, axis=0)
    assert (mean <= 0.055).all()
    assert (mean >= 0.03).all()  # and it is not merely silent
    few = np.array([0, 0, 1, 1], np.uint8)
    assert conformal(np.array([0.1, 0.2, 0.8, 0.9]), few, 0.05) == (0.0, 1.0)


def test_what_a_risk_delivers() -> None:
    logits, labels = skewed(8000)
    p, everything = sigmoid(logits / 3), np.ones(8000, np.bool_)
    strict, loose = (at_risk(p, labels, everything, risk) for risk in (0.01, 0.3))
    assert strict["real_called_ai"] <= 0.015
    assert strict["share_decided"] < loose["share_decided"] == 1  # where more is allowed than is needed, all is decided
    assert strict["error_on_decided"] < loose["error_on_decided"] <= 0.3
    nothing = at_risk(p, labels, ~everything, 0.05)
    assert (nothing["share_decided"], nothing["error_on_decided"]) == (0, 0)


SMALL, LARGE = {"widths": [8, 8, 8], "attention": True}, {"widths": [8, 24, 16], "depths": [1, 2, 2], "attention": True}


def test_a_grown_network_begins_as_the_small_one_and_every_part_learns() -> None:
    small, large = build("pocket", SMALL), build("pocket", LARGE)
    pictures, labels = toy(64)
    small.compile("sgd", keras.losses.BinaryCrossentropy(from_logits=True))
    for _ in range(3):  # running statistics and weights that are not those of the start
        small.train_on_batch(pictures.astype(np.float32), labels[:, None].astype(np.float32))
    grow(small, large)
    np.testing.assert_allclose(predict(large, pictures), predict(small, pictures), atol=1e-4)
    before = large.get_weights()
    large.compile(keras.optimizers.SGD(0.2), keras.losses.BinaryCrossentropy(from_logits=True))
    for _ in range(8):
        large.train_on_batch(pictures.astype(np.float32), labels[:, None].astype(np.float32))
    for weight, old, new in zip(large.weights, before, large.get_weights(), strict=True):
        assert not np.array_equal(old, new), weight.path


def test_what_cannot_grow_says_so() -> None:
    with pytest.raises(DataError, match="cannot grow"):
        grow(build("pocket", LARGE), build("pocket", SMALL))
    with pytest.raises(DataError, match="has no layer"):
        grow(build("pocket", LARGE), build("pocket", LARGE | {"depths": [1, 1, 1]}))


def test_resuming_takes_the_recorded_recipe_and_refuses_another_network(tmp_path: Path) -> None:
    recipe = recipe_for(tmp_path, "pocket-grown", {"epochs": 1}, resume=False)
    recorded = recipe.to_json()
    del recorded["start_epochs"]  # a run from before there was that setting
    (tmp_path / "run.json").write_text(json.dumps({"recipe": recorded}))
    assert recipe_for(tmp_path, "pocket-grown", {}, resume=True) == recipe
    assert recipe_for(tmp_path, None, {}, resume=True) == recipe
    for other in ("pocket", "paper"):
        with pytest.raises(DataError, match="another network"):
            recipe_for(tmp_path, other, {}, resume=True)
    (tmp_path / "checkpoint").mkdir()
    (tmp_path / "checkpoint" / "state.json").write_text("{}")
    (tmp_path / "run.json").write_text(json.dumps({"recipe": recorded, "data": {}}))
    assert open_run(tmp_path, recipe, {}, True)["recipe"] == recipe.to_json()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"start": "nonsense"}, "start must be a recipe"),
        ({"start": "pocket-grown"}, "itself begins"),
        ({"scale": 0}, "scale must"),
        ({"scale": 1}, "scale must"),
        ({"blur": 0}, "blur must"),
        ({"degraded": 2}, "must be in 0..1"),
        ({"epochs": 0}, "at least 1"),
    ],
)
def test_impossible_recipes_are_refused(tmp_path: Path, change: dict[str, object], words: str) -> None:
    with pytest.raises(DataError, match=words):
        recipe_for(tmp_path, None, change, resume=False)


def test_a_grown_model_by_the_command_with_elsewhere_and_again(
    cifake_sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All the steps to a model, on little data, narrow networks: faults come first, a second time changes nothing."""
    for name, widths in (("pocket", [8, 16, 16]), ("pocket-grown", [8, 24, 24])):
        narrow = {**RECIPES[name].network_options, "widths": widths}
        monkeypatch.setitem(RECIPES, name, replace(RECIPES[name], network_options=narrow))
    data, out, elsewhere = tmp_path / "data", tmp_path / "run", tmp_path / "elsewhere"
    for path in sorted(cifake_sample.rglob("*.jpg"))[::3]:
        copy = tmp_path / "sample" / path.relative_to(cifake_sample)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    prepare(data, tmp_path / "sample")
    few = {"epochs": 1, "start_epochs": 1, "batch_size": 96, "degraded": 0.1}
    recipe = recipe_for(out, "pocket-grown", few, resume=False)
    for index in range(20):
        (elsewhere / f"owner{index}" / "deep").mkdir(parents=True)
        Image.fromarray(drawn(80, 64, index)).save(elsewhere / f"owner{index}" / "deep" / "a.png")
    with pytest.raises(DataError, match="is not a folder"):
        train_cifake(data, out, recipe, elsewhere=tmp_path / "nowhere")
    wrong = replace(recipe, network_options={"widths": [4, 8, 8]})
    with pytest.raises(DataError, match="cannot grow"):
        train_cifake(data, out, wrong, elsewhere=elsewhere)
    assert not (out / "start" / "run.json").exists()
    card = train_cifake(data, out, recipe, elsewhere=elsewhere)
    text = (out / "model" / "README.md").read_text(encoding="utf-8")
    for words in (
        "Familiarity",
        "Stability",
        "## At a chosen risk",
        "| airplane |",
        "jpeg-90",
        "grows from",
        "core hours",
    ):
        assert words in text
    assert card.figures["worst_degradation"] in text
    assert json.loads((out / "run.json").read_text())["elsewhere"]["sources"] == 20
    first, second = (json.loads((folder / "run.json").read_text()) for folder in (out / "start", out))
    assert (first["recipe"]["epochs"], first["steps"]) == (1, second["steps"])
    with pytest.raises(DataError, match="add --resume"):
        train_cifake(data, out, recipe, elsewhere=elsewhere)
    with pytest.raises(DataError, match="begun with --elsewhere"):
        train_cifake(data, out, recipe, resume=True)


def test_a_checkpoint_of_another_network_or_a_damaged_one_is_refused(tmp_path: Path) -> None:
    training, validation = toy(64), toy(32, seed=900)
    recipe = Recipe(network_options=TINY, epochs=1, batch_size=32)
    train(training, validation, recipe, tmp_path / "one", data={})
    other = Recipe(network_options={"widths": [8, 8, 16]}, epochs=1, batch_size=32)
    train(training, validation, other, tmp_path / "two", data={})
    kept = (tmp_path / "one" / "checkpoint" / "weights.npz").read_bytes()
    (tmp_path / "one" / "checkpoint" / "weights.npz").write_bytes(
        (tmp_path / "two" / "checkpoint" / "weights.npz").read_bytes()
    )
    with pytest.raises(DataError, match="of another network"):
        train(training, validation, recipe, tmp_path / "one", data={}, resume=True)
    (tmp_path / "one" / "checkpoint" / "weights.npz").write_bytes(kept[: len(kept) // 2])
    with pytest.raises(DataError, match="damaged"):
        train(training, validation, recipe, tmp_path / "one", data={}, resume=True)


def test_a_full_disk_in_mid_training_keeps_the_last_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    training, validation = toy(64), toy(32, seed=900)
    recipe = Recipe(network_options=TINY, epochs=3, batch_size=32)
    save, calls = checkpoint.save_arrays, []

    def full(path: Path, arrays: object) -> None:
        calls.append(path)
        if len(calls) > 5:  # in the middle of the second checkpoint
            path.write_bytes(b"half")
            raise OSError(28, "No space left on device", str(path))
        save(path, arrays)  # type: ignore[arg-type]

    monkeypatch.setattr(checkpoint, "save_arrays", full)
    with pytest.raises(OSError, match="No space left"):
        train(training, validation, recipe, tmp_path / "run", data={})
    monkeypatch.undo()
    assert checkpoint.load(tmp_path / "run")[1]["step"] == 2  # type: ignore[index]
    train(training, validation, recipe, tmp_path / "run", data={}, resume=True)
    assert json.loads((tmp_path / "run" / "run.json").read_text())["steps"] == 6


def test_the_answer_is_corrected_for_wear() -> None:
    """Of a network whose answers all move towards "real" with blur, so that one threshold cannot serve both."""
    inputs = keras.Input((32, 32, 3))
    # Fine detail is all that it goes by, and what it calls AI-made is what has more of it.
    right = inputs[:, :, 1:, :1] - inputs[:, :, :-1, :1]
    fine = keras.ops.mean(keras.ops.abs(right), axis=(1, 2, 3))[:, None] / 4
    stage = keras.layers.Activation("relu", name="stage1_block1_relu")(keras.ops.abs(right))
    model = keras.Model(inputs, fine - 1.5 + 0 * keras.ops.mean(stage, axis=(1, 2)))
    pictures, labels = toy(600)
    recipe = Recipe(degraded=0.4, blur=2.0)
    corrected = with_wear(model, pictures[:300], pictures[:300], labels[:300], recipe)
    random = np.random.default_rng(3)
    worn, order, _ = degrade_at_random(pictures[300:], Reach.of(recipe), random)
    truth = labels[300:][order] == 1
    before = np.mean((predict(model, worn) > 0) == truth)
    after = np.mean((predict(corrected, worn) > 0) == truth)
    assert after > before
    clean = np.mean((predict(corrected, pictures[300:]) > 0) == (labels[300:] == 1))
    assert clean >= np.mean((predict(model, pictures[300:]) > 0) == (labels[300:] == 1)) - 0.02
    assert corrected.output_shape == (None, 1)
    # It serves like any other network, and can be asked what it does not know on top of that.
    both = with_familiarity(corrected, pictures[:200], random.integers(0, 256, (200, 32, 32, 3), np.uint8))
    scores = litert_scores(to_litert(both), pictures[300:320])
    np.testing.assert_allclose(scores.variants[:, 0], predict(corrected, pictures[300:320]), atol=1e-3)


def test_pictures_are_degraded_at_random_and_known_again() -> None:
    pictures, _ = toy(130)
    worn, order, families = degrade_at_random(pictures, Reach(), np.random.default_rng(1))
    assert (worn.shape, worn.dtype, len(set(order))) == ((96, 32, 32, 3), np.uint8, 96)
    assert np.mean(np.abs(worn.astype(int) - pictures[order]), axis=(1, 2, 3)).min() > 0
    assert np.bincount(families).tolist() == [16] * 6
    few, again, _ = degrade_at_random(pictures[:10], Reach(), np.random.default_rng(1))
    assert len(few) == 96
    assert set(again) == set(range(10))


def test_familiarity_is_a_second_answer_and_the_first_stays(tmp_path: Path) -> None:
    model = build("pocket", TINY)
    familiar, _ = toy(300)
    random = np.random.default_rng(0)
    noise = random.integers(0, 256, (300, 32, 32, 3), np.uint8)
    both = with_familiarity(model, familiar[:200], noise[:200])
    scores = litert_scores(to_litert(both), np.concatenate([familiar[200:], noise[200:]]))
    assert scores.unfamiliarity[:100].max() < scores.unfamiliarity[100:].min()
    np.testing.assert_allclose(scores.variants[:100, 0], predict(model, familiar[200:]), atol=1e-4)
    assert np.mean(scores.unfamiliarity[:100] > threshold(scores.unfamiliarity[:100])) == pytest.approx(0.02)
    with pytest.raises(DataError, match="'paper' has no stages"):
        with_familiarity(build("paper", {}), familiar, noise)


def test_a_model_with_familiarity_refuses_what_it_does_not_know(tmp_path: Path) -> None:
    pictures, labels = toy(200)
    for index in range(16):
        source = tmp_path / "elsewhere" / f"source{index}"
        source.mkdir(parents=True)
        blocks = np.random.default_rng(index).integers(0, 2, (15, 10, 1), np.uint8) * 255
        Image.fromarray(np.kron(blocks, np.ones((6, 6, 3), np.uint8))).save(source / "a.png")
        (source / "torn.jpg").write_bytes(b"nothing")
    others = load_elsewhere(tmp_path / "elsewhere", 32)
    assert (others.about["sources"], others.about["pictures"], others.about["unreadable"]) == (16, 16, 16)
    assert others.pictures.shape == (64, 32, 32, 3)
    assert 0 < others.held_out.mean() < 0.6
    familiar = familiar_pictures(pictures, Recipe(degraded=0.4, batch_size=32), count=300)
    assert len(familiar) == 200 + 96  # a third of them, which is less than a batch, degraded
    model = with_familiarity(build("pocket", TINY), familiar, others.pictures[~others.held_out])
    card, _ = write_model(model, pictures, labels, tmp_path / "model", CIFAKE, others)
    assert card.figures["elsewhere_refused"] > 0.9
    assert card.figures["unfamiliar"] == pytest.approx(0.02, abs=0.006)
    detector = Detector(tmp_path / "model")
    buffer = io.BytesIO()
    Image.fromarray(others.pictures[others.held_out][0]).save(buffer, "PNG")
    report = detector.check(buffer.getvalue())
    assert (report.verdict, report.probability) == ("inconclusive", None)
    assert "unlike those that the model was measured on" in report.summary


def test_elsewhere_needs_sources_to_hold_out(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    Image.fromarray(drawn(64, 64)).save(tmp_path / "one" / "a.png")
    for folder, words in ((tmp_path, "sub-folders, one a source"), (tmp_path / "missing", "is not a folder")):
        with pytest.raises(DataError, match=words):
            load_elsewhere(folder, 32)


def test_settings_of_the_command_line(tmp_path: Path) -> None:
    recipe = recipe_for(tmp_path, "paper", {"epochs": 3, "learning_rate": 1}, resume=False)
    assert (recipe.network, recipe.epochs, recipe.learning_rate) == ("paper", 3, 1.0)
    for changes in ({"nonsense": 1}, {"epochs": "many"}, {"flip": 1}):
        with pytest.raises(DataError, match="setting"):
            recipe_for(tmp_path, None, changes, resume=False)
    with pytest.raises(DataError, match="choose pocket or pocket-grown or pocket-teacher or pocket-taught or paper"):
        recipe_for(tmp_path, "resnet", {}, resume=False)


def cli(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "imageauth", *map(str, arguments)]


@pytest.mark.shared
def test_from_data_to_a_model_that_checks_with_a_kill_on_the_way(cifake_sample: Path, tmp_path: Path) -> None:
    """The README's way to a model of one's own, on real pictures, with ``kill -9`` in the middle."""
    data, out = tmp_path / "data", tmp_path / "run"
    prepare(data, cifake_sample)
    command = cli("train", "cifake", "--data", data, "--out", out, "--epochs", 3, "--set", "batch_size=32")
    command += ["--set", 'network_options={"widths": [8, 16, 16]}']
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not (out / "checkpoint" / "state.json").is_file():
        assert process.poll() is None, "ended before its first checkpoint"
        time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.wait()

    again = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (again.returncode, again.stderr.count("\n")) == (2, 1)
    assert "add --resume" in again.stderr
    done = subprocess.run([*command, "--resume"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    run = json.loads((out / "run.json").read_text())
    assert run["steps"] == 3 * (run["data"]["train"] // 32)
    assert [row["epoch"] for row in run["history"]] == [1, 2, 3]

    card = Card.load(out / "model")
    assert card.figures["validation_images"] == run["data"]["validation"]
    assert card.figures["max_difference_from_keras"] <= 1e-4
    assert card.figures["accuracy_lost_by_quantising"] <= 0.001
    picture = next((data / "train" / "FAKE").glob("*.jpg"))
    check = subprocess.run(cli("check", picture, "--model", out / "model", "--json"), capture_output=True, check=False)
    report = json.loads(check.stdout)
    assert report["produced_by"]["model_sha256"] == card.sha256
    assert report["probability"] is not None


def test_a_network_that_litert_gets_wrong_is_not_exported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from imageauth.training import export

    model = build("pocket", TINY)
    logits = predict(model, toy(40)[0]) + 0.01
    wrong = Scores(logits[:, None], logits, np.zeros(40))
    monkeypatch.setattr(export, "litert_scores", lambda data, pictures, variants: wrong)
    with pytest.raises(ModelError, match="differ"):
        export.write_model(model, *toy(40), tmp_path / "model", export.CIFAKE)
    assert not (tmp_path / "model").exists()


def test_degraded_share_of_a_batch() -> None:
    import tensorflow as tf

    from imageauth.training.degradations import FAMILIES, Reach, degrade_share

    images = tf.constant(np.stack([drawn(seed=seed) for seed in range(32)]).astype(np.float32))
    seed = tf.constant([1, 2], tf.int64)
    degraded = degrade_share(images, seed, 0.5, Reach()).numpy()
    changed = np.abs(degraded - images.numpy()).max(axis=(1, 2, 3)) > 0
    touched = 16 // len(FAMILIES) * len(FAMILIES)
    assert changed[:touched].all()
    assert not changed[touched:].any()
    assert degraded.min() >= 0
    assert degraded.max() <= 255
    np.testing.assert_array_equal(degraded, np.round(degraded))
    np.testing.assert_array_equal(degraded, degrade_share(images, seed, 0.5, Reach()).numpy())
    other = degrade_share(images, tf.constant([1, 3], tf.int64), 0.5, Reach()).numpy()
    assert np.abs(other - degraded).max() > 0
    # Damaged, yet still the same picture.
    for before, after in zip(images.numpy()[: touched - 2], degraded, strict=False):
        assert np.abs(before.mean() - after.mean()) < 30
    np.testing.assert_array_equal(degrade_share(images, seed, 0.0, Reach()).numpy(), images.numpy())
    long = degrade_share(images, seed, 0.5, Reach(long=True)).numpy()
    chained, others = slice(10, 12), slice(0, 10)
    np.testing.assert_array_equal(long[others], degraded[others])  # only the chains differ
    assert np.abs(long[chained] - images.numpy()[chained]).max() > 0
