"""What was written and what is needed: results and their index, kept in step."""

import time
from collections.abc import Callable, Container, Sequence

from imageauth.scan.items import Item
from imageauth.scan.results.table import Results
from imageauth.scan.rows import Row
from imageauth.scan.state import Known, State


class Ledger:
    """Where rows go, and which inputs have theirs."""

    def __init__(
        self,
        results: Results,
        state: State,
        *,
        made: Container[str],
        needed: Callable[[Item, Known], bool] = lambda item, known: False,
        added: Callable[[Row], None] = lambda row: None,
    ) -> None:
        """Get ready.

        Args:
            results, state: that rows go to.
            made: what makes the rows; those that something else made are no originals of copies.
            needed: whether an input is checked although it has a row already.
            added: called with each row as it is added.
        """
        self._results, self._state = results, state
        self._made, self._needed, self._added = made, needed, added
        self._underway: set[str] = set()
        self._committed = time.monotonic()

    @property
    def interval(self) -> float:
        """Seconds between commits."""
        return self._results.interval

    def take(self, item: Item) -> bool:
        """Whether an input is to be checked: it has no row yet, and nobody took it before."""
        known = self._state.known(item.name)
        if item.name in self._underway or (known and not self._needed(item, known)):
            return False
        self._underway.add(item.name)
        return True

    def has(self, content: bytes) -> bool:
        """Whether a file with these bytes (:func:`imageauth.scan.rows.content_key`) was checked."""
        return self._state.holding(content, self._made) is not None

    def original(self, content: bytes) -> Row | None:
        """The row of such a file."""
        position = self._state.holding(content, self._made)
        return None if position is None else self._results.read(position)

    def add(self, rows: Sequence[Row]) -> None:
        """Add rows.

        Raises:
            OSError: they cannot be written.
        """
        if not rows:
            return
        self._state.add(rows, self._results.add(rows))
        for row in rows:
            self._underway.discard(row["file"])
            self._added(row)

    def commit(self, *, due: bool = False) -> None:
        """Make what was added safe.

        Args:
            due: only if the last time lies so far back.

        Raises:
            OSError: it cannot be written.
        """
        if due and time.monotonic() - self._committed < self._results.interval:
            return
        try:
            self._results.commit()
        except OSError:
            self._state.forget()
            raise
        self._state.commit()
        self._committed = time.monotonic()
