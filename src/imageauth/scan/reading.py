"""The results of a scan, read row by row from any of the forms that it writes, without touching them.

For whatever comes after a scan, or looks while one still runs; :mod:`imageauth.scan.results` goes on with results,
and so it locks and mends them.
"""

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from imageauth.errors import ImageAuthError, MissingExtraError
from imageauth.escaping import one_line
from imageauth.scan.rows import COLUMNS, SCHEMA, Row, nested

# Longer than any row that we write; what goes on beyond is no row, and is not read into memory.
MAX_ROW_BYTES = 16 * 2**20

_BATCH = 256  # rows of a Parquet file that are held at a time
_NEEDED = frozenset({"file", "verdict", "error_code"})


def read_rows(path: Path, *, torn: Callable[[str], None] | None = None) -> Iterator[Row]:
    """The rows of results, in order, in memory that does not grow with them.

    Args:
        path: of JSON lines, of a ``.csv`` file, of a ``.parquet`` folder or of one of its files.
        torn: told, in a sentence, of a last row that was cut short (a power cut, a scan that still writes); it is left
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
                    return torn(f"the last line of {path} is cut short and was left out")
                raise ImageAuthError(f"{path}, line {number}: is no JSON object") from None
            yield _checked(row, f"{path}, line {number}")


def _csv(path: Path, torn: Callable[[str], None]) -> Iterator[Row]:
    csv.field_size_limit(MAX_ROW_BYTES)
    with path.open("rb") as stream:
        last = b""

        def lines() -> Iterator[str]:
            nonlocal last
            for line in _lines(stream, path):
                last = line
                yield line.decode("utf-8", "replace")

        reader = csv.reader(lines())
        try:
            head = next(reader, [])
            if head and not set(head) >= _NEEDED:
                raise ImageAuthError(
                    f"{path}: its columns are not those of schema {SCHEMA}, which imageauth scan writes"
                )
            for record in reader:
                # Every row that was written to its end has a line end after it, outside of quotes.
                if not last.endswith(b"\n"):
                    return torn(f"the last row of {path} is cut short and was left out")
                where = f"{path}, line {reader.line_num}"
                if len(record) != len(head):
                    raise ImageAuthError(f"{where}: has {len(record)} columns, not {len(head)}")
                yield _row({name: text or None for name, text in zip(head, record, strict=True)}, where)
        except csv.Error as error:
            raise ImageAuthError(f"{path}, line {reader.line_num}: {error}") from None


def _parquet(path: Path) -> Iterator[Row]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise MissingExtraError("Reading Parquet", "scan") from None
    # A part has its own name once it is whole; what is still being written has another ending.
    parts = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
    if not parts:
        raise ImageAuthError(f"{path} is a folder without a part *.parquet, so it holds no results")
    for part in parts:
        try:
            with parquet.ParquetFile(part) as file:
                if not set(file.schema_arrow.names) >= _NEEDED:
                    raise ImageAuthError(f"{part}: its columns are not those of schema {SCHEMA}")
                number = 0
                for batch in file.iter_batches(batch_size=_BATCH):
                    for columns in batch.to_pylist():
                        number += 1
                        yield _row(columns, f"{part}, row {number}")
        except (pyarrow.ArrowException, UnicodeDecodeError) as error:
            reason = one_line(error, 120)
            raise ImageAuthError(f"{part}: is damaged or no Parquet file ({reason})") from None


def _lines(stream: BinaryIO, path: Path) -> Iterator[bytes]:
    while line := stream.readline(MAX_ROW_BYTES + 1):
        if len(line) > MAX_ROW_BYTES:
            raise ImageAuthError(
                f"{path}: has a line of more than {MAX_ROW_BYTES // 2**20} MiB, so it holds no results"
            )
        yield line


def _row(columns: Mapping[str, Any], where: str) -> Row:
    """A row of a table, whose columns may be more or fewer than this version writes."""
    try:
        typed = {name: None if columns.get(name) is None else kind(columns[name]) for name, kind in COLUMNS.items()}
        return _checked(nested(typed), where)
    except (TypeError, ValueError, RecursionError):
        raise ImageAuthError(f"{where}: holds what is no value of its column") from None


def _checked(row: Any, where: str) -> Row:
    """The row, if it has what every row must have."""
    if not isinstance(row, dict):
        raise ImageAuthError(f"{where}: is no JSON object")
    if row.get("schema") != SCHEMA:
        found = repr(str(row["schema"])[:60]) if "schema" in row else "none"
        raise ImageAuthError(f"{where}: is of schema {found}, not {SCHEMA}, which imageauth scan writes")
    if not isinstance(row.get("file"), str):
        raise ImageAuthError(f"{where}: does not say which file it is about")
    if not isinstance(row.get("error"), dict) and not isinstance(row.get("verdict"), str):
        raise ImageAuthError(f"{where}: has neither a verdict nor an error")
    return row
