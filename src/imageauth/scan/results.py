"""The results of a scan, read back row by row from any of the forms that it writes."""

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from imageauth.errors import ImageAuthError, MissingExtraError

SCHEMA = "imageauth/scan/1"
Row = dict[str, Any]

# Longer than any row that we write; what goes on beyond is no row, and is not read into memory.
MAX_ROW_BYTES = 16 * 2**20

_NUMBERS = ("size", "modified", "width", "height")
_PRODUCERS = ("imageauth", "model", "model_sha256", "policy", "policy_sha256")
_BATCH = 256  # rows of a Parquet file that are held at a time


def read_results(path: Path, *, torn: Callable[[str], None] | None = None) -> Iterator[Row]:
    """The rows of a results file, in order, in memory that does not grow with it.

    Args:
        path: of ``results.jsonl``, ``results.csv``, a Parquet file or a folder of Parquet files.
        torn: told, in a sentence, of a last row that was cut short (a power cut, a scan that still runs); it is left
            out, as ``scan --resume`` does.

    Yields:
        Objects of schema ``imageauth/scan/1``, nested as in JSON, whatever the form.

    Raises:
        ImageAuthError: it cannot be read, or is something else; the message says where.
        MissingExtraError: Parquet without pyarrow.
    """
    torn = torn or (lambda sentence: None)
    if path.is_dir() or path.suffix.lower() == ".parquet":
        rows = _parquet(path)
    elif path.suffix.lower() == ".csv":
        rows = _csv(path, torn)
    else:
        rows = _jsonl(path, torn)
    try:
        yield from rows
    except OSError as error:
        raise ImageAuthError(f"{path} cannot be read: {error.strerror or error}") from error


def _jsonl(path: Path, torn: Callable[[str], None]) -> Iterator[Row]:
    with path.open("rb") as stream:
        for number, line in enumerate(_lines(stream, path), 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):
                if not line.endswith(b"\n"):
                    return torn(f"the last line of {path}, {number}, is cut short and was left out")
                raise ImageAuthError(f"{path}, line {number}: is not a JSON object") from None
            yield _checked(row, f"{path}, line {number}")


def _lines(stream: BinaryIO, path: Path) -> Iterator[bytes]:
    while line := stream.readline(MAX_ROW_BYTES + 1):
        if len(line) > MAX_ROW_BYTES:
            raise ImageAuthError(f"{path}: has a line of more than {MAX_ROW_BYTES // 2**20} MiB, so it is no results file")
        yield line


def _csv(path: Path, torn: Callable[[str], None]) -> Iterator[Row]:
    csv.field_size_limit(MAX_ROW_BYTES)
    with path.open("rb") as stream:
        last = b""

        def lines() -> Iterator[str]:
            nonlocal last
            for line in _lines(stream, path):
                last = line
                yield line.decode("utf-8", "surrogateescape")

        reader = csv.reader(lines())
        head = next(reader, [])
        if head and "file" not in head:
            raise ImageAuthError(f"{path}: its first line names no column 'file', so it is no results file")
        try:
            for record in reader:
                # Every row that was written to its end has a line end after it, inside no quotes.
                if not last.endswith(b"\n"):
                    return torn(f"the last row of {path} is cut short and was left out")
                if len(record) != len(head):
                    raise ImageAuthError(f"{path}, line {reader.line_num}: has {len(record)} columns, not {len(head)}")
                where = f"{path}, line {reader.line_num}"
                yield _nested({name: text or None for name, text in zip(head, record, strict=True)}, where)
        except csv.Error as error:
            raise ImageAuthError(f"{path}, line {reader.line_num}: {error}") from None


def _parquet(path: Path) -> Iterator[Row]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise MissingExtraError("Reading Parquet", "scan") from None
    # A part appears under its own name once it is whole; what is still being written has another ending.
    parts = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
    if not parts:
        raise ImageAuthError(f"{path} holds no part *.parquet")
    for part in parts:
        if not part.is_file():
            raise ImageAuthError(f"{part} cannot be read: no such file")
        try:
            with parquet.ParquetFile(part) as file:
                if "file" not in file.schema_arrow.names:
                    raise ImageAuthError(f"{part}: has no column 'file', so it holds no results")
                for batch in file.iter_batches(batch_size=_BATCH):
                    for number, flat in enumerate(batch.to_pylist()):
                        yield _nested(flat, f"{part}, row {number}")
        except pyarrow.ArrowException as error:
            reason = " ".join(str(error).split())[:120]
            raise ImageAuthError(f"{part}: is damaged or no Parquet file ({reason})") from None


def _nested(flat: Mapping[str, Any], where: str) -> Row:
    """A row with flat columns → the same as it stands in JSON; empty columns of the other kind of row are left out."""
    _check_schema(flat, where)
    row = dict(flat)
    try:
        for name in _NUMBERS:
            if row.get(name) is not None:
                row[name] = int(row[name])
        error = {"code": row.pop("error_code", None), "message": row.pop("error_message", None)}
        if error["code"] is not None:
            kept = {name: row.get(name) for name in ("schema", "file", "size", "modified", "duplicate_of")}
            return _checked(kept | {"error": error}, where)
        if row.get("probability") is not None:
            row["probability"] = float(row["probability"])
        row["evidence"] = json.loads(row.get("evidence") or "[]")
        row["limits"] = json.loads(row.get("limits") or "[]")
    except (TypeError, ValueError, RecursionError):
        raise ImageAuthError(f"{where}: holds a value of another kind than its column") from None
    row["produced_by"] = {name: row.pop(name, None) for name in _PRODUCERS}
    return _checked(row, where)


def _checked(row: Any, where: str) -> Row:
    """The row, if it has what every row must have."""
    if not isinstance(row, dict):
        raise ImageAuthError(f"{where}: is not a JSON object")
    _check_schema(row, where)
    if not isinstance(row.get("file"), str):
        raise ImageAuthError(f"{where}: does not say which file it is about")
    if not isinstance(row.get("error") or row.get("verdict"), dict | str):
        raise ImageAuthError(f"{where}: has neither a verdict nor an error")
    return row


def _check_schema(row: Mapping[str, Any], where: str) -> None:
    if row.get("schema") != SCHEMA:
        found = str(row.get("schema"))[:60] if "schema" in row else "none"
        raise ImageAuthError(f"{where}: is of schema {found!r}; only {SCHEMA} can be read, as imageauth scan writes it")
