"""Keeping libraries quiet that print what is no concern of a user."""

import contextlib
import os
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def silenced() -> Iterator[None]:
    """What C++ libraries print on standard error meanwhile goes nowhere; Python's own messages still arrive.

    LiteRT and TensorFlow announce themselves on file descriptor 2 and offer no switch for that from Python.
    """
    try:
        if os.environ.get("IMAGEAUTH_TRACEBACK"):
            raise OSError
        encoding, before = sys.stderr.encoding, sys.stderr
        ours = os.dup(sys.stderr.fileno())
        nowhere = os.open(os.devnull, os.O_WRONLY)
    except (AttributeError, OSError, ValueError):  # wanted, closed, or no real file behind it as under a test runner
        yield
        return
    os.dup2(nowhere, 2)
    os.close(nowhere)
    sys.stderr = os.fdopen(os.dup(ours), "w", buffering=1, encoding=encoding, errors="backslashreplace")
    try:
        yield
    finally:
        sys.stderr.flush()
        sys.stderr = before
        os.dup2(ours, 2)
        os.close(ours)
