"""Results as comma-separated values (RFC 4180)."""

import csv
import io
from pathlib import Path
from typing import Any

from imageauth.scan.results.records import Records
from imageauth.scan.rows import COLUMNS, Row, flat, nested


def _line(values: list[Any]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerow(values)
    return text.getvalue().encode()


class CommaSeparated(Records):
    """A header line with :data:`imageauth.scan.rows.COLUMNS`, then one record a row; a missing value is empty."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, _line(list(COLUMNS)))

    def encode(self, row: Row) -> bytes:
        return _line(list(flat(row).values()))

    def decode(self, record: bytes) -> Row:
        values = next(csv.reader(io.StringIO(record.decode(), newline="")), [])
        if len(values) != len(COLUMNS):
            raise ValueError(f"{len(values)} columns instead of {len(COLUMNS)}")
        pairs = zip(COLUMNS.items(), values, strict=True)
        return nested({name: kind(text) if text else None for (name, kind), text in pairs})

    def whole(self, record: bytes) -> bool:
        return record.count(b'"') % 2 == 0
