"""Tables are read by a process of their own: damaged ones may end it, since Arrow does not catch all that it throws."""

import importlib.util
import signal
from collections.abc import Iterator
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from imageauth.errors import MissingExtraError
from imageauth.report import Failure
from imageauth.scan.inputs.tables import Table, read_table
from imageauth.scan.items import Item
from imageauth.scan.processes import end, start
from imageauth.silence import silenced


def need_arrow() -> None:
    """Look for what reads tables, without loading it.

    Raises:
        MissingExtraError: it is not installed.
    """
    if importlib.util.find_spec("pyarrow") is None:
        raise MissingExtraError("reading tables", "scan")


class TableReader:
    """Reads tables, one after the other. Its process starts with the first, and anew after one that ended it."""

    def __init__(self) -> None:
        """Get ready."""
        self._process: BaseProcess | None = None

    def items(self, table: Table) -> Iterator[Item | Failure]:
        """Images of a table, called by the number of their row, from 0 on."""
        try:
            need_arrow()
        except MissingExtraError as error:
            yield Failure(table.place.name, "unsupported-format", str(error))
            return
        if self._process is None:
            self._process, self._connection = start(_serve)
        rows, whole = 0, False
        try:
            self._connection.send(table)
            while (found := self._connection.recv()) is not None:
                yield found
                rows += 1
            whole = True
        except (EOFError, OSError):
            before = f"; {rows} of its rows were read before that" if rows else ""
            yield Failure(table.place.name, "corrupt", f"is damaged: reading it ended the process that did so{before}")
        finally:
            if not whole:  # nobody wants the rest
                self.close()

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._connection.close()
            end(self._process)
            self._process = None


def _serve(connection: Connection) -> None:
    """Answer each table with its items, and None after the last, until the other side closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the other side decides
    try:
        with silenced():
            while True:
                for item in read_table(connection.recv()):
                    connection.send(item)
                connection.send(None)
    except (EOFError, OSError):
        return
