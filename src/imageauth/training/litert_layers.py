"""What a LiteRT file holds of a network's layers: weights as float32 numbers, each under its Keras layer's name.

The exporter keeps names (``vit_1/block0_q_1/Tensordot/MatMul``) but merges equal constants under one of them and folds
normalisations into convolutions, so weights are found by what the operations do with them and not by their own names.
The file's form: https://github.com/google-ai-edge/LiteRT/blob/main/tflite/schema/schema.fbs.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from imageauth.errors import ModelError

Floats = npt.NDArray[np.float32]

_CONVOLUTION, _PRODUCT, _ADD, _MUL = "CONV_2D", "FULLY_CONNECTED", "ADD", "MUL"
# Keras names what it exports "layer_1"; older versions did not.
_NUMBERED = re.compile(r"(_\d+)?$")


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """One step of the network.

    Attributes:
        kind: as the schema names it (``CONV_2D``).
        inputs: the tensors that it reads, by number; −1 for one that is left out.
        output: the tensor that it gives.
    """

    kind: str
    inputs: tuple[int, ...]
    output: int


class Layers:
    """The layers of one file.

    Attributes:
        operations: in the order in which they run.
        side: height and width of its input, pixels.
    """

    def __init__(self, data: bytes) -> None:
        """Read them.

        Args:
            data: a ``.tflite`` file.

        Raises:
            ModelError: it is none, or not one network of plain layers.
        """
        from ai_edge_litert import schema_py_generated as schema

        try:
            file = schema.ModelT.InitFromPackedBuf(data, 0)
            (graph,) = file.subgraphs
            codes = {code: name for name, code in vars(schema.BuiltinOperator).items() if not name.startswith("_")}
            kinds = [codes[max(code.builtinCode, code.deprecatedBuiltinCode)] for code in file.operatorCodes]
            self.operations = [
                Operation(kinds[each.opcodeIndex], tuple(int(i) for i in each.inputs), int(each.outputs[0]))
                for each in graph.operators
            ]
            self._names = [tensor.name.decode() for tensor in graph.tensors]
        except Exception as error:  # whatever a flatbuffer that is none leads to
            raise ModelError("the weights are not a LiteRT network of one graph") from error
        self._types = {code: name for name, code in vars(schema.TensorType).items() if not name.startswith("_")}
        self._data, self._tensors, self._buffers = data, graph.tensors, file.buffers
        self.side = int(graph.tensors[graph.inputs[0]].shape[1])
        self._producers = {operation.output: operation for operation in self.operations}

    def weights(self, layer: str) -> list[Floats]:
        """What ``layer.set_weights`` takes of a convolution, a dense layer or a layer normalisation.

        Args:
            layer: its name in the Keras network.

        Returns:
            Kernel and bias (zeros where it has none), or scale and offset.

        Raises:
            ModelError: the file holds no such layer.
        """
        outputs = dict(self._outputs_of(layer))
        for operation in outputs.values():
            if operation.kind in (_CONVOLUTION, _PRODUCT):
                return self._kernel_and_bias(operation)
        scale = self._constant_of(outputs, _MUL, "mul")
        offset = self._constant_of(outputs, _ADD, "add_1")
        if scale is None or offset is None:
            raise ModelError(f"the weights hold no layer {layer}")
        return [scale.reshape(-1), offset.reshape(-1)]

    def added(self, layer: str) -> Floats:
        """What a layer adds to its input.

        Raises:
            ModelError: the file holds no such layer.
        """
        for operation in dict(self._outputs_of(layer)).values():
            if operation.kind == _ADD:
                for index in operation.inputs:
                    if (found := self._constant(index)) is not None:
                        return found
        raise ModelError(f"the weights hold no layer {layer}")

    def has(self, layer: str) -> bool:
        """Whether a layer of that name left anything in the file."""
        return any(True for _ in self._outputs_of(layer))

    def read_by(self, layer: str) -> list[str]:
        """Names of the tensors that a layer's last operation reads, slices and means of them followed to their origin."""
        operations = list(self._outputs_of(layer))
        if not operations:
            raise ModelError(f"the weights hold no layer {layer}")
        found = []
        for index in operations[-1][1].inputs:
            while (producer := self._producers.get(index)) and producer.kind in ("STRIDED_SLICE", "MEAN"):
                index = producer.inputs[0]
            found.append(self._names[index])
        return found

    def split_into(self, width: int) -> int:
        """Parts that tokens of so many numbers are split into: the heads of attention.

        Raises:
            ModelError: they are not.
        """
        for operation in self.operations:
            shape = self._tensors[operation.output].shape
            if operation.kind == "RESHAPE" and len(shape) == 4 and shape[2] * shape[3] == width:
                return int(shape[2])
        raise ModelError("the weights hold no attention")

    def _outputs_of(self, layer: str) -> Iterator[tuple[str, Operation]]:
        """(the name within the layer, the operation), in the file's order."""
        named = re.compile(rf"[^/;]+/{re.escape(layer)}{_NUMBERED.pattern[:-1]}/([^;]*)")
        for operation in self.operations:
            for name in self._names[operation.output].split(";"):
                if match := named.fullmatch(name):
                    yield match[2], operation
                    break

    def _kernel_and_bias(self, operation: Operation) -> list[Floats]:
        kernel = self._constant(operation.inputs[1])
        if kernel is None:
            raise ModelError("a layer's weights are computed, not stored")
        count = len(kernel)
        # [out, height, width, in] → [height, width, in, out]; [out, in] → [in, out]
        kernel = np.ascontiguousarray(np.moveaxis(kernel, 0, -1))
        bias = self._constant(operation.inputs[2]) if len(operation.inputs) > 2 else None
        if bias is None:
            bias = self._added_after(operation)
        return [kernel, np.zeros(count, np.float32) if bias is None else bias.reshape(-1)]

    def _added_after(self, operation: Operation) -> Floats | None:
        """A product of tokens has its bias added after they got their shape back."""
        output = operation.output
        for following in self.operations:
            if output not in following.inputs:
                continue
            if following.kind == "RESHAPE":
                output = following.output
            elif following.kind == _ADD:
                return next((found for i in following.inputs if (found := self._constant(i)) is not None), None)
            else:
                return None
        return None

    def _constant_of(self, outputs: Mapping[str, Operation], kind: str, name: str) -> Floats | None:
        operation = outputs.get(name)
        if operation is None or operation.kind != kind:
            return None
        return next((found for i in operation.inputs if (found := self._constant(i)) is not None), None)

    def _constant(self, index: int) -> Floats | None:
        """A stored tensor as numbers, of its shape; None if it is computed.

        Raises:
            ModelError: it is stored in a way that is not read here.
        """
        if index < 0 or index in self._producers:
            return None
        tensor = self._tensors[index]
        raw = self._bytes(tensor)
        if raw is None:
            return None
        shape = tuple(int(size) for size in tensor.shape)
        kind = self._types.get(tensor.type)
        try:
            if kind == "FLOAT32":
                return np.frombuffer(raw, "<f4").astype(np.float32).reshape(shape)
            if kind == "FLOAT16":
                return np.frombuffer(raw, "<f2").astype(np.float32).reshape(shape)
            if kind in ("INT8", "INT4"):
                whole = np.frombuffer(raw, np.int8) if kind == "INT8" else _unpacked(raw, math.prod(shape))
                return _dequantised(whole.reshape(shape), tensor.quantization)
        except ValueError as error:
            raise ModelError(f"the weights are damaged at {self._names[index]}") from error
        raise ModelError(f"the weights hold {kind} numbers at {self._names[index]}, which are not read here")

    def _bytes(self, tensor: Any) -> bytes | None:
        buffer = self._buffers[tensor.buffer]
        if buffer.data is not None:
            return bytes(buffer.data)
        # Large ones lie behind the flatbuffer.
        return self._data[buffer.offset : buffer.offset + buffer.size] if buffer.size else None


def _unpacked(raw: bytes, count: int) -> npt.NDArray[np.int8]:
    """Whole numbers −8..7 of half a byte each, the lower half first."""
    packed = np.frombuffer(raw, np.uint8)
    halves = np.stack([packed & 15, packed >> 4], axis=-1).reshape(-1)[:count].astype(np.int8)
    return np.where(halves > 7, halves - 16, halves).astype(np.int8)


def _dequantised(whole: npt.NDArray[np.int8], quantization: Any) -> Floats:
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
