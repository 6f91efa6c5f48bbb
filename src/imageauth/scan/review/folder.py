"""The folder beside a review page: written aside, then put into place together with the page."""

import shutil
from pathlib import Path
from types import TracebackType
from typing import Self

from imageauth.errors import ImageAuthError
from imageauth.files import write_bytes

_MARK = ".imageauth-review"
_PER_FOLDER = 1000  # files in one folder, which file systems and file managers like better than all in one


class Folder:
    """Such a folder. What an earlier review left in its place is replaced; what anybody else put there is not."""

    def __init__(self, path: Path) -> None:
        """Args:
        path: where it will be.
        """
        self.path = path
        self._fresh = path.with_name(path.name + ".part")

    def __enter__(self) -> Self:
        for place in (self.path, self._fresh):
            if place.is_symlink() or (place.exists() and not (place / _MARK).is_file()):
                raise ImageAuthError(f"{place} exists and is not of an earlier review; name another page with --out")
        self._remove(self._fresh)
        self._fresh.mkdir(parents=True)
        (self._fresh / _MARK).touch()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._remove(self._fresh)

    def add(self, kind: str, number: int, suffix: str, data: bytes) -> None:
        """Write one file, ``KIND/000/000123.SUFFIX``."""
        place = self._fresh / kind / f"{number // _PER_FOLDER:03}"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{number:06}{suffix}").write_bytes(data)

    def finish(self, out: Path, page: str) -> None:
        """Put the folder into its place, and the page beside it."""
        self._remove(self.path)
        self._fresh.rename(self.path)
        write_bytes(out, page.encode())

    def _remove(self, place: Path) -> None:
        if (place / _MARK).is_file() and not place.is_symlink():
            shutil.rmtree(place)
