"""Names on standard input."""

import os
import sys
from collections.abc import Iterator
from typing import BinaryIO

from imageauth.report import Failure

STDIN = "-"
_MAX_NAME = 2**16


def names_listed(stream: BinaryIO | None, *, null_separated: bool) -> Iterator[str | Failure]:
    """Names in a list, one after the other; empty ones are passed over.

    Args:
        stream: the list; None where there is none.
        null_separated: names end with a zero byte, not with a line.
    """
    if stream is None:
        yield Failure(STDIN, "unreadable", "standard input is closed")
        return
    empty = True
    try:
        for name in _cut(stream, b"\0") if null_separated else _cut(stream, b"\n"):
            if len(name) > _MAX_NAME:
                yield Failure(STDIN, "unreadable", f"holds a name of more than {_MAX_NAME // 1024} KiB; is it a list?")
                return
            name = name if null_separated else name.rstrip(b"\r")
            if name:
                empty = False
                yield os.fsdecode(name)
    except OSError as error:
        yield Failure(STDIN, "unreadable", f"cannot be read: {error.strerror or error}")
        return
    if empty:
        yield Failure(STDIN, "empty", "is an empty list")


def standard_input() -> BinaryIO | None:
    """The bytes of standard input; None where it is closed."""
    return None if sys.stdin is None else sys.stdin.buffer


def _cut(stream: BinaryIO, end: bytes) -> Iterator[bytes]:
    rest = b""
    while piece := stream.read1(_MAX_NAME) if hasattr(stream, "read1") else stream.read(_MAX_NAME):
        *whole, rest = (rest + piece).split(end)
        yield from whole
        if len(rest) > _MAX_NAME:
            break
    yield rest
