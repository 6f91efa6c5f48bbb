"""Vision transformers as CLIP has them, in layers that export to plain matrix products (Dosovitskiy et al. 2021)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import keras
from keras import layers, ops

if TYPE_CHECKING:
    from keras import Model

PIXELS, PATCHES, POSITIONS, FEATURES, TOKENS = "pixels", "patches", "positions", "features", "tokens"
EPSILON = 1e-5
# Of the quick GELU, x · σ(1.702 x), which CLIP was trained with (Hendrycks & Gimpel 2016, arXiv:1606.08415).
_QUICK = 1.702


@dataclass(frozen=True, slots=True)
class ViT:
    """The form of a tower; the default is what ships of CLIP ViT-B/16 (Radford et al. 2021, arXiv:2103.00020).

    Attributes:
        side: height and width of its input, pixels.
        patch: side of a patch, pixels; it divides ``side``.
        width: of a token.
        depth: blocks.
        heads: of attention in each block; they divide ``width``.
        mlp: hidden width of each block's perceptron.
        taps: after how many blocks features are taken, rising; the last is ``depth``, since no later block would count.
    """

    side: int = 224
    patch: int = 16
    width: int = 768
    depth: int = 10
    heads: int = 12
    mlp: int = 3072
    taps: tuple[int, ...] = (6, 8, 10)

    def __post_init__(self) -> None:
        if self.side % self.patch or self.width % self.heads:
            raise ValueError("patches divide the side, and heads the width")
        if (
            not self.taps
            or self.taps[0] < 1
            or list(self.taps) != sorted(set(self.taps))
            or self.taps[-1] != self.depth
        ):
            raise ValueError("taps are rising numbers of blocks, and the last is the depth")

    @property
    def grid(self) -> int:
        """Patches along each side."""
        return self.side // self.patch

    @property
    def features(self) -> int:
        """Numbers that a view becomes: the class token and the mean of the patches' tokens, after each tap."""
        return 2 * len(self.taps) * self.width


def build(config: ViT, *, tokens: bool = False) -> "Model":
    """A network with random weights.

    Layers of block *i* are named ``block{i}_`` and ``ln1``, ``q``, ``k``, ``v``, ``o``, ``ln2``, ``fc1``,
    ``fc2``; what leaves it is the output of ``out``.
    The scale 1/√d of attention is part of ``q``'s weights, the normalisation of pixels part of the patches', and the
    class token part of its position's; :func:`imageauth.training.clip.fill` puts them there.

    Args:
        config: its form.
        tokens: give the patches' tokens after the last block too.

    Returns:
        float32 [N, side, side, 3] in 0..255 → features, float32 [N, len(taps) · 2 · width]: class token and mean of
        the patches' tokens after the first tap, then the next; with ``tokens`` a list of that and
        float32 [N, grid², width].
    """
    pixels = keras.Input((config.side, config.side, 3), name=PIXELS)
    x = layers.Conv2D(config.width, config.patch, strides=config.patch, name=PATCHES)(pixels)
    x = ops.reshape(x, (-1, config.grid**2, config.width))
    x = Positions(name=POSITIONS)(layers.ZeroPadding1D((1, 0))(x))
    x = layers.LayerNormalization(epsilon=EPSILON, name="ln_pre")(x)
    taken = []
    for index in range(config.depth):
        x = _block(x, f"block{index}", config)
        if index + 1 in config.taps:
            taken += [x[:, 0], ops.mean(x[:, 1:], axis=1)]
    features = layers.Concatenate(name=FEATURES)(taken)
    outputs = [features, layers.Identity(name=TOKENS)(x[:, 1:])] if tokens else features
    return keras.Model(pixels, outputs, name="vit")


def _block(x: Any, name: str, config: ViT) -> Any:
    """One pre-norm block, [N, T, width] → the same."""
    count, each = config.grid**2 + 1, config.width // config.heads

    def split(heads: Any) -> Any:
        return ops.transpose(ops.reshape(heads, (-1, count, config.heads, each)), (0, 2, 1, 3))

    normal = layers.LayerNormalization(epsilon=EPSILON, name=f"{name}_ln1")(x)
    # Plain layers: MultiHeadAttention would export to products that neither quantise nor run as well.
    query, key, value = (split(layers.Dense(config.width, name=f"{name}_{part}")(normal)) for part in "qkv")
    attention = ops.softmax(ops.matmul(query, ops.transpose(key, (0, 1, 3, 2))), axis=-1)
    heard = ops.reshape(ops.transpose(ops.matmul(attention, value), (0, 2, 1, 3)), (-1, count, config.width))
    x = x + layers.Dense(config.width, name=f"{name}_o")(heard)
    normal = layers.LayerNormalization(epsilon=EPSILON, name=f"{name}_ln2")(x)
    hidden = layers.Dense(config.mlp, name=f"{name}_fc1")(normal)
    hidden = layers.Dense(config.width, name=f"{name}_fc2")(hidden * ops.sigmoid(_QUICK * hidden))
    return layers.Add(name=f"{name}_out")([x, hidden])


@keras.saving.register_keras_serializable("imageauth")
class Positions(layers.Layer):  # type: ignore[misc]
    """Adds to each of T tokens [N, T, width] what is learned of its place; the class token comes in as zeros."""

    def build(self, shape: tuple[int | None, ...]) -> None:
        self.table = self.add_weight(shape=(1, *shape[1:]), name="table")

    def call(self, x: Any) -> Any:
        return x + self.table
