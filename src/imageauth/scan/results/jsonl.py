"""Results as JSON lines."""

import json
from pathlib import Path

from imageauth.scan.results.records import Records
from imageauth.scan.rows import SCHEMA, Row


class JsonLines(Records):
    """One object of :data:`imageauth.scan.rows.SCHEMA` a line."""

    begins = f'{{"schema":"{SCHEMA}"'.encode()

    def __init__(self, path: Path) -> None:
        super().__init__(path)

    def encode(self, row: Row) -> bytes:
        return json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"

    def decode(self, record: bytes) -> Row:
        row = json.loads(record)
        if not isinstance(row, dict) or row.get("schema") != SCHEMA or not isinstance(row.get("file"), str):
            raise ValueError(f"no row of schema {SCHEMA}")
        return row
