"""Evidence for imageauth: pictures that a desk knows already, from a list that it keeps.

The list is a CSV file with the columns ``sha256``, ``perceptual_hash``, ``says`` (``ai`` or ``real``) and ``note``; the
environment variable ``KNOWN_PICTURES`` names it. ``python -m imageauth_known_pictures`` writes its lines.
"""

import csv
import os
from functools import lru_cache

from imageauth import Evidence, ImageFile
from imageauth.perceptual_hash import distance, perceptual_hash

LIST = "KNOWN_PICTURES"
COLUMNS = ("sha256", "perceptual_hash", "says", "note")
# Of 256 bits; how often strangers come so near was measured in imageauth's docs/review.md.
NEAR = 24
_SAID = {"ai": "AI-made", "real": "a real photograph"}


def ask(image: ImageFile) -> list[Evidence]:
    """What the list says of a file: of its very bytes, or else of a picture that looks the same.

    Args:
        image: the file, and its pixels where imageauth decoded them.
    """
    path = os.environ.get(LIST)
    if not path:
        raise RuntimeError(f"{LIST} names no list")
    known = _read(path, os.stat(path).st_mtime_ns)
    for row in known:
        if row["sha256"] == image.sha256:
            return [_evidence("file", "These very bytes stand", row, 0)]
    seen = perceptual_hash(image.pixels) if image.pixels is not None else ""
    near = [(distance(seen, row["perceptual_hash"]), row) for row in known if seen and row["perceptual_hash"]]
    bits, row = min(near, key=lambda one: one[0], default=(256, {}))
    return [_evidence("lookalike", "A picture that looks like it stands", row, bits)] if bits <= NEAR else []


def _evidence(kind: str, where: str, row: dict[str, str], bits: int) -> Evidence:
    finding = f"{where} on the desk's list as {_SAID[row['says']]}: {row['note']}"
    detail = {"sha256": row["sha256"], "note": row["note"], "bits_that_differ": bits}
    code, points_to_ai = f"known-pictures-{kind}", row["says"] == "ai"
    return Evidence("plugin", code, finding, "ai" if points_to_ai else "real", "declared", detail)


@lru_cache(maxsize=1)
def _read(path: str, modified: int) -> list[dict[str, str]]:
    """The list, read again when it was changed.

    Raises:
        ValueError: it lacks a column, or says something else of a picture.
    """
    with open(path, encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    for number, row in enumerate(rows, 2):
        if None in (row.get(name) for name in COLUMNS) or row["says"] not in _SAID:
            raise ValueError(f"line {number} of the list needs {', '.join(COLUMNS)}, and says ai or real")
    return rows
