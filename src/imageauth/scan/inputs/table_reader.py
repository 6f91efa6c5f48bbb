"""Tables are read by a process of their own: damaged ones may end it, since Arrow does not catch all that it throws."""

import importlib.util
import multiprocessing
import signal
from collections.abc import Iterator
from multiprocessing.connection import Connection

from imageauth.errors import MissingExtraError
from imageauth.report import Failure
from imageauth.scan.inputs.tables import Table, read_table
from imageauth.scan.items import Item
from imageauth.silence import silenced

# Seconds that a process has to end by itself.
_PATIENCE = 5.0


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
        self._process: multiprocessing.process.BaseProcess | None = None

    def items(self, table: Table) -> Iterator[Item | Failure]:
        """Images of a table, called by the number of their row, from 0 on."""
        try:
            need_arrow()
        except MissingExtraError as error:
            yield Failure(table.place.name, "unsupported-format", str(error))
            return
        if self._process is None:
            self._start()
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
            self._process.join(_PATIENCE)
            if self._process.is_alive():
                self._process.kill()
                self._process.join()
            self._process = None

    def _start(self) -> None:
        # A forked process would share locks and threads that are not there.
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()


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
