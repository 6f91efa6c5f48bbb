"""Which inputs stand in the results already: an index on disk, so that memory stays flat however many there are.

The results alone are the truth. The index lies beside them, and is made anew whenever it is missing, damaged or does
not fit.
"""

import contextlib
import json
import sqlite3
from collections.abc import Container, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from imageauth.scan.results.table import Results
from imageauth.scan.rows import Row, content_key, key_of
from imageauth.verdict import NOTHING_DECIDES

# In tables without row numbers, since keys are all that is ever asked for.
_TABLES = """
PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;
CREATE TABLE IF NOT EXISTS inputs (key BLOB PRIMARY KEY, size INTEGER, modified INTEGER, position INTEGER,
    made INTEGER, outcome TEXT, duplicate INTEGER) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS contents (content BLOB PRIMARY KEY, position INTEGER, made INTEGER) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS stale (position INTEGER PRIMARY KEY);
CREATE TABLE IF NOT EXISTS made (id INTEGER PRIMARY KEY, by TEXT UNIQUE);
CREATE TABLE IF NOT EXISTS indexed (one INTEGER PRIMARY KEY, until INTEGER, first BLOB);
"""
_JOINED = "inputs LEFT JOIN made ON made = id"


class Known(NamedTuple):
    """What the index holds of an input.

    Attributes:
        size, modified: of the file when it was checked; see :class:`imageauth.scan.items.Item`.
        failed: it could not be checked.
        made: by what it was checked; see :func:`made_by`.
    """

    size: int | None
    modified: int | None
    failed: bool
    made: str


class Count(NamedTuple):
    """How many rows are alike.

    Attributes:
        outcome: a verdict, or an error's code.
        failed: whether it is an error's code.
        duplicate: whether their bytes stand in another row.
        made: by what they were checked.
        rows: how many.
    """

    outcome: str
    failed: bool
    duplicate: bool
    made: str
    rows: int


def made_by(produced_by: Mapping[str, Any], *, unseen: bool = False) -> str:
    """What made a row, as text to compare.

    Args:
        produced_by: of a report.
        unseen: no model looked, and nothing else decided: only a scan without models leaves it at that.
    """
    made = [unseen, *(produced_by[name] for name in ("model", "model_sha256", "policy", "policy_sha256"))]
    return json.dumps([*made, plugins] if (plugins := produced_by.get("plugins")) else made)


def told(made: str) -> str:
    """What made rows (:func:`made_by`), for a person."""
    _, model, sha256, policy, _, *plugins = json.loads(made)
    by = f"{f'{model}, {sha256[:12]}…' if model else 'no model'}; policy {policy}"
    return f"{by}; plug-ins: {plugins[0]}" if plugins else by


def _made(row: Row) -> str:
    """The same of a row; empty for an image that could not be checked."""
    if "error" in row:
        return ""
    made = row["produced_by"]
    return made_by(made, unseen=made["model"] is None and row["reason"] == NOTHING_DECIDES)


@contextlib.contextmanager
def _as_system_error(path: Path) -> Iterator[None]:
    """What goes wrong with the index is a full or broken disk."""
    try:
        yield
    except sqlite3.Error as error:
        raise OSError(None, str(error), str(path)) from error


