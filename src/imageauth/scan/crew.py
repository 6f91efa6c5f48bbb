"""The workers of a scan: started, fed, and started anew when one dies."""

import contextlib
import queue
import threading
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, NamedTuple

from imageauth.scan.processes import end, start
from imageauth.scan.settings import Checking
from imageauth.scan.worker import work


class Event(NamedTuple):
    """What a worker told; ``kind`` is ``lost`` where it died instead."""

    worker: int
    kind: str
    task: int
    content: Sequence[Any]


class Crew:
    """So many processes that run :func:`imageauth.scan.worker.work`."""

    def __init__(self, count: int, checking: Checking) -> None:
        """Get ready; each starts when it is first sent something."""
        self._checking = checking
        self._count = count
        self._processes: dict[int, BaseProcess] = {}
        self._connections: dict[int, Connection] = {}
        self._outgoing: dict[int, queue.SimpleQueue[Any]] = {}

    def __len__(self) -> int:
        return self._count

    def send(self, worker: int, kind: str, task: int, content: Sequence[Any]) -> None:
        """Tell a worker something. That it is dead shows itself in :meth:`events`."""
        if worker not in self._connections:
            self._start(worker)
        self._outgoing[worker].put((kind, task, content))

    def events(self, timeout: float | None) -> Iterator[Event]:
        """What workers told since; waits for the first.

        Args:
            timeout: seconds to wait at most.
        """
        for ready in wait(self._connections.values(), timeout):
            worker = next(each for each, connection in self._connections.items() if connection is ready)
            try:
                while True:
                    yield Event(worker, *self._connections[worker].recv())
                    if not self._connections[worker].poll():
                        break
            except (EOFError, OSError):
                self._outgoing.pop(worker).put(None)
                self._connections.pop(worker).close()
                self._processes.pop(worker).join()
                yield Event(worker, "lost", 0, ())

    def close(self) -> None:
        """Let them end, and end them."""
        for outgoing in self._outgoing.values():
            outgoing.put(None)
        for connection in self._connections.values():
            connection.close()
        for process in self._processes.values():
            end(process)

    def _start(self, worker: int) -> None:
        self._processes[worker], connection = start(work, self._checking)
        self._connections[worker] = connection
        self._outgoing[worker] = queue.SimpleQueue()
        # If both sides waited for the other to read, neither ever would.
        threading.Thread(target=_post, args=(connection, self._outgoing[worker]), daemon=True).start()


def _post(connection: Connection, outgoing: "queue.SimpleQueue[Any]") -> None:
    with contextlib.suppress(OSError):
        while (message := outgoing.get()) is not None:
            connection.send(message)
