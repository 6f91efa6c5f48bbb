"""Files that we read, within bounds, and write: checked before the long work starts, whole or not at all after it."""

import os
import tempfile
from pathlib import Path

from imageauth.errors import ImageAuthError


def read_bounded(
    path: str | os.PathLike[str], most: int, *, beyond: str = "", error: type[ImageAuthError] = ImageAuthError
) -> bytes:
    """A file's bytes.

    Args:
        path: of the file.
        most: bytes that it may have, whole MiB.
        beyond: what follows "is larger than N MiB".
        error: what to raise.

    Raises:
        ImageAuthError: as ``error`` says: it cannot be read, or is larger.
    """
    try:
        with Path(path).open("rb") as stream:
            data = stream.read(most + 1)
    except (OSError, ValueError) as problem:  # ValueError: no name that a file can have
        reason = problem.strerror if isinstance(problem, OSError) and problem.strerror else str(problem)
        raise error(f"{os.fspath(path)} cannot be read: {reason}") from problem
    if len(data) > most:
        raise error(f"{os.fspath(path)} is larger than {most // 2**20} MiB{beyond}")
    return data


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


def check_empty(folder: Path) -> None:
    """Before the long work: make sure that a model folder can be written.

    Raises:
        ImageAuthError: something lies there already, or nothing can be written there.
    """
    if folder.is_symlink() or folder.resolve() == Path.cwd():
        raise ImageAuthError(f"{folder} is a link, or the folder that you are in: name a new folder for the model")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ImageAuthError(f"{folder} exists already: a model is written to a new or empty folder")
    above = next(parent for parent in folder.absolute().parents if parent.exists())
    try:
        with tempfile.TemporaryDirectory(dir=above):
            pass
    except OSError as error:
        raise ImageAuthError(f"{folder} cannot be written: {error.strerror}") from error


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text as :func:`write_bytes` does."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, data: bytes) -> None:
    """Write in one step: a reader sees the whole of it or the file that was there before.

    Raises:
        ImageAuthError: it cannot be written; the message says why.
    """
    try:
        write_atomically(path, data)
    except OSError as error:
        raise ImageAuthError(f"{path} cannot be written: {error.strerror}") from error


def write_atomically(path: Path, data: bytes, *, flush: bool = True) -> None:
    """Write ``data`` beside ``path``, flush it to disk unless told otherwise, then rename it into place.

    Raises:
        OSError: it cannot be written; nothing half-written is left behind.
    """
    part = path.with_name(path.name + ".part")
    try:
        # What lies there may be a link that leads elsewhere, where others write too: it is not written through.
        part.unlink(missing_ok=True)
        with part.open("xb") as stream:
            stream.write(data)
            if flush:
                stream.flush()
                os.fsync(stream.fileno())
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise
