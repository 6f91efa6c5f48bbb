"""Write docs/cli.md from the commands' own --help; ``--check`` only compares. Run by CI."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main
from pages import write_or_check
from typer.testing import CliRunner

from imageauth.cli import app

FILE = Path(__file__).parent.parent / "docs" / "cli.md"


def commands(group: Any, name: str = "") -> Iterator[str]:
    """Names of all commands, each before those below it."""
    yield name
    for below, command in getattr(group, "commands", {}).items():
        yield from commands(command, f"{name} {below}".strip())


def text() -> str:
    """The page, as it should be."""
    parts = ["# Commands\n\nMade from `--help` by `python scripts/cli_docs.py`.\n"]
    for command in commands(typer.main.get_command(app)):
        result = CliRunner().invoke(app, [*command.split(), "--help"], prog_name="imageauth", terminal_width=100)
        name = f"imageauth {command}".strip()
        body = "\n".join(line.rstrip() for line in result.output.strip().splitlines())
        parts.append(f"## {name}\n\n```\n{body}\n```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    write_or_check(FILE, text, __doc__)
