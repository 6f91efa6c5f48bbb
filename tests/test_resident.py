"""Training with all on the accelerator (here: the processor): codec, augmentation, a teacher and its student."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

if not os.environ.get("CI"):
    pytest.importorskip("jax", reason="needs the [jax] extra")
    pytest.importorskip("tensorflow", reason="needs the [train] extra")
pytestmark = pytest.mark.train

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402

from imageauth.errors import DataError  # noqa: E402
from imageauth.evaluation.metrics import auroc  # noqa: E402
from imageauth.pixels.degradations import blur, recompress, rescale  # noqa: E402
from imageauth.pixels.views import square_views  # noqa: E402
from imageauth.training.model_card import _cost  # noqa: E402
from imageauth.training.recipe import RECIPES, Recipe  # noqa: E402
from imageauth.training.resident import augment  # noqa: E402
from imageauth.training.resident.codec import jpeg  # noqa: E402
from imageauth.training.resident.copies import make_copies  # noqa: E402
from tests.conftest import drawn  # noqa: E402

QUICKLY = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}  # compiled, not run


def pictures(count: int) -> np.ndarray:
    """With edges, colours and noise, so that a codec has something to lose."""
    rng = np.random.default_rng(5)
    made = np.stack([drawn(seed=seed) for seed in range(count)]).astype(float)
    made[:, 8:20, 8:20] = rng.integers(0, 256, (count, 1, 1, 3))
    return np.clip(made + rng.normal(0, 12, made.shape), 0, 255).astype(np.uint8)


def test_the_codec_loses_what_pillow_loses() -> None:
    some = pictures(8)
    compress = jax.jit(jpeg, compiler_options=QUICKLY)
    for quality in (30, 50, 75, 95):
        ours = np.asarray(compress(some.astype(np.float32), jnp.full(len(some), quality)))
        theirs = np.stack([recompress(picture, "JPEG", quality) for picture in some]).astype(float)
        assert np.mean(np.abs(ours - theirs)) < 0.8
        assert np.mean(np.abs(some - theirs)) > 8


def test_matrices_do_what_pillow_does() -> None:
    some = pictures(4)

    def by(matrix: np.ndarray, before: np.ndarray = some) -> np.ndarray:
        matrices = jnp.repeat(jnp.asarray(matrix)[None], len(before), axis=0)
        return np.asarray(augment._apply(matrices, matrices, before.astype(np.float32)))

    for size, share in ((24, 0.75), (8, 0.25)):
        ours = by(augment._enlarging(32, "BICUBIC")[size], by(augment._reducing(32)[size]))
        assert np.abs(ours - np.stack([rescale(picture, share) for picture in some])).max() <= 1
    boxes = by(augment._boxes(32, jnp.array([2.0]))[0])
    assert np.mean(np.abs(boxes - np.stack([blur(picture, 2.0) for picture in some]))) < 1
    cut = by(augment._cutting(32, jnp.array([26]), jnp.array([0.5]))[0])
    served = np.stack([square_views(picture[3:29, 3:29], 32, 1).pixels[0] for picture in some]).astype(float)
    np.testing.assert_array_equal(cut[:, :26, :26], some[:, 3:29, 3:29])
    assert np.mean(np.abs(by(augment._enlarging(32, "BILINEAR")[26], cut) - served)) < 0.5


def test_augmentation_is_alike_for_both_classes_and_repeats() -> None:
    some, count = pictures(60), 240
    copies, sizes = make_copies(some, 1, 1, 1)
    assert (copies.shape, copies.dtype, sizes.shape) == ((1, 60, 32, 32, 3), np.uint8, (1, 60))
    assert 24 <= sizes.min() < sizes.max() == 32
    # The same pictures in both classes: what is done to them must not tell the classes apart.
    labels = np.repeat(np.float32([0, 1, 0, 1]), 60)
    tiled = np.tile(some, (4, 1, 1, 1)), labels, np.tile(copies, (1, 4, 1, 1, 1)), np.tile(sizes, (1, 4))
    held = augment.Pictures(*map(jnp.asarray, tiled))
    recipe = replace(RECIPES["pocket-taught"], batch_size=count)
    draw = lambda step, mix: augment.batch(held, jax.random.key(3), step, recipe, mix)  # noqa: E731
    call = jax.jit(draw, compiler_options=QUICKLY)
    images, targets = (np.asarray(a) for a in call(0, 0.0))
    assert (images.shape, images.dtype, targets.shape) == ((count, 32, 32, 3), np.float32, (count, 1))
    assert (images.min() >= 0, images.max() <= 255, np.array_equal(images, np.round(images))) == (True, True, True)
    assert np.bincount(targets[:, 0].astype(int)).tolist() == [120, 120]
    known = some.astype(float).mean(axis=(1, 2, 3))
    means = images.mean(axis=(1, 2, 3))
    assert np.abs(means[:, None] - known).min(axis=1).max() < 12  # damaged, yet still one of them
    detail = np.abs(np.diff(images, axis=2)).mean(axis=(1, 2, 3))
    assert abs(detail[targets[:, 0] == 0].mean() - detail[targets[:, 0] == 1].mean()) < 0.15 * detail.mean()
    np.testing.assert_array_equal(images, np.asarray(call(0, 0.0)[0]))
    assert not np.array_equal(images, np.asarray(call(1, 0.0)[0]))
    mixed = np.asarray(call(0, 1.0)[1])
    assert ((mixed > 0) & (mixed < 1)).sum() > 20


# Where JAX is Keras' backend: stopped while the student learns, then to the end.
CHILD = """
import sys
from dataclasses import replace
from pathlib import Path

