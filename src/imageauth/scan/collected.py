"""Results that are kept in memory: of a batch that somebody else writes."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from imageauth.scan.results.table import Results
from imageauth.scan.rows import Row


class Collected(Results):
    """Rows in a list; positions are places in it."""

    def __init__(self) -> None:
        self.path = Path(":memory:")
        self.end = 0
        self.taken: list[Row] = []

    def rows(self, start: int = 0) -> Iterator[tuple[int, Row]]:
        yield from enumerate(self.taken[start:], start)

    def read(self, position: int) -> Row:
        return self.taken[position]

    def add(self, rows: Sequence[Row]) -> list[int]:
        start = len(self.taken)
        self.taken += rows
        return list(range(start, len(self.taken)))

    def commit(self) -> None:
        self.end = len(self.taken)

    def keep(self, wanted: Callable[[int], bool]) -> None:
        self.taken = [row for position, row in enumerate(self.taken) if wanted(position)]
        self.commit()

    def close(self) -> None:
        self.commit()