class State:
    """Such an index. Used by one thread."""

    def __init__(self, path: Path, results: Results) -> None:
        """Open, or make, and bring up to date with the results.

        Args:
            path: of its file.
            results: that it is of.

        Raises:
            OSError: it cannot be written.
        """
        self._path = path
        self._results = results
        try:
            self._open()
            if not self._fits():
                raise sqlite3.DatabaseError("it is of other results")
            self._index()
        except sqlite3.DatabaseError:
            self.start_anew()

    def start_anew(self) -> None:
        """Index the results from their beginning.

        Raises:
            OSError: it cannot be written.
        """
        with contextlib.suppress(sqlite3.Error, AttributeError):
            self._base.close()
        for suffix in ("", "-wal", "-shm", "-journal"):
            self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
        with _as_system_error(self._path):
            self._open()
            self._index()

    def add(self, rows: Sequence[Row], positions: Sequence[int]) -> None:
        """Take in rows as they are added to the results."""
        with _as_system_error(self._path):
            if not self._base.in_transaction:
                self._base.execute("BEGIN")
            for row, position in zip(rows, positions, strict=True):
                self._take(row, position)

    def commit(self) -> None:
        """The results that were added are safe, and so may the index be."""
        values = self._results.end, self._begins_with()
        with _as_system_error(self._path):
            self._base.execute("INSERT OR REPLACE INTO indexed VALUES (1, ?, ?)", values)
            if self._base.in_transaction:
                self._base.execute("COMMIT")

    def forget(self) -> None:
        """What was added since the last commit is in no results."""
        if self._base.in_transaction:
            self._base.execute("ROLLBACK")

    def known(self, name: str) -> Known | None:
        """What stands of an input in the results."""
        asked = f"SELECT size, modified, made = 0, coalesce(by, '') FROM {_JOINED} WHERE key = ?"
        found = self._base.execute(asked, (key_of(name),)).fetchone()
        return Known(found[0], found[1], bool(found[2]), found[3]) if found else None

    def holding(self, content: bytes, made: Container[str]) -> int | None:
        """The position of a row of a file with these bytes.

        Args:
            content: see :func:`imageauth.scan.rows.content_key`.
            made: what may have made the row.
        """
        asked = "SELECT position, by FROM contents JOIN made ON made = id WHERE content = ?"
        found = self._base.execute(asked, (content,)).fetchone()
        return found[0] if found and found[1] in made and self.is_current(found[0]) else None

    def is_current(self, position: int) -> bool:
        """Whether no later row of the same input replaces the one at a position."""
        return not self._base.execute("SELECT 1 FROM stale WHERE position = ?", (position,)).fetchone()

    def has_stale(self) -> bool:
        """Whether any row is replaced by a later one."""
        return bool(self._base.execute("SELECT 1 FROM stale LIMIT 1").fetchone())

    def counts(self) -> Iterator[Count]:
        """How many rows there are of each kind."""
        alike = "outcome, made, duplicate"
        asked = f"SELECT outcome, made = 0, duplicate, coalesce(by, ''), count(*) FROM {_JOINED} GROUP BY {alike}"
        for outcome, failed, duplicate, made, rows in self._base.execute(asked):
            yield Count(outcome, bool(failed), bool(duplicate), made, rows)

    def close(self) -> None:
        """Close its file."""
        self._base.close()

    def _open(self) -> None:
        self._first: bytes | None = None
        self._made: dict[str, int] = {"": 0}
        self._base = sqlite3.connect(self._path, isolation_level=None)
        self._base.executescript(_TABLES)
        self._made |= {by: number for number, by in self._base.execute("SELECT id, by FROM made")}

    def _fits(self) -> bool:
        """Whether it is of these results: they still begin with the same input, and are no shorter."""
        found = self._base.execute("SELECT until, first FROM indexed").fetchone()
        return found is None or (found[0] <= self._results.end and found[1] == self._begins_with())

    def _index(self) -> None:
        """Take in rows that were committed since the last time."""
        found = self._base.execute("SELECT until FROM indexed").fetchone()
        self._base.execute("BEGIN")
        for position, row in self._results.rows(found[0] if found else 0):
            self._take(row, position)
        self.commit()

    def _begins_with(self) -> bytes | None:
        if self._first is None:
            self._first = next((key_of(row["file"]) for _, row in self._results.rows()), None)
        return self._first

    def _take(self, row: Row, position: int) -> None:
        key = key_of(row["file"])
        before = self._base.execute("SELECT position FROM inputs WHERE key = ?", (key,)).fetchone()
        if before and before[0] != position:
            self._base.execute("INSERT OR IGNORE INTO stale VALUES (?)", before)
        duplicate = row["duplicate_of"] is not None
        made = self._number(_made(row))
        outcome = row["verdict"] if made else row["error"]["code"]
        values = (key, row["size"], row["modified"], position, made, outcome, duplicate)
        self._base.execute("INSERT OR REPLACE INTO inputs VALUES (?, ?, ?, ?, ?, ?, ?)", values)
        if made and not duplicate:
            content = content_key(row["sha256"], row.get("sidecar_sha256"))
            self._base.execute("INSERT OR REPLACE INTO contents VALUES (?, ?, ?)", (content, position, made))

    def _number(self, made: str) -> int:
        if made not in self._made:
            self._base.execute("INSERT INTO made (by) VALUES (?)", (made,))
            (self._made[made],) = self._base.execute("SELECT id FROM made WHERE by = ?", (made,)).fetchone()
        return self._made[made]
