"""What the scripts that make a page of the documentation share."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path


def write_or_check(file: Path, text: Callable[[], str], about: str | None) -> None:
    """Write a page; with ``--check`` only compare it, and exit with 1 where it differs."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--check", action="store_true")
    if parser.parse_args().check:
        sys.exit(file.read_text(encoding="utf-8") != text())
    file.write_text(text(), encoding="utf-8")
