"""Rows of Parquet and Arrow tables that hold images, as Hugging Face's data sets do, read a few rows at a time."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from imageauth.errors import ImageError
from imageauth.escaping import one_line
from imageauth.images import check_length
from imageauth.report import Failure
from imageauth.scan.inputs.members import check_ratio
from imageauth.scan.inputs.places import Place
from imageauth.scan.items import BytesSource, Item

# Names that columns of images have, best first.
_NAMES = ("image", "img", "picture", "photo", "jpg", "jpeg", "png", "webp", "image_bytes")
# Bytes and rows that are read at a time.
_BATCH_BYTES, _BATCH_ROWS = 8 * 2**20, 64
_BUFFER = 2**20


@dataclass(frozen=True, slots=True)
class Table:
    """A table to read.

    Attributes:
        place: where it lies.
        column: of the images; None to look for it.
        named: the user named it, and not a folder that it lies in; others without images are left alone.
    """

    place: Place
    column: str | None = None
    named: bool = True


def read_table(table: Table) -> Iterator[Item | Failure]:
    """Images of a table, called by the number of their row, from 0 on. See
    :class:`imageauth.scan.inputs.table_reader.TableReader` for why not to call it from a process that matters."""
    row = 0
    try:
        for values in _parquet(table) if table.place.name.lower().endswith(".parquet") else _arrow(table):
            for value in values:
                yield _item(table.place, row, value)
                row += 1
    except ImageError as error:
        yield Failure(table.place.name, error.code, str(error) + _until(row))
        return
    except Exception as error:  # readers raise anything on hostile input
        reason = one_line(error, 120)
        yield Failure(table.place.name, "corrupt", f"is damaged or cut short ({reason}){_until(row)}")
        return
    if not row and table.named:
        yield Failure(table.place.name, "empty", "is a table without rows")


def _until(row: int) -> str:
    return f"; {row} of its rows were read before that" if row else ""


def _item(place: Place, row: int, value: Any) -> Item | Failure:
    name = f"{place.name}#{row}"
    if not value.is_valid:
        return Failure(name, "empty", "has no bytes in the table, at most a path to a file")
    data = value.as_buffer()
    try:
        check_length(data.size)
    except ImageError as error:
        return Failure(name, error.code, str(error))
    return Item(name, BytesSource(data.to_pybytes()), data.size, place.modified)


def _parquet(table: Table) -> Iterator[Any]:
    """Arrays of bytes, a few rows each."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    with table.place.open() as stream:
        # Without a buffer all of a column in a row group would be held.
        file = pq.ParquetFile(stream, buffer_size=_BUFFER, pre_buffer=False)
        column = _column(file.schema_arrow, table)
        if column is None:
            return
        name, structured = column
        leaf = f"{name}.bytes" if structured else name
        index = next(i for i in range(len(file.schema)) if file.schema.column(i).path == leaf)
        groups = [file.metadata.row_group(number) for number in range(file.num_row_groups)]
        weights = [group.column(index).total_uncompressed_size for group in groups]
        check_ratio(sum(weights), stream.seek(0, 2))
        for number, (group, weight) in enumerate(zip(groups, weights, strict=True)):
            rows = max(1, min(_BATCH_ROWS, _BATCH_BYTES * group.num_rows // max(1, weight)))
            for batch in file.iter_batches(rows, row_groups=[number], columns=[leaf], use_threads=False):
                found = batch.column(0)
                yield pc.struct_field(found, "bytes") if structured else found


def _arrow(table: Table) -> Iterator[Any]:
    """The same of an Arrow file or stream, which gives no less than a record batch."""
    import pyarrow as pa
    import pyarrow.compute as pc

    from imageauth.scan.inputs.record_batches import checked

    def source() -> Any:
        return stack.enter_context(table.place.open() if table.place.distant else pa.memory_map(table.place.name))

    with ExitStack() as stack:
        with table.place.open() as stream:
            start = stream.read(6)
        framed = start == b"ARROW1"
        if start.startswith(b"FEA1"):
            raise ImageError("unsupported-format", "is a Feather file of version 1; write it as version 2")
        make = pa.ipc.open_file if framed else pa.ipc.open_stream
        schema = make(source()).schema
        column = _column(schema, table)
        if column is None:
            return
        name, structured = column
        options = pa.ipc.IpcReadOptions(included_fields=[schema.get_field_index(name)], use_threads=False)
        opened = make(source(), options=options)
        batches = (opened.get_batch(at) for at in range(opened.num_record_batches)) if framed else opened
        for batch in checked(batches, source(), framed=framed):
            found = batch.column(name)
            found.validate(full=True)  # offsets are as the file has them; wrong ones would end the process
            yield pc.struct_field(found, "bytes") if structured else found


def _column(schema: Any, table: Table) -> tuple[str, bool] | None:
    """The column of images, and whether it is a struct with ``bytes``; None where a table that nobody named has none.

    Raises:
        ImageError: a table that was named has none, or several, or not the one that was asked for.
    """
    found = {field.name: structured for field in schema if (structured := _holds_bytes(field.type)) is not None}
    if table.column is not None:
        if table.column in found:
            return table.column, found[table.column]
        if not table.named:
            return None
        raise ImageError("unsupported-format", f"has no column {table.column!r} of bytes; {_listed(found)}")
    declared = [name for name in _declared(schema) if name in found]
    likely = [name for name in _NAMES if name in found]
    others = list(found) if table.named and len(found) == 1 else [name for name in found if found[name]]
    best = next((names for names in (declared, likely[:1], others) if names), [])
    if len(best) == 1:
        return best[0], found[best[0]]
    if not table.named and not best:
        return None
    raise ImageError("unsupported-format", f"has no single column of images; {_listed(found)}")


def _listed(found: dict[str, bool]) -> str:
    if not found:
        return "none of its columns holds bytes"
    return f"name one with --column: {', '.join(found)[:200]}"


def _holds_bytes(kind: Any) -> bool | None:
    """False for bytes, True for a struct that has some, None for what has none."""
    import pyarrow.types as types

    if types.is_binary(kind) or types.is_large_binary(kind):
        return False
    at = kind.get_field_index("bytes") if types.is_struct(kind) else -1
    return True if at >= 0 and _holds_bytes(kind.field(at).type) is False else None


def _declared(schema: Any) -> list[str]:
    """Columns that Hugging Face's ``datasets`` wrote as images."""
    try:
        features = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
        return [name for name, feature in features.items() if feature.get("_type") == "Image"]
    except (KeyError, TypeError, ValueError, AttributeError):
        return []
