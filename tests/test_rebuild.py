"""The Keras form rebuilt from LiteRT files: of every network that imageauth trains, and of what ships."""

import os
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from imageauth.errors import ModelError
from imageauth.models import find_model
from imageauth.pixels.card import Card
from imageauth.pixels.model import PixelModel
from tests import photo_model
from tests.golden import PATTERNS

pytest.importorskip("tensorflow", reason="needs the [train] extra") if not os.environ.get("CI") else None
pytestmark = pytest.mark.train

import keras  # noqa: E402
import onnxruntime  # noqa: E402

from imageauth.training import clip, vit  # noqa: E402
from imageauth.training.familiarity import UNFAMILIAR, with_second_answer  # noqa: E402
from imageauth.training.formats.onnx_graph import INPUT, to_onnx  # noqa: E402
from imageauth.training.heads import dense, seen  # noqa: E402
from imageauth.training.litert import to_int8, to_litert, to_mixed  # noqa: E402
from imageauth.training.networks import build  # noqa: E402
from imageauth.training.photo_heads import BITS, Head, Heads, attach  # noqa: E402
from imageauth.training.rebuild import rebuild, rebuild_photo  # noqa: E402
from imageauth.training.wear import CORRECTED, WEAR, by_wear  # noqa: E402
from tests.test_photo_training import TINY, run, tower, views  # noqa: E402


def folder_of(path: Path, network: bytes) -> Path:
    """A model folder of pictures of 32×32 pixels; what its card says besides does not matter here."""
    card = photo_model.CARD
    return photo_model.write(path, network, replace(card, layout=replace(card.layout, side=32)))


def randomised(model: keras.Model) -> keras.Model:
    """Weights as after some training: no two layers alike, and statistics in the normalisations."""
    rng = np.random.default_rng(3)
    for layer in model.layers:
        changed = [values + rng.normal(0, 0.1, values.shape) for values in layer.get_weights()]
        if isinstance(layer, keras.layers.BatchNormalization):
            changed[3] = np.abs(changed[3]) + 0.1
        if layer.name != "luma_chroma":
            layer.set_weights(changed)
    return model


def pocket(**options: object) -> keras.Model:
    return randomised(build("pocket", {"widths": [8, 16], "depths": [1, 2], **options}))


def with_all_heads(model: keras.Model) -> keras.Model:
    rng = np.random.default_rng(4)
    summary = seen(model)

    def head(name: str, size: int, count: int) -> keras.Layer:
        return dense(name, rng.normal(0, 0.3, (size, count)), rng.normal(0, 0.3, count))

    features = summary.shape[-1]
    worn = head(CORRECTED, 7, 1)(by_wear(head(WEAR, features, 4)(summary), model.output))
    corrected = keras.Model(model.input, worn, name=model.name)
    return with_second_answer(corrected, head(UNFAMILIAR, features, 1)(summary))


def photo() -> keras.Model:
    """The tiny tower with heads."""
    model = vit.build(TINY, tokens=True)
    clip.fill(model, TINY, tower())
    rng = np.random.default_rng(5)

    def head(size: int, count: int) -> Head:
        return Head(rng.normal(0, 0.1, (size, count)).astype(np.float32), rng.normal(0, 1, count).astype(np.float32))

    size = TINY.features
    return attach(model, Heads(head(size, 1), head(size, 1), head(size, 1), head(size, 3), head(TINY.width, 1)))


MAKERS: dict[str, Callable[[], keras.Model]] = {
    "pocket with all heads": lambda: with_all_heads(pocket(attention=True)),
    "pocket on colour and detail": lambda: pocket(colour="ycbcr", high_pass=True, dropout=0.2),
    "paper": lambda: randomised(build("paper", {})),
    "photo": photo,
}


@cache
def network(name: str) -> tuple[keras.Model, bytes]:
    """One of them, and its LiteRT file in float32."""
    made = MAKERS[name]()
    return made, to_litert(made)


def to_photo(data: bytes) -> bytes:
    return to_mixed(data, BITS)


@pytest.mark.parametrize(
    ("name", "quantise"),
    [
        ("pocket with all heads", to_int8),
        ("pocket on colour and detail", None),
        ("paper", None),
        ("photo", to_photo),
    ],
)
def test_every_network_comes_back_and_becomes_onnx(
    name: str, quantise: Callable[[bytes], bytes] | None, tmp_path: Path
) -> None:
    (original, data), pictures = network(name), views(5)
    again = rebuild(folder_of(tmp_path / "float", data))
    assert again.count_params() == original.count_params()
    said = run(original, pictures)[0]
    np.testing.assert_allclose(run(again, pictures)[0], said, rtol=1e-4, atol=1e-4)
    by_onnx = onnxruntime.InferenceSession(to_onnx(data, {}).SerializeToString())
    np.testing.assert_allclose(by_onnx.run(None, {INPUT: pictures.astype(np.float32)})[0], said, rtol=1e-4, atol=1e-3)
    if quantise is None:
        return
    small = quantise(data)
    from_small = rebuild(folder_of(tmp_path / "small", small))
    # The weights came back exactly: exported and quantised again, they are the same ones.
    once_more = rebuild(folder_of(tmp_path / "again", quantise(to_litert(from_small))))
    for one, other in zip(once_more.get_weights(), from_small.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_tower_and_heads_come_apart(tmp_path: Path) -> None:
    (original, data), pictures = network("photo"), views(3)
    parts = rebuild_photo(folder_of(tmp_path, data))
    assert parts.config == TINY
    features, tokens = run(parts.tower, pictures)
    said = run(original, pictures)[0]
    together = (parts.heads.whole, parts.heads.tiles, parts.heads.crops, parts.heads.kinds)
    np.testing.assert_allclose(np.concatenate([head(features) for head in together], axis=1), said[:, :6], atol=1e-4)
    places = parts.heads.map(tokens.reshape(-1, TINY.width)).reshape(3, -1)
    np.testing.assert_allclose(places, said[:, 6:], atol=1e-4)
    with pytest.raises(ModelError, match="no tower"):
        rebuild_photo("cifake")


def test_what_ships_comes_back() -> None:
    network = rebuild("cifake")
    card = Card.load(find_model("cifake"))
    assert network.count_params() == card.figures["parameters"]
    model = PixelModel.load("cifake")
    looked = np.concatenate([model.views(picture).pixels for picture in PATTERNS["cifake"]().values()])
    by_litert = model.ask(looked)
    # LiteRT rounds what flows between layers to 8 bits; on these patterns, unlike any photograph, more than usually.
    np.testing.assert_allclose(run(network, looked)[0], by_litert, atol=1.0)


def test_other_networks_have_no_keras_form(tmp_path: Path) -> None:
    pixels = keras.Input((32, 32, 3))
    other = keras.Model(pixels, keras.layers.Dense(1)(keras.ops.cumsum(keras.layers.Flatten()(pixels), axis=1)))
    data = to_litert(other)
    with pytest.raises(ModelError, match="no network that imageauth trains"):
        rebuild(folder_of(tmp_path / "other", data))
    with pytest.raises(ModelError, match="cannot be written as ONNX: CUMSUM"):
        to_onnx(data, {})
    with pytest.raises(ModelError, match="not a LiteRT network"):
        rebuild(folder_of(tmp_path / "text", b"no network at all"))
    with pytest.raises(ModelError, match="there is no model"):
        rebuild("nonsense")
