"""Many steps of training in one call on the accelerator, with plain functions of (weights, pictures)."""

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np
import numpy.typing as npt

from imageauth.training.recipe import Recipe
from imageauth.training.resident.augment import Pictures, batch

Array = Any
Weights = tuple[list[Array], list[Array]]
"""Trainable ones and statistics, in Keras' orders."""

_MOMENTUM = 0.9


class Trainer:
    """A network, its averaged weights and the compiled call that trains it.

    The rate of SGD with Nesterov momentum rises linearly during the recipe's warm-up, times a cosine that falls to 0.

    Args:
        model: a Keras model on the JAX backend.
        recipe: how; a resident one.
        steps: of the whole schedule.
        teacher: whose answers the network learns; None: it learns the labels.
    """

    def __init__(self, model: keras.Model, recipe: Recipe, steps: int, teacher: keras.Model | None = None) -> None:
        self._model, self._recipe, self._steps, self._teacher = model, recipe, steps, teacher
        weights = weights_of(model)
        velocity = [jnp.zeros_like(value) for value in weights[0]]
        self._carry = (*weights, velocity, *jax.tree.map(jnp.copy, weights))
        self._decayed = [
            variable.path.rsplit("/", 1)[-1] not in ("gamma", "beta", "bias") for variable in model.trainable_variables
        ]
        # Processors run convolutions in loops very slowly.
        self.chunk = 1 if jax.default_backend() == "cpu" else 40
        self._call: Any = jax.jit(self._run, donate_argnums=0)

    def train(self, pictures: Pictures, teacher: Weights | None, step: int, count: int) -> float:
        """Train for some steps.

        Args:
            pictures: on the accelerator.
            teacher: its weights.
            step: the first, from 0.
            count: 1 to :attr:`chunk`.

        Returns:
            The mean loss.
        """
        recipe, each = self._recipe, np.arange(step, step + self.chunk)
        progress = np.minimum(1, each / self._steps)
        rising = np.minimum(1, (each + 1) / max(1, round(recipe.warmup * self._steps)))
        columns = (
            recipe.learning_rate * rising * (1 + np.cos(math.pi * progress)) / 2,
            progress < recipe.mixing,
            np.minimum(recipe.average_decay, (1 + each) / (10 + each)),
        )
        plan = np.stack([np.asarray(column, np.float32) for column in columns], axis=1)
        self._carry, loss = self._call(self._carry, teacher, pictures, step, count, plan)
        return float(loss)

    def averaged(self) -> Weights:
        """A copy of the averaged weights."""
        trainable, state = jax.tree.map(jnp.copy, self._carry[3:])
        return trainable, state

    def state(self) -> dict[str, list[npt.NDArray[Any]]]:
        """All that changes, by name, for a checkpoint."""
        return {name: [np.asarray(value) for value in values] for name, values in zip(_PARTS, self._carry, strict=True)}

    def restore(self, state: dict[str, list[npt.NDArray[Any]]]) -> None:
        """Take back what :meth:`state` gave.

        Raises:
            KeyError, ValueError: it is of another network.
        """
        carry = tuple([jnp.asarray(value) for value in state[name]] for name in _PARTS)
        for ours, theirs in zip(self._carry, carry, strict=True):
            if [value.shape for value in ours] != [value.shape for value in theirs]:
                raise ValueError("other shapes")
        self._carry = carry

    def _run(
        self, carry: Any, teacher: Weights | None, pictures: Pictures, first: Array, count: Array, plan: Array
    ) -> Any:
        recipe, key = self._recipe, jax.random.key(self._recipe.seed)

        def one(at: Array, carry: Any) -> Any:
            (trainable, state, velocity, *average), total = carry
            rate, mix, decay = plan[at]
            images, targets = batch(pictures, key, first + at, recipe, mix)
            if self._teacher and teacher:
                heat = recipe.temperature
                wanted = jax.nn.sigmoid(self._teacher.stateless_call(*teacher, images, training=False)[0] / heat)

            def loss_of(trainable: Any) -> Any:
                logits, after = self._model.stateless_call(trainable, state, images, training=True)
                loss = _cross_entropy(logits, targets)
                if self._teacher:
                    soft = _cross_entropy(logits / heat, wanted) - _cross_entropy(_logit(wanted), wanted)
                    loss = recipe.hard * loss + (1 - recipe.hard) * heat**2 * soft
                return loss, after

            (loss, state), slopes = jax.value_and_grad(loss_of, has_aux=True)(trainable)
            velocity = [_MOMENTUM * v + g for v, g in zip(velocity, slopes, strict=True)]
            shrink = [1 - rate * recipe.weight_decay * float(kind) for kind in self._decayed]
            trainable = [
                w * s - rate * (_MOMENTUM * v + g)
                for w, s, v, g in zip(trainable, shrink, velocity, slopes, strict=True)
            ]
            average = jax.tree.map(lambda a, w: a * decay + w * (1 - decay), average, [trainable, state])
            return (trainable, state, velocity, *average), total + loss

        begin = carry, jnp.zeros(())
        carry, total = one(0, begin) if self.chunk == 1 else jax.lax.fori_loop(0, count, one, begin)
        return carry, total / count


_PARTS = ("trainable", "statistics", "velocity", "average", "average_statistics")


class Predictor:
    """Logits of a model with weights given from outside, in batches of one size."""

    def __init__(self, model: keras.Model, batch_size: int = 1000) -> None:
        self._size = batch_size
        self._call: Callable[..., Any] = jax.jit(
            lambda weights, images: model.stateless_call(*weights, images, training=False)[0]
        )

    def __call__(self, weights: Weights, pictures: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
        """float64 [N] of uint8 [N, S, S, 3]."""
        found = []
        for at in range(0, len(pictures), self._size):
            part = pictures[at : at + self._size]
            padded = np.zeros((self._size, *part.shape[1:]), np.float32)
            padded[: len(part)] = part
            found.append(np.asarray(self._call(weights, padded), np.float64)[: len(part), 0])
        return np.concatenate(found)


def weights_of(model: keras.Model) -> Weights:
    """Copies of a model's weights."""
    both = model.trainable_variables, model.non_trainable_variables
    trainable, state = ([jnp.array(variable.value) for variable in variables] for variables in both)
    return trainable, state


def give(model: keras.Model, weights: Weights) -> None:
    """Put such weights into a model of the same network."""
    both = model.trainable_variables, model.non_trainable_variables
    for variables, values in zip(both, weights, strict=True):
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)


def _cross_entropy(logits: Array, targets: Array) -> Array:
    return jnp.mean(jax.nn.softplus(logits) - logits * targets)


def _logit(p: Array) -> Array:
    p = jnp.clip(p, 1e-6, 1 - 1e-6)
    return jnp.log(p) - jnp.log1p(-p)
