"""Write the counts of docs/data-sheet.md from the tables of pictures; ``--check`` only compares.

The tables of the two packs lie in the data folder that IMAGEAUTH_SHARED names; the third is docs/photos-more.tsv.
"""

import os
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from pages import filled, table, unquoted, write_or_check

from imageauth.training.photos.tables import Row, read_table

DOCS = Path(__file__).parent.parent / "docs"
FILE = DOCS / "data-sheet.md"
# The first that a licence's words hold decides; what nobody stated, or only stated of code, is unclear.
LICENCES = {
    "unclear": "unclear, or stated of the repository's code alone",
    "public domain": "public domain, CC0",
    "CC0": "public domain, CC0",
    "NC": "Creative Commons, not for commercial use",
    "CC": "Creative Commons",
    "Unsplash": "Unsplash's licence",
    **dict.fromkeys(
        ("MIT", "Apache", "BSD", "GPL", "OSL", "Unlicense"),
        "licences of software (MIT, Apache, BSD, GPL, …), stated of the repository",
    ),
}
OTHER = "licences of models and their like"
NAMED = 25  # generators in the table


def rows() -> list[Row]:
    """All pictures of the three tables."""
    shared = Path(os.environ.get("IMAGEAUTH_SHARED", "shared")) / "photos"
    paths = [shared / "photos.tsv", shared / "photos2.tsv", DOCS / "photos-more.tsv"]
    found: list[Row] = []
    for path in paths:
        if not path.exists():
            sys.exit(f"data_sheet: {path} is not there; IMAGEAUTH_SHARED names the folder with photos/")
        found += read_table(path, lambda line: print(line, file=sys.stderr))
    return found


def licence(row: Row) -> str:
    """Its class."""
    return next((name for word, name in LICENCES.items() if word in row.licence), OTHER)


def counted(head: str, found: Sequence[Row], key: Callable[[Row], str]) -> str:
    """Real and AI pictures and their sources of each value, most pictures first."""
    lines = []
    for name, count in Counter(key(row) for row in found).most_common():
        members = [row for row in found if key(row) == name]
        real = sum(row.label == "real" for row in members)
        lines.append((name, f"{real:,}", f"{count - real:,}", f"{len({row.source for row in members})}"))
    return table((head, "real", "AI", "sources"), lines)


def totals(found: Sequence[Row]) -> str:
    """How much there is."""
    lines = []
    for name, label in (("real", "real"), ("AI-made", "fake")):
        members = [row for row in found if row.label == label]
        counts = (len(members), len({row.source for row in members}), len({row.repo for row in members}))
        owners = len({row.owner for row in members})
        lines.append((name, *(f"{count:,}" for count in (*counts, owners))))
    return table(("", "pictures", "sources", "repositories", "owners"), lines)


def sides(found: Sequence[Row]) -> str:
    """How large the native pictures are."""
    edges = (256, 512, 1024, 2048, 4096)
    names = [f"up to {edge}" for edge in edges] + [f"above {edges[-1]}"]

    def name(row: Row) -> str:
        return next((name for name, edge in zip(names, edges, strict=False) if max(row.w, row.h) <= edge), names[-1])

    by = {each: [row for row in found if name(row) == each] for each in names}
    lines = []
    for each, members in by.items():
        real = sum(row.label == "real" for row in members)
        lines.append((each, f"{real:,}", f"{len(members) - real:,}"))
    return table(("long side, pixels", "real", "AI"), lines)


def generators(found: Sequence[Row]) -> str:
    """Those with most pictures."""
    made = [row for row in found if row.label == "fake"]
    lines = []
    for name, count in Counter(row.generator_or_device for row in made).most_common(NAMED):
        sources = len({row.source for row in made if row.generator_or_device == name})
        lines.append((unquoted(name), f"{count:,}", f"{sources}"))
    all_names = len({row.generator_or_device for row in made})
    return table(("generator", "pictures", "sources"), lines) + f"\n… and {all_names - NAMED:,} more.\n"


def text() -> str:
    """The page, as it should be."""
    found = rows()
    parts = {
        "totals": totals(found),
        "kinds": counted("kind", found, lambda row: row.kind),
        "licences": counted("licence", found, licence),
        "sides": sides(found),
        "generators": generators(found),
    }
    return filled(FILE.read_text(encoding="utf-8"), parts)


if __name__ == "__main__":
    write_or_check(FILE, text, __doc__)
