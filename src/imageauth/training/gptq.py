"""GPTQ: 4-bit weights that keep what layers answer (Frantar et al. 2022, arXiv:2210.17323).

Rounding each weight to its nearest step ignores that errors add up. GPTQ rounds one input's weights after another and
lets those still to come make up for the error, as far as inputs seen on calibration views go together (their second
moments, the Hessian of the layer's squared error). The result is written back as float32 numbers that lie on the steps,
each output channel's largest on the last one: an exporter that scales channels by their largest weight finds the same
steps again, and rounds nothing.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import numpy.typing as npt
import scipy.linalg

from imageauth.training.vit import FEATURES, ViT

if TYPE_CHECKING:
    from keras import Model

Floats = npt.NDArray[np.float64]
Progress = Callable[[int, int], None]

LEVELS = 7  # of int4: whole numbers −7..7
PARTS = ("q", "k", "fc1", "fc2")
"""Layers of a block that bear 4 bits; values and outputs of attention do not."""

_DAMPING = 0.01  # of the mean second moment, added to each: inputs that hardly vary must not make up for anything
_COLUMNS = 128  # inputs whose errors are passed on together
# Shares of a channel's largest weight at which its range may end; what lies outside is cut off.
_RANGES = np.linspace(0.4, 1.0, 25)
_BATCH = 16


def quantise_matrix(
    weights: npt.NDArray[np.floating], hessian: Floats, levels: int = LEVELS
) -> npt.NDArray[np.float32]:
    """One layer's weights on symmetric steps, one width of step for each output channel.

    Args:
        weights: [in, out].
        hessian: mean of xᵀx over inputs x, [in, in].
        levels: steps on either side of zero.

    Returns:
        float32 [in, out]; channel c holds whole multiples of its step, max |channel| / levels.
    """
    left = weights.astype(np.float64)
    moments = np.diag(hessian).astype(np.float64)
    steps = _steps(left, moments, levels)
    # Inputs of the most weight first: later ones can still make up for them.
    order = np.argsort(-moments, kind="stable")
    left = left[order]
    damped = hessian[np.ix_(order, order)].astype(np.float64)
    damped[np.diag_indices(len(damped))] += _DAMPING * moments.mean() + np.finfo(np.float64).tiny
    inverse = scipy.linalg.cho_solve(scipy.linalg.cho_factor(damped), np.eye(len(damped)))
    upper = scipy.linalg.cholesky((inverse + inverse.T) / 2, lower=False)  # inverse = upperᵀ · upper
    whole = np.empty_like(left)
    for start in range(0, len(left), _COLUMNS):
        end = min(start + _COLUMNS, len(left))
        errors = np.empty((end - start, left.shape[1]))
        for row in range(start, end):
            whole[row] = np.clip(np.rint(left[row] / steps), -levels, levels)
            errors[row - start] = (left[row] - whole[row] * steps) / upper[row, row]
            left[row + 1 : end] -= np.outer(upper[row, row + 1 : end], errors[row - start])
        left[end:] -= upper[start:end, end:].T @ errors
    found = np.empty_like(whole)
    found[order] = whole
    _reach_the_end(found, levels)
    return np.asarray(found * steps, np.float32)


def quantise_tower(
    model: "Model",
    config: ViT,
    views: npt.NDArray[np.uint8],
    *,
    parts: Sequence[str] = PARTS,
    progress: Progress | None = None,
) -> list[float]:
    """Give a network's layers 4-bit weights in place, block by block, each on what the blocks before it now answer.

    Args:
        model: of :func:`imageauth.training.vit.build`, with trained weights.
        config: its form.
        views: like those that it will see, uint8 [N, side, side, 3]; a few hundred.
        parts: the layers, of :data:`PARTS` or ``v`` and ``o``.
        progress: called with (done, total) blocks.

    Returns:
        For each block, the squared error of the tokens after it as a share of their variance; after the last one of
        the class token alone, since nothing else is made of that.
    """
    embedded = keras.Model(model.input, model.get_layer("ln_pre").output)
    now = _batched(embedded, views)
    before = now.copy()
    errors = []
    for index in range(config.depth):
        entering = model.get_layer(f"block{index - 1}_out" if index else "ln_pre").output
        block = keras.Model(entering, _leaving(model, config, index))
        before = _batched(block, before)  # while its weights are still the old ones
        query, key = (model.get_layer(f"block{index}_{part}").input for part in "qk")
        # q, k and v share their input, but where q sees the class token alone; the later ones see what the earlier ones
        # have become
        first = (("q", "k", "v"),) if query is key else (("q",), ("k", "v"))
        for group in (*first, ("o",), ("fc1",), ("fc2",)):
            chosen = [model.get_layer(f"block{index}_{part}") for part in group if part in parts]
            if chosen:
                hessian = _hessian(keras.Model(entering, chosen[0].input), now)
                for layer in chosen:
                    kernel, bias = layer.get_weights()
                    layer.set_weights([quantise_matrix(kernel, hessian), bias])
        now = _batched(block, now)
        variance = np.square(before - before.mean((0, 1))).sum(dtype=np.float64)
        errors.append(float(np.square(now - before).sum(dtype=np.float64) / max(variance, np.finfo(np.float64).tiny)))
        if progress:
            progress(index + 1, config.depth)
    return errors


def _leaving(model: "Model", config: ViT, index: int) -> Any:
    """What leaves a block: tokens [N, T, width]."""
    if index + 1 < config.depth:
        return model.get_layer(f"block{index}_out").output
    return keras.ops.expand_dims(model.get_layer(FEATURES).input[len(config.taps) - 1], 1)


def _steps(weights: Floats, moments: Floats, levels: int) -> Floats:
    """The width of step of each channel that loses least when each weight is rounded by itself, float64 [out]."""
    largest = np.abs(weights).max(axis=0)
    largest[largest == 0] = 1.0  # a channel of zeros stays one
    best: Floats = largest / levels
    least = np.full(len(largest), np.inf)
    for share in _RANGES:
        steps = largest * share / levels
        rounded = np.clip(np.rint(weights / steps), -levels, levels) * steps
        lost = moments @ np.square(weights - rounded)
        better = lost < least
        best[better], least[better] = steps[better], lost[better]
    return best


def _reach_the_end(whole: Floats, levels: int) -> None:
    """In place: the largest of each channel becomes the last step, or an exporter would find another step."""
    for channel in np.nonzero((np.abs(whole).max(axis=0) < levels) & whole.any(axis=0))[0]:
        largest = np.abs(whole[:, channel]).argmax()
        whole[largest, channel] = np.sign(whole[largest, channel]) * levels


def _batched(model: "Model", inputs: npt.NDArray[np.generic]) -> npt.NDArray[np.float32]:
    found: npt.NDArray[np.float32] | None = None
    for at in range(0, len(inputs), _BATCH):
        said = keras.ops.convert_to_numpy(model(inputs[at : at + _BATCH].astype(np.float32), training=False))
        if found is None:  # once: tokens of hundreds of views are hundreds of megabytes
            found = np.empty((len(inputs), *said.shape[1:]), np.float32)
        found[at : at + len(said)] = said
    if found is None:
        raise ValueError("there are no views to calibrate on")
    return found


def _hessian(model: "Model", tokens: npt.NDArray[np.float32]) -> Floats:
    """Mean of xᵀx over a layer's inputs x, float64 [in, in]."""
    total, count = np.zeros(()), 0
    for at in range(0, len(tokens), _BATCH):
        rows = keras.ops.convert_to_numpy(model(tokens[at : at + _BATCH], training=False))
        total = total + (rows.T @ rows).astype(np.float64)
        count += len(rows)
    return np.asarray(total / count, np.float64)
