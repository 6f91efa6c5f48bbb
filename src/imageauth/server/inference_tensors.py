"""Tensors on the wire of the Open Inference Protocol v2, as JSON and as bytes. Knows neither HTTP nor models.

Sources: kserve/open-inference-protocol, ``specification/protocol/inference_rest.md``; for bytes Triton's
``docs/protocol/extension_binary_data.md``.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

DATATYPES: Mapping[str, np.dtype[Any]] = {"FP32": np.dtype("<f4"), "UINT8": np.dtype("u1")}
"""Of the protocol's types those that are used here, little-endian as its bytes are."""
# What is short in JSON may be long in memory, an empty list some hundred bytes: these bound what a hostile request
# costs to some 100 MB, and still let five pictures of 224×224 through as nested lists.
MOST_JSON = 4 * 2**20
MOST_BRACKETS = 300_000
_MOST_TEXT = 256

Array = npt.NDArray[np.float32] | npt.NDArray[np.uint8]


class InferenceError(Exception):
    """A request that cannot be answered.

    Attributes:
        status: of HTTP.
    """

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """A tensor that a model takes or gives.

    Attributes:
        name: of it.
        datatypes: of the protocol; the first is the usual one.
        shape: without the batch dimension N, which comes first.
        text: what it holds.
    """

    name: str
    datatypes: tuple[str, ...]
    shape: tuple[int, ...]
    text: str

    def to_json(self) -> dict[str, Any]:
        """The protocol's ``metadata_tensor``; -1 is N."""
        return {"name": self.name, "datatype": self.datatypes[0], "shape": [-1, *self.shape]}


@dataclass(frozen=True, slots=True, eq=False)
class InferenceRequest:
    """What a client asks.

    Attributes:
        id: to be given back, if any.
        batch: [N, …], uint8 or float32.
        binary: of the outputs that are asked for, in order, whether each is wanted as bytes.
    """

    id: str | None
    batch: Array
    binary: Mapping[str, bool]


def read_request(
    body: bytes, header_length: str | None, takes: TensorSpec, gives: Sequence[TensorSpec], *, most: int
) -> InferenceRequest:
    """Read a request for inference.

    Args:
        body: JSON, and after it the bytes of tensors, if any.
        header_length: the header ``Inference-Header-Content-Length``: how many bytes of it are JSON; None: all.
        takes: the model's one input.
        gives: its outputs.
        most: N at most.

    Raises:
        InferenceError: it is malformed, or asks for what the model neither takes nor gives; status 400 or 413.
    """
    length = len(body) if header_length is None else _length(header_length, len(body))
    if length > MOST_JSON:
        raise InferenceError(f"the JSON is larger than {MOST_JSON} bytes; send tensors as binary data", 413)
    if body.count(b"[", 0, length) + body.count(b"{", 0, length) > MOST_BRACKETS:
        raise InferenceError(f"the JSON has more than {MOST_BRACKETS} lists; send tensors flat or as binary data", 413)
    data = _object(body[:length])
    parameters = _mapping(data.get("parameters", {}), "parameters")
    batch = _input(data.get("inputs"), takes, memoryview(body)[length:], most, binary=header_length is not None)
    wanted = _outputs(data.get("outputs"), gives, binary=_flag(parameters, "binary_data_output", "parameters"))
    identifier = data.get("id")
    if identifier is not None and not isinstance(identifier, str):
        raise InferenceError("id is not a string")
    return InferenceRequest(identifier, batch, wanted)


def write_response(head: Mapping[str, Any], outputs: Sequence[tuple[str, Array, bool]]) -> tuple[bytes, int | None]:
    """Write an answer.

    Args:
        head: its fields beside ``outputs``.
        outputs: names, arrays [N, …], and whether each goes as bytes.

    Returns:
        The body, and how many bytes of it are JSON; None where all are, and no header need say so.

    Raises:
        InferenceError: numbers that JSON has no words for, with status 500.
    """
    described, parts = [], []
    for name, array, binary in outputs:
        tensor: dict[str, Any] = {"name": name, "datatype": _datatype(array), "shape": list(array.shape)}
        if binary:
            parts.append(array.tobytes())
            tensor["parameters"] = {"binary_data_size": len(parts[-1])}
        else:
            tensor["data"] = array.ravel().tolist()
        described.append(tensor)
    try:
        text = json.dumps({**head, "outputs": described}, allow_nan=False, separators=(",", ":")).encode()
    except ValueError:
        raise InferenceError("the network's answer is not finite", 500) from None
    return b"".join([text, *parts]), len(text) if parts else None


def _length(header: str, whole: int) -> int:
    """Bytes of JSON."""
    if not (header.isascii() and header.isdigit() and len(header) < 20) or not 0 < int(header) <= whole:
        raise InferenceError(f"Inference-Header-Content-Length is not between 1 and the body's {whole} bytes")
    return int(header)


def _object(text: bytes) -> Mapping[str, Any]:
    def constant(name: str) -> float:
        raise ValueError(f"{name} is not JSON")

    try:
        data = json.loads(text, parse_constant=constant)
    except (ValueError, RecursionError) as error:  # of bad UTF-8 too
        raise InferenceError(f"the request is not JSON: {_short(error)}") from None
    return _mapping(data, "the request")


