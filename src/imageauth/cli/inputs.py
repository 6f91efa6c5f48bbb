"""What the user named on the command line → files to read."""

import glob
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from imageauth.errors import ImageAuthError, ImageError
from imageauth.images import EXTENSIONS, read_stream
from imageauth.report import Failure

STDIN = "-"


@dataclass(frozen=True, slots=True)
class Named:
    """Something to check, and what to call it."""

    name: str
    source: str | bytes | Failure


def expand(arguments: Sequence[str]) -> Iterator[Named]:
    """What to check, in order: a file stands for itself, a folder for the images in it (recursively), a glob for its
    matches, ``-`` for one image on standard input. What leads nowhere becomes a :class:`Failure`.

    Raises:
        ImageAuthError: standard input is asked for twice.
    """
    if list(arguments).count(STDIN) > 1:
        raise ImageAuthError("- (standard input) can be given only once")
    for argument in arguments:
        if argument == STDIN:
            yield Named(STDIN, _standard_input())
        elif os.path.isdir(argument):
            yield from _folder(argument)
        elif not os.path.lexists(argument) and glob.has_magic(argument):
            yield from _matches(argument)
        else:
            yield Named(argument, argument)


def _standard_input() -> bytes | Failure:
    """Read in the main thread, where Ctrl-C reaches it."""
    if sys.stdin is None:
        return Failure(STDIN, "unreadable", "standard input is closed")
    try:
        return read_stream(sys.stdin.buffer)
    except ImageError as error:
        return Failure(STDIN, error.code, str(error))


def _matches(pattern: str) -> Iterator[Named]:
    """Matches of a glob, each once; folders among them are entered unless ``**`` has done that already."""
    matches = sorted(set(glob.glob(pattern, recursive=True)))
    if not matches:
        yield Named(pattern, Failure(pattern, "unreadable", "matches no file"))
    for match in matches:
        if not os.path.isdir(match):
            yield Named(match, match)
        elif "**" not in pattern:
            yield from _folder(match)


def _folder(folder: str) -> Iterator[Named]:
    """Image files below a folder, sorted, without hidden ones and without following links to folders."""
    found = False
    errors: list[OSError] = []
    for place, folders, files in os.walk(folder, onerror=errors.append):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith(".") and Path(name).suffix.lower() in EXTENSIONS:
                found = True
                path = os.path.join(place, name)
                yield Named(path, path)
    for error in errors:
        name = str(error.filename)
        yield Named(name, Failure(name, "unreadable", f"cannot be read: {error.strerror}"))
    if not found and not errors:
        yield Named(folder, Failure(folder, "empty", "is a folder without images"))
