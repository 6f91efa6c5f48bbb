"""Rows of results: plain data of schema ``imageauth/scan/1``, one for each input."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from imageauth.report import Failure, Report
from imageauth.scan.items import Item

Row = dict[str, Any]

SCHEMA = "imageauth/scan/1"
OPTIONAL = ("sidecar_sha256", "perceptual_hash")
"""Keys that only some rows have: of the credentials that lie beside a file; of what a picture looks like."""
_PRODUCED_BY = ("imageauth", "model", "model_sha256", "policy", "policy_sha256")
_PLUGINS = "plugins"  # of produced_by too, and only where some were asked

COLUMNS: Mapping[str, type] = {
    "file": str,
    "size": int,
    "modified": int,
    "duplicate_of": str,
    "sha256": str,
    "format": str,
    "width": int,
    "height": int,
    "verdict": str,
    "probability": float,
    "reason": str,
    "summary": str,
    "evidence": str,
    "limits": str,
    "error_code": str,
    "error_message": str,
    **dict.fromkeys(_PRODUCED_BY, str),
    **dict.fromkeys(OPTIONAL, str),
    _PLUGINS: str,
}
"""Column of a table → type; any value may be missing. ``evidence`` and ``limits`` are JSON text."""

# A spreadsheet takes text that begins so for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def stable_name(name: str) -> str:
    """What results call an input: its name as text that every format and program can hold.

    Bytes that are no UTF-8 become ``\\xNN``, and a relative path that a spreadsheet would take for a formula begins
    with ``./``.
    """
    text = name
    if not name.isascii():
        text = "".join(f"\\x{ord(c) - 0xDC00:02x}" if "\udc80" <= c <= "\udcff" else c for c in name)
        text = text.encode("utf-8", "backslashreplace").decode()
    return f"./{text}" if text.startswith(_FORMULA) else text


def key_of(name: str) -> bytes:
    """16 bytes that stand for a stable name."""
    return hashlib.blake2b(name.encode(), digest_size=16).digest()


def content_key(sha256: str, sidecar_sha256: str | None) -> bytes:
    """16 bytes that stand for a file's bytes and those of the credentials beside it: both bear on the answer."""
    return hashlib.blake2b(f"{sha256} {sidecar_sha256 or ''}".encode(), digest_size=16).digest()


def row_of(item: Item, answer: Report | Failure) -> Row:
    """The row of an input.

    Args:
        item: that was checked; its name is stable.
        answer: to it.
    """
    head = {"schema": SCHEMA, "file": item.name, "size": item.size, "modified": item.modified, "duplicate_of": None}
    said = answer.to_json()
    return head | {key: value for key, value in said.items() if key not in ("schema", "file")}


def copied(original: Row, file: str, size: int | None, modified: int | None) -> Row:
    """The row of an input whose bytes stand in another row already, or in an older one of its own."""
    first = original["duplicate_of"] if original["file"] == file else original["file"]
    return original | {"file": file, "size": size, "modified": modified, "duplicate_of": first}


def flat(row: Mapping[str, Any]) -> Row:
    """A row as columns of a table; :func:`nested` turns it back."""
    error, made = row.get("error") or {}, row.get("produced_by") or {}
    found = {name: row.get(name) for name in COLUMNS}
    found |= {"error_code": error.get("code"), "error_message": error.get("message")}
    found |= {name: made.get(name) for name in (*_PRODUCED_BY, _PLUGINS)}
    for name in ("evidence", "limits"):
        if (value := row.get(name)) is not None:
            found[name] = json.dumps(value, ensure_ascii=False)
    return found


def nested(columns: Mapping[str, Any]) -> Row:
    """A row of a table as the object that stands in JSON results.

    Raises:
        ValueError: its JSON text is none.
    """
    head: Row = {"schema": SCHEMA, **{name: columns[name] for name in ("file", "size", "modified", "duplicate_of")}}
    if columns["error_code"]:
        return head | {"error": {"code": columns["error_code"], "message": columns["error_message"]}}
    plain = ("sha256", "format", "width", "height", "verdict", "probability", "reason", "summary")
    head |= {name: columns[name] for name in plain}
    head |= {name: json.loads(columns[name] or "[]") for name in ("evidence", "limits")}
    head["produced_by"] = {name: columns[name] for name in _PRODUCED_BY}
    if columns[_PLUGINS]:
        head["produced_by"][_PLUGINS] = columns[_PLUGINS]
    return head | {name: columns[name] for name in OPTIONAL if columns[name]}
