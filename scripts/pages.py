"""What the scripts that make a page of the documentation share."""

import argparse
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path


def write_or_check(file: Path, text: Callable[[], str], about: str | None) -> None:
    """Write a page; with ``--check`` only compare it, and exit with 1 where it differs."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--check", action="store_true")
    if parser.parse_args().check:
        sys.exit(file.read_text(encoding="utf-8") != text())
    file.write_text(text(), encoding="utf-8")


def filled(page: str, parts: Mapping[str, str]) -> str:
    """A page whose parts between ``<!-- NAME -->`` and ``<!-- end -->`` are replaced."""
    for name, content in parts.items():
        marks = rf"(<!-- {name} -->\n).*?(<!-- end -->)"
        page, count = re.subn(marks, lambda match, new=content: match[1] + new + match[2], page, flags=re.DOTALL)
        if count != 1:
            raise SystemExit(f"the page has {count} parts named {name}")
    return page


def unquoted(name: str) -> str:
    """A name from a table that quotes it."""
    return name.replace('\\"', "").replace('"', "")


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, left: int = 1) -> str:
    """A Markdown table.

    Args:
        head: of its columns.
        rows: of cells.
        left: columns that are words; the others are numbers, to the right.
    """
    marks = ["---"] * left + ["---:"] * (len(head) - left)
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (head, *rows)).replace("\n", f"\n|{'|'.join(marks)}|\n", 1)
