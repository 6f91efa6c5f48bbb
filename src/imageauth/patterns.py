"""Globs over paths, matched part by part, so that folders in which nothing can match need not be read."""

import fnmatch
import re
from collections.abc import Sequence

Parts = tuple[str, ...]
"""A path relative to some folder, cut at its slashes."""

_MAGIC = re.compile(r"[*?\[]")


def has_magic(text: str) -> bool:
    """Whether a path or a part of it is a glob."""
    return bool(_MAGIC.search(text))


def is_hidden(part: str) -> bool:
    """Whether a file or folder of this name is hidden."""
    return part.startswith(".") and part not in (".", "..")


class Pattern:
    """``*``, ``?`` and ``[…]`` match within one part of a path, ``**`` any number of parts."""

    def __init__(self, pattern: str, *, anywhere: bool = False, hidden: bool = False) -> None:
        """Compile.

        Args:
            pattern: with slashes between its parts.
            anywhere: a pattern of one part may match at any depth.
            hidden: wildcards match hidden parts too; otherwise a part of the pattern must begin with the dot itself.
        """
        parts = [part for part in pattern.split("/") if part not in ("", ".")]
        if anywhere and len(parts) == 1:
            parts.insert(0, "**")
        self._hidden = hidden
        self._last = parts[-1] if parts else ""
        self._parts = [None if part == "**" else (part, re.compile(fnmatch.translate(part)).match) for part in parts]

    @property
    def names_files(self) -> bool:
        """Whether the last part says more of a name than that there is one."""
        return self._last.strip("*") != ""

    def matches(self, path: Sequence[str]) -> bool:
        """Whether it matches all of a path."""
        return len(self._parts) in self._reached(path)

    def leads_to(self, folder: Sequence[str]) -> bool:
        """Whether something below a folder may match."""
        return any(at < len(self._parts) for at in self._reached(folder))

    def covers(self, path: Sequence[str]) -> int | None:
        """How many parts long the shortest beginning of a path is that matches; None where none does."""
        return next((length for length in range(1, len(path) + 1) if self.matches(path[:length])), None)

    def shows(self, path: Sequence[str]) -> bool:
        """Whether a path is, or lies visibly in, something that matches."""
        length = self.covers(path)
        return length is not None and not any(map(is_hidden, path[length:]))

    def _reached(self, path: Sequence[str]) -> set[int]:
        """How many parts of the pattern may stand for a path; empty where it cannot match."""
        reached = self._with_nothing({0})
        for part in path:
            reached = self._with_nothing({after for at in reached if (after := self._after(at, part)) is not None})
        return reached

    def _after(self, at: int, part: str) -> int | None:
        if at == len(self._parts):
            return None
        entry = self._parts[at]
        if is_hidden(part) and not self._hidden and (entry is None or not entry[0].startswith(".")):
            return None
        if entry is None:
            return at
        return at + 1 if entry[1](part) else None

    def _with_nothing(self, reached: set[int]) -> set[int]:
        """With those that are reached because ``**`` may stand for no part."""
        for at in sorted(reached):
            while at < len(self._parts) and self._parts[at] is None:
                at += 1
                reached.add(at)
        return reached
