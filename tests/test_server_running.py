"""``imageauth serve`` as a process: its start, its end, and what comes between."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from typer.testing import CliRunner

from imageauth import Detector
from imageauth.cli import app
from imageauth.cli.serve import _is_network
from imageauth.server import running
from imageauth.server.keys import Keys
from tests.conftest import drawn
from tests.serving import heard, serving
from tests.test_server_checks import encoded


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "imageauth", "serve", *arguments]


@contextmanager
def started(*arguments: str) -> Iterator[tuple[subprocess.Popen, str]]:
    """The real command; gives the process and the address that it printed."""
    process = subprocess.Popen(command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        line = process.stdout.readline()
        match = re.fullmatch(r"imageauth is at (http://\S+/) \(Ctrl-C stops it\)\n", line)
        assert match, line
        yield process, match[1]
    finally:
        process.kill()
        process.communicate()


def wait_until_ready(url: str, seconds: float = 30) -> float:
    """Seconds until it was."""
    start = time.monotonic()
    while time.monotonic() < start + seconds:
        try:
            if httpx2.get(url + "readyz").status_code == 200:
                return time.monotonic() - start
        except httpx2.TransportError:
            pass
        time.sleep(0.02)
    pytest.fail("not ready")


def processor_seconds(process: subprocess.Popen) -> float:
    """That a process took so far, which unlike the seconds gone by do not depend on who else is at work here."""
    if not sys.platform.startswith("linux"):
        return 0
    fields = Path(f"/proc/{process.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_starts_says_where_and_stops_quietly(number: int) -> None:
    start = time.monotonic()
    with started("--port", "0", "--log-level", "warning") as (process, url):
        # Two seconds are promised, on a machine that does nothing else; here others may be at work.
        assert processor_seconds(process) < 2
        assert time.monotonic() - start < 10
        wait_until_ready(url)
        assert httpx2.get(url + "healthz").json() == {"status": "ok"}
        process.send_signal(number)
        out, errors = process.communicate(timeout=15)
        assert (process.returncode, out, errors) == (0, "", "")


def test_a_second_start_on_the_same_port_says_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = CliRunner().invoke(app, ["serve", "--port", str(port)])
    assert done.exit_code == 2
    assert re.fullmatch(rf"imageauth: cannot serve at 127\.0\.0\.1 port {port}: .*in use\n", done.stderr)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--host", "no.such.host.invalid"], "not an address of this machine"),
        (["--host", "192.0.2.1"], "cannot serve at 192.0.2.1"),
        (["--api-keys", "missing"], "the API keys missing cannot be read"),
        (["--policy", "missing.toml"], "the policy missing.toml cannot be read"),
        (["--model", "missing"], "there is no model 'missing'"),
        (["--rate", "often"], "such as 60/minute"),
        (["--log-level", "loud"], "--log-level is one of"),
        (["--memory-mib", "64", "--max-request-mib", "65"], "smaller than what one request may hold"),
        (["--allow-origin", "newsroom.example/"], "such as https://newsroom.example"),
    ],
)
def test_what_cannot_start_says_why_in_a_line(arguments: list[str], said: str) -> None:
    done = CliRunner().invoke(app, ["serve", "--port", "0", *arguments])
    assert done.exit_code == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_without_the_extra_it_says_what_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith(("imageauth.server", "uvicorn", "fastapi"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    done = CliRunner().invoke(app, ["serve"])
    assert done.exit_code == 2
    assert done.stderr == 'imageauth: imageauth serve needs an optional part: pip install "imageauth[serve]"\n'


def test_a_new_key_and_its_line(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["serve", "--new-key", "newsroom"])
    assert done.exit_code == 0
    key = re.search(r"key, shown only now: (\S+)", done.stdout)
    line = re.search(r"line for --api-keys: (\S+)", done.stdout)
    assert key
    assert line
    (tmp_path / "keys").write_text(line[1] + "\n")
    assert Keys.read(tmp_path / "keys").holder(key[1]) == "newsroom"
    for name in ("a b", ""):
        refused = CliRunner().invoke(app, ["serve", "--new-key", name])
        assert (refused.exit_code, refused.stdout) == (2, "")


@pytest.mark.parametrize(
    "proxy", ["proxy.example", "*", "", "10.0.0.300", "10.0.0.1/8", "0.0.0.0/0", "::/0", "10.0.0.1,x"]
)
def test_a_trusted_proxy_is_an_address(proxy: str) -> None:
    refused = CliRunner().invoke(app, ["serve", "--trusted-proxy", proxy])
    assert refused.exit_code == 2
    assert "--trusted-proxy" in str(refused.exception or "") + refused.output


@pytest.mark.parametrize("proxy", ["127.0.0.1", "127.0.0.0/8", "::1", "fd00::/8"])
def test_what_a_trusted_proxy_may_be(proxy: str) -> None:
    assert _is_network(proxy)


def test_addresses_that_a_browser_can_open() -> None:
    with running.bind("0.0.0.0", 0) as listener:
        assert running.url_of(listener).startswith("http://127.0.0.1:")
    with running.bind("::1", 0) as listener:
        assert running.url_of(listener).startswith("http://[::1]:")


def test_a_stop_finishes_what_is_in_flight() -> None:
    with started("--port", "0", "--log-level", "error") as (process, url):
        wait_until_ready(url)
        answers: list[int] = []
        picture = encoded(drawn(1200, 900), "JPEG")

        def ask() -> None:
            sent = [("files", (f"{index}.jpg", picture)) for index in range(3)]
            answers.append(httpx2.post(url + "v1/checks", files=sent, timeout=60).status_code)

        threads = [threading.Thread(target=ask) for _ in range(2)]
        for thread in threads:
            thread.start()
        until = time.monotonic() + 20
        while "imageauth_queue_pictures 6.0" not in httpx2.get(url + "metrics").text:
            assert time.monotonic() < until
            assert not answers
        process.send_signal(signal.SIGTERM)
        for thread in threads:
            thread.join(60)
        assert answers == [200, 200]
        assert process.wait(15) == 0
        with pytest.raises(httpx2.ConnectError):
            httpx2.get(url + "healthz")


def test_a_stop_does_not_wait_for_ever(tmp_path: Path) -> None:
    head = b"POST /v1/checks HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: 1000\r\n\r\nx"
    limits = {"stop_seconds": 1, "idle_seconds": 60}
    with serving(tmp_path, model=None, limits=limits) as service, service.connect() as connection:
        connection.sendall(head)
        time.sleep(0.3)
        start = time.monotonic()
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(15) == 0
        assert time.monotonic() - start < 10


def test_killed_and_started_again_it_serves_at_once() -> None:
    with started("--port", "0", "--log-level", "error") as (process, url):
        wait_until_ready(url)
        port = url.rstrip("/").rpartition(":")[2]
        answers: list[object] = []

        def ask() -> None:
            try:
                sent = {"files": ("a.jpg", encoded(drawn(1200, 900), "JPEG"))}
                answers.append(httpx2.post(url + "v1/checks", files=sent, timeout=60).status_code)
            except httpx2.TransportError as error:
                answers.append(type(error))

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        time.sleep(0.3)
        os.kill(process.pid, signal.SIGKILL)
        for thread in threads:
            thread.join(60)
        assert all(answer == 200 or issubclass(answer, httpx2.TransportError) for answer in answers)  # type: ignore[arg-type]
    start = time.monotonic()
    with started("--port", port, "--log-level", "error") as (process, again):
        assert again == url
        wait_until_ready(url)
        # Ready within two seconds, as above; loading the models keeps more than one core busy.
        assert processor_seconds(process) < 4
        assert time.monotonic() - start < 12
        assert httpx2.post(url + "v1/checks", files={"files": ("a.png", encoded(drawn()))}).status_code == 200


def test_who_leaves_takes_the_work_along(tmp_path: Path) -> None:
    with serving(tmp_path) as service, service.client() as client:
        picture = encoded(drawn(1200, 900), "JPEG")
        head = b"POST /v1/checks HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n"
        connections = [service.connect() for _ in range(16)]
        for connection in connections:
            connection.sendall(head % len(picture) + picture)
        until = time.monotonic() + 20
        while queue(client) < 12:
            assert time.monotonic() < until
        for connection in connections:
            connection.close()
        until = time.monotonic() + 4
        while queue(client):
            assert time.monotonic() < until, "work of clients that left goes on"
        assert "imageauth_upload_bytes 0.0" in client.get("metrics").text


def queue(client: httpx2.Client) -> float:
    found = re.search(r"(?m)^imageauth_queue_pictures (\S+)", client.get("metrics").text)
    assert found
    return float(found[1])


def test_a_head_that_does_not_come_and_one_that_is_none(tmp_path: Path) -> None:
    limits = {"header_seconds": 0.5, "connections": 20}
    with serving(tmp_path, model=None, limits=limits) as service:
        start = time.monotonic()
        assert service.say(b"GET /healthz HT") == b""
        assert service.say() == b""
        # The same on a connection that was used before.
        used = service.say(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /hea", pause=0.2)
        assert used.startswith(b"HTTP/1.1 200")
        assert time.monotonic() - start < 8
        answer = service.say(b"\x16\x03\x01 this is TLS, perhaps\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["code"] == "not-http"
        assert service.say(b"GET / HTTP/1.1\r\nX: " + b"y" * 20_000 + b"\r\n\r\n").startswith(b"HTTP/1.1 400 ")
        held = [service.connect() for _ in range(20)]
        time.sleep(0.2)
        refused = service.say(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert json.loads(refused.partition(b"\r\n\r\n")[2])["code"] == "connections"
        for each in held:
            each.close()
        with service.client() as client:
            assert client.get("healthz").status_code == 200


@pytest.mark.parametrize("ends", [b"Connection: close\r\n", b""], ids=["close", "keep-alive"])
def test_who_is_refused_sees_why_though_it_still_sends(tmp_path: Path, ends: bytes) -> None:
    with serving(tmp_path, model=None, limits={"request_bytes": 100_000, "file_bytes": 50_000}) as service:
        head = b"POST /v1/checks HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\n" + ends
        with service.connect() as connection:
            connection.sendall(head + b"Content-Length: 3000000\r\n\r\n")
            for _ in range(30):
                connection.sendall(b"x" * 100_000)
            answer = heard(connection, whole_answer=True)
            assert answer.startswith(b"HTTP/1.1 413 ")
            assert json.loads(answer.partition(b"\r\n\r\n")[2])["code"] == "request-too-large"
            if not ends:  # all of it was read, so that the connection goes on
                connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
                assert heard(connection, whole_answer=True).startswith(b"HTTP/1.1 200 ")
        # One that asks first need not send at all.
        start = time.monotonic()
        with service.connect() as connection:
            connection.sendall(head + b"Expect: 100-continue\r\nContent-Length: 3000000\r\n\r\n")
            assert heard(connection, whole_answer=True).startswith(b"HTTP/1.1 413 ")
        assert time.monotonic() - start < 2


@pytest.mark.parametrize("proxies", [[], ["127.0.0.1"]], ids=["nobody", "this machine"])
def test_a_trusted_proxy_tells_who_asks(tmp_path: Path, proxies: list[str]) -> None:
    with (
        serving(tmp_path, model=None, rate=[1, 3600.0], trusted_proxies=proxies) as service,
        service.client() as client,
    ):
        sent = {"files": ("a.txt", b"no picture")}
        statuses = [
            client.post("v1/checks", files=sent, headers={"X-Forwarded-For": told}).status_code
            for told in ("192.0.2.1", "192.0.2.2", "192.0.2.2", "192.0.2.66, 192.0.2.3", "192.0.2.67, 192.0.2.3")
        ]
    # Of several addresses the last is the proxy's own word; those before it may be anybody's.
    assert statuses == ([200, 200, 429, 200, 429] if proxies else [200, 429, 429, 429, 429])


def test_the_service_goes_on_while_heatmaps_are_drawn(tmp_path: Path) -> None:
    """They have a place on the queue until they are done, and who is refused meanwhile is told so at once."""
    with serving(tmp_path, "cifake", {"queue": 8}) as service, service.client() as client:
        small = [("files", (f"{index}.png", encoded(drawn(seed=index)))) for index in range(8)]
        answers: list[httpx2.Response] = []

        def ask() -> None:
            with service.client() as other:
                answers.append(other.post("v1/checks?heatmap=true", files=small, timeout=60))

        threads = [threading.Thread(target=ask) for _ in range(6)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            start = time.monotonic()
            assert client.get("healthz").status_code == 200
            assert time.monotonic() - start < 2
            assert queue(client) <= 7 + 8
            time.sleep(0.02)
        done = [answer for answer in answers if answer.status_code == 200]
        assert {answer.status_code for answer in answers} <= {200, 429}
        assert all(int(answer.headers["retry-after"]) >= 1 for answer in answers if answer.status_code == 429)
        assert done
        assert all("heatmap" in each for answer in done for each in answer.json()["results"] if each["probability"])


def test_uploads_that_pause_are_given_up(tmp_path: Path) -> None:
    with serving(tmp_path, model=None, limits={"idle_seconds": 0.3}) as service:
        head = b"POST /v1/checks HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: 1000\r\n\r\nx"
        start = time.monotonic()
        answer = service.say(head)
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b"connection: close" in answer.lower()
        assert time.monotonic() - start < 10


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_large_pictures_leave_no_memory_behind(tmp_path: Path) -> None:
    large = [encoded(drawn(4000, 3000), "JPEG"), encoded(drawn(5000, 4000), "JPEG"), encoded(drawn(2500, 2000), "BMP")]
    with serving(tmp_path, model="cifake") as service, service.client() as client:
        client.post("v1/checks", files={"files": ("a", encoded(drawn()))})
        before = service.megabytes
        for _ in range(2):
            sent = [("files", (str(index), data)) for index, data in enumerate(large)]
            results = client.post("v1/checks", files=sent).json()["results"]
            assert all("verdict" in each for each in results)
        assert service.megabytes - before < 50


def test_the_default_detector_is_that_of_check(detector: Detector) -> None:
    with started("--port", "0", "--log-level", "error") as (_, url):
        picture = encoded(drawn(500, 400, seed=4))
        (result,) = httpx2.post(url + "v1/checks", files={"files": ("a.png", picture)}, timeout=60).json()["results"]
        expected = detector.check(picture, name="a.png").to_json()
        assert result["verdict"] == expected["verdict"]
        assert result["produced_by"] == expected["produced_by"]
