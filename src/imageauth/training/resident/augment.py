"""Augmentation on the accelerator, each picture with strengths of its own.

The families are those of :mod:`imageauth.training.degradations`; WebP, which no accelerator computes, comes from copies
that were made beforehand (:mod:`imageauth.training.resident.copies`). Both classes are treated alike.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import PIL.Image

from imageauth.training.recipe import Recipe
from imageauth.training.resident.codec import jpeg

Array = Any
_EXACT = jax.lax.Precision.HIGHEST
_LEAST_CROP = 0.75
_NOISE = 0.1  # largest σ, of full scale

# Of the degraded pictures. "copy": a WebP copy, often cropped, mostly followed by JPEG.
FAMILIES = {"jpeg": 0.13, "blur": 0.17, "rescale": 0.15, "noise": 0.1, "crop": 0.1, "worn": 0.19, "copy": 0.16}
_NAMES = tuple(FAMILIES)


class Pictures(NamedTuple):
    """A training set on the accelerator.

    Attributes:
        pixels: uint8 [N, S, S, 3].
        labels: float32 [N], 1 for AI-made.
        copies: uint8 [V, N, S, S, 3]; see :mod:`imageauth.training.resident.copies`.
        sizes: int32 [V, N], the side of each copy within its S×S.
    """

    pixels: Array
    labels: Array
    copies: Array
    sizes: Array


def batch(pictures: Pictures, key: Array, step: Array, recipe: Recipe, mix: Array) -> tuple[Array, Array]:
    """The batch of one step: each epoch a fresh order, everything random a function of (key, step).

    Args:
        pictures: the set.
        key: of the run.
        step: from 0.
        recipe: its batch size, and how far augmentation goes.
        mix: multiplies the share of CutMix: 1, or 0 where it is over.

    Returns:
        float32 [batch, S, S, 3] of whole numbers in 0..255, and targets, float32 [batch, 1].
    """
    count, side = pictures.pixels.shape[:2]
    size = recipe.batch_size
    steps = count // size
    order = jax.random.permutation(jax.random.fold_in(key, step // steps), count)
    index = jax.lax.dynamic_slice(order, (step % steps * size,), (size,))
    keys = jax.random.split(jax.random.fold_in(jax.random.fold_in(key, 1 << 30), step), 6)
    images = pictures.pixels[index].astype(jnp.float32)
    targets = pictures.labels[index][:, None]
    flipped = jax.random.bernoulli(keys[0], 0.5, (size,)) & recipe.flip
    images = jnp.where(flipped[:, None, None, None], images[:, :, ::-1], images)
    images = _moved(images, keys[1], recipe.shift)
    worn = round(size * recipe.degraded)
    family = jax.random.categorical(keys[2], jnp.log(jnp.array(list(FAMILIES.values()))), shape=(worn,))
    copied = family == _NAMES.index("copy")
    may_mix = jnp.concatenate([~copied, jnp.ones(size - worn, bool)])
    images, targets = _cutmix(images, targets, keys[3], recipe.cutmix * mix * may_mix)
    if not worn:
        return images, targets
    which = jax.random.randint(keys[4], (worn,), 0, len(pictures.copies))
    copies, sizes = pictures.copies[which, index[:worn]].astype(jnp.float32), pictures.sizes[which, index[:worn]]
    # Only what is the picture is mirrored; the rest repeats its border.
    place = jnp.maximum(sizes[:, None] - 1 - jnp.arange(side), 0)
    mirrored = jnp.take_along_axis(copies, place[:, None, :, None], axis=2)
    copies = jnp.where(flipped[:worn, None, None, None], mirrored, copies)
    degraded = _degraded(images[:worn], family, copies, sizes, keys[5], recipe)
    return jnp.concatenate([degraded, images[worn:]]), targets


def _degraded(images: Array, family: Array, copies: Array, sizes: Array, key: Array, recipe: Recipe) -> Array:
    """Each picture by its family: noise, then geometry, then up to two codecs, then the way back to full size."""
    count, side = images.shape[:2]
    keys = iter(jax.random.split(key, 24))

    def uniform(low: float, high: float) -> Array:
        return jax.random.uniform(next(keys), (count,), minval=low, maxval=high)

    def whole(low: int, high: int) -> Array:
        """Up to and with ``high``."""
        return jax.random.randint(next(keys), (count,), low, high + 1)

    def chance(share: float) -> Array:
        return jax.random.bernoulli(next(keys), share, (count,))

    def of(name: str) -> Array:
        return family == _NAMES.index(name)

    worn, first = of("worn"), whole(0, 2)  # a chain begins with one of three
    blurred, cropped = of("blur") | (worn & (first == 0)), of("crop") | (worn & (first == 1))
    rescaled = of("rescale") | (worn & (first == 2))
    copied = of("copy")

    sigma = jnp.where(of("noise"), uniform(0.01, _NOISE), jnp.where(worn & chance(0.4), uniform(0.005, 0.03), 0.0))
    images = _whole(images + jax.random.normal(next(keys), images.shape) * sigma[:, None, None, None] * 255)

    # Down, or out of the middle of nowhere: what lies outside a crop repeats its border, as codecs pad.
    small = jnp.where(rescaled, whole(max(1, int(recipe.scale * side)), int(0.9 * side)), side)
    size = jnp.where(cropped, whole(int(_LEAST_CROP * side), int(0.95 * side)), side)
    sigma = uniform(0.3, recipe.blur)
    bell = jnp.where(chance(0.5)[:, None, None], _bell(side, sigma), _boxes(side, sigma))
    matrices = jnp.asarray(_reducing(side))[small]
    matrices = jnp.where(blurred[:, None, None], bell, matrices)
    rows, columns = (
        jnp.where(cropped[:, None, None], _cutting(side, size, uniform(0.0, 1.0)), matrices) for _ in range(2)
    )
    images = _apply(rows, columns, images)
    enlarging = jnp.asarray(_enlarging(side, "BICUBIC"))[small]
    images = _apply(enlarging, enlarging, images)

    images = jnp.where(copied[:, None, None, None], copies, images)
    size = jnp.where(copied, sizes, size)
    once = of("jpeg") | worn | (copied & chance(0.6))
    twice = (worn & chance(0.4)) | (of("jpeg") & chance(0.15))
    for wanted in (once, twice):
        quality = jnp.where(copied, whole(50, 95), whole(28, 95))
        images = jnp.where(wanted[:, None, None, None], jpeg(images, quality), images)

    enlarging = jnp.asarray(_enlarging(side, "BILINEAR"))[size]  # as serving does
    return _apply(enlarging, enlarging, images)


def _whole(images: Array) -> Array:
    return jnp.clip(jnp.round(images), 0, 255)


def _apply(rows: Array, columns: Array, images: Array) -> Array:
    """A matrix [N, S, S] on the columns and then one on the rows of images [N, S, S, 3], each rounded, as in Pillow."""
    images = _whole(jnp.einsum("nij,nkjc->nkic", columns, images, precision=_EXACT))
    return _whole(jnp.einsum("nij,njkc->nikc", rows, images, precision=_EXACT))


def _moved(images: Array, key: Array, most: int) -> Array:
    """Each by up to ``most`` pixels each way; what leaves on one side is mirrored in on the other."""
    count, side = images.shape[:2]
    offsets = jax.random.randint(key, (2, count, 1), -most, most + 1)
    place = (side - 1) - jnp.abs((side - 1) - jnp.abs(jnp.arange(side) + offsets))
    images = jnp.take_along_axis(images, place[0][:, :, None, None], axis=1)
    return jnp.take_along_axis(images, place[1][:, None, :, None], axis=2)


def _cutmix(images: Array, targets: Array, key: Array, share: Array) -> tuple[Array, Array]:
    """As :func:`imageauth.training.pipeline.cutmix`, with a chance for each picture, [N]."""
    count, side = images.shape[:2]
    chance, area, top, left = jax.random.uniform(key, (4, count))
    half = jnp.sqrt(area)[:, None] * side / 2
    place = jnp.arange(side) + 0.5
    rows, columns = (jnp.abs(place - centre[:, None] * side) < half for centre in (top, left))
    patch = rows[:, :, None] & columns[:, None, :] & (chance < share)[:, None, None]
    taken = patch.mean((1, 2))[:, None]
    images = jnp.where(patch[..., None], jnp.roll(images, 1, 0), images)
    return images, targets * (1 - taken) + jnp.roll(targets, 1, 0) * taken


def _bell(side: int, sigma: Array) -> Array:
    """Gaussian blurs, [N, side, side]."""
    return _spread(side, lambda far: jnp.exp(-0.5 * (far / sigma[:, None, None]) ** 2))


def _boxes(side: int, sigma: Array) -> Array:
    """The same as Pillow does it: three box blurs with a fractional radius, [N, side, side]."""
    third = sigma**2 / 3
    least = jnp.floor((jnp.sqrt(12 * third + 1) - 1) / 2)
    part = (2 * least + 1) * (least * (least + 1) - 3 * third) / (6 * (third - (least + 1) ** 2))
    box = _spread(side, lambda far: jnp.clip((least + part)[:, None, None] + 1 - jnp.abs(far), 0, 1))
    twice = jnp.einsum("nij,njk->nik", box, box, precision=_EXACT)
    return jnp.einsum("nij,njk->nik", twice, box, precision=_EXACT)


def _spread(side: int, weight: Callable[[Array], Array]) -> Array:
    """Matrices of weights by distance, [N, side, side], that repeat the border."""
    past = 3 * side // 4
    place = jnp.arange(-past, side + past)
    weights = weight((place[None, None, :] - jnp.arange(side)[None, :, None]).astype(jnp.float32))
    weights /= weights.sum(-1, keepdims=True)
    inner = weights[..., past : past + side]
    inner = inner.at[..., 0].add(weights[..., :past].sum(-1))
    return inner.at[..., -1].add(weights[..., past + side :].sum(-1))


def _cutting(side: int, size: Array, where: Array) -> Array:
    """Matrices that take ``size`` values from a place in 0..1 and repeat the last, [N, side, side]."""
    start = jnp.floor(where * (side - size + 1)).astype(jnp.int32)
    index = start[:, None] + jnp.minimum(jnp.arange(side)[None, :], size[:, None] - 1)
    return jax.nn.one_hot(index, side)


def _reducing(side: int) -> Any:
    """By size, bicubic, as Pillow does it; rows past it repeat the last: float32 [side + 1, side, side]."""
    return np.stack([_pillow(side, max(1, size), "BICUBIC")[_rows(side, size)] for size in range(side + 1)])


def _enlarging(side: int, method: str) -> Any:
    """By size, back to ``side``; values past the size are not looked at: float32 [side + 1, side, side]."""
    matrices = np.zeros((side + 1, side, side), np.float32)
    for size in range(1, side + 1):
        matrices[size, :, :size] = _pillow(size, side, method)
    return matrices


def _pillow(old: int, new: int, method: str) -> Any:
    """How Pillow resamples ``old`` values to ``new``: float32 [new, old]."""
    identity = PIL.Image.fromarray(np.eye(old, dtype=np.float32))
    return np.asarray(identity.resize((old, new), PIL.Image.Resampling[method]), np.float32)


def _rows(side: int, size: int) -> Any:
    return np.minimum(np.arange(side), max(1, size) - 1)
