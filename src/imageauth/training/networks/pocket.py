"""``pocket``: the network behind the shipped ``cifake`` model."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import keras
from keras import layers

from imageauth.training.networks.blocks import conv_unit, downsample, luma_chroma, residual, with_high_pass

if TYPE_CHECKING:
    from keras import Model


def pocket(
    *,
    side: int = 32,
    widths: Sequence[int] = (32, 64, 128),
    depths: Sequence[int] = (1, 1, 1),
    attention: bool = False,
    dropout: float = 0.0,
    colour: Literal["rgb", "ycbcr"] = "rgb",
    high_pass: bool = False,
) -> "Model":
    """A small residual network that keeps full resolution through its whole first stage.

    What gives a generated thumbnail away lives in its finest detail, so nothing is pooled before the first residual
    blocks have seen every pixel. Plain 3×3 convolutions are used because they run at the full speed of a CPU's
    matrix units, in training and in LiteRT alike; depthwise ones were slower for the same work here.

    Args:
        side: height and width of the input, pixels.
        widths: channels of each stage; each stage after the first halves the resolution.
        depths: residual blocks of each stage.
        attention: gate the channels of each block (squeeze-excite).
        dropout: share of pooled features dropped in training.
        colour: what the first convolution sees: the picture's own channels, or luma and amplified chroma.
        high_pass: show it the picture's finest detail too, as channels of their own.

    Returns:
        A model: float32 [N, side, side, 3] in 0..255 → float32 [N, 1] logit.
    """
    inputs = keras.Input((side, side, 3), name="image")
    # Centre and spread of CIFAKE's pixels, roughly; travelling in the graph, they cannot be forgotten.
    x = layers.Rescaling(1 / 64, offset=-2.0, name="scale")(inputs)
    if colour == "ycbcr":
        x = luma_chroma(x)
    if high_pass:
        x = with_high_pass(x)
    x = conv_unit(x, widths[0], name="stem")
    for stage, (width, depth) in enumerate(zip(widths, depths, strict=True), 1):
        if stage > 1:
            x = downsample(x, width, name=f"stage{stage}_down")
        for block in range(1, depth + 1):
            x = residual(x, attention=attention, name=f"stage{stage}_block{block}")
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    if dropout:
        x = layers.Dropout(dropout, name="dropout")(x)
    return keras.Model(inputs, layers.Dense(1, dtype="float32", name="logit")(x), name="pocket")
