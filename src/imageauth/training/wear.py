"""A correction for pictures that have been through much.

Blur, scaling and repeated compression take away what generators leave, and move the answers of all such pictures
towards "real", so that one threshold no longer fits: the order stays right long after the level is wrong. The network
sees well how worn a picture is. One linear layer says it, and four numbers, fitted on validation pictures as they are
and degraded at random, turn answer and wear into an answer whose level holds for both. (Calibration that holds for
groups of inputs and not only on average: Hébert-Johnson et al. 2018, "Multicalibration", arXiv:1711.08513.)
"""

from dataclasses import replace
from typing import TYPE_CHECKING

import keras
import numpy as np
import numpy.typing as npt
from keras import layers, ops
from sklearn.linear_model import LogisticRegression

from imageauth.training.degradations import Reach, degrade_at_random
from imageauth.training.fit import outputs
from imageauth.training.heads import linear, seen
from imageauth.training.recipe import Recipe

if TYPE_CHECKING:
    from keras import Model

CORRECTED = "corrected"  # the layer's name

Pictures = npt.NDArray[np.uint8]

# Training pictures that teach what wear is, as they are and as often degraded.
COUNT = 6_000
# Times that each validation picture is degraded; as it is, it weighs as much as all of them.
TIMES = 3
_STEEP = 4.0  # wear beyond a few of these says nothing more
_REGULARISATION = 10.0


def with_wear(
    model: "Model", training: Pictures, pictures: Pictures, labels: npt.NDArray[np.uint8], recipe: Recipe
) -> "Model":
    """The same network with its answer corrected for how worn a picture is.

    Args:
        model: trained with degraded pictures, with stages (:func:`imageauth.training.heads.seen`); → logit [N, 1].
        training: uint8 [N, S, S, 3].
        pictures: validation, uint8 [M, S, S, 3], which fit the four numbers of the correction.
        labels: of these, uint8 [M], 1 for AI-made.
        recipe: whose degradations, with long chains.

    Returns:
        float32 [N, S, S, 3] → logit, float32 [N, 1].
    """
    random = np.random.default_rng(recipe.seed)
    reach = replace(Reach.of(recipe), long=True)
    chosen = training[np.sort(random.permutation(len(training))[:COUNT])]
    features = keras.Model(model.input, seen(model))
    known = np.concatenate([outputs(features, chosen), outputs(features, degrade_at_random(chosen, reach, random)[0])])
    is_worn = (np.arange(len(known)) >= len(chosen)).astype(np.int64)
    wear = ops.tanh(linear(seen(model), known, is_worn, "worn", _REGULARISATION) / _STEEP)
    said = layers.Concatenate(name="answer_and_wear")([model.output, wear, model.output * wear])

    asked = keras.Model(model.input, said)
    parts, truth, weights = [outputs(asked, pictures)], [labels], [np.full(len(labels), float(TIMES))]
    for _ in range(TIMES):
        degraded, order = degrade_at_random(pictures, reach, random)
        parts.append(outputs(asked, degraded))
        truth.append(labels[order])
        weights.append(np.ones(len(order)))
    fitted = LogisticRegression(C=10, max_iter=1000)
    fitted.fit(np.concatenate(parts), np.concatenate(truth), sample_weight=np.concatenate(weights))
    layer = layers.Dense(1, dtype="float32", name=CORRECTED)
    corrected = layer(said)
    layer.set_weights([fitted.coef_.T, fitted.intercept_])
    return keras.Model(model.input, corrected, name=model.name)


def correction(model: "Model") -> dict[str, float]:
    """The four numbers that :func:`with_wear` fitted, for ``run.json``.

    Corrected logit = ``logit`` · z + ``wear`` · w + ``both`` · z · w + ``offset``, with wear w in −1..1.
    """
    weights, offset = model.get_layer(CORRECTED).get_weights()
    return dict(zip(("logit", "wear", "both", "offset"), map(float, [*weights[:, 0], *offset]), strict=True))
