"""Small building blocks for image classifiers. Each takes and returns a Keras tensor [N, H, W, C]."""

from typing import TYPE_CHECKING

from keras import layers

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
