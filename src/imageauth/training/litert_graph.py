"""A LiteRT file as a list of operations, its weights as the float32 numbers that they stand for.

The file's form: https://github.com/google-ai-edge/LiteRT/blob/main/tflite/schema/schema.fbs.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from imageauth.errors import ModelError

Numbers = npt.NDArray[np.float32] | npt.NDArray[np.int32]
Shape = tuple[int | None, ...]

_PLAIN = {"FLOAT32": "<f4", "FLOAT16": "<f2", "INT32": "<i4"}


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """One step of the network.

    Attributes:
        kind: as the schema names it (``CONV_2D``).
        inputs: the tensors that it reads, by number; −1 for one that is left out.
        output: the tensor that it gives.
        options: as the schema has them for its kind; None where it has none.
    """

    kind: str
    inputs: tuple[int, ...]
    output: int
    options: Any


class Graph:
    """The network of one file.

    Attributes:
        operations: in the order in which they run.
        input, output: its tensors, by number.
    """

    def __init__(self, data: bytes) -> None:
        """Read it.

        Args:
            data: a ``.tflite`` file.

        Raises:
            ModelError: it is none, or not one network with one input and one output.
        """
        from ai_edge_litert import schema_py_generated as schema

        try:
            file = schema.ModelT.InitFromPackedBuf(data, 0)
            (graph,) = file.subgraphs
            (self.input,), (self.output,) = map(int, graph.inputs), map(int, graph.outputs)
            kinds = _names(schema.BuiltinOperator)
            codes = [kinds[max(code.builtinCode, code.deprecatedBuiltinCode)] for code in file.operatorCodes]
            self.operations = [
                Operation(
                    codes[each.opcodeIndex],
                    tuple(int(index) for index in each.inputs),
                    int(each.outputs[0]),
                    each.builtinOptions,
                )
                for each in graph.operators
            ]
            self.names = [tensor.name.decode() for tensor in graph.tensors]
        except Exception as error:  # whatever a flatbuffer that is none leads to
            raise ModelError("the weights are not a LiteRT network of one graph") from error
        self._types = _names(schema.TensorType)
        self._data, self._tensors, self._buffers = data, graph.tensors, file.buffers
        self.producers = {operation.output: operation for operation in self.operations}

    def shape(self, index: int) -> Shape:
        """Of a tensor; None for a size that is free."""
        tensor = self._tensors[index]
        signature = tensor.shapeSignature
        sizes = tensor.shape if signature is None or len(signature) == 0 else signature
        return tuple(None if size < 0 else int(size) for size in sizes)

    def kind(self, index: int) -> str:
        """Of a tensor's numbers, as the schema names it (``FLOAT32``)."""
        return self._types[self._tensors[index].type]

    def constant(self, index: int) -> Numbers | None:
        """A stored tensor, float32 or int32; None if it is computed.

        Raises:
            ModelError: it is stored in a way that is not read here.
        """
        if index < 0 or index == self.input or index in self.producers:
            return None
        tensor = self._tensors[index]
        buffer = self._buffers[tensor.buffer]
        # Large ones lie behind the flatbuffer.
        inside = buffer.data is not None
        raw = bytes(buffer.data) if inside else self._data[buffer.offset : buffer.offset + buffer.size]
        shape, kind = tuple(int(size) for size in tensor.shape), self.kind(index)
        try:
            if kind in _PLAIN:
                values = np.frombuffer(raw, _PLAIN[kind]).reshape(shape)
                return values.astype(np.int32) if kind == "INT32" else values.astype(np.float32)
            if kind in ("INT8", "INT4"):
                whole = np.frombuffer(raw, np.int8) if kind == "INT8" else _unpacked(raw, math.prod(shape))
                return _dequantised(whole.reshape(shape), tensor.quantization)
        except ValueError as error:
            raise ModelError(f"the weights are damaged at {self.names[index]}") from error
        raise ModelError(f"the weights hold {kind} numbers at {self.names[index]}, which are not read here")

    def floats(self, index: int) -> npt.NDArray[np.float32] | None:
        """The same where it holds float32 numbers or what stands for them; otherwise None."""
        found = self.constant(index)
        return None if found is None or found.dtype != np.float32 else found.astype(np.float32)


def _names(enumeration: type) -> dict[int, str]:
    return {code: name for name, code in vars(enumeration).items() if not name.startswith("_")}


def _unpacked(raw: bytes, count: int) -> npt.NDArray[np.int8]:
    """Whole numbers −8..7 of half a byte each, the lower half first."""
    packed = np.frombuffer(raw, np.uint8)
    halves = np.stack([packed & 15, packed >> 4], axis=-1).reshape(-1)[:count].astype(np.int8)
    return np.where(halves > 7, halves - 16, halves).astype(np.int8)


def _dequantised(whole: npt.NDArray[np.int8], quantization: Any) -> npt.NDArray[np.float32]:
    """(q − zero) · scale, with one scale for all or one a channel.

    Raises:
        ModelError: the scales are those of blocks, or there are none.
    """
    if quantization is None or quantization.scale is None or quantization.details is not None:
        raise ModelError("the weights are quantised in a way that is not read here")
    scale, zero = np.asarray(quantization.scale, np.float32), np.asarray(quantization.zeroPoint, np.float32)
    shape = [1] * whole.ndim
    if len(scale) > 1:
        shape[quantization.quantizedDimension] = -1
    return np.asarray((whole - zero.reshape(shape)) * scale.reshape(shape), np.float32)
