"""One worker of a scan: a process that reads and checks what it is sent."""

import hashlib
import queue
import signal
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
import numpy.typing as npt

from imageauth.detector import FileBytes, failure_of
from imageauth.errors import ImageAuthError, ImageError
from imageauth.perceptual_hash import perceptual_hash
from imageauth.report import Failure
from imageauth.scan.items import Item
from imageauth.scan.rows import Row, content_key, row_of
from imageauth.scan.settings import Checking
from imageauth.silence import silenced


@dataclass(frozen=True, slots=True)
class Read:
    """What reading an item gave.

    Attributes:
        content: stands for its bytes and those of the credentials beside it; None where it cannot be read.
        failure: why it cannot.
        sidecar_sha256: of the credentials beside it, hexadecimal, if there are any.
    """

    content: bytes | None
    failure: Failure | None = None
    sidecar_sha256: str | None = None


def read(item: Item) -> tuple[FileBytes | None, Read]:
    """The bytes of an item, and what to tell of them."""
    try:
        found = FileBytes(item.source.read(), item.source.sidecar())
    except (ImageError, MemoryError) as error:
        return None, Read(None, failure_of(item.name, error))
    sidecar = None if found.sidecar is None else hashlib.sha256(found.sidecar).hexdigest()
    return found, Read(content_key(hashlib.sha256(found.data).hexdigest(), sidecar), None, sidecar)


def work(connection: Connection, checking: Checking) -> None:
    """Read and check until the other side closes.

    It receives ``("read", task, items)`` and answers ``("read", task, [Read…])``; then ``("check", task, wanted)``, a
    bool for each item, and answers ``("checked", task, rows)``, those of the wanted ones that could be read, in order.
    Reading runs beside checking. What stops it for good, such as damaged weights, it tells as
    ``("error", 0, [exception])``.

    Args:
        connection: to the process that leads.
        checking: how to check.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the leader decides
    told = _Sender(connection)
    with silenced():
        try:
            _work(connection, told, checking)
        except Exception as error:
            told("error", 0, [error if isinstance(error, ImageAuthError) else RuntimeError(repr(error))])


def _work(connection: Connection, told: "_Sender", checking: Checking) -> None:
    tasks: queue.SimpleQueue[tuple[int, list[tuple[Item, FileBytes]]] | Exception | None] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(connection, told, tasks), daemon=True).start()
    hashes: dict[str, str] = {}

    def decoded(name: str, pixels: npt.NDArray[np.uint8]) -> None:
        hashes[name] = perceptual_hash(pixels)

    detector = checking.detector(decoded if checking.hashes else None)
    while (task := tasks.get()) is not None:
        if isinstance(task, Exception):
            raise task
        number, wanted = task
        answers = detector.check_many([data for _, data in wanted], names=[item.name for item, _ in wanted])
        rows: list[Row] = [row_of(item, answer) for (item, _), answer in zip(wanted, answers, strict=True)]
        for row in rows:
            if (found := hashes.pop(row["file"], "")) and "error" not in row:
                row["perceptual_hash"] = found
        told("checked", number, rows)


class _Sender:
    """Sends from any thread."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()

    def __call__(self, kind: str, task: int, content: Sequence[Any]) -> None:
        with self._lock:
            self._connection.send((kind, task, content))


def _listen(connection: Connection, told: _Sender, tasks: "queue.SimpleQueue[Any]") -> None:
    held: dict[int, list[tuple[Item, FileBytes | None]]] = {}
    try:
        while True:
            kind, task, content = connection.recv()
            if kind == "read":
                found = [(item, *read(item)) for item in content]
                held[task] = [(item, data) for item, data, _ in found]
                told("read", task, [said for _, _, said in found])
            else:
                pairs = zip(held.pop(task), content, strict=True)
                tasks.put((task, [(item, data) for (item, data), wanted in pairs if wanted and data is not None]))
    except (EOFError, OSError):
        tasks.put(None)  # the leader is gone, or has no more work
    except Exception as error:
        tasks.put(error)
