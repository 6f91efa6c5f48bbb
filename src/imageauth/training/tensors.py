"""Named tensors of a ``.safetensors`` file, read by a few lines of our own: a length, a JSON header, raw numbers.

The format: https://huggingface.co/docs/safetensors (8 bytes, little-endian: the header's length; the header: name →
``dtype``, ``shape``, ``data_offsets`` from its end; the numbers, little-endian, rows first).
"""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from imageauth.errors import DataError

Floats = npt.NDArray[np.float32]

_MAX_HEADER = 16 * 2**20
_TYPES: Mapping[str, str] = {"F32": "<f4", "F16": "<f2", "BF16": "<u2"}


def read_safetensors(path: Path, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Floats]:
    """Some tensors of a file; no others are read.

    Args:
        path: of the file.
        shapes: name → the shape that it must have.

    Returns:
        Name → float32 of that shape.

    Raises:
        DataError: the file cannot be read or is no such file, or a tensor is missing or has another shape or type.
    """
    try:
        with path.open("rb") as stream:
            header, start, size = _header(path, stream)
            found = {}
            for name, shape in shapes.items():
                if name not in header:
                    raise DataError(f"{path} has no tensor {name}")
                found[name] = _tensor(path, stream, name, shape, header[name], (start, size))
            return found
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error


def _header(path: Path, stream: BinaryIO) -> tuple[dict[str, Any], int, int]:
    """The header, where the numbers begin, and the file's size, both bytes."""
    size = stream.seek(0, 2)
    stream.seek(0)
    length = int.from_bytes(stream.read(8), "little")
    if not 2 <= length <= min(_MAX_HEADER, size - 8):
        raise DataError(f"{path} is not a safetensors file")
    try:
        header = json.loads(stream.read(length))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} is not a safetensors file") from error
    if not isinstance(header, dict):
        raise DataError(f"{path} is not a safetensors file")
    return header, 8 + length, size


def _tensor(
    path: Path, stream: BinaryIO, name: str, shape: tuple[int, ...], entry: Any, within: tuple[int, int]
) -> Floats:
    try:
        kind, given, (begin, end) = entry["dtype"], tuple(entry["shape"]), entry["data_offsets"]
        stored = np.dtype(_TYPES[kind])
        valid = all(type(offset) is int for offset in (begin, end)) and 0 <= begin <= end <= within[1] - within[0]
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path}: {name} is not described as float32, float16 or bfloat16 numbers") from error
    if given != shape:
        raise DataError(f"{path}: {name} is {_times(given)}, not {_times(shape)}")
    if not valid or end - begin != math.prod(shape) * stored.itemsize:
        raise DataError(f"{path} is damaged or cut short at {name}")
    stream.seek(within[0] + begin)
    values = np.frombuffer(stream.read(end - begin), stored)
    if kind == "BF16":  # the upper half of a float32
        values = (values.astype(np.uint32) << 16).view(np.float32)
    return values.astype(np.float32).reshape(shape)


def _times(shape: tuple[Any, ...]) -> str:
    return "×".join(str(size)[:20] for size in shape[:8]) or "a number"
