"""A correction for pictures that have been through much.

Blur, scaling and repeated compression take away what generators leave, and move the answers of all such pictures
towards "real", so that one threshold no longer fits: the order stays right long after the level is wrong. The network
sees well what was done to a picture. One linear layer says it, as chances of the families of degradations and of none;
each of these kinds has a scale and an offset of its own, fitted on validation pictures as they are and degraded at
random; and their mean, weighted by the chances, is an answer whose level holds for all. (Calibration that holds for
groups of inputs and not only on average: Hébert-Johnson et al. 2018, "Multicalibration", arXiv:1711.08513.)
"""

from dataclasses import replace
from typing import TYPE_CHECKING

import keras
import numpy as np
import numpy.typing as npt
from keras import layers, ops
from sklearn.linear_model import LogisticRegression

from imageauth.training.degradations import FAMILIES, Reach, degrade_at_random
from imageauth.training.fit import outputs
from imageauth.training.heads import dense, linear, seen
from imageauth.training.recipe import Recipe

if TYPE_CHECKING:
    from keras import Model

WEAR, CORRECTED = "wear", "corrected"  # the layers' names

Pictures = npt.NDArray[np.uint8]

# Training pictures that teach what untouched pictures look like, and worn ones of each family.
UNTOUCHED, WORN = 6_000, 3_000
# Times that each validation picture is degraded; as it is, it weighs as much as all of them.
TIMES = 3
_REGULARISATION = 10.0


def with_wear(
    model: "Model", training: Pictures, pictures: Pictures, labels: npt.NDArray[np.uint8], recipe: Recipe
) -> "Model":
    """The same network with its answer corrected for how worn a picture is.

    Args:
        model: trained with degraded pictures, with stages (:func:`imageauth.training.heads.seen`); → logit [N, 1].
        training: uint8 [N, S, S, 3].
        pictures: validation, uint8 [M, S, S, 3], which fit the scales and offsets.
        labels: of these, uint8 [M], 1 for AI-made.
        recipe: whose degradations, with long chains.

    Returns:
        float32 [N, S, S, 3] → logit, float32 [N, 1].
    """
    random = np.random.default_rng(recipe.seed)
    reach = replace(Reach.of(recipe), long=True)
    shuffled = training[np.sort(random.permutation(len(training))[: WORN * len(FAMILIES)])]
    untouched = shuffled[:: max(1, len(shuffled) // UNTOUCHED)]
    worn, _, families = degrade_at_random(shuffled, reach, random)
    features = keras.Model(model.input, seen(model))
    known = np.concatenate([outputs(features, untouched), outputs(features, worn)])
    kinds = np.concatenate([np.zeros(len(untouched), np.int64), 1 + families])
    said = by_wear(linear(seen(model), known, kinds, WEAR, _REGULARISATION), model.output)

    asked = keras.Model(model.input, said)
    parts, truth, weights = [outputs(asked, pictures)], [labels], [np.full(len(labels), float(TIMES))]
    for _ in range(TIMES):
        degraded, order, _ = degrade_at_random(pictures, reach, random)
        parts.append(outputs(asked, degraded))
        truth.append(labels[order])
        weights.append(np.ones(len(order)))
    fitted = LogisticRegression(C=10, max_iter=3000)
    fitted.fit(np.concatenate(parts), np.concatenate(truth), sample_weight=np.concatenate(weights))
    corrected = dense(CORRECTED, fitted.coef_.T, fitted.intercept_)(said)
    return keras.Model(model.input, corrected, name=model.name)


def by_wear(wear: "keras.KerasTensor", logit: "keras.KerasTensor") -> "keras.KerasTensor":
    """What the correction weighs: the chance of each kind of wear but none, and the answer times each chance.

    Args:
        wear: logits of the kinds, none first, [N, K].
        logit: the answer, [N, 1].

    Returns:
        [N, 2K − 1].
    """
    chances = ops.softmax(wear)
    return layers.Concatenate(name="answer_by_wear")([chances[:, 1:], chances * logit])


def correction(model: "Model") -> dict[str, list[float]]:
    """What :func:`with_wear` fitted, for ``run.json``: the scale and offset of each kind, untouched pictures first."""
    weights, offset = model.get_layer(CORRECTED).get_weights()
    return {
        "scale": weights[len(FAMILIES) :, 0].tolist(),
        "offset": [float(offset[0]), *(offset[0] + weights[: len(FAMILIES), 0]).tolist()],
    }
