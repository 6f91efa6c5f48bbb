"""The terminal that a person looks at, if there is one."""

import sys


def terminal() -> tuple[bool, int | None]:
    """Whether to use colour, and the width to fit; nothing is coloured or shortened for a pipe or a file."""
    import os
    import shutil

    if not sys.stdout.isatty():
        return False, None
    return "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb", shutil.get_terminal_size().columns
