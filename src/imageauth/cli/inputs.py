"""What the user named on the command line → files to read."""

import glob
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from imageauth.images import EXTENSIONS
from imageauth.report import Failure

STDIN = "-"


def expand(arguments: Iterable[str]) -> Iterator[str | Failure]:
    """Files, in order: a file stands for itself, a folder for the images in it (recursively), a glob for its matches.

    What leads nowhere becomes a :class:`Failure`, and the rest goes on.
    """
    for argument in arguments:
        if argument == STDIN or os.path.isfile(argument):
            yield argument
        elif os.path.isdir(argument):
            yield from _folder(argument)
        elif not os.path.lexists(argument) and glob.has_magic(argument):
            matches = sorted(glob.glob(argument, recursive=True))
            if not matches:
                yield Failure(argument, "unreadable", "matches no file")
            for match in matches:
                yield from _folder(match) if os.path.isdir(match) else [match]
        else:
            yield argument


def source(argument: str) -> str | BinaryIO:
    """The path itself, or standard input for ``-``."""
    return sys.stdin.buffer if argument == STDIN else argument


def _folder(folder: str) -> Iterator[str | Failure]:
    """Image files below a folder, sorted, without hidden ones and without following links to folders."""
    found = False
    errors: list[OSError] = []
    for place, folders, files in os.walk(folder, onerror=errors.append):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith(".") and Path(name).suffix.lower() in EXTENSIONS:
                found = True
                yield os.path.join(place, name)
    for error in errors:
        yield Failure(str(error.filename), "unreadable", f"cannot be read: {error.strerror}")
    if not found and not errors:
        yield Failure(folder, "empty", "is a folder without images")
