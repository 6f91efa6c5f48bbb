"""A service in a process of its own, with whatever limits a test wants, and clients that may be rude to it."""

import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from starlette.testclient import TestClient

from imageauth import Detector
from imageauth.server.app import create_app
from imageauth.server.settings import Settings

# What ``imageauth serve`` does, with limits that it has no options for.
PROGRAM = """
import json, sys
from pathlib import Path
from imageauth.detector import Detector
from imageauth.server import logs, running
from imageauth.server.app import create_app
from imageauth.server.settings import Limits, Settings

given = json.loads(sys.argv[1])
if "api_keys" in given["settings"]:
    given["settings"]["api_keys"] = Path(given["settings"]["api_keys"])
settings = Settings(limits=Limits(**given["limits"]), **given["settings"])
listener = running.bind("127.0.0.1", 0)
logs.start("warning")
app = create_app(Detector(given["model"]), settings)
running.serve(app, listener, settings, lambda: print(running.url_of(listener), flush=True))
"""


@dataclass
class Serving:
    """A running service."""

    process: subprocess.Popen
    url: str
    log: Path

    @property
    def port(self) -> int:
        return int(self.url.rstrip("/").rpartition(":")[2])

    @property
    def megabytes(self) -> float:
        """Resident memory."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        return int(next(line for line in status.splitlines() if line.startswith("VmRSS:")).split()[1]) / 1e3

    @property
    def open_files(self) -> int:
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))

    def client(self) -> httpx2.Client:
        return httpx2.Client(base_url=self.url, timeout=30)

    def wait_until_ready(self) -> None:
        with self.client() as client:
            _wait_until_ready(client)

    def connect(self, address: str = "127.0.0.1") -> socket.socket:
        """A connection, from one of this machine's own addresses."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=20, source_address=(address, 0))

    def say(self, *pieces: bytes, pause: float = 0.0, half_close: bool = False) -> bytes:
        """Send bytes as they are, and give all that comes back until the service closes."""
        with self.connect() as connection:
            try:
                for piece in pieces:
                    connection.sendall(piece)
                    time.sleep(pause)
                if half_close:
                    connection.shutdown(socket.SHUT_WR)
            except (BrokenPipeError, ConnectionResetError):
                pass  # it has answered already
            return heard(connection)


def heard(connection: socket.socket, *, whole_answer: bool = False) -> bytes:
    """All that comes until the other side closes, or until there is one whole answer with a Content-Length."""
    said = b""
    try:
        while part := connection.recv(65536):
            said += part
            top, found, body = said.partition(b"\r\n\r\n")
            length = re.search(rb"(?i)content-length: (\d+)", top)
            if whole_answer and found and length and len(body) >= int(length[1]):
                break
    except ConnectionResetError:
        pass
    return said


@contextmanager
def serving(
    folder: Path, model: str | None = "auto", limits: dict[str, Any] | None = None, **settings: Any
) -> Iterator[Serving]:
    """Start a service and stop it gracefully at the end.

    Args:
        folder: for its log.
        model: of its detector.
        limits: other than the usual ones.
        settings: see :class:`imageauth.server.settings.Settings`.
    """
    given = json.dumps({"model": model, "limits": limits or {}, "settings": settings})
    log = folder / "serving.log"
    with log.open("w") as errors:
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, given], stdout=subprocess.PIPE, stderr=errors, text=True
        )
        try:
            assert process.stdout
            url = process.stdout.readline().strip()
            assert url, log.read_text(encoding="utf-8")
            running = Serving(process, url, log)
            running.wait_until_ready()
            yield running
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            finally:
                process.kill()


@contextmanager
def in_process(detector: Detector, **settings: Any) -> Iterator[TestClient]:
    """The service without a socket, started and ready.

    Args:
        detector: of it.
        settings: see :class:`imageauth.server.settings.Settings`.
    """
    app = create_app(detector, Settings(**settings))
    with TestClient(app, raise_server_exceptions=False) as client:
        _wait_until_ready(client)
        yield client


def _wait_until_ready(client: httpx2.Client | TestClient) -> None:
    until = time.monotonic() + 30
    while client.get("/readyz").status_code != 200:
        assert time.monotonic() < until
        time.sleep(0.02)
