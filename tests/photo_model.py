"""A stand-in for the ``photo`` model: its contract with a network of almost no weights, made by Keras."""

import hashlib
from dataclasses import replace
from pathlib import Path

from imageauth.pixels.answers import Answers
from imageauth.pixels.calibration import Calibration
from imageauth.pixels.canonical import Canonical
from imageauth.pixels.card import Card, Domain, Thresholds
from imageauth.pixels.layout import Entry, Layout

SIDE, PATCH = 224, 16
MAP = SIDE // PATCH
KINDS = ("photo", "drawn", "screen")
LAYOUT = Layout(
    SIDE,
    (Entry("whole", 1, 1.0), Entry("tiles", 4, 0.5), Entry("crops", 2, 0.25)),
    ("flipped", "re-encoded-75", "resized"),
    bias=0.125,
    canonical=Canonical(1536, 92),
)
ANSWERS = Answers(unfamiliarity=1, kinds=(2, KINDS), map=(5, MAP))
CARD = Card(
    name="photo",
    version="0",
    file="model.tflite",
    sha256="",
    layout=LAYOUT,
    answers=ANSWERS,
    domain=Domain((65, 10_000), 4.0, 1.0, "drawn pictures, by their redness", 100.0),
    calibration=Calibration("temperature", {"scale": 1.0}, 0.001),
    thresholds=Thresholds(decision=0.5, ai=0.9, real=0.1),
    figures={"images": 0},
    limits=("A stand-in.",),
    conditions=dict.fromkeys(("small", "compressed", "soft", "screen", "drawn"), "") | {"small": "Nothing is known."},
)


def redness() -> bytes:
    """A network that calls red pictures AI-made: each patch's logit is (R − G) / 16, the view's their mean. Blue ones
    are drawn.
    """
    import keras

    from imageauth.training.export import to_litert

    pixels = keras.Input((SIDE, SIDE, 3))
    patches = keras.layers.AveragePooling2D(PATCH)(pixels)
    patch_logits = keras.layers.Conv2D(1, 1, use_bias=False, name="red")(patches)
    mean = keras.layers.GlobalAveragePooling2D()(patches)
    told = keras.layers.Dense(5, name="told")(mean)
    model = keras.Model(pixels, keras.layers.Concatenate()([told, keras.layers.Reshape((MAP * MAP,))(patch_logits)]))
    red = [[1 / 16], [-1 / 16], [0]]
    model.get_layer("red").set_weights([keras.ops.convert_to_numpy(keras.ops.array([[red]]))])
    columns = [[1 / 16, 0, 0, 0, 0], [-1 / 16, 0, 0, -1 / 16, 0], [0, 0, 0, 1 / 16, 0]]
    model.get_layer("told").set_weights(
        [keras.ops.convert_to_numpy(keras.ops.array(columns)), keras.ops.convert_to_numpy(keras.ops.zeros(5))]
    )
    return to_litert(model)


def write(folder: Path, network: bytes, card: Card = CARD) -> Path:
    """A model folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / card.file).write_bytes(network)
    card = replace(card, sha256=hashlib.sha256(network).hexdigest())
    (folder / "card.json").write_text(card.to_text(), encoding="utf-8")
    return folder
