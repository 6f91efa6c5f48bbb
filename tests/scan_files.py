"""Pictures, archives and a web server for tests of a scan's inputs."""

import io
import re
import tarfile
import threading
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from PIL import Image

from imageauth.errors import ImageError
from imageauth.report import Failure
from imageauth.scan.inputs import Options, items_of
from imageauth.scan.items import Item
from tests.conftest import drawn


def png(seed: int = 0) -> bytes:
    """A 32×32 PNG, different for each seed."""
    stream = io.BytesIO()
    Image.fromarray(drawn(seed=seed)).save(stream, "PNG")
    return stream.getvalue()


def tarred(files: Mapping[str, bytes], mode: str = "w") -> bytes:
    """A tar archive."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as tar:  # type: ignore[call-overload]
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return stream.getvalue()


def zipped(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip archive."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return stream.getvalue()


def names(*arguments: str, **options: Any) -> list[str]:
    """What the inputs are called that are found."""
    found = items_of(arguments, Options(**options))
    return [item.file if isinstance(item, Failure) else item.name for item in found]


def split(found: Iterable[Item | Failure]) -> tuple[dict[str, bytes | str], dict[str, str]]:
    """What was found: name → bytes, or the code of the error that reading them gave; and failures: name → code."""
    items: dict[str, bytes | str] = {}
    failures: dict[str, str] = {}
    for item in found:
        if isinstance(item, Failure):
            assert "\n" not in item.message
            assert item.file not in failures
            failures[item.file] = item.code
            continue
        assert item.name not in items
        try:
            items[item.name] = item.source.read()
            assert item.size in (None, len(items[item.name]))
        except ImageError as error:
            items[item.name] = error.code
    return items, failures


class Site(ThreadingHTTPServer):
    """A web server of files in memory, on this machine.

    Attributes:
        files: path → bytes.
        ranges: it sends parts.
        failing: answers 503 to so many requests first.
        broken: breaks off so many answers after half of them first.
        endless: path of a file that never ends.
        asked: paths and ranges asked for.
    """

    daemon_threads = True

    def __init__(self, files: Mapping[str, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files = files
        self.ranges, self.failing, self.broken, self.endless = True, 0, 0, ""
        self.asked: list[tuple[str, str | None]] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Site
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        site = self.server
        path, asked = self.path.split("?")[0], self.headers.get("Range")
        site.asked.append((path, asked))
        if site.failing:
            site.failing -= 1
            return self._send(503, b"")
        if path == site.endless:
            self.send_response(200)
            self.end_headers()
            self.close_connection = True
            try:
                while True:
                    self.wfile.write(b"\0" * 2**20)
            except OSError:
                return None
        if path.endswith("/"):
            inside = {re.match(r"[^/]+/?", name[len(path) :])[0] for name in site.files if name.startswith(path)}  # type: ignore[index]
            links = "".join(f'<li><a href="{name}">{name}</a>' for name in ["../", "/other/x.png", *sorted(inside)])
            return self._send(200, f"<html><ul>{links}</ul>".encode(), kind="text/html")
        if path not in site.files:
            return self._send(404, b"")
        data = site.files[path]
        if site.ranges and asked and (match := re.fullmatch(r"bytes=(\d+)-(\d*)", asked)):
            start, end = int(match[1]), min(int(match[2] or len(data) - 1), len(data) - 1)
            if start > end:
                return self._send(416, b"")
            return self._send(206, data[start : end + 1], part=f"bytes {start}-{end}/{len(data)}")
        return self._send(200, data)

    def _send(self, status: int, data: bytes, *, part: str = "", kind: str = "application/octet-stream") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        if part:
            self.send_header("Content-Range", part)
        self.end_headers()
        if self.server.broken and len(data) > 1:
            self.server.broken -= 1
            self.wfile.write(data[: len(data) // 2])
            self.close_connection = True
            return
        self.wfile.write(data)


@contextmanager
def served(files: Mapping[str, bytes]) -> Iterator[Site]:
    """A running :class:`Site`."""
    with Site(files) as site:
        threading.Thread(target=site.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield site
        finally:
            site.shutdown()
