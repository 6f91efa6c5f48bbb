"""Where results go: checked before the long work starts, written in one step after it."""

import tempfile
from pathlib import Path

from imageauth.errors import ImageAuthError
from imageauth.manifest import write_atomically


def check_writable(path: Path) -> None:
    """Make sure that a file can be written at ``path``.

    Raises:
        ImageAuthError: it cannot; the message says why.
    """
    if path.is_dir():
        raise ImageAuthError(f"{path} cannot be written: it is a folder")
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise ImageAuthError(f"{path} cannot be written: {error.strerror}") from error


def write(path: Path, text: str) -> None:
    """Write UTF-8 text in one step: a reader sees the whole of it or the file that was there before.

    Raises:
        ImageAuthError: it cannot be written; the message says why.
    """
    try:
        write_atomically(path, text.encode())
    except OSError as error:
        raise ImageAuthError(f"{path} cannot be written: {error.strerror}") from error
