"""Degradations as augmentation, in TensorFlow, fast enough to keep a training fed.

The families are those of :mod:`imageauth.pixels.degradations`, which measures; strengths here are drawn from ranges, so
that a network learns the family and not the protocol's few settings. Both classes are treated alike.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from imageauth.training.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Reach:
    """How far degradations go.

    Attributes:
        blur: largest σ of a Gaussian blur, pixels.
        scale: smallest share of each side that a picture is reduced to before it is enlarged again.
        long: chains begin with a crop as often as with scaling or blur, and half of them end with a second JPEG.
    """

    blur: float = 1.5
    scale: float = 0.4
    long: bool = False

    @staticmethod
    def of(recipe: Recipe) -> "Reach":
        """That of a recipe."""
        return Reach(recipe.blur, recipe.scale, recipe.long_chains)


# A strength of each degradation is drawn once a batch, which all families share equally.
_BATCH = 96

Degrade = Callable[["tf.Tensor", "tf.Tensor", Reach], "tf.Tensor"]


def degrade_share(images: "tf.Tensor", seed: "tf.Tensor", share: float, reach: Reach) -> "tf.Tensor":
    """Degrade the first ``share`` of a batch, an equal part by each family, and leave the rest untouched.

    The batch is in random order, so who is degraded is random too. Strength is drawn once for each part and step.

    Args:
        images: float32 [N, S, S, 3] of whole numbers in 0..255, N known.
        seed: int64 [2]; the same seed degrades in the same way.
        share: 0..1.
        reach: of blur and scale.

    Returns:
        float32 [N, S, S, 3] of whole numbers in 0..255.
    """
    each = int(images.shape[0] * share) // len(FAMILIES)
    if not each:
        return images
    seeds = tf.random.split(seed, num=len(FAMILIES))
    parts = []
    for index, family in enumerate(FAMILIES):
        part = family(images[index * each : (index + 1) * each], seeds[index], reach)
        parts.append(tf.clip_by_value(tf.round(part), 0.0, 255.0))
    return tf.concat([*parts, images[len(FAMILIES) * each :]], axis=0)


def degrade_batch(pictures: npt.NDArray[np.uint8], seed: npt.ArrayLike, reach: Reach) -> npt.NDArray[np.uint8]:
    """A whole batch degraded, as :func:`degrade_share` does it; uint8 [N, S, S, 3] in and out.

    Args:
        pictures: in random order, as each family takes an equal run of them.
        seed: two whole numbers.
        reach: of blur and scale.
    """
    images = tf.cast(tf.constant(pictures), tf.float32)
    degraded = degrade_share(images, tf.constant(seed, tf.int64), 1.0, reach).numpy()
    return np.asarray(degraded, np.uint8)


def degrade_at_random(
    pictures: npt.NDArray[np.uint8], reach: Reach, random: np.random.Generator
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Pictures degraded at random, as many by each of :data:`FAMILIES`.

    Args:
        pictures: uint8 [N, S, S, 3]; fewer than one batch are taken several times.
        reach: of the degradations.
        random: draws order and strengths.

    Returns:
        The pictures, uint8 [M, S, S, 3], with M up to a batch below N; which picture each was, int64 [M]; and the index
        of its family, int64 [M].
    """
    order = random.permutation(len(pictures))
    order = np.resize(order, max(1, len(order) // _BATCH) * _BATCH)
    made = [
        degrade_batch(pictures[batch], random.integers(2**31, size=2), reach)
        for batch in np.split(order, len(order) // _BATCH)
    ]
    return np.concatenate(made), order, np.arange(len(order)) % _BATCH // (_BATCH // len(FAMILIES))


def _jpeg(images: "tf.Tensor", seed: "tf.Tensor", reach: Reach) -> "tf.Tensor":
    """Quality 30–95, 4:2:0."""
    quality = tf.random.stateless_uniform([], seed, 30, 96, tf.int32)

    def one(image: "tf.Tensor") -> "tf.Tensor":
        return tf.image.adjust_jpeg_quality(image, quality)

    return tf.cast(tf.map_fn(one, tf.cast(images, tf.uint8)), tf.float32)


def _blur(images: "tf.Tensor", seed: "tf.Tensor", reach: Reach) -> "tf.Tensor":
    """Gaussian, σ 0.3 to the reach, edges mirrored."""
    sigma = tf.random.stateless_uniform([], seed, 0.3, reach.blur)
    side = math.ceil(2.6 * reach.blur)  # taps on either side of the centre: 99 % of the widest bell
    taps = tf.range(-side, side + 1, dtype=tf.float32)
    weights = tf.exp(-0.5 * tf.square(taps / sigma))
    weights = tf.tile((weights / tf.reduce_sum(weights))[:, None, None, None], [1, 1, 3, 1])
    edge = [side, side]
    padded = tf.pad(images, [[0, 0], edge, edge, [0, 0]], "SYMMETRIC")
    rows = tf.nn.depthwise_conv2d(padded, weights, [1, 1, 1, 1], "VALID")
    return tf.nn.depthwise_conv2d(rows, tf.transpose(weights, [1, 0, 2, 3]), [1, 1, 1, 1], "VALID")


def _rescale(images: "tf.Tensor", seed: "tf.Tensor", reach: Reach) -> "tf.Tensor":
    """Reduce each side to 0.9 of itself at most, or as far as the reach, and enlarge again, both bicubic."""
    side = images.shape[1]
    small = tf.random.stateless_uniform([], seed, int(reach.scale * side), int(0.9 * side) + 1, tf.int32)
    reduced = tf.image.resize(images, [small, small], "bicubic", antialias=True)
    return tf.image.resize(tf.round(reduced), [side, side], "bicubic")


def _noise(images: "tf.Tensor", seed: "tf.Tensor", reach: Reach) -> "tf.Tensor":
    """Gaussian, σ 0.01–0.08 of full scale."""
    seeds = tf.random.split(seed, num=2)
    sigma = tf.random.stateless_uniform([], seeds[0], 0.01, 0.08) * 255
    return images + tf.random.stateless_normal(tf.shape(images), seeds[1]) * sigma


def _crop(images: "tf.Tensor", seed: "tf.Tensor", reach: Reach) -> "tf.Tensor":
    """A square of 0.75–0.95 of each side, from anywhere, enlarged bilinearly as serving does."""
    side = images.shape[1]
    seeds = tf.random.split(seed, num=2)
    size = tf.random.stateless_uniform([], seeds[0], int(0.75 * side), int(0.95 * side) + 1, tf.int32)
    place = tf.random.stateless_uniform([2], seeds[1], 0, side - size + 1, tf.int32)
    cut = images[:, place[0] : place[0] + size, place[1] : place[1] + size]
    return tf.image.resize(cut, [side, side], "bilinear")


def _worn(images: "tf.Tensor", seed: "tf.Tensor", reach: Reach) -> "tf.Tensor":
    """A chain, as pictures that are shared go through: scaled, blurred or cropped, then JPEG, perhaps twice."""
    seeds = tf.random.split(seed, num=3)
    if reach.long:
        kind = tf.random.stateless_uniform([], seeds[0], 0, 3, tf.int32)
        families = (_rescale, _blur, _crop)
        first = tf.switch_case(kind, [lambda f=family: f(images, seeds[1], reach) for family in families])
        once = _jpeg(tf.clip_by_value(tf.round(first), 0.0, 255.0), seeds[2], reach)
        more = tf.random.split(seeds[2], num=2)
        twice = tf.random.stateless_uniform([], more[0]) < 0.5
        return tf.cond(twice, lambda: _jpeg(once, more[1], reach), lambda: once)
    first = tf.cond(
        tf.random.stateless_uniform([], seeds[0]) < 0.5,
        lambda: _rescale(images, seeds[1], reach),
        lambda: _blur(images, seeds[1], reach),
    )
    return _jpeg(tf.clip_by_value(tf.round(first), 0.0, 255.0), seeds[2], reach)


FAMILIES: tuple[Degrade, ...] = (_jpeg, _blur, _rescale, _noise, _crop, _worn)
