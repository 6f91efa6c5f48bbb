"""Small answers added to a trained network: linear layers on what it sees anyway.

They cost nothing when serving, and leave the network and what it learnt untouched.
"""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import keras
import numpy as np
import numpy.typing as npt
from keras import layers, ops
from sklearn.linear_model import LogisticRegression

from imageauth.errors import DataError

if TYPE_CHECKING:
    from keras import Model

_STAGE = re.compile(r"stage(\d+)_block(\d+)_relu")
_SEEN = "seen"


def seen(model: "Model") -> "keras.KerasTensor":
    """Mean and deviation over all positions of each stage's last output, a Keras tensor [N, F].

    Raises:
        DataError: the network has no stages.
    """
    if any(layer.name == _SEEN for layer in model.layers):
        return model.get_layer(_SEEN).output
    last: dict[str, tuple[int, str]] = {}
    for layer in model.layers:
        if match := _STAGE.fullmatch(layer.name):
            stage, block = match[1], int(match[2])
            last[stage] = max(last.get(stage, (0, "")), (block, layer.name))
    if not last:
        raise DataError(f"the network {model.name!r} has no stages to judge a picture by")
    stages: Sequence[keras.KerasTensor] = [model.get_layer(name).output for _, name in last.values()]
    means = [ops.mean(stage, axis=(1, 2)) for stage in stages]
    deviations = [ops.std(stage, axis=(1, 2)) for stage in stages]
    return layers.Concatenate(name=_SEEN)([*means, *deviations])


def has_stages(model: "Model") -> bool:
    """Whether :func:`seen` has something to see."""
    return any(_STAGE.fullmatch(layer.name) for layer in model.layers)


def linear(
    summary: "keras.KerasTensor",
    features: npt.NDArray[np.float64],
    labels: npt.NDArray[np.integer],
    name: str,
    regularisation: float,
) -> "keras.KerasTensor":
    """A fitted logistic regression as a layer, float32. Classes weigh alike.

    Args:
        summary: the tensor that it reads, [N, F].
        features: that tensor's values for the pictures that teach it, [M, F]; they are standardised.
        labels: of those, 0..K−1, [M].
        name: of the layer.
        regularisation: L2, one over scikit-learn's ``C``.

    Returns:
        Logits: of two classes [N, 1], above 0 for label 1; of more, [N, K], to be followed by a softmax.
    """
    mean, deviation = features.mean(axis=0), features.std(axis=0) + 1e-6
    model = LogisticRegression(C=1 / regularisation, class_weight="balanced", max_iter=1000)
    model.fit((features - mean) / deviation, labels)
    weights = (model.coef_ / deviation).T
    return dense(name, weights, model.intercept_ - mean @ weights)(summary)


def dense(name: str, weights: npt.NDArray[np.floating], bias: npt.NDArray[np.floating]) -> "keras.Layer":
    """A float32 layer of given weights [F, K] and bias [K]."""
    layer = layers.Dense(weights.shape[1], dtype="float32", name=name)
    layer.build((None, weights.shape[0]))
    layer.set_weights([weights, bias])
    return layer
