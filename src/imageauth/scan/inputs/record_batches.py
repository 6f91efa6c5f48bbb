"""Record batches of Arrow files, each looked at before it is unpacked: a few bytes may claim to be gigabytes.

Of a message's metadata, a FlatBuffer, only what tells the sizes is read. Format: Apache Arrow's Message.fbs.
"""

import struct
from collections.abc import Iterator
from typing import Any

from imageauth.errors import ImageError

# Bytes of one batch, unpacked. Uncompressed ones on this machine are not held at all.
MAX_BATCH = 512 * 2**20
# Fields of the tables Message and RecordBatch.
_HEADER, _BUFFERS, _COMPRESSION = 2, 2, 3


def checked(batches: Iterator[Any], source: Any, *, framed: bool) -> Iterator[Any]:
    """Record batches, none of which is read before it was looked at.

    Args:
        batches: as pyarrow reads them, lazily.
        source: the same file, opened once more.
        framed: it is of the file format, whose messages come after eight bytes.

    Raises:
        ImageError: ``too-large``.
    """
    import pyarrow as pa

    if framed:
        source.seek(8)
    batches = iter(batches)
    for message in pa.ipc.MessageReader.open_stream(source):
        if message.type not in ("record batch", "dictionary"):
            continue
        if _unpacked(message) > MAX_BATCH:
            reason = f"has a record batch of more than {MAX_BATCH >> 20} MiB unpacked; write it in smaller ones"
            raise ImageError("too-large", reason)
        if message.type == "record batch":
            yield next(batches)


def _unpacked(message: Any) -> int:
    """Bytes that a record batch says it unpacks to; 0 if it is not compressed.

    Raises:
        struct.error: its metadata is damaged.
    """
    data, body = memoryview(message.metadata), memoryview(message.body)
    batch = _table(data, _offset(data, 0), _HEADER)
    if message.type == "dictionary":
        batch = _table(data, batch, 1)
    if batch is None or _field(data, batch, _COMPRESSION) is None:
        return 0
    at = _table(data, batch, _BUFFERS)
    if at is None:
        return 0
    total = 0
    for place in range(at + 4, at + 4 + 16 * _number(data, at), 16):
        start, length = struct.unpack_from("<qq", data, place)
        if length >= 8 and 0 <= start <= len(body) - 8:
            (size,) = struct.unpack_from("<q", body, start)  # -1 where compressing it was no gain
            total += max(size, 0)
    return total


def _number(data: memoryview, at: int) -> int:
    return int(struct.unpack_from("<I", data, at)[0])


def _offset(data: memoryview, at: int) -> int:
    return at + _number(data, at)


def _field(data: memoryview, table: int | None, field: int) -> int | None:
    """Where a field of a table stands; None where it is left out."""
    if table is None:
        return None
    fields = table - int(struct.unpack_from("<i", data, table)[0])
    if 4 + 2 * field >= struct.unpack_from("<H", data, fields)[0]:
        return None
    (step,) = struct.unpack_from("<H", data, fields + 4 + 2 * field)
    return table + step if step else None


def _table(data: memoryview, table: int | None, field: int) -> int | None:
    """Where that stands to which a field of a table leads."""
    at = _field(data, table, field)
    return None if at is None else _offset(data, at)
