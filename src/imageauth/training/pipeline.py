"""The input pipeline: arrays in memory → shuffled, augmented batches, by ``tf.data``.

Everything random is a function of (seed, step) alone. A run that was killed and resumed at step *k* therefore sees the
very batches that it would have seen, and no shuffle buffer has to be saved.
"""

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from imageauth.training.degradations import Reach, degrade_share
from imageauth.training.recipe import Recipe


def training_batches(
    pictures: npt.NDArray[np.uint8], labels: npt.NDArray[np.uint8], recipe: Recipe, *, first_step: int = 0
) -> "tf.data.Dataset":
    """Batches from ``first_step`` to the end of the recipe's schedule, one element a step.

    Each epoch is a fresh permutation; the incomplete last batch of an epoch is left out.

    Returns:
        A finite dataset of (float32 [batch, H, W, 3] in 0..255, float32 [batch, 1] of 0 or 1).
    """
    count = len(pictures)
    steps = recipe.steps_per_epoch(count)
    # One copy in TensorFlow's memory; a batch is then one gather, with no Python in the loop.
    data, target = tf.constant(pictures), tf.constant(labels.astype(np.float32))

    def batch(step: "tf.Tensor") -> tuple["tf.Tensor", "tf.Tensor"]:
        epoch, position = step // steps, step % steps
        index = position * recipe.batch_size + tf.range(recipe.batch_size, dtype=tf.int64)
        seed = tf.stack([tf.constant(recipe.seed, tf.int64), epoch])
        index = tf.random.experimental.index_shuffle(index, seed, tf.constant(count - 1, tf.int64))
        images, labels = tf.cast(tf.gather(data, index), tf.float32), tf.gather(target, index)[:, None]
        seed = tf.stack([tf.constant(recipe.seed, tf.int64), step])
        if recipe.cutmix:
            images, labels = cutmix(images, labels, seed + tf.constant([1 << 32, 0], tf.int64), recipe.cutmix)
        return augment(images, seed, recipe), labels

    return (
        tf.data.Dataset.range(first_step, steps * recipe.epochs)
        .map(batch, num_parallel_calls=2, deterministic=True)
        .prefetch(8)
    )


def evaluation_batches(pictures: npt.NDArray[np.uint8], batch_size: int = 500) -> "tf.data.Dataset":
    """Batches in order: float32 [batch, H, W, 3] in 0..255; the last one may be smaller."""
    return (
        tf.data.Dataset.from_tensor_slices(tf.constant(pictures))
        .batch(batch_size)
        .map(lambda images: tf.cast(images, tf.float32), num_parallel_calls=2)
        .prefetch(2)
    )


def augment(images: "tf.Tensor", seed: "tf.Tensor", recipe: Recipe) -> "tf.Tensor":
    """Mirror and shift each picture at random and degrade some, alike for both classes.

    Args:
        images: float32 [batch, H, W, 3].
        seed: int64 [2].
        recipe: ``flip``, ``shift``, ``degraded``, ``blur`` and ``scale`` say what is done.
    """
    seeds = tf.random.split(seed, num=3)
    if recipe.flip:
        chance = tf.random.stateless_uniform([tf.shape(images)[0]], seeds[0])
        images = tf.where(chance[:, None, None, None] < 0.5, tf.reverse(images, axis=[2]), images)
    if recipe.shift:
        images = _shift(images, seeds[1], recipe.shift)
    return degrade_share(images, seeds[2], recipe.degraded, Reach.of(recipe))


def cutmix(
    images: "tf.Tensor", labels: "tf.Tensor", seed: "tf.Tensor", share: float
) -> tuple["tf.Tensor", "tf.Tensor"]:
    """Put a rectangle of the next picture into a picture, and as large a share of its label (Yun et al. 2019,
    arXiv:1905.04899).

    Unlike MixUp it leaves the fine detail of both as it is, which is where a generator's trace lies.

    Args:
        images: float32 [batch, S, S, 3].
        labels: float32 [batch, 1].
        seed: int64 [2].
        share: chance of each picture to get a patch.

    Returns:
        Images and labels, as before in shape and dtype.
    """
    count, side = tf.shape(images)[0], images.shape[1]
    chance, area, top, left = tf.unstack(tf.random.stateless_uniform([4, count], seed))
    # The area is uniform, as is the place; what would stick out is cut off, so the area is counted afterwards.
    half = tf.sqrt(area)[:, None] * side / 2
    place = tf.range(side, dtype=tf.float32)[None, :] + 0.5
    rows, columns = (tf.abs(place - centre[:, None] * side) < half for centre in (top, left))
    patch = rows[:, :, None] & columns[:, None, :] & (chance < share)[:, None, None]
    taken = tf.reduce_mean(tf.cast(patch, tf.float32), axis=(1, 2))[:, None]
    images = tf.where(patch[..., None], tf.roll(images, 1, axis=0), images)
    return images, labels * (1 - taken) + tf.roll(labels, 1, axis=0) * taken


def _shift(images: "tf.Tensor", seed: "tf.Tensor", most: int) -> "tf.Tensor":
    """Move each picture by up to ``most`` pixels each way; what leaves on one side is mirrored in on the other."""
    count, side = tf.shape(images)[0], images.shape[1]
    offsets = tf.random.stateless_uniform([2, count, 1], seed, -most, most + 1, tf.int32)

    def index(offset: "tf.Tensor") -> "tf.Tensor":
        moved = tf.abs(tf.range(side)[None, :] + offset)
        return (side - 1) - tf.abs((side - 1) - moved)

    images = tf.gather(images, index(offsets[0]), axis=1, batch_dims=1)
    return tf.gather(images, index(offsets[1]), axis=2, batch_dims=1)
