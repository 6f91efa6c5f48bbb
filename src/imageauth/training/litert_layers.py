"""What a LiteRT file holds of a network's layers: weights, each under its Keras layer's name.

The exporter keeps names (``vit_1/block0_q_1/Tensordot/MatMul``) but merges equal constants under one of them and folds
normalisations into convolutions, so weights are found by what the operations do with them and not by their own names.
"""

import re
from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt

from imageauth.errors import ModelError
from imageauth.training.litert_graph import Graph, Operation, Shape

Floats = npt.NDArray[np.float32]

_CONVOLUTION, _PRODUCT, _ADD, _MUL = "CONV_2D", "FULLY_CONNECTED", "ADD", "MUL"
_VIEWS = ("STRIDED_SLICE", "MEAN", "RESHAPE")


class Layers:
    """The layers of one file.

    Attributes:
        graph: its operations.
        side: height and width of its input, pixels.
    """

    def __init__(self, data: bytes) -> None:
        """Read them from a ``.tflite`` file.

        Raises:
            ModelError: it is none, or not one network of pictures.
        """
        self.graph = Graph(data)
        shape = self.graph.shape(self.graph.input)
        if len(shape) != 4 or not shape[1]:
            raise ModelError("the weights are not of a network of pictures")
        self.side = shape[1]

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
        for _, operation in self._outputs_of(layer):
            if operation.kind == _ADD and (found := self._stored(operation)) is not None:
                return found
        raise ModelError(f"the weights hold no layer {layer}")

    def has(self, layer: str) -> bool:
        """Whether a layer of that name left anything in the file."""
        return any(True for _ in self._outputs_of(layer))

    def read_by(self, layer: str) -> list[str]:
        """Names of what a layer's last operation reads; of slices, means and reshapes, of what they are made of."""
        operations = list(self._outputs_of(layer))
        if not operations:
            raise ModelError(f"the weights hold no layer {layer}")
        found = []
        for index in operations[-1][1].inputs:
            while (producer := self.graph.producers.get(index)) and producer.kind in _VIEWS:
                index = producer.inputs[0]
            found.append(self.graph.names[index])
        return found

    def shapes(self, kind: str) -> list[Shape]:
        """Of what all operations of one kind give, in the file's order."""
        return [self.graph.shape(each.output) for each in self.graph.operations if each.kind == kind]

    def split_into(self, width: int) -> int:
        """Parts that tokens of so many numbers are split into: the heads of attention.

        Raises:
            ModelError: they are not.
        """
        for shape in self.shapes("RESHAPE"):
            *_, heads, each = (0, 0, *shape)
            if heads and each and heads < width == heads * each:
                return heads
        raise ModelError("the weights hold no attention")

    def _outputs_of(self, layer: str) -> Iterator[tuple[str, Operation]]:
        """(the name within the layer, the operation), in the file's order."""
        # Keras names what it exports "layer_1"; older versions did not.
        named = re.compile(rf"[^/;]+/{re.escape(layer)}(?:_\d+)?/([^;]*)")
        for operation in self.graph.operations:
            # The network's own output has lost its name; the matrix that it is a product with has not.
            named_by = operation.inputs[1] if operation.kind in (_CONVOLUTION, _PRODUCT) else operation.output
            for name in self.graph.names[named_by].split(";"):
                if match := named.fullmatch(name):
                    yield match[1], operation
                    break

    def _kernel_and_bias(self, operation: Operation) -> list[Floats]:
        kernel = self.graph.floats(operation.inputs[1])
        if kernel is None:
            raise ModelError("a layer's weights are computed, not stored")
        count = len(kernel)
        # [out, height, width, in] → [height, width, in, out]; [out, in] → [in, out]
        kernel = np.ascontiguousarray(np.moveaxis(kernel, 0, -1))
        bias = self.graph.floats(operation.inputs[2]) if len(operation.inputs) > 2 else None
        if bias is None:
            bias = self._added_after(operation)
        return [kernel, np.zeros(count, np.float32) if bias is None else bias.reshape(-1)]

    def _added_after(self, operation: Operation) -> Floats | None:
        """A product of tokens has its bias added after they got their shape back."""
        output = operation.output
        for following in self.graph.operations:
            if output not in following.inputs:
                continue
            if following.kind == "RESHAPE":
                output = following.output
            else:
                return self._stored(following) if following.kind == _ADD else None
        return None

    def _constant_of(self, outputs: Mapping[str, Operation], kind: str, name: str) -> Floats | None:
        operation = outputs.get(name)
        return self._stored(operation) if operation and operation.kind == kind else None

    def _stored(self, operation: Operation) -> Floats | None:
        """What an operation reads that is stored and not computed."""
        return next((found for i in operation.inputs if (found := self.graph.floats(i)) is not None), None)
