"""Exponential moving average of a model's weights."""

from typing import Any

import keras
import numpy as np
import numpy.typing as npt


class WeightAverage:
    """Keeps ``average = decay * average + (1 - decay) * weights``, over trained weights and running statistics alike.

    The early average is corrected as if it had started from nothing: at step *t* the decay in use is
    ``min(decay, (1 + t) / (10 + t))``, so that random initial weights leave it quickly.
    Keras' own ``use_ema`` leaves batch normalisation's statistics out; averaged weights with the statistics of the last
    step do not fit together.
    """

    def __init__(self, model: keras.Model, decay: float, every: int = 8) -> None:
        self.decay, self.every = decay, every
        self._variables = list(model.weights)
        # By way of NumPy, for a real copy: JAX gives a step's old arrays away.
        self._average = [
            keras.Variable(np.array(keras.ops.convert_to_numpy(v)), trainable=False, dtype="float32")
            for v in self._variables
        ]

    def update(self, step: int) -> None:
        """Call after each step (counted from 1); the average moves at every ``every``-th."""
        if step % self.every:
            return
        decay = min(self.decay, (1 + step) / (10 + step)) ** self.every
        for average, variable in zip(self._average, self._variables, strict=True):
            average.assign(average * decay + keras.ops.cast(variable, "float32") * (1 - decay))

    def swap(self) -> None:
        """Exchange the model's weights with the average; a second call undoes it."""
        for average, variable in zip(self._average, self._variables, strict=True):
            kept = keras.ops.copy(average)
            average.assign(variable)
            variable.assign(kept)

    def state(self) -> list[npt.NDArray[Any]]:
        """The averages, in the order of ``model.weights``."""
        return [np.asarray(keras.ops.convert_to_numpy(average)) for average in self._average]

    def restore(self, state: list[npt.NDArray[Any]]) -> None:
        """Take back what :meth:`state` gave."""
        for average, value in zip(self._average, state, strict=True):
            average.assign(value)
