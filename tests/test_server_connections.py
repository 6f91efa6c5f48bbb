"""Connections: how many there may be, how long one is held, and what is refused before it is a request."""

import json
import re
import signal
import socket
import time
from pathlib import Path

import pytest

from imageauth.server.headers import SECURITY_HEADERS
from tests.serving import Serving, heard, serving

GET = b"GET %b HTTP/1.1\r\nHost: x\r\n%b\r\n"


def refusals(service: Serving, code: str) -> float:
    """How often something was refused so, by the measurements."""
    with service.client() as client:
        found = re.search(rf'imageauth_rejected_total{{code="{code}"}} (\S+)', client.get("metrics").text)
    return float(found[1]) if found else 0


def seconds_until_closed(connection: socket.socket) -> float:
    start = time.monotonic()
    connection.settimeout(20)
    heard(connection)
    return time.monotonic() - start


def problem(said: bytes) -> dict:
    """The problem that was said, with the headers of every answer."""
    top, _, body = said.partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in top.decode().split("\r\n")[1:])
    headers = {name.lower(): value for name, value in headers.items()}
    told = json.loads(body)
    assert headers["content-type"] == "application/problem+json"
    assert headers["cache-control"] == "no-store"
    assert headers["x-request-id"] == told["request_id"]
    assert all(headers[name.lower()] == value for name, value in SECURITY_HEADERS.items())
    return told


def slow_reader(service: Serving, requests: int) -> socket.socket:
    """A connection with little room of its own that has asked for much and reads nothing."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.settimeout(20)
    connection.connect(("127.0.0.1", service.port))
    connection.sendall(GET % (b"/openapi.json", b"") * (requests - 1))
    connection.sendall(GET % (b"/openapi.json", b"Connection: close\r\n"))
    return connection


def test_what_comes_after_an_answer_holds_a_connection_for_seconds_only(tmp_path: Path) -> None:
    with serving(tmp_path, model=None) as service, service.connect() as connection:
        connection.sendall(GET % (b"/healthz", b"Content-Length: 1000000\r\n"))
        assert b" 200 " in heard(connection, whole_answer=True)
        start = time.monotonic()
        try:
            while time.monotonic() - start < 15:
                connection.sendall(b"x")
                time.sleep(0.2)
        except OSError:
            pass  # reset, or a broken pipe
        assert time.monotonic() - start < 10


def test_a_connection_is_kept_and_used_again(tmp_path: Path) -> None:
    """A body that came late, whole, and requests that came together: none is cut off."""
    with serving(tmp_path, model=None, limits={"header_seconds": 1}) as service, service.connect() as connection:
        connection.sendall(GET % (b"/healthz", b"Content-Length: 4\r\n") + b"lat")
        assert b" 200 " in heard(connection, whole_answer=True)
        connection.sendall(b"e" + (GET % (b"/healthz", b"")) * 3)
        said = b""
        while said.count(b'{"status":"ok"}') < 3:
            said += connection.recv(65536)
        connection.sendall(GET % (b"/healthz", b"Connection: close\r\n"))
        assert b" 200 " in heard(connection)


def test_who_does_not_read_is_cut_off_and_who_reads_slowly_is_not(tmp_path: Path) -> None:
    limits = {"send_seconds": 1.0, "bytes_per_second": 2048}
    with serving(tmp_path, model=None, limits=limits) as service:
        with service.client() as client:
            size = len(client.get("openapi.json").content)
        requests = 600_000 // size + 1
        with slow_reader(service, requests) as idle, slow_reader(service, requests) as slow:
            said, start = b"", time.monotonic()
            while piece := slow.recv(16384):
                said += piece
                time.sleep(0.05)
            assert said.count(b"HTTP/1.1 200 OK") == requests
            assert time.monotonic() - start > 1.2  # longer than the other was allowed
            assert len(heard(idle)) < 500_000
        assert refusals(service, "unread") == 1


@pytest.mark.parametrize("requests", [1, 20])
def test_a_stop_does_not_wait_for_who_does_not_read(tmp_path: Path, requests: int) -> None:
    """Whether the answer is still written, or all of it lies in a buffer."""
    with serving(tmp_path, model=None) as service, slow_reader(service, requests):
        time.sleep(0.3)
        service.process.send_signal(signal.SIGTERM)
        start = time.monotonic()
        assert service.process.wait(25) == 0
        assert time.monotonic() - start < 15


def test_one_address_cannot_take_all_connections(tmp_path: Path) -> None:
    limits = {"connections": 10, "connections_per_client": 3}
    with serving(tmp_path, model=None, limits=limits) as service:
        time.sleep(0.3)  # until the connection that asked whether it is ready is gone
        held = [service.connect("127.0.0.2") for _ in range(3)]
        with service.connect("127.0.0.2") as one_more:
            told = problem(heard(one_more))
        assert (told["status"], told["code"]) == (429, "connections")
        assert "address" in told["detail"]
        assert service.say(GET % (b"/healthz", b"Connection: close\r\n")).startswith(b"HTTP/1.1 200 ")
        assert refusals(service, "connections") == 1
        held.pop().close()
        time.sleep(0.2)
        with service.connect("127.0.0.2") as connection:
            connection.sendall(GET % (b"/healthz", b"Connection: close\r\n"))
            assert heard(connection).startswith(b"HTTP/1.1 200 ")
        for connection in held:
            connection.close()


def test_a_trusted_proxy_may_take_all_connections(tmp_path: Path) -> None:
    limits = {"connections": 10, "connections_per_client": 1}
    with serving(tmp_path, model=None, limits=limits, trusted_proxies=["127.0.0.2/32"]) as service:
        held = [service.connect("127.0.0.2") for _ in range(5)]
        for connection in held:
            connection.sendall(GET % (b"/healthz", b"Connection: close\r\n"))
            assert heard(connection).startswith(b"HTTP/1.1 200 ")
            connection.close()


@pytest.mark.parametrize("size", [17_000, 40_000, 70_000])
def test_a_head_that_is_too_large_is_called_so_however_it_comes(tmp_path: Path, size: int) -> None:
    head = GET % (b"/healthz", b"X-Long: " + b"x" * size + b"\r\nConnection: close\r\n")
    with serving(tmp_path, model=None) as service:
        pieces = [head[at : at + 5000] for at in range(0, len(head), 5000)]
        for said in (service.say(head), service.say(*pieces, pause=0.02)):
            told = problem(said)
            assert (told["status"], told["code"]) == (431, "head-too-large")
        assert refusals(service, "head-too-large") == 2


def test_what_is_no_http_is_counted_too(tmp_path: Path) -> None:
    with serving(tmp_path, model=None) as service:
        told = problem(service.say(b"hello\r\n\r\n"))
        assert (told["status"], told["code"]) == (400, "not-http")
        coded = b"POST /v1/checks HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"
        told = problem(service.say(coded))
        assert (told["status"], told["code"]) == (501, "transfer-encoding")
        assert refusals(service, "not-http") == refusals(service, "transfer-encoding") == 1
