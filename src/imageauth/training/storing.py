"""Filling a folder with a data set: each file whole or not at all, and a last file that says it is finished."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from imageauth.errors import DataError
from imageauth.files import write_atomically


@contextmanager
def writing(to: Path) -> Iterator[None]:
    """A full disk, or a folder that is not ours, is said in one line.

    Raises:
        DataError: ``to`` cannot be written.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or error
        raise DataError(f"{to} cannot be written: {reason}. Once it can, the same command goes on") from error


def store(finished: Path, name: Path, data: bytes) -> None:
    """Write one file of a data set whole, unless it is there already with the same content.

    Args:
        finished: the file whose presence says that the folder around it is a whole data set. It is deleted before
            anything changes, so a source that changes nothing leaves a finished folder finished.
        name: of the file, relative to that folder.
        data: its content.

    Raises:
        DataError: it cannot be written.
    """
    path = finished.parent / name
    with writing(finished.parent):
        if path.is_file() and path.stat().st_size == len(data) and path.read_bytes() == data:
            return
        finished.unlink(missing_ok=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        # Not flushed to disk one by one: that would take minutes, and every file is decoded again before the end.
        write_atomically(path, data, flush=False)