from imageauth.training.arrays import load_cifake
from imageauth.training.recipe import RECIPES
from imageauth.training.resident.run import train_resident

assert "tensorflow" not in sys.modules  # Keras takes it up later, where it is installed
data, out = map(Path, sys.argv[1:])
small = {"widths": [8, 8, 8]}
# What degrades takes long to compile, and is tried above.
RECIPES["pocket-teacher"] = replace(RECIPES["pocket-teacher"], network_options=small, degraded=0.0)
changes = {"epochs": 2, "start_epochs": 2, "batch_size": 32, "precision": "float32", "degraded": 0.0}
recipe = replace(RECIPES["pocket-taught"], network_options=small, **changes)
training, validation, about = load_cifake(data)
seen = []


def stop(now):
    seen.append(now.step)
    if len(seen) > 3:
        raise KeyboardInterrupt


def train(**options):
    return train_resident(training, validation, recipe, out, data=about, **options)


try:
    train(on_step=stop)
except KeyboardInterrupt:
    print(*seen)
seen.clear()
train(resume=True, on_step=lambda now: seen.append(now.step))
print(*seen)
"""


def test_a_teacher_and_its_student_by_jax_and_the_network_in_tensorflow(toy_data: Path, tmp_path: Path) -> None:
    from imageauth.training.arrays import load_cifake
    from imageauth.training.fit import predict
    from imageauth.training.record import finished
    from imageauth.training.runs import recipe_for, train_cifake

    data, out = tmp_path / "data", tmp_path / "run"
    shutil.copytree(toy_data, data)
    with pytest.raises(DataError, match="KERAS_BACKEND=jax"):
        train_cifake(data, out, recipe_for(out, "pocket-taught", {}, resume=False), elsewhere=tmp_path / "nowhere")
    assert not out.exists()
    environment = os.environ | {
        "KERAS_BACKEND": "jax",
        "XLA_FLAGS": " ".join(f"--{name}={value}" for name, value in QUICKLY.items()),
        "JAX_COMPILATION_CACHE_DIR": str(tmp_path / "compiled"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    }
    command = [sys.executable, "-c", CHILD, data, out]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    runs = [json.loads((folder / "run.json").read_text()) for folder in (out / "teacher", out)]
    steps = runs[0]["data"]["train"] // 32
    # Of the second time, the teacher and the student's first epoch were there already.
    assert done.stdout.split() == [str(step) for step in (steps, 2 * steps, steps, 2 * steps, 2 * steps)]
    assert [run["steps"] for run in runs] == [2 * steps, 2 * steps]
    assert [run["backend"] for run in runs] == ["jax", "jax"]
    assert "jax" in runs[1]["packages"]

    recipe = recipe_for(out, "pocket-taught", {}, resume=True)
    _, validation, about = load_cifake(data)
    model = finished(out, recipe, about)
    assert model
    logits = predict(model, validation[0])
    assert auroc(validation[1], logits) == pytest.approx(runs[1]["validation_auroc"], abs=0.01)
    with pytest.raises(DataError, match="another network"):
        recipe_for(out, "pocket-grown", {}, resume=True)
    assert "| 2 | 2 |" in "\n".join(_cost(runs))
    runs[1]["accelerator"] = "A100"
    words = "\n".join(_cost(runs))
    assert all(part in words for part in ("on A100 |", "accelerator minutes", "Each is taught by the one above it."))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"teacher": "nonsense"}, "teacher must be a recipe"),
        ({"teacher": "pocket"}, "teacher must be a resident"),
        ({"teacher": "pocket-taught"}, "itself begins"),
        ({"optimizer": "adamw"}, "trains by sgd"),
        ({"label_smoothing": 0.1}, "smooth labels"),
        ({"hard": 2.0}, "must be in 0..1"),
        ({"resident": False}, "need a resident"),
    ],
)
def test_impossible_resident_recipes(change: dict[str, object], words: str) -> None:
    recipe: Recipe = replace(RECIPES["pocket-taught"], **change)  # type: ignore[arg-type]
    assert words in (recipe.problem() or "")
    assert RECIPES["pocket-taught"].problem() is None
