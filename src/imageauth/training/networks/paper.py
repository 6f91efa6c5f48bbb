"""``paper``: the network of the paper that introduced CIFAKE, kept as the yardstick."""

from typing import TYPE_CHECKING

import keras
from keras import layers

if TYPE_CHECKING:
    from keras import Model


def paper(*, side: int = 32) -> "Model":
    """The convolutional network of Bird & Lotfi, "CIFAKE: Image Classification and Explainable Identification of
    AI-Generated Synthetic Images" (IEEE Access 2024, arXiv:2303.14126): two convolutions of 32 filters, each followed
    by max-pooling, then one dense layer of 64 units. It reports 92.98 % on the official test split.

    Returns:
        A model: float32 [N, side, side, 3] in 0..255 → float32 [N, 1] logit (the paper's sigmoid is in the loss).
    """
    inputs = keras.Input((side, side, 3), name="image")
    x = layers.Rescaling(1 / 255, name="scale")(inputs)
    for block in (1, 2):
        x = layers.Conv2D(32, 3, activation="relu", name=f"conv{block}")(x)
        x = layers.MaxPooling2D(2, name=f"pool{block}")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(64, activation="relu", name="dense")(x)
    return keras.Model(inputs, layers.Dense(1, dtype="float32", name="logit")(x), name="paper")
