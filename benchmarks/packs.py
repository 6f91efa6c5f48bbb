"""The photo packs of the shared data: whole-picture views, with label and owner of the repository they came from."""

import csv
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple


class Picture(NamedTuple):
    """One picture: its file name, label (1 = AI-made), source for keeping apart, and bytes (a 256×256 JPEG)."""

    name: str
    label: int
    owner: str
    data: bytes


def pictures(shared: Path) -> Iterator[Picture]:
    """Every picture of both packs. Whoever owns the repository is its source: nobody stands on both sides."""
    for pack in ("photos", "photos2"):
        with (shared / "photos" / f"{pack}.tsv").open(encoding="utf-8", newline="") as stream:
            rows = {row["file"]: row for row in csv.DictReader(stream, delimiter="\t")}
        with tarfile.open(shared / "photos" / f"{pack}.tar.xz") as tar:
            for member in tar:
                _, _, file = member.name.partition("whole/")
                if member.isfile() and file in rows and (data := tar.extractfile(member)):
                    row = rows[file]
                    owner = row["repo"].partition("/")[0] or row["source"]
                    yield Picture(file, int(row["label"] != "real"), owner, data.read())
