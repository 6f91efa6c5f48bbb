"""The rows of a review: what every tile shows is held in columns, what only an opened one shows goes to disk."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from imageauth.report import Verdict
from imageauth.scan.near_duplicates import group_near_duplicates
from imageauth.scan.review.folder import Folder
from imageauth.scan.rows import Row

OUTCOMES = (*map(str, Verdict), "error")
"""What a row may be, in the order in which a person wants to see them first."""

CHUNK = 250
"""Rows whose details are one file."""

_NAME, _TEXT, _FINDINGS = 1000, 1200, 24  # characters and findings that the page holds of one row
_RANKED = ("ai-generated", "likely-ai", "inconclusive", "camera-verified", "likely-real")


class Sheet:
    """Columns of the page.

    Attributes:
        names: of the files, shortened where they are longer than anybody reads.
        outcomes: index into :data:`OUTCOMES`.
        probabilities: in ten-thousandths, −1 where there is none.
        sizes: (width, height), pixels.
        digests: SHA-256 of the files, hexadecimal; empty where they could not be read.
        copies: the row with the same bytes that came first, −1 for none.
        groups: the row that stands for it and all its copies, near ones too; itself where there are none.
        counts: rows by outcome, also of those that were left out.
        left_out: rows beyond the most.
    """

    def __init__(self, folder: Folder, most: int) -> None:
        self.names: list[str] = []
        self.outcomes: list[int] = []
        self.probabilities: list[int] = []
        self.sizes: list[tuple[int, int]] = []
        self.digests: list[str] = []
        self.copies: list[int] = []
        self.groups: list[int] = []
        self.counts = [0] * len(OUTCOMES)
        self.left_out = 0
        self._folder = folder
        self._most = most
        self._hashes: list[str] = []
        self._places: dict[str, int] = {}
        self._details: list[dict[str, Any]] = []
        self._fingerprint = hashlib.sha256()

    @property
    def fingerprint(self) -> str:
        """Stands for what the page shows, so that marks are kept apart from those of other results."""
        return self._fingerprint.hexdigest()[:24]

    def add(self, row: Row) -> None:
        """Take one more row."""
        error = row.get("error") if isinstance(row.get("error"), dict) else None
        outcome = str(row.get("verdict")) if error is None else "error"
        number = OUTCOMES.index(outcome) if outcome in OUTCOMES else OUTCOMES.index("inconclusive")
        self.counts[number] += 1
        if len(self.names) >= self._most:
            self.left_out += 1
            return
        name = str(row["file"])
        digest = _text(row.get("sha256"), 64)
        first = self._places.get(str(row.get("duplicate_of")), -1) if row.get("duplicate_of") else -1
        self._places.setdefault(name, len(self.names))
        self._fingerprint.update(f"{name}\0{number}\0{digest}\n".encode("utf-8", "surrogatepass"))
        self.names.append(name if len(name) <= _NAME else f"{name[: _NAME - 100]}…{name[-99:]}")
        self.outcomes.append(number)
        self.probabilities.append(_probability(row.get("probability")))
        self.sizes.append((_count(row.get("width")), _count(row.get("height"))))
        self.digests.append(digest)
        self.copies.append(first)
        self._hashes.append(_text(row.get("perceptual_hash"), 64))
        self._details.append(_detail(row, error))
        if len(self._details) == CHUNK:
            self._write()

    def close(self, distance: int) -> None:
        """After the last row: find the groups.

        Args:
            distance: of near-copies.
        """
        if self._details:
            self._write()
        copies, own = np.array(self.copies, np.intp), np.arange(len(self.names))
        groups = group_near_duplicates(self._hashes, distance)
        # A copy has its original's hash, unless that was not asked for when it was scanned.
        firsts = np.where(copies >= 0, copies, own)
        self.groups = [int(group) for group in groups[firsts]]

    def ranked(self) -> list[int]:
        """Rows that there is a picture of, each of the same bytes once; those first that a person looks at first."""
        rank = [_RANKED.index(outcome) if outcome in _RANKED else -1 for outcome in OUTCOMES]
        shown = [index for index, digest in enumerate(self.digests) if digest and self.copies[index] < 0]
        return sorted(shown, key=lambda index: (rank[self.outcomes[index]], -self.probabilities[index]))

    def _write(self) -> None:
        """Details of a chunk as a script, since a page from the disk may load those but read no other file."""
        number = (len(self.names) - 1) // CHUNK
        limits: dict[str, int] = {}
        for detail in self._details:
            detail["limits"] = [limits.setdefault(limit, len(limits)) for limit in detail["limits"]]
        text = json.dumps({"limits": list(limits), "rows": self._details}, ensure_ascii=True, separators=(",", ":"))
        self._folder.add("details", number, ".js", f"imageauthDetails({number},{text});\n".encode())
        self._details = []


def _detail(row: Row, error: Mapping[str, Any] | None) -> dict[str, Any]:
    if error is not None:
        said = {"code": _text(error.get("code"), 60), "message": _text(error.get("message"))}
        return {"error": said, "size": _count(row.get("size")), "limits": []}
    evidence = [item for item in _list(row.get("evidence")) if isinstance(item, dict)][:_FINDINGS]
    made = row.get("produced_by")
    made = made if isinstance(made, dict) else {}
    return {
        "summary": _text(row.get("summary")),
        "reason": _text(row.get("reason"), 100),
        "format": _text(row.get("format"), 20),
        "size": _count(row.get("size")),
        "sha256": _text(row.get("sha256"), 64),
        "evidence": [
            [_text(item.get(key)) for key in ("source", "points_to", "strength", "finding")] for item in evidence
        ],
        "limits": [_text(limit) for limit in _list(row.get("limits"))[:_FINDINGS]],
        "model": _text(made.get("model") or "none", 200),
        "version": _text(made.get("imageauth"), 40),
        "policy": _text(made.get("policy"), 100),
    }


def _text(value: Any, most: int = _TEXT) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= most else text[: most - 1] + "…"


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _count(value: Any) -> int:
    return value if isinstance(value, int) and 0 <= value < 2**53 else 0


def _probability(value: Any) -> int:
    return round(value * 10_000) if isinstance(value, int | float) and 0 <= value <= 1 else -1
