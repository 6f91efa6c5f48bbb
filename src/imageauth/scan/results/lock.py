"""One scan at a time writes to the same results."""

import os
import sys
import weakref
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
        raise _busy(path) from None
    except OSError:
        return  # some network storage cannot lock


class FolderLock:
    """Holds a folder, under whatever name it later goes, until :meth:`release`. Does nothing on Windows."""

    def __init__(self, folder: Path, path: Path) -> None:
        """Take it.

        Args:
            folder: to hold.
            path: of the results, for the message.

        Raises:
            ImageAuthError: another process holds it.
            OSError: there is no such folder.
        """
        if sys.platform == "win32":  # where folders cannot be opened
            return
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._close = weakref.finalize(self, os.close, descriptor)
        try:
            lock(descriptor, path)
            if not os.path.samestat(os.fstat(descriptor), folder.stat()):
                raise _busy(path)  # who held it has put another in its place
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        """Let others have it."""
        if sys.platform != "win32":
            self._close()


def _busy(path: Path) -> ImageAuthError:
    return ImageAuthError(f"another scan is writing to {path}")
