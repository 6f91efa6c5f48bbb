"""One scan at a time writes to the same results."""

from pathlib import Path

from imageauth.errors import ImageAuthError


def lock(descriptor: int, path: Path) -> None:
    """Hold results until their file is closed, or the process ends in whatever way. Does nothing on Windows.

    Args:
        descriptor: of the open file or folder.
        path: of it, for the message.

    Raises:
        ImageAuthError: another process holds them.
    """
    try:
        import fcntl
    except ImportError:
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise ImageAuthError(f"another scan is writing to {path}") from None
    except OSError:
        return  # some network storage cannot lock
