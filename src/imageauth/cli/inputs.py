"""What the user named on the command line → files to read."""

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from imageauth.errors import ImageAuthError, ImageError
from imageauth.folders import Glob, is_plain_image, walk_folder
from imageauth.images import read_stream
from imageauth.patterns import has_magic, is_hidden
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
            found = walk_folder(argument, enter=lambda parts: not is_hidden(parts[-1]), keep=is_plain_image)
            yield from _named(found, Failure(argument, "empty", "is a folder without images"))
        elif not os.path.lexists(argument) and has_magic(argument):
            glob = Glob(argument)
            nothing = Failure(argument, "unreadable", "matches no file")
            exists = os.path.isdir(glob.root or os.curdir)
            yield from _named(walk_folder(glob.root, enter=glob.enter, keep=glob.keep) if exists else iter(()), nothing)
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


def _named(found: Iterator[tuple[tuple[str, ...], str] | Failure], nothing: Failure) -> Iterator[Named]:
    """What was found, or that it was nothing."""
    empty = True
    for item in found:
        empty = False
        yield Named(item.file, item) if isinstance(item, Failure) else Named(item[1], item[1])
    if empty:
        yield Named(nothing.file, nothing)
