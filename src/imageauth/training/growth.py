"""Growing a network: a wider and deeper one begins with what a smaller one has learned.

At its first step the large network computes the very function of the small one, and its new parts are free to learn.
The idea is Net2Net's (Chen et al. 2016, arXiv:1511.05641); instead of splitting channels in two, new channels start at
random and everything that old channels would read from them starts at zero.
"""

import keras
import numpy as np

from imageauth.errors import DataError


def grow(small: keras.Model, large: keras.Model) -> None:
    """Give ``large`` the weights of ``small``.

    Layers are matched by name. Only residual blocks may be new, in the same number of stages. Old channels come first
    in each axis. A residual block that ``small`` lacks starts as the identity: the scale of its last normalisation,
    ``*_b_norm``, becomes zero.

    Raises:
        DataError: a layer of ``small`` is missing in ``large`` or smaller there, or another than a block is new.
    """
    theirs = {layer.name: layer for layer in small.layers if layer.weights}
    ours = {layer.name: layer for layer in large.layers if layer.weights}
    if missing := sorted(set(theirs) - set(ours)):
        raise DataError(f"{large.name} cannot grow from {small.name}: it has no layer {missing[0]}")
    for name, layer in ours.items():
        if name in theirs:
            _widen(theirs[name], layer)
        elif "_block" not in name:
            raise DataError(f"{large.name} cannot grow from {small.name}, which has no layer {name}")
        elif name.endswith("_b_norm"):
            layer.gamma.assign(np.zeros(layer.gamma.shape))


def _widen(small: keras.Layer, large: keras.Layer) -> None:
    """Copy weights into the leading corner of wider ones."""
    for old, new in zip(small.weights, large.weights, strict=True):
        before = keras.ops.convert_to_numpy(old)
        after = np.array(keras.ops.convert_to_numpy(new))
        if before.ndim != after.ndim or any(b > a for b, a in zip(before.shape, after.shape, strict=True)):
            raise DataError(f"layer {large.name} cannot grow from {before.shape} to {after.shape}")
        if after.ndim > 1:  # a kernel [..., in, out]: old outputs read nothing from new inputs
            after[..., before.shape[-2] :, : before.shape[-1]] = 0
        after[tuple(slice(0, size) for size in before.shape)] = before
        new.assign(after)
