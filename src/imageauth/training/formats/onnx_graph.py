"""LiteRT → ONNX, operation by operation, in float32; needs neither TensorFlow nor the network's source.

The operators: https://onnx.ai/onnx/operators/. LiteRT has channels last, ONNX' convolutions have them first: what comes
from a convolution stays so as long as it can. Shapes that LiteRT computes around products of tokens are left out, since
ONNX' products take tokens as they are.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from imageauth.errors import ModelError
from imageauth.training.litert_graph import Graph, Operation, Shape

if TYPE_CHECKING:
    from onnx import ModelProto

OPSET, IR_VERSION = 18, 8
INPUT, OUTPUT = "pixels", "answers"

_TO_FIRST, _TO_LAST = (0, 3, 1, 2), (0, 2, 3, 1)
_SAME = 0  # of the schema's Padding
_RELU = 1  # of its ActivationFunctionType, besides 0 for none
_UNITS = 4  # axes of a batch of maps


def to_onnx(data: bytes, properties: Mapping[str, str]) -> "ModelProto":
    """The network of a LiteRT file.

    Args:
        data: the file.
        properties: to be told in the model's metadata.

    Returns:
        ``pixels`` float32 [batch, side, side, 3] in 0..255 → ``answers`` float32 [batch, C].

    Raises:
        ModelError: it is no such file, or has an operation that is not known here.
    """
    return _Writer(Graph(data)).model(properties)


class _Writer:
    """One conversion. Tensors are known by their numbers in the file."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._nodes: list[Any] = []
        self._stored: dict[str, Any] = {}
        self._names: dict[tuple[int, bool], str] = {(graph.input, False): INPUT}  # (tensor, channels first) → its name
        self._shapes: dict[int, Shape] = {graph.input: graph.shape(graph.input)}
        self._maps: set[int] = set()  # those that are there with channels first

    def model(self, properties: Mapping[str, str]) -> "ModelProto":
        from onnx import TensorProto, helper

        for operation in self._graph.operations:
            if self._graph.kind(operation.output) == "INT32":
                continue  # shapes, which ONNX needs not
            write = _WRITERS.get(operation.kind)
            if write is None:
                raise ModelError(f"the network has an operation that cannot be written as ONNX: {operation.kind}")
            write(self, operation)
        last = self._graph.output
        self._nodes.append(helper.make_node("Identity", [self._value(last)], [OUTPUT], name=OUTPUT))
        ends = [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", *self._graph.shape(index)[1:]])
            for name, index in ((INPUT, self._graph.input), (OUTPUT, last))
        ]
        graph = helper.make_graph(self._nodes, "network", ends[:1], ends[1:], list(self._stored.values()))
        made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="imageauth")
        made.ir_version = IR_VERSION
        helper.set_model_props(made, dict(properties))
        return made

    # What operations are made of

    def _node(self, kind: str, inputs: Sequence[str], wanted: str, **attributes: Any) -> str:
        """Add a node; its output's name is the wanted one, made unique."""
        from onnx import helper

        name = f"{wanted}/{kind}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, list(inputs), [name], name=name, **attributes))
        return name

    def _store(self, values: npt.NDArray[Any], name: str) -> str:
        from onnx import numpy_helper

        if name not in self._stored:
            self._stored[name] = numpy_helper.from_array(np.ascontiguousarray(values), name)
        return name

    def _whole(self, values: Sequence[int]) -> str:
        """A list of whole numbers as an input."""
        return self._store(np.array(values, np.int64), "_".join(("whole", *map(str, values))))

    def _name(self, index: int) -> str:
        return self._graph.names[index].split(";")[0] or f"tensor{index}"

    def _value(self, index: int, *, first: bool = False) -> str:
        """A tensor's name, with channels first where asked for."""
        if (index, first) in self._names:
            return self._names[index, first]
        values = self._graph.floats(index)
        if values is not None:
            if first and values.ndim == _UNITS:
                values = values.transpose(_TO_FIRST)
            elif first and values.ndim == 1:
                values = values.reshape(-1, 1, 1)
            name = self._store(values, f"{self._name(index)}:{index}{':first' if first else ''}")
        elif (index, not first) in self._names:
            order = _TO_FIRST if first else _TO_LAST
            name = self._node("Transpose", [self._names[index, not first]], self._name(index), perm=order)
        else:
            raise ModelError(f"the network reads what nothing gives: {self._name(index)}")
        self._names[index, first] = name
        return name

    def _shape(self, index: int) -> Shape:
        return self._shapes.get(index, self._graph.shape(index))

    def _give(self, operation: Operation, name: str, *, first: bool = False, shape: Shape | None = None) -> None:
        """Say what holds an operation's output, after the activation that is part of it."""
        activation = getattr(operation.options, "fusedActivationFunction", 0)
        if activation not in (0, _RELU):
            raise ModelError("the network has an activation that cannot be written as ONNX")
        if activation:
            name = self._node("Relu", [name], self._name(operation.output))
        self._names[operation.output, first] = name
        self._shapes[operation.output] = self._graph.shape(operation.output) if shape is None else shape
        if first:
            self._maps.add(operation.output)

    def _constant(self, operation: Operation, at: int) -> list[int]:
        """An input that is a list of whole numbers."""
        values = self._graph.constant(operation.inputs[at])
        if values is None or values.dtype != np.int32:
            raise ModelError(f"the network computes what {operation.kind} needs to know beforehand")
        return [int(value) for value in values.reshape(-1)]

    # Operations

    def elementwise(self, operation: Operation, *kinds: str) -> None:
        """One after the other: the first takes all inputs, the next its output (twice if it was a difference)."""
        first = any(index in self._maps for index in operation.inputs)
        values = [self._value(index, first=first) for index in operation.inputs]
        for kind in kinds:
            found = self._node(kind, values, self._name(operation.output))
            values = [found, found] if kind == "Sub" else [found]
        self._give(operation, values[0], first=first)

    def convolution(self, operation: Operation) -> None:
        source, kernel, *bias = operation.inputs
        options = operation.options
        if (options.dilationHFactor, options.dilationWFactor) != (1, 1):
            raise ModelError("the network has a dilated convolution, which cannot be written as ONNX")
        weights = self._graph.floats(kernel)
        if weights is None:
            raise ModelError("the network computes the weights of a convolution")
        stored = self._store(weights.transpose(_TO_FIRST), f"{self._name(kernel)}:{kernel}")
        inputs = [self._value(source, first=True), stored, *(self._value(index) for index in bias if index >= 0)]
        window, strides = weights.shape[1:3], (options.strideH, options.strideW)
        pads = self._pads(source, window, strides, options.padding)
        made = self._node("Conv", inputs, self._name(operation.output), strides=strides, pads=pads)
        self._give(operation, made, first=True)

    def pooling(self, operation: Operation, kind: str, **attributes: Any) -> None:
        options, (source,) = operation.options, operation.inputs
        window, strides = (options.filterHeight, options.filterWidth), (options.strideH, options.strideW)
        pads = self._pads(source, window, strides, options.padding)
        made = self._node(
            kind,
            [self._value(source, first=True)],
            self._name(operation.output),
            kernel_shape=window,
            strides=strides,
            pads=pads,
            **attributes,
        )
        self._give(operation, made, first=True)

    def _pads(self, source: int, window: Sequence[int], strides: Sequence[int], padding: int) -> list[int]:
        """Rows and columns added before, then after: TensorFlow's SAME, or none."""
        if padding != _SAME:
            return [0, 0, 0, 0]
        before, after = [], []
        for size, length, step in zip(self._shape(source)[1:3], window, strides, strict=True):
            if size is None:
                raise ModelError("the network takes pictures of any size, which cannot be written as ONNX")
            added = max(0, (math.ceil(size / step) - 1) * step + length - size)
            before.append(added // 2)
            after.append(added - added // 2)
        return [*before, *after]

    def product(self, operation: Operation) -> None:
        source, matrix, *bias = operation.inputs
        weights = self._graph.floats(matrix)
        if weights is None:
            raise ModelError("the network computes the weights of a product")
        stored = self._store(weights.T, f"{self._name(matrix)}:{matrix}")
        found = self._node("MatMul", [self._value(source), stored], self._name(operation.output))
        for index in bias:
            if index >= 0:
                found = self._node("Add", [found, self._value(index)], self._name(operation.output))
        self._give(operation, found, shape=(*self._shape(source)[:-1], len(weights)))

    def mean(self, operation: Operation) -> None:
        source = operation.inputs[0]
        rank = len(self._shape(source))
        axes = sorted(axis % rank for axis in self._constant(operation, 1))
        first = source in self._maps and axes == [1, 2]
        if first:
            axes = [2, 3]
        keep = int(operation.options.keepDims)
        inputs = [self._value(source, first=first), self._whole(axes)]
        found = self._node("ReduceMean", inputs, self._name(operation.output), keepdims=keep)
        self._give(operation, found, first=first and bool(keep))

    def concatenation(self, operation: Operation) -> None:
        rank = len(self._shape(operation.inputs[0]))
        axis = operation.options.axis % rank
        first = rank == _UNITS and axis == _UNITS - 1 and any(index in self._maps for index in operation.inputs)
        values = [self._value(index, first=first) for index in operation.inputs]
        found = self._node("Concat", values, self._name(operation.output), axis=1 if first else axis)
        self._give(operation, found, first=first)

    def reshape(self, operation: Operation) -> None:
        source, shape = operation.inputs[0], self._graph.shape(operation.output)
        if self._graph.constant(operation.inputs[1]) is not None:
            shape = tuple(None if size < 0 else size for size in self._constant(operation, 1))
        elif shape.count(None) > 1:  # tokens become a matrix for LiteRT's product, whose size only that tells
            size = self._taken(operation.output)
            shape = self._shape(source) if self._shape(source)[-1] == size else (None, size)
        if shape == self._shape(source) and source not in self._maps:
            self._give(operation, self._value(source), shape=shape)
            return
        sizes = self._whole([-1 if size is None else size for size in shape])
        made = self._node("Reshape", [self._value(source), sizes], self._name(operation.output))
        self._give(operation, made, shape=shape)

    def _taken(self, index: int) -> int:
        """Numbers of each token that a product takes."""
        for operation in self._graph.operations:
            if operation.kind == "FULLY_CONNECTED" and operation.inputs[0] == index:
                weights = self._graph.shape(operation.inputs[1])
                if weights[1]:
                    return weights[1]
        raise ModelError("the network has a reshaping that cannot be written as ONNX")

    def pad(self, operation: Operation) -> None:
        pads = self._constant(operation, 1)
        inputs = [self._value(operation.inputs[0]), self._whole([*pads[::2], *pads[1::2]])]
        self._give(operation, self._node("Pad", inputs, self._name(operation.output)))

    def transpose(self, operation: Operation) -> None:
        order, value = self._constant(operation, 1), self._value(operation.inputs[0])
        self._give(operation, self._node("Transpose", [value], self._name(operation.output), perm=order))

    def attention_product(self, operation: Operation) -> None:
        if operation.options.adjX or operation.options.adjY:
            raise ModelError("the network has a product of transposed tensors, which cannot be written as ONNX")
        values = [self._value(index) for index in operation.inputs]
        self._give(operation, self._node("MatMul", values, self._name(operation.output)))

    def softmax(self, operation: Operation) -> None:
        if operation.options.beta != 1:
            raise ModelError("the network has a softmax that cannot be written as ONNX")
        value = self._value(operation.inputs[0])
        self._give(operation, self._node("Softmax", [value], self._name(operation.output), axis=-1))

    def strided_slice(self, operation: Operation) -> None:
        options = operation.options
        if options.ellipsisMask or options.newAxisMask:
            raise ModelError("the network has a slice that cannot be written as ONNX")
        begins, ends, steps = (self._constant(operation, at) for at in (1, 2, 3))
        taken, dropped = [], []
        for axis, (begin, end, step) in enumerate(zip(begins, ends, steps, strict=True)):
            bit = 1 << axis
            if options.shrinkAxisMask & bit:
                dropped.append(axis)
                taken.append((axis, begin, begin + 1 if begin != -1 else np.iinfo(np.int32).max, 1))
            elif not (options.beginMask & bit and options.endMask & bit and step == 1):
                far = np.iinfo(np.int32).max
                taken.append(
                    (axis, 0 if options.beginMask & bit else begin, far if options.endMask & bit else end, step)
                )
        found = self._value(operation.inputs[0])
        if taken:
            axes, starts, stops, strides = (
                self._whole([int(n) for n in column]) for column in zip(*taken, strict=True)
            )
            found = self._node("Slice", [found, starts, stops, axes, strides], self._name(operation.output))
        if dropped:
            found = self._node("Squeeze", [found, self._whole(dropped)], self._name(operation.output))
        self._give(operation, found)


def _elementwise(*kinds: str) -> Callable[[_Writer, Operation], None]:
    return lambda writer, operation: writer.elementwise(operation, *kinds)


_WRITERS: Mapping[str, Callable[[_Writer, Operation], None]] = {
    "ADD": _elementwise("Add"),
    "AVERAGE_POOL_2D": lambda writer, operation: writer.pooling(operation, "AveragePool", count_include_pad=0),
    "BATCH_MATMUL": _Writer.attention_product,
    "CONCATENATION": _Writer.concatenation,
    "CONV_2D": _Writer.convolution,
    "FULLY_CONNECTED": _Writer.product,
    "LOGISTIC": _elementwise("Sigmoid"),
    "MAX_POOL_2D": lambda writer, operation: writer.pooling(operation, "MaxPool"),
    "MEAN": _Writer.mean,
    "MUL": _elementwise("Mul"),
    "NEG": _elementwise("Neg"),
    "PAD": _Writer.pad,
    "RELU": _elementwise("Relu"),
    "RESHAPE": _Writer.reshape,
    "RSQRT": _elementwise("Sqrt", "Reciprocal"),
    "SOFTMAX": _Writer.softmax,
    "SQRT": _elementwise("Sqrt"),
    "SQUARED_DIFFERENCE": _elementwise("Sub", "Mul"),
    "STRIDED_SLICE": _Writer.strided_slice,
    "SUB": _elementwise("Sub"),
    "TRANSPOSE": _Writer.transpose,
}
