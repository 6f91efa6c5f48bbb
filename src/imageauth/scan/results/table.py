"""What every form of results can do."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from imageauth.scan.rows import Row


class Results(Protocol):
    """Rows on disk, in the order in which they were added.

    Attributes:
        path: of the file or folder.
        end: position after the last committed row; 0 where there is none.
        interval: seconds after which what was added should be committed.
    """

    path: Path
    end: int
    interval: float = 1.0

    def rows(self, start: int = 0) -> Iterator[tuple[int, Row]]:
        """Committed rows and their positions, from a position on."""
        ...

    def read(self, position: int) -> Row:
        """The row at a position that :meth:`add` or :meth:`rows` gave."""
        ...

    def add(self, rows: Sequence[Row]) -> list[int]:
        """Add rows and give their positions. They are safe after the next :meth:`commit`.

        Raises:
            OSError: the disk is full, or worse; what was committed before stands.
        """
        ...

    def commit(self) -> None:
        """Return when all that was added would survive a power cut.

        Raises:
            OSError: as above.
        """
        ...

    def keep(self, wanted: Callable[[int], bool]) -> None:
        """Write the results anew, in one step, without the rows at positions that are not wanted."""
        ...

    def close(self) -> None:
        """Commit and close."""
        ...
