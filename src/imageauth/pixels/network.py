"""A LiteRT network: batches in, answers out."""

import os
import threading
from typing import Any

import numpy as np
import numpy.typing as npt

from imageauth.errors import ModelError


def usable_cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Network:
    """One loaded ``.tflite`` file, safe to call from any thread.

    Calls take turns: the runtime spreads a single batch over all ``threads``, so two at once would only compete.

    Attributes:
        side: height and width of its input, pixels.
        columns: C, the number of answers to each picture.
    """

    def __init__(self, data: bytes, *, threads: int | None = None, name: str = "model.tflite") -> None:
        """Load a network of float32 [N, H, W, 3] → float32 [N, C].

        Args:
            data: the file's bytes.
            threads: for one batch; default: the cores that this process may use.
            name: for error messages.

        Raises:
            ModelError: the bytes are not a network of that form.
        """
        from ai_edge_litert.interpreter import Interpreter

        try:
            self._interpreter: Any = Interpreter(model_content=data, num_threads=threads or usable_cores())
            (self._input,) = self._interpreter.get_input_details()
            (self._output,) = self._interpreter.get_output_details()
            shape = self._input["shape_signature"]
            if len(shape) != 4 or shape[1] != shape[2] or shape[3] != 3 or self._input["dtype"] != np.float32:
                raise ValueError(f"its input is {self._input['dtype'].__name__} {list(shape)}")
            if len(self._output["shape"]) != 2 or self._output["shape"][1] < 1:
                raise ValueError(f"its output is {list(self._output['shape'])}")
        except (ValueError, RuntimeError, TypeError) as error:
            reason = " ".join(str(error).split())[:200]
            raise ModelError(f"{name} is not a LiteRT network that this version can run: {reason}") from error
        self.side = int(shape[1])
        self.columns = int(self._output["shape"][1])
        self._size = 0
        self._lock = threading.Lock()

    def __call__(self, batch: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """Answers, float64 [N, C], of float32 [N, H, W, 3] in 0..255; what each column means the card says
        (:class:`imageauth.pixels.answers.Answers`).
        """
        with self._lock:
            if len(batch) != self._size:
                self._interpreter.resize_tensor_input(self._input["index"], batch.shape)
                self._interpreter.allocate_tensors()
                self._size = len(batch)
            self._interpreter.set_tensor(self._input["index"], batch)
            self._interpreter.invoke()
            return np.asarray(self._interpreter.get_tensor(self._output["index"]), np.float64)
