"""Vision transformers as CLIP has them, in layers that export to plain matrix products (Dosovitskiy et al. 2021)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import keras
from keras import layers, ops

if TYPE_CHECKING:
    from keras import Model

PIXELS, PATCHES, POSITIONS, FEATURES, TOKENS = "pixels", "patches", "positions", "features", "tokens"
EPSILON = 1e-5
QUICK = 1.702
"""Of CLIP's quick GELU."""


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
        taps: after how many blocks class tokens are taken, rising; the last is ``depth``, since no later block would
            count.
        map: after how many blocks the patches' tokens are taken, one of the taps.
        renewed: in so many blocks patches' tokens are renewed, at least ``map``. In later ones the class token alone
            is, and it looks at patches as they were then: that is nearly as good and spares most of a block's work.
    """

    side: int = 224
    patch: int = 16
    width: int = 768
    depth: int = 10
    heads: int = 12
    mlp: int = 3072
    taps: tuple[int, ...] = (6, 7, 8, 9, 10)
    map: int = 6
    renewed: int = 8

    def __post_init__(self) -> None:
        if self.side % self.patch or self.width % self.heads:
            raise ValueError("patches divide the side, and heads the width")
        if (
            not self.taps
            or self.taps[0] < 1
            or list(self.taps) != sorted(set(self.taps))
            or self.taps[-1] != self.depth
            or self.map not in self.taps
            or not self.map <= self.renewed <= self.depth
        ):
            raise ValueError("taps rise up to the depth, the map is of one of them, and it is renewed that far")

    @property
    def grid(self) -> int:
        """Patches along each side."""
        return self.side // self.patch

    @property
    def features(self) -> int:
        """Numbers that a view becomes: the class token after each tap, then the mean of the patches' tokens after
        ``map``.
        """
        return (len(self.taps) + 1) * self.width


def build(config: ViT, *, tokens: bool = False) -> "Model":
    """A network with random weights.

    Layers of block *i* are named ``block{i}_`` and ``ln1``, ``q``, ``k``, ``v``, ``o``, ``ln2``, ``fc1``,
    ``fc2``; what leaves it is the output of ``out``.
    The scale 1/√d of attention is part of ``q``'s weights, that of CLIP's quick GELU, x · σ(1.702 x) (Hendrycks &
    Gimpel 2016, arXiv:1606.08415), part of ``fc1``'s and ``fc2``'s, the normalisation of pixels part of the patches',
    and the class token part of its position's; :func:`imageauth.training.clip.fill` puts them there.

    Args:
        config: its form.
        tokens: give the patches' tokens after ``map`` too.

    Returns:
        float32 [N, side, side, 3] in 0..255 → features, float32 [N, (len(taps) + 1) · width]; with ``tokens`` a list
        of that and float32 [N, grid², width].
    """
    pixels = keras.Input((config.side, config.side, 3), name=PIXELS)
    x = layers.Conv2D(config.width, config.patch, strides=config.patch, name=PATCHES)(pixels)
    x = ops.reshape(x, (-1, config.grid**2, config.width))
    x = Positions(name=POSITIONS)(layers.ZeroPadding1D((1, 0))(x))
    x = layers.LayerNormalization(epsilon=EPSILON, name="ln_pre")(x)
    taken, patches = [], None
    for index in range(config.depth):
        x, token = _block(x, f"block{index}", config, class_only=index >= config.renewed)
        if index + 1 in config.taps:
            taken.append(token)
        if index + 1 == config.map:
            patches = x[:, 1:]
    features = layers.Concatenate(name=FEATURES)([*taken, ops.mean(patches, axis=1)])
    outputs = [features, layers.Identity(name=TOKENS)(patches)] if tokens else features
    return keras.Model(pixels, outputs, name="vit")


def _block(x: Any, name: str, config: ViT, *, class_only: bool) -> tuple[Any, Any]:
    """One pre-norm block, [N, T, width] → the same and the class token in it, [N, width]."""
    count, each = config.grid**2 + 1, config.width // config.heads
    seen = 1 if class_only else count

    def dense(part: str, rows: Any, units: int = config.width) -> Any:
        # Plain layers, on rows of tokens: MultiHeadAttention would export to products that neither quantise nor run as
        # well, and layers on [N, T, width] to their shapes' computation and to additions of their own.
        return layers.Dense(units, name=f"{name}_{part}")(rows)

    def flat(tokens: Any) -> Any:
        return ops.reshape(tokens, (-1, config.width))

    def split(rows: Any, tokens: int, order: tuple[int, ...]) -> Any:
        return ops.transpose(ops.reshape(rows, (-1, tokens, config.heads, each)), order)

    normal = layers.LayerNormalization(epsilon=EPSILON, name=f"{name}_ln1")(x)
    rows = flat(normal)
    query = split(dense("q", normal[:, 0] if class_only else rows), seen, (0, 2, 1, 3))
    key = split(dense("k", rows), count, (0, 2, 3, 1))
    value = split(dense("v", rows), count, (0, 2, 1, 3))
    attention = ops.softmax(ops.matmul(query, key), axis=-1)
    heard = ops.transpose(ops.matmul(attention, value), (0, 2, 1, 3))
    now = (x[:, 0] if class_only else flat(x)) + dense("o", flat(heard))
    hidden = layers.LayerNormalization(epsilon=EPSILON, name=f"{name}_ln2")(now)
    hidden = ops.silu(dense("fc1", hidden, config.mlp))
    now = layers.Add(name=f"{name}_sum")([now, dense("fc2", hidden)])
    out = ops.reshape(now, (-1, seen, config.width))
    token = now if class_only else out[:, 0]
    if class_only:
        out = ops.concatenate([out, x[:, 1:]], axis=1)
    return layers.Identity(name=f"{name}_out")(out), token


@keras.saving.register_keras_serializable("imageauth")
class Positions(layers.Layer):  # type: ignore[misc]
    """Adds to each of T tokens [N, T, width] what is learned of its place; the class token comes in as zeros."""

    def build(self, shape: tuple[int | None, ...]) -> None:
        self.table = self.add_weight(shape=(1, *shape[1:]), name="table")

    def call(self, x: Any) -> Any:
        return x + self.table
