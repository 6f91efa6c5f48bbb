"""Results as Apache Parquet: a folder of part files, each whole or not there."""

import bisect
import io
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

from imageauth.errors import ImageAuthError, MissingExtraError
from imageauth.escaping import one_line
from imageauth.files import write_atomically
from imageauth.scan.results.folder import PartsFolder
from imageauth.scan.results.table import Results
from imageauth.scan.rows import COLUMNS, SCHEMA, Row, flat, nested

# Every commit makes a part; when those of a tail hold so many rows they are joined to one.
_ROWS = 20_000
_MARK = b"imageauth"


class Parquet(Results):
    """Such a folder: ``part-000000000000.parquet`` and so on; the number is that of the part's first row.

    Positions are numbers of rows.
    """

    # A part a second would be too many files; what is not committed yet a crash costs again, and nothing more.
    interval = 10.0

    def __init__(self, path: Path) -> None:
        """Open or create.

        Raises:
            MissingExtraError: pyarrow is not installed.
            ImageAuthError: it is not a folder of results, or another scan holds it.
        """
        try:
            import pyarrow.parquet
        except ImportError:
            raise MissingExtraError("Parquet", "scan") from None
        self._parquet: Any = pyarrow.parquet
        kinds = {str: pyarrow.string(), int: pyarrow.int64(), float: pyarrow.float64()}
        fields = [pyarrow.field(name, kinds[kind]) for name, kind in COLUMNS.items()]
        self._schema = pyarrow.schema(fields, metadata={_MARK: SCHEMA.encode()})
        self.path = path
        if path.exists() and not path.is_dir():
            raise ImageAuthError(f"{path} is a file; results in Parquet are a folder of part files")
        self._folder = PartsFolder(path)
        self._pending: list[Row] = []
        self._read_part = lru_cache(maxsize=2)(self._rows_of)
        try:
            self._find_parts()
        except BaseException:
            self._folder.close()
            raise

    def rows(self, start: int = 0) -> Iterator[tuple[int, Row]]:
        at = max(0, bisect.bisect_right(self._firsts, start) - 1)
        for first in self._firsts[at:]:
            for index, row in enumerate(self._rows_of(first)):
                if first + index >= start:
                    yield first + index, row

    def read(self, position: int) -> Row:
        if position >= self.end:
            return nested(self._pending[position - self.end])
        first = self._firsts[bisect.bisect_right(self._firsts, position) - 1]
        return self._read_part(first)[position - first]

    def add(self, rows: Sequence[Row]) -> list[int]:
        start = self.end + len(self._pending)
        self._pending += [flat(row) for row in rows]
        return list(range(start, start + len(rows)))

    def commit(self) -> None:
        if not self._pending:
            return
        pending, self._pending = self._pending, []
        self._write(self._file(self.end), pending)
        self._firsts.append(self.end)
        self.end += len(pending)
        self._join()

    def keep(self, wanted: Callable[[int], bool]) -> None:
        self.commit()
        rows = (flat(row) for position, row in self.rows() if wanted(position))
        first = 0
        with self._folder.replaced() as fresh:
            while some := list(islice(rows, _ROWS)):
                self._write(fresh / self._file(first).name, some)
                first += len(some)
        self._read_part.cache_clear()
        self._find_parts()

    def close(self) -> None:
        try:
            self.commit()
        finally:
            self._folder.close()

    def _find_parts(self) -> None:
        """Whole parts, in order; what a crash left of others goes away.

        Raises:
            ImageAuthError: the folder holds what no scan wrote.
        """
        for torn in self.path.glob("part-*.parquet.part"):
            torn.unlink()
        self._firsts: list[int] = []
        self.end = 0
        for file in sorted(self.path.iterdir()):
            number = file.name.removeprefix("part-").removesuffix(".parquet")
            if not number.isdigit():
                raise ImageAuthError(f"{self.path} is no folder of results of a scan: it holds {file.name}")
            try:
                about = self._parquet.read_metadata(file)
            except Exception as error:  # its own errors, and of the system
                raise ImageAuthError(f"{file} is damaged ({one_line(error, 120)}); nothing was written") from None
            if (about.metadata or {}).get(_MARK) != SCHEMA.encode():
                raise ImageAuthError(f"{file} does not hold results of a scan of schema {SCHEMA}")
            first = int(number)
            if first < self.end:
                file.unlink()  # joined into the part before, just before a crash
            elif first > self.end:
                raise ImageAuthError(f"{self.path} lacks the part before {file.name}; nothing was written")
            else:
                self._firsts.append(first)
                self.end += about.num_rows

    def _file(self, first: int) -> Path:
        return self.path / f"part-{first:012}.parquet"

    def _rows_of(self, first: int) -> list[Row]:
        table = self._parquet.read_table(self._file(first), schema=self._schema)
        return [nested(columns) for columns in table.to_pylist()]

    def _write(self, file: Path, columns: Sequence[Row]) -> None:
        import pyarrow

        self._write_table(file, pyarrow.Table.from_pylist(list(columns), schema=self._schema))

    def _write_table(self, file: Path, table: Any) -> None:
        stream = io.BytesIO()
        self._parquet.write_table(table, stream, compression="zstd")
        write_atomically(file, stream.getvalue())

    def _join(self) -> None:
        """Make one part of the small ones at the end."""
        import pyarrow

        ends = [*self._firsts[1:], self.end]
        small = len(self._firsts)
        while small and ends[small - 1] - self._firsts[small - 1] < _ROWS:
            small -= 1
        tail = self._firsts[small:]
        if len(tail) < 2 or self.end - tail[0] < _ROWS:
            return
        tables = [self._parquet.read_table(self._file(first), schema=self._schema) for first in tail]
        self._write_table(self._file(tail[0]), pyarrow.concat_tables(tables))
        for first in tail[1:]:
            self._file(first).unlink()
        self._firsts = self._firsts[: small + 1]
        self._read_part.cache_clear()
