"""The terminal that a person looks at, if there is one."""

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


def terminal() -> tuple[bool, int | None]:
    """Whether to use colour, and the width to fit; nothing is coloured or shortened for a pipe or a file."""
    import os
    import shutil

    if not sys.stdout.isatty():
        return False, None
    return "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb", shutil.get_terminal_size().columns


def console(width: int = 140) -> "Console":
    """For tables. A pipe or a file has no width of its own, and a table squeezed into 80 columns cannot be read."""
    from rich.console import Console

    return Console() if Console().is_terminal else Console(width=width)
