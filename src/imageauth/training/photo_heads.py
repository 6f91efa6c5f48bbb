"""Linear answers on a tower's features, fitted here and put into its network.

A frozen encoder and a linear layer are hard to beat on generators that nobody trained on (Ojha et al. 2023,
arXiv:2302.10174): the encoder never saw which traces belong to which generator.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import keras
import numpy as np
import numpy.typing as npt
import scipy.optimize
from keras import layers, ops

from imageauth.training.heads import dense
from imageauth.training.litert import to_litert, to_mixed
from imageauth.training.vit import FEATURES, TOKENS, ViT, build

if TYPE_CHECKING:
    from keras import Model

Floats = npt.NDArray[np.float32]

BITS: Mapping[str, int] = MappingProxyType({".*": 8, r".*block\d+_(q|k|fc1|fc2).*": 4, ".*head_.*": 0})
"""Of the layers' weights, for :func:`imageauth.training.litert.to_mixed`. The heads stay float32: they are small, and
features of very different sizes would not survive one 8-bit scale."""

VIEWS, MAP = "head_views", "head_map"  # layers of the network that :func:`attach` makes

_ROUNDS = 200
_LEAST_DEVIATION = 1e-3  # a feature that hardly varies is no reason for a huge weight


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """Logits = features @ weights + bias.

    Attributes:
        weights: float32 [F, K].
        bias: float32 [K].
    """

    weights: Floats
    bias: Floats

    def __call__(self, features: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
        """Logits, float64 [N, K], of features [N, F]."""
        return np.asarray(features.astype(np.float32) @ self.weights + self.bias, np.float64)


@dataclass(frozen=True, slots=True)
class Heads:
    """What a network answers of each view.

    Attributes:
        whole, tiles, crops: whether it is AI-made, [F, 1], each for views of its kind.
        kinds: logits (softmax) of what kind of picture it shows, [F, K].
        map: whether it is AI-made, of the mean of the patches' tokens after ``ViT.map`` blocks alone, [width, 1]: the
            mean over patches of what it says of each is what it says of the mean.
    """

    whole: Head
    tiles: Head
    crops: Head
    kinds: Head
    map: Head


def source_weights(sources: Sequence[str], labels: npt.NDArray[np.integer], power: float = 0.5) -> Floats:
    """Weights under which large sources do not drown small ones, and classes weigh alike.

    Args:
        sources: of the pictures, [N].
        labels: of them, whole numbers [N].
        power: a source of n pictures has n^(1 − power) times the weight of one with a single picture.

    Returns:
        float32 [N]; their sum is N.
    """
    counts = Counter(sources)
    weights = np.array([counts[source] ** -power for source in sources])
    classes = np.unique(labels)
    for label in classes:
        weights[labels == label] *= len(labels) / len(classes) / weights[labels == label].sum()
    return weights.astype(np.float32)


def fit_head(
    features: npt.NDArray[np.floating],
    labels: npt.NDArray[np.integer],
    weights: Floats,
    *,
    l2: float = 3e-3,
    towards: Head | None = None,
) -> Head:
    """A logistic regression, multinomial for more than two classes, by L-BFGS (Liu & Nocedal 1989).

    Features are standardised for fitting; the result takes them as they are.

    Args:
        features: [N, F].
        labels: whole numbers 0..K−1, [N].
        weights: of the pictures, [N].
        l2: half of it times the squared weights, on the scale of standardised features, is added to the mean loss.
        towards: a head to begin with and to stay near: not the weights count then but how far they are from its
            (L2-SP: Li, Grandvalet & Davoine 2018, arXiv:1802.01483). Its bias is a beginning and no more.

    Returns:
        For two classes K = 1, above 0 for label 1; for more, K logits.
    """
    x = features.astype(np.float32)
    mean, deviation = x.mean(axis=0, dtype=np.float64), x.std(axis=0, dtype=np.float64) + _LEAST_DEVIATION
    x -= mean.astype(np.float32)
    x /= deviation.astype(np.float32)
    classes = int(labels.max()) + 1
    targets = (np.arange(classes) == labels[:, None])[:, 1 if classes == 2 else 0 :].astype(np.float32)
    share = (weights / weights.sum())[:, None].astype(np.float32)
    form = x.shape[1] + 1, targets.shape[1]
    start = np.zeros(form)
    if towards:
        start[:-1] = towards.weights * deviation[:, None]
        start[-1] = towards.bias + mean @ towards.weights
    origin = start[:-1].astype(np.float32)

    def loss(flat: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        given = flat.reshape(form).astype(np.float32)
        logits = x @ given[:-1] + given[-1]
        # two classes: one logit against a second that is always 0
        all_logits = np.concatenate([np.zeros_like(logits), logits], axis=1) if classes == 2 else logits
        normal = np.logaddexp.reduce(all_logits, axis=1, keepdims=True)
        wrong = share * (np.exp(logits - normal) - targets)
        total = float((share * (normal - (targets * logits).sum(axis=1, keepdims=True))).sum(dtype=np.float64))
        away = given[:-1] - origin
        gradient = np.concatenate([x.T @ wrong + l2 * away, wrong.sum(axis=0, keepdims=True)])
        total += 0.5 * l2 * float(np.square(away).sum(dtype=np.float64))
        return total, gradient.ravel().astype(np.float64)

    found = scipy.optimize.minimize(loss, start.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": _ROUNDS})
    fitted = found.x.reshape(form)
    kernel = fitted[:-1] / deviation[:, None]
    return Head(kernel.astype(np.float32), (fitted[-1] - mean @ kernel).astype(np.float32))


def map_features(config: ViT, features: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    """The part of features [N, F] that the head ``map`` is fitted on, [N, width]: the last."""
    return features[:, -config.width :]


def attach(model: "Model", heads: Heads) -> "Model":
    """The network with its heads.

    Args:
        model: of :func:`imageauth.training.vit.build` with ``tokens``.
        heads: fitted on its features; the map on :func:`map_features`.

    Returns:
        float32 [N, side, side, 3] in 0..255 → float32 [N, 3 + K + grid²]: the logits ``whole``, ``tiles`` and
        ``crops``; those of K kinds; the map of the patches, row by row (class activation: Zhou et al. 2016,
        arXiv:1512.04150), whose mean is a logit.
    """
    features, tokens = model.get_layer(FEATURES).output, model.get_layer(TOKENS).output
    together = (heads.whole, heads.tiles, heads.crops, heads.kinds)
    views = Head(
        np.concatenate([head.weights for head in together], axis=1), np.concatenate([head.bias for head in together])
    )
    places = ops.squeeze(dense(MAP, heads.map.weights, heads.map.bias)(tokens), axis=-1)
    answers = layers.Concatenate(name="answers")([dense(VIEWS, views.weights, views.bias)(features), places])
    return keras.Model(model.input, answers, name=model.name)


def encoder_of(tower: "Model", config: ViT) -> bytes:
    """The tower alone as a LiteRT file: float32 [N, side, side, 3] in 0..255 → features, float32 [N, F].

    Args:
        tower: of :func:`imageauth.training.vit.build`.
        config: its form.
    """
    encoder = build(config)
    encoder.set_weights(tower.get_weights())
    return to_mixed(to_litert(encoder), BITS)