def _input(given: Any, takes: TensorSpec, rest: memoryview, most: int, *, binary: bool) -> Array:
    """The one input."""
    names = [item.get("name") if isinstance(item, dict) else None for item in given] if isinstance(given, list) else []
    if names != [takes.name]:
        raise InferenceError(f"inputs must hold exactly one tensor, {takes.name!r}")
    (tensor,) = given
    datatype = tensor.get("datatype")
    if not isinstance(datatype, str) or datatype not in takes.datatypes:
        raise InferenceError(f"the datatype of {takes.name!r} must be {' or '.join(takes.datatypes)}")
    shape = _shape(tensor.get("shape"), takes, most)
    size = _mapping(tensor.get("parameters", {}), f"parameters of {takes.name!r}").get("binary_data_size")
    if (size is None) == ("data" not in tensor):
        raise InferenceError(f"{takes.name!r} needs either data or the parameter binary_data_size")
    if size is None:
        if len(rest):
            raise InferenceError(f"{len(rest)} bytes follow the JSON and belong to no tensor")
        return _of_json(tensor["data"], takes, datatype, shape)
    needed = math.prod(shape) * DATATYPES[datatype].itemsize
    if not binary:
        raise InferenceError("binary data needs the header Inference-Header-Content-Length")
    if type(size) is not int or size != needed or len(rest) != needed:
        stated = size if type(size) is int else "something else"
        raise InferenceError(
            f"{datatype} {list(shape)} takes {needed} bytes; binary_data_size says {stated} and {len(rest)} came"
        )
    array: Array = np.frombuffer(rest, DATATYPES[datatype]).reshape(shape)
    _check_range(array, takes)
    return array


def _shape(given: Any, takes: TensorSpec, most: int) -> tuple[int, ...]:
    wanted = f"[N, {', '.join(map(str, takes.shape))}] with N from 1 to {most}"
    if not isinstance(given, list) or not all(type(each) is int for each in given):
        raise InferenceError(f"the shape of {takes.name!r} must be {wanted}")
    if tuple(given[1:]) != takes.shape or given[0] < 1:
        raise InferenceError(f"the shape of {takes.name!r} must be {wanted}, not {_short(given)}")
    if given[0] > most:
        raise InferenceError(f"the shape of {takes.name!r} must be {wanted}; send more in further requests", 413)
    return tuple(given)


def _of_json(data: Any, takes: TensorSpec, datatype: str, shape: tuple[int, ...]) -> Array:
    """Numbers, flat or nested as the shape is."""
    if not _are_numbers(data):  # NumPy would read texts and truth values as such
        raise InferenceError(f"data of {takes.name!r} must be numbers, flat or nested evenly")
    try:
        # Told the type, NumPy reads one element after another and builds no array of texts, which could be huge.
        numbers = np.asarray(data, np.float64)
    except (TypeError, ValueError, OverflowError, RecursionError):
        raise InferenceError(f"data of {takes.name!r} must be numbers, flat or nested evenly") from None
    if numbers.shape not in (shape, (math.prod(shape),)):
        raise InferenceError(
            f"data of {takes.name!r} are {_short(list(numbers.shape))}, which is neither {list(shape)} nor flat"
        )
    _check_range(numbers, takes)
    if datatype == "UINT8" and (numbers != np.trunc(numbers)).any():
        raise InferenceError(f"data of {takes.name!r} are not whole numbers, as UINT8 must be")
    array: Array = numbers.reshape(shape).astype(DATATYPES[datatype])
    return array


def _are_numbers(data: Any) -> bool:
    """Whether there are numbers in lists and nothing else."""
    lists = [data]
    while lists:
        each = lists.pop()
        kinds = set(map(type, each)) if isinstance(each, list) else {type(each)}
        if kinds == {list}:
            lists.extend(each)
        elif not kinds <= {int, float}:
            return False
    return True


def _check_range(array: npt.NDArray[Any], takes: TensorSpec) -> None:
    """Pixels are 0..255; NaN is in no range."""
    if array.dtype != np.uint8 and not (array.min() >= 0 and array.max() <= 255):
        raise InferenceError(f"values of {takes.name!r} must lie in 0..255")


def _outputs(given: Any, gives: Sequence[TensorSpec], *, binary: bool) -> Mapping[str, bool]:
    """The outputs asked for; all, where none is named."""
    if given is None or given == []:
        return {each.name: binary for each in gives}
    known, wanted = {each.name for each in gives}, {}
    if not isinstance(given, list):
        raise InferenceError("outputs is not a list")
    for item in given:
        name = item.get("name") if isinstance(item, dict) else None
        if not isinstance(name, str) or name not in known or name in wanted:
            raise InferenceError(f"outputs may name each of {', '.join(sorted(known))} once")
        parameters = _mapping(item.get("parameters", {}), f"parameters of {name!r}")
        # Another one would change the answer, and must not be passed over: classes, shared memory.
        if unknown := [key for key in parameters if key not in ("binary_data", "binary_data_size")]:
            raise InferenceError(f"the parameter {_short(unknown[0])} of {name!r} is not known here")
        wanted[name] = _flag(parameters, "binary_data", f"parameters of {name!r}", default=binary)
    return wanted


def _flag(parameters: Mapping[str, Any], name: str, where: str, *, default: bool = False) -> bool:
    value = parameters.get(name, default)
    if not isinstance(value, bool):
        raise InferenceError(f"{name} in {where} is neither true nor false")
    return value


def _mapping(value: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise InferenceError(f"{what} is not a JSON object")
    return value


def _datatype(array: Array) -> str:
    return next(name for name, dtype in DATATYPES.items() if dtype == array.dtype)


def _short(value: object) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= _MOST_TEXT else f"{text[:_MOST_TEXT]}…"
