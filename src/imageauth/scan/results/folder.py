"""The folder of results in parts: held by one scan at a time, and replaced as a whole."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from imageauth.errors import ImageAuthError
from imageauth.scan.results.lock import FolderLock

_PART = re.compile(r"part-\d+\.parquet(\.part)?")


def folder_exists(path: Path) -> bool:
    """Whether there are results at ``path``, also where a crash left them under another name."""
    return path.exists() or _before(path).is_dir()


class PartsFolder:
    """Such a folder. While it is replaced, the new one stands beside it as ``….part``, then the old one as ``….old``.

    Attributes:
        path: of the folder.
    """

    def __init__(self, path: Path) -> None:
        """Open or create, hold it, and finish or undo what a crash left of :meth:`replaced`.

        Raises:
            ImageAuthError: another scan holds it; or a folder that it needs for a time holds something else.
            OSError: it cannot be read or written.
        """
        self.path = path
        self._fresh, self._old = path.with_name(f"{path.name}.part"), _before(path)
        if not path.exists() and self._old.is_dir():
            # Between the two renames: the new one is whole. Whoever is still at it holds the old one.
            hold = FolderLock(self._old, path)
            (self._fresh if self._fresh.is_dir() else self._old).rename(path)
            hold.release()
        path.mkdir(exist_ok=True)
        self._hold = FolderLock(path, path)
        try:
            self._discard(self._fresh)
            self._discard(self._old)
        except BaseException:
            self.close()
            raise

    @contextmanager
    def replaced(self) -> Iterator[Path]:
        """Gives an empty folder, which takes this one's place once its parts were written.

        Raises:
            OSError: it cannot be written; then all is as it was.
        """
        self._fresh.mkdir()
        try:
            hold = FolderLock(self._fresh, self.path)
            yield self._fresh
            self.path.rename(self._old)
            self._fresh.rename(self.path)
        except Exception:
            if not self.path.exists():
                self._old.rename(self.path)
            self._discard(self._fresh)
            raise
        self._hold.release()
        self._hold = hold
        self._discard(self._old)

    def close(self) -> None:
        """Let others have it."""
        self._hold.release()

    def _discard(self, folder: Path) -> None:
        """Remove a folder of parts.

        Raises:
            ImageAuthError: it holds what no scan wrote.
        """
        if not folder.is_dir() or folder.is_symlink():
            return
        parts = list(folder.iterdir())
        if foreign := next((part.name for part in parts if not _PART.fullmatch(part.name)), None):
            raise ImageAuthError(f"{folder} is in the way of {self.path}, and holds {foreign}; move it")
        for part in parts:
            part.unlink()
        folder.rmdir()


def _before(path: Path) -> Path:
    return path.with_name(f"{path.name}.old")
