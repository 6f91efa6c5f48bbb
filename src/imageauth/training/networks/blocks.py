"""Small building blocks for image classifiers. Each takes and returns a Keras tensor [N, H, W, C]."""

from typing import TYPE_CHECKING

from keras import initializers, layers

if TYPE_CHECKING:
    from keras import KerasTensor


def conv_unit(
    x: "KerasTensor", channels: int, *, kernel: int = 3, stride: int = 1, activate: bool = True, name: str
) -> "KerasTensor":
    """Convolution, batch normalisation and, unless told otherwise, ReLU.

    The momentum of 0.9 lets the running statistics follow a schedule of only some ten thousand steps.
    """
    x = layers.Conv2D(
        channels, kernel, stride, padding="same", use_bias=False, kernel_initializer="he_normal", name=f"{name}_conv"
    )(x)
    x = layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name=f"{name}_norm")(x)
    return layers.Activation("relu", name=f"{name}_relu")(x) if activate else x


def squeeze_excite(x: "KerasTensor", *, ratio: int = 8, name: str) -> "KerasTensor":
    """Scale each channel by a gate computed from the means of all (Hu et al. 2018, arXiv:1709.01507)."""
    channels = x.shape[-1]
    gate = layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}_mean")(x)
    gate = layers.Conv2D(max(8, channels // ratio), 1, activation="relu", name=f"{name}_squeeze")(gate)
    gate = layers.Conv2D(channels, 1, activation="sigmoid", name=f"{name}_excite")(gate)
    return layers.Multiply(name=f"{name}_scale")([x, gate])


def residual(x: "KerasTensor", *, attention: bool = False, name: str) -> "KerasTensor":
    """Two convolutions around an identity shortcut (He et al. 2016, arXiv:1512.03385), at constant width."""
    channels = x.shape[-1]
    y = conv_unit(x, channels, name=f"{name}_a")
    y = conv_unit(y, channels, activate=False, name=f"{name}_b")
    if attention:
        y = squeeze_excite(y, name=f"{name}_se")
    return layers.Activation("relu", name=f"{name}_relu")(layers.Add(name=f"{name}_add")([x, y]))


def downsample(x: "KerasTensor", channels: int, *, name: str) -> "KerasTensor":
    """Halve height and width: a stride-2 convolution to ``channels``.

    Its 3×3 kernel is learned and overlaps, so that nothing is skipped as a 1×1 stride-2 shortcut would.
    """
    return conv_unit(x, channels, stride=2, name=name)


def luma_chroma(x: "KerasTensor") -> "KerasTensor":
    """RGB → Y, Cb and Cr by a fixed 1×1 convolution (ITU-R BT.601, as in JPEG), chroma four times as strong.

    Generated pictures were told from photographs best in chroma, which varies little (Li et al. 2020,
    arXiv:1808.07276). In float32, because bfloat16 would round it away.
    """
    rgb_to_ycbcr = ((0.299, -0.168736, 0.5), (0.587, -0.331264, -0.418688), (0.114, 0.5, -0.081312))
    kernel = initializers.Constant([[[[luma, 4 * blue, 4 * red] for luma, blue, red in rgb_to_ycbcr]]])
    return layers.Conv2D(
        3, 1, use_bias=False, kernel_initializer=kernel, trainable=False, dtype="float32", name="luma_chroma"
    )(x)


def with_high_pass(x: "KerasTensor") -> "KerasTensor":
    """Append to each channel what its 3×3 mean leaves of it, four times as strong: [N, H, W, C] → [N, H, W, 2C].

    Such residuals show traces that content hides. In float32, for the same reason.
    """
    mean = layers.AveragePooling2D(3, strides=1, padding="same", dtype="float32", name="high_pass_mean")(x)
    detail = layers.Subtract(dtype="float32", name="high_pass_detail")([x, mean])
    detail = layers.Rescaling(4.0, dtype="float32", name="high_pass_scale")(detail)
    return layers.Concatenate(name="high_pass")([x, detail])
