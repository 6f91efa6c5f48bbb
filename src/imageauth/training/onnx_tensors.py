"""Named tensors of an ``.onnx`` file, those of a dynamic-int8 export included.

Such an export (ONNX Runtime's ``quantize_dynamic``) keeps matrices as 8-bit numbers with a scale and a zero point, and
loses their names: each is then known by the bias that is added to its product.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from imageauth.errors import DataError, MissingExtraError

Floats = npt.NDArray[np.float32]

_QUANTISED = "_quantized"
# Cast, scale, add: so many operations lie between a matrix and its bias at most.
_STEPS = 6


def read_onnx(path: Path, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Floats]:
    """Some tensors of a file.

    Args:
        path: of the file; weights that lie outside it are not looked for.
        shapes: name → the shape that it must have; ``X.weight`` of a layer that has an ``X.bias`` is [out, in], as
            PyTorch has it, and stored as [in, out].

    Returns:
        Name → float32 of that shape.

    Raises:
        DataError: the file cannot be read or is no such file, or a tensor is missing or has another shape.
        MissingExtraError: the package onnx is not installed.
    """
    try:
        import onnx
    except ImportError:
        raise MissingExtraError("reading an ONNX file", "train") from None
    try:
        graph = onnx.load(str(path), load_external_data=False).graph
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error
    except Exception as error:  # protobuf's own kinds of errors, which differ between its versions
        raise DataError(f"{path} is not an ONNX file") from error
    stored = {tensor.name: tensor for tensor in graph.initializer}
    matrices = _matrices(graph, stored)
    found = {}
    for name, shape in shapes.items():
        if name not in stored and name + _QUANTISED not in stored and name not in matrices:
            raise DataError(f"{path} has no tensor {name}")
        try:
            values = _values(stored, matrices.get(name, name))
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"{path}: {name} cannot be read as numbers") from error
        if name in matrices:
            values = values.T
        if values.shape != shape:
            raise DataError(f"{path}: {name} is {list(values.shape)}, not {list(shape)}")
        found[name] = np.ascontiguousarray(values, np.float32)
    return found


def _values(stored: Mapping[str, Any], name: str) -> Floats:
    """A tensor as numbers: (q − zero) · scale where it is quantised, with one of each or one a column."""
    from onnx import numpy_helper

    if name in stored:
        return np.asarray(numpy_helper.to_array(stored[name]), np.float32)
    whole, zero, scale = (
        np.asarray(numpy_helper.to_array(stored[name + part]), np.float32)
        for part in (_QUANTISED, "_zero_point", "_scale")
    )
    return np.asarray((whole - zero) * scale, np.float32)


def _matrices(graph: Any, stored: Mapping[str, Any]) -> dict[str, str]:
    """``X.weight`` → the name under which the matrix is stored whose product ``X.bias`` is added to."""
    readers: dict[str, list[Any]] = {}
    for node in graph.node:
        for source in node.input:
            readers.setdefault(source, []).append(node)
    matrices = {}
    for node in graph.node:
        if node.op_type not in ("MatMul", "MatMulInteger") or len(node.input) < 2 or node.input[1] not in stored:
            continue
        at = node
        for _ in range(_STEPS):
            following = readers.get(at.output[0], [])
            if not following:
                break
            at = following[0]
            if at.op_type == "Add":
                for bias in (source for source in at.input if source in stored and source.endswith(".bias")):
                    matrices[bias.removesuffix("bias") + "weight"] = node.input[1].removesuffix(_QUANTISED)
                break
    return matrices
