"""Weights of CLIP's image tower (Radford et al. 2021, arXiv:2103.00020; OpenAI, MIT licence) in our own network.

Tensors are called as in Hugging Face's ``openai/clip-vit-base-patch16`` and shaped as PyTorch has them.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from imageauth.errors import DataError, MissingExtraError
from imageauth.training.onnx_tensors import read_onnx
from imageauth.training.source import delivering
from imageauth.training.tensors import read_safetensors
from imageauth.training.vit import PATCHES, POSITIONS, QUICK, ViT

if TYPE_CHECKING:
    from keras import Model

Floats = npt.NDArray[np.float32]
Tower = dict[str, Floats]

REPOSITORY, FILE = "openai/clip-vit-base-patch16", "model.safetensors"
# Of the pixels that CLIP was trained on, as shares of full scale.
MEAN = np.array([0.48145466, 0.4578275, 0.40821073])
DEVIATION = np.array([0.26862954, 0.26130258, 0.27577711])

_EMBEDDINGS = "vision_model.embeddings."
_NORM = "vision_model.pre_layrnorm"  # so spelt in every copy of the weights
_PARTS = {
    "q": "self_attn.q_proj",
    "k": "self_attn.k_proj",
    "v": "self_attn.v_proj",
    "o": "self_attn.out_proj",
    "fc1": "mlp.fc1",
    "fc2": "mlp.fc2",
    "ln1": "layer_norm1",
    "ln2": "layer_norm2",
}


def shapes(config: ViT) -> dict[str, tuple[int, ...]]:
    """Name → shape of each tensor that a tower of this form needs."""
    width, mlp = config.width, config.mlp
    found: dict[str, tuple[int, ...]] = {
        f"{_EMBEDDINGS}class_embedding": (width,),
        f"{_EMBEDDINGS}patch_embedding.weight": (width, 3, config.patch, config.patch),
        f"{_EMBEDDINGS}position_embedding.weight": (config.grid**2 + 1, width),
        f"{_NORM}.weight": (width,),
        f"{_NORM}.bias": (width,),
    }
    sizes = {"fc1": (mlp, width), "fc2": (width, mlp)}
    for block in range(config.depth):
        for part, name in _PARTS.items():
            shape: tuple[int, ...] = (width,) if part.startswith("ln") else sizes.get(part, (width, width))
            found[f"{_layer(block)}{name}.weight"] = shape
            found[f"{_layer(block)}{name}.bias"] = shape[:1]
    return found


def read_tower(path: Path, config: ViT) -> Tower:
    """The tensors of a tower, as far as its form needs them.

    Args:
        path: a ``.safetensors`` file (float32, float16 or bfloat16) or an ``.onnx`` file (also a dynamic-int8 one).
        config: the form.

    Returns:
        Name → float32.

    Raises:
        DataError: the file cannot be read, is neither, or holds a tower of another form, or numbers that are none.
        MissingExtraError: it is an ONNX file, and the package onnx is not installed.
    """
    readers = {".safetensors": read_safetensors, ".onnx": read_onnx}
    if path.suffix.lower() not in readers:
        raise DataError(f"{path}: weights come as a .safetensors or .onnx file")
    tower = readers[path.suffix.lower()](path, shapes(config))
    for name, values in tower.items():
        if not np.isfinite(values).all():
            raise DataError(f"{path}: {name} has numbers that are not finite")
    return tower


def download_tower() -> Path:
    """The file of OpenAI's weights from Hugging Face, in its own cache (600 MB, once).

    Raises:
        DataError: it could not be delivered.
        MissingExtraError: huggingface_hub is not installed.
    """
    try:
        from huggingface_hub import hf_hub_download
    except ImportError:
        raise MissingExtraError("downloading CLIP's weights", "train") from None
    with delivering("Hugging Face", REPOSITORY, f"--encoder with a copy of its {FILE}"):
        return Path(hf_hub_download(REPOSITORY, FILE))


def fill(model: "Model", config: ViT, tower: Mapping[str, Floats]) -> None:
    """Give a network the weights of a tower.

    Args:
        model: of :func:`imageauth.training.vit.build`, of the same form.
        config: the form.
        tower: as :func:`read_tower` gives it.

    Raises:
        DataError: a tensor is missing or has another shape.
    """
    for name, shape in shapes(config).items():
        if name not in tower or tower[name].shape != shape:
            raise DataError(f"the tower's weights do not fit: {name} should be {list(shape)}")
    kernel = tower[f"{_EMBEDDINGS}patch_embedding.weight"].transpose(2, 3, 1, 0).astype(np.float64)
    # (x / 255 − mean) / deviation, as part of the convolution
    bias = -(kernel * (MEAN / DEVIATION)[:, None]).sum((0, 1, 2))
    model.get_layer(PATCHES).set_weights([kernel / (255 * DEVIATION)[:, None], bias])
    table = tower[f"{_EMBEDDINGS}position_embedding.weight"].copy()
    table[0] += tower[f"{_EMBEDDINGS}class_embedding"]
    model.get_layer(POSITIONS).set_weights([table[None]])
    model.get_layer("ln_pre").set_weights([tower[f"{_NORM}.weight"], tower[f"{_NORM}.bias"]])
    scale = np.float32((config.width // config.heads) ** -0.5)
    for block in range(config.depth):
        for part, name in _PARTS.items():
            weight, bias = (tower[f"{_layer(block)}{name}.{kind}"] for kind in ("weight", "bias"))
            if part == "q":
                weight, bias = weight * scale, bias * scale
            elif part == "fc1":  # x · σ(1.702 x) = y · σ(y) / 1.702 with y = 1.702 x
                weight, bias = weight * np.float32(QUICK), bias * np.float32(QUICK)
            elif part == "fc2":
                weight = weight / np.float32(QUICK)
            model.get_layer(f"block{block}_{part}").set_weights([weight.T, bias])


def _layer(block: int) -> str:
    return f"vision_model.encoder.layers.{block}."
