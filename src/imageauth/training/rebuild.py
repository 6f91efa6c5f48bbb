"""The Keras form of a finished model, rebuilt from its weights file alone: to train on, or to export elsewhere.

Quantised weights become the float32 numbers that they stand for, exactly. What LiteRT does differently is that it
rounds what flows *between* layers to 8 bits, picture by picture; the Keras form does not.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import keras
import numpy as np
from keras import layers

from imageauth.errors import ModelError
from imageauth.escaping import one_line
from imageauth.models import find_model
from imageauth.pixels.card import Card
from imageauth.pixels.model import read_weights
from imageauth.training.familiarity import UNFAMILIAR, with_second_answer
from imageauth.training.heads import dense, seen
from imageauth.training.litert_layers import Layers
from imageauth.training.networks.paper import paper
from imageauth.training.networks.pocket import pocket
from imageauth.training.photo_heads import MAP, VIEWS, Head, Heads, attach
from imageauth.training.vit import FEATURES, PATCHES, POSITIONS, ViT, build
from imageauth.training.wear import CORRECTED, WEAR, by_wear

if TYPE_CHECKING:
    from keras import Model

Made = TypeVar("Made")

_BLOCK = re.compile(r"block(\d+)_sum")
# Of the heads on views, as `attach` puts them side by side.
_COLUMNS = slice(0, 1), slice(1, 2), slice(2, 3), slice(3, None)


@dataclass(frozen=True, slots=True, eq=False)
class PhotoParts:
    """The parts of a ``photo`` network; :func:`imageauth.training.photo_heads.attach` puts them together.

    Attributes:
        config: the tower's form.
        tower: float32 [N, side, side, 3] in 0..255 → features float32 [N, F] and the patches' tokens after
            ``config.map`` blocks; see :func:`imageauth.training.vit.build`.
        heads: on these.
    """

    config: ViT
    tower: "Model"
    heads: Heads


def rebuild(model: str | Path) -> "Model":
    """The Keras form of a model.

    Args:
        model: a shipped model's name, or a model folder that ``imageauth train`` wrote.

    Returns:
        float32 [N, side, side, 3] in 0..255 → float32 [N, C], the same answers as the weights file gives.

    Raises:
        ModelError: there is no such model, its weights are not those that its card describes, or they are of a network
            that imageauth does not train.
    """
    found = _layers(model)
    for mark, make in _NETWORKS.items():
        if found.has(mark):
            return _made(make, found)
    raise ModelError(f"{model}: this is no network that imageauth trains, so it has no Keras form")


def rebuild_photo(model: str | Path) -> PhotoParts:
    """The tower and the heads of a model like ``photo``, apart; arguments and errors as for :func:`rebuild`."""
    found = _layers(model)
    if not found.has(PATCHES):
        raise ModelError(f"{model} has no tower like that of photo")
    return _made(_photo_parts, found)


def _layers(model: str | Path) -> Layers:
    folder = find_model(model)
    return Layers(read_weights(folder, Card.load(folder)))


def _made(make: Callable[[Layers], Made], found: Layers) -> Made:
    try:
        return make(found)
    except (ValueError, TypeError, IndexError) as error:  # of Keras: a shape that does not fit
        reason = one_line(error, 200)
        raise ModelError(f"the weights do not fit together as a network of their kind: {reason}") from error


def _photo(found: Layers) -> "Model":
    parts = _photo_parts(found)
    return attach(parts.tower, parts.heads)


def _photo_parts(found: Layers) -> PhotoParts:
    config = _form(found)
    tower = build(config, tokens=True)
    _fill(tower, found)
    tower.get_layer(POSITIONS).set_weights([found.added(POSITIONS)])
    weights, bias = found.weights(VIEWS)
    whole, tiles, crops, kinds = (Head(weights[:, at], bias[at]) for at in _COLUMNS)
    return PhotoParts(config, tower, Heads(whole, tiles, crops, kinds, Head(*found.weights(MAP))))


def _form(found: Layers) -> ViT:
    """Of the tower.

    Raises:
        ModelError: its form is of an earlier version.
    """
    kernel, _ = found.weights(PATCHES)
    tokens = found.added(POSITIONS).shape[1]
    patch, width = kernel.shape[0], kernel.shape[-1]
    depth = len(_counted(found, "block{}_q"))
    read = [int(match[1]) + 1 for name in found.read_by(FEATURES) if (match := _BLOCK.search(name))]
    if not read:
        raise ModelError("the network's form is one of an earlier version: it still answers, but no more can be done")
    *taps, last = read
    heads = found.split_into(width)
    mlp = found.weights("block0_fc1")[0].shape[1]
    side = round((tokens - 1) ** 0.5) * patch
    # attention, [N, heads, who hears, who is heard]
    renewed = sum(shape[2] != 1 for shape in found.shapes("SOFTMAX"))
    return ViT(side, patch, width, depth, heads, mlp, tuple(taps), last, renewed)


def _pocket(found: Layers) -> "Model":
    stages = _counted(found, "stage{}_block1_a_conv", 1)
    kernels = [found.weights(f"stage{stage}_block1_a_conv")[0] for stage in stages]
    model = pocket(
        side=found.side,
        widths=[kernel.shape[-1] for kernel in kernels],
        depths=[len(_counted(found, f"stage{stage}_block{{}}_a_conv", 1)) for stage in stages],
        attention=found.has("stage1_block1_se_squeeze"),
        colour="ycbcr" if found.has("luma_chroma") else "rgb",
        high_pass=found.has("high_pass"),
    )
    _fill(model, found)
    if found.has("luma_chroma"):
        _unscaled(model, found, "luma_chroma")
    summary = seen(model) if found.has(WEAR) or found.has(UNFAMILIAR) else None
    if found.has(WEAR):
        model = keras.Model(
            model.input,
            _dense(CORRECTED, found)(by_wear(_dense(WEAR, found)(summary), model.output)),
            name=model.name,
        )
    if found.has(UNFAMILIAR):
        model = with_second_answer(model, _dense(UNFAMILIAR, found)(summary))
    return model


def _paper(found: Layers) -> "Model":
    model = paper(side=found.side)
    _fill(model, found)
    _unscaled(model, found, "conv1")
    return model


_NETWORKS: "Mapping[str, Callable[[Layers], Model]]" = {PATCHES: _photo, "stem_conv": _pocket, "conv1": _paper}
"""A layer that only one kind of network has → what builds it."""


def _fill(model: "Model", found: Layers) -> None:
    """Give a network's layers their weights.

    Normalisations that the exporter folded into the convolution before them become what is left of them, its offset.
    """
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            _, offset = found.weights(layer.name.removesuffix("_norm") + "_conv")
            ones = np.ones_like(offset)
            layer.set_weights([ones, offset, np.zeros_like(offset), ones - np.float32(layer.epsilon)])
        elif isinstance(layer, (layers.Conv2D, layers.Dense, layers.LayerNormalization)):
            layer.set_weights(found.weights(layer.name)[: len(layer.weights)])


def _unscaled(model: "Model", found: Layers, first: str) -> None:
    """Where the exporter folded the scaling of pixels into the next convolution, the layer must not do it again."""
    scale = model.get_layer("scale")
    if found.has(scale.name):
        return
    kernel, bias = found.weights(first)
    scale.scale, scale.offset = 1.0, 0.0
    if not model.get_layer(first).use_bias:  # 1×1: what it would add to its output is added to its input
        scale.offset = np.linalg.solve(kernel[0, 0].T.astype(np.float64), bias).tolist()


def _dense(name: str, found: Layers) -> keras.Layer:
    return dense(name, *found.weights(name))


def _counted(found: Layers, pattern: str, first: int = 0) -> list[int]:
    """Numbers from ``first`` on as long as the file has a layer of that name."""
    last = first
    while found.has(pattern.format(last)):
        last += 1
    return list(range(first, last))
