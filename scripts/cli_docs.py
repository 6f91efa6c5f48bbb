"""Write docs/cli.md from the commands' own --help; ``--check`` only compares. Run by CI."""

import argparse
import sys
from pathlib import Path

from typer.testing import CliRunner

from imageauth.cli import app

COMMANDS = (
    *("", "check", "inspect", "trust", "trust update", "evaluate", "models"),
    *("data", "data cifake", "train", "train cifake", "tune", "tune cifake"),
)
FILE = Path(__file__).parent.parent / "docs" / "cli.md"


def text() -> str:
    """The page, as it should be."""
    parts = ["# Commands\n\nMade from `--help` by `python scripts/cli_docs.py`.\n"]
    for command in COMMANDS:
        result = CliRunner().invoke(app, [*command.split(), "--help"], prog_name="imageauth", terminal_width=100)
        name = f"imageauth {command}".strip()
        body = "\n".join(line.rstrip() for line in result.output.strip().splitlines())
        parts.append(f"## {name}\n\n```\n{body}\n```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    if parser.parse_args().check:
        sys.exit(FILE.read_text(encoding="utf-8") != text())
    FILE.write_text(text(), encoding="utf-8")
