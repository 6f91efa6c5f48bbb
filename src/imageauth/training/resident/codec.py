"""JPEG's loss on the accelerator: what libjpeg does to a picture, without the file.

Everything but the entropy coding, which loses nothing: colour, 4:2:0 chroma, 8×8 cosine transforms, rounding by the
standard tables as scaled by a quality, and the way back with libjpeg's smooth chroma.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

Array = Any
_EXACT = jax.lax.Precision.HIGHEST

# ITU-T T.81, tables K.1 and K.2.
_LUMA = np.array(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ],
    np.float32,
)
_CHROMA = np.full((8, 8), 99, np.float32)
_CHROMA[:4, :4] = [[17, 18, 24, 47], [18, 21, 26, 66], [24, 26, 56, 99], [47, 66, 99, 99]]

# JFIF: rows are Y, Cb and Cr.
_TO_YCC = np.array([[0.299, 0.587, 0.114], [-0.168735892, -0.331264108, 0.5], [0.5, -0.418687589, -0.081312411]])
_TO_RGB = np.array([[1, 0, 1.402], [1, -0.344136286, -0.714136286], [1, 1.772, 0]])
_MIDDLE = np.array([0, 128, 128], np.float32)


def jpeg(images: Array, quality: Array) -> Array:
    """Compressed and decompressed, each picture at a quality of its own, 4:2:0.

    Args:
        images: float32 [N, S, S, 3] of whole numbers in 0..255; S a multiple of 16.
        quality: whole numbers in 1..100, [N].

    Returns:
        float32 [N, S, S, 3] of whole numbers in 0..255.
    """
    side = images.shape[1]
    quality = quality.astype(jnp.float32)
    scale = jnp.where(quality < 50, jnp.floor(5000 / quality), 200 - 2 * quality)
    ycc = jnp.round(jnp.einsum("nijc,dc->nijd", images, _TO_YCC.astype(np.float32), precision=_EXACT) + _MIDDLE)
    quarters = ycc[..., 1:].reshape(-1, side // 2, 2, side // 2, 2, 2).sum((2, 4))
    # libjpeg rounds these means by turns down and up, so that none drifts.
    bias = 1.0 + jnp.arange(side // 2) % 2
    small = jnp.floor((quarters + bias[None, None, :, None]) / 4)
    luma = _rounded(ycc[..., :1], _LUMA, scale)
    chroma = jnp.round(_apply(_smooth(side // 2), _rounded(small, _CHROMA, scale)))
    ycc = jnp.concatenate([luma, chroma], -1) - _MIDDLE
    return jnp.clip(jnp.round(jnp.einsum("nijc,dc->nijd", ycc, _TO_RGB.astype(np.float32), precision=_EXACT)), 0, 255)


def _rounded(planes: Array, table: Any, scale: Array) -> Array:
    """Planes [N, S, S, C] with each coefficient of their 8×8 blocks rounded to its step, as whole numbers in 0..255."""
    side = planes.shape[1]
    step = jnp.clip(jnp.floor((table * scale[:, None, None] + 50) / 100), 1, 255)
    step = jnp.tile(step, (1, side // 8, side // 8))[..., None]
    forward = _cosines(side)
    coefficients = _apply(forward, planes - 128) / step
    coefficients = jnp.sign(coefficients) * jnp.floor(jnp.abs(coefficients) + 0.5)
    return jnp.clip(jnp.round(_apply(forward.T, coefficients * step) + 128), 0, 255)


def _apply(matrix: Any, planes: Array) -> Array:
    """The matrix on both axes of [N, S, S, C]."""
    planes = jnp.einsum("ij,njkc->nikc", matrix, planes, precision=_EXACT)
    return jnp.einsum("ij,nkjc->nkic", matrix, planes, precision=_EXACT)


def _cosines(side: int) -> Any:
    """The orthonormal cosine transform of 8 values, for each eight of ``side``: [side, side]."""
    k, x = np.arange(8)[:, None], np.arange(8)[None, :]
    block = np.cos((2 * x + 1) * k * np.pi / 16) / 2
    block[0] /= np.sqrt(2)
    return np.kron(np.eye(side // 8), block).astype(np.float32)


def _smooth(side: int) -> Any:
    """Twice as many values by libjpeg's triangle filter: [2 * side, side]."""
    matrix = np.zeros((2 * side, side), np.float32)
    for at in range(side):
        matrix[2 * at, at] = matrix[2 * at + 1, at] = 0.75
        matrix[2 * at, max(0, at - 1)] += 0.25
        matrix[2 * at + 1, min(side - 1, at + 1)] += 0.25
    return matrix
