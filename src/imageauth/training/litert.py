"""Keras → LiteRT: float32, 8-bit weights, or 4-bit ones where layers bear them."""

import contextlib
import io
import tempfile
from collections.abc import Mapping
from pathlib import Path

import keras

from imageauth.errors import ModelError


def to_litert(model: keras.Model) -> bytes:
    """The model as a LiteRT file with a free batch dimension, float32.

    Raises:
        ModelError: the converter failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.tflite"
        with contextlib.redirect_stdout(io.StringIO()):  # Keras prints where it saved
            model.export(path, format="litert", verbose=False)
        if not path.is_file():
            raise ModelError("the LiteRT converter left no file")
        return path.read_bytes()


def to_int8(data: bytes) -> bytes:
    """The same LiteRT network with 8-bit weights; activations are quantised on the fly, input and output stay float32.

    Several times faster than float32 where the processor multiplies 8-bit integers, and a quarter of the size.
    """
    from ai_edge_quantizer import recipe

    return _quantised(data, recipe.dynamic_wi8_afp32())


def to_mixed(data: bytes, bits: Mapping[str, int]) -> bytes:
    """The same LiteRT network with weights of matrix products and convolutions in 8 or 4 bits, one scale a channel.

    Activations are quantised on the fly to 8 bits. Layers that no expression fits, and whatever is no such product,
    stay float32.

    Args:
        data: a float32 LiteRT file.
        bits: regular expression of names of layers → 4 or 8; 0 leaves them float32. The last that fits counts.
    """
    from ai_edge_quantizer import algorithm_manager, qtyping, recipe_manager

    recipe = recipe_manager.RecipeManager()
    products = qtyping.TFLOperationName.FULLY_CONNECTED, qtyping.TFLOperationName.CONV_2D
    for expression, count in bits.items():
        for product in products:
            if count:
                recipe.add_dynamic_config(expression, product, count)
            else:
                none = algorithm_manager.AlgorithmName.NO_QUANTIZE
                recipe.add_quantization_config(expression, product, algorithm_key=none)
    return _quantised(data, recipe.get_quantization_recipe())


def _quantised(data: bytes, recipe: list[dict[str, object]]) -> bytes:
    from ai_edge_quantizer import quantizer

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.tflite"
        path.write_bytes(data)
        quantiser = quantizer.Quantizer(str(path))
        quantiser.load_quantization_recipe(recipe)
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):  # bars and sizes
            return bytes(quantiser.quantize().quantized_model)
