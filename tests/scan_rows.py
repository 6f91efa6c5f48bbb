"""Rows of results for tests."""

import hashlib
import json
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

from imageauth.scan.results import open_results
from imageauth.scan.rows import SCHEMA, Row

HOSTILE = '</script><img src=x onerror="alert(1)">\u202egpj.exe'


def row(file: str, verdict: str = "likely-ai", probability: float | None = 0.97, **more: Any) -> Row:
    """A checked image."""
    return {
        "schema": SCHEMA,
        "file": file,
        "size": 1234,
        "modified": 5,
        "duplicate_of": None,
        "sha256": hashlib.sha256(file.encode("utf-8", "replace")).hexdigest(),
        "format": "jpeg",
        "width": 640,
        "height": 480,
        "verdict": verdict,
        "probability": probability,
        "reason": "statistics-ai",
        "summary": "The pixels look AI-made.",
        "evidence": [finding("The pixels look AI-made.")],
        "limits": ["A missing mark says nothing."],
        "produced_by": {
            "imageauth": "0.1",
            "model": "photo 1",
            "model_sha256": "ab",
            "policy": "standard",
            "policy_sha256": None,
        },
        **more,
    }


def finding(text: str, source: str = "pixels", strength: str = "statistical", **more: Any) -> dict[str, Any]:
    return {"source": source, "code": "pixels-ai", "finding": text, "points_to": "ai", "strength": strength} | {
        "detail": {},
        **more,
    }


def failed(file: str, code: str = "corrupt", message: str = "is damaged") -> Row:
    """One that could not be checked."""
    head = {"schema": SCHEMA, "file": file, "size": 3, "modified": 5, "duplicate_of": None}
    return head | {"error": {"code": code, "message": message}}


def write(path: Path, rows: Iterable[Row]) -> Path:
    """Results as a scan writes them."""
    with closing(open_results(path)) as results:
        results.add(list(rows))
    return path


def write_lines(path: Path, rows: Iterable[Any]) -> Path:
    """JSON lines of whatever there is."""
    path.write_text("".join(json.dumps(one) + "\n" for one in rows), encoding="utf-8")
    return path
