"""The page's files and what private mode loads, served as the page's contract has it, to one test on this machine."""

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from imageauth import __version__
from imageauth.models import find_model, shipped_models
from imageauth.server import runtime
from imageauth.server.folders import STATIC
from imageauth.server.headers import SECURITY_HEADERS
from imageauth.server.python_bundle import python_bundle
from tests.conftest import IN_CI

TYPES = {
    ".html": "text/html", ".js": "text/javascript", ".json": "application/json", ".mjs": "text/javascript",
    ".wasm": "application/wasm", ".zip": "application/zip",
}  # fmt: skip


# Where `make test` keeps them, and where they are brought to if it did not.
_BUILT = Path(__file__).parent.parent / "build" / "web-runtime"


@lru_cache(maxsize=1)
def runtime_folder() -> Path:
    """What private mode takes from npm packages; brought here if it is nowhere yet."""
    os.environ.setdefault("IMAGEAUTH_WEB_RUNTIME", str(_BUILT))
    found = runtime.find()
    if found is None:
        try:
            found = runtime.install(Path(os.environ["IMAGEAUTH_WEB_RUNTIME"]))
        except runtime.RuntimeMissingError as error:
            (pytest.fail if IN_CI else pytest.skip)(str(error))
    return found


class Site:
    """What is served.

    Attributes:
        address: of the site, with a slash at its end.
        extra: path → bytes, before the files.
        asked: paths that were asked for, in order.
        cut: paths of which only half arrives.
        isolated: from other sites' pages, by headers; threads need it.
    """

    def __init__(self, extra: dict[str, bytes]) -> None:
        self.address = ""
        self.extra = {"index.html": b"<!doctype html><title>test</title>", "favicon.ico": b"", **extra}
        self.asked: list[str] = []
        self.cut: set[str] = set()
        self.isolated = True

    def find(self, path: str) -> bytes | None:
        self.asked.append(path)
        if path in self.extra:
            return self.extra[path]
        if path == "private/python/imageauth.zip":
            return python_bundle()
        file = STATIC / path
        if path.startswith("private/models/"):
            file = find_model(path.split("/")[2]) / path.split("/")[3]
        elif path.startswith("private/"):
            file = runtime_folder() / path.removeprefix("private/")
        return file.read_bytes() if file.is_file() else None


@contextmanager
def serve(*, isolated: bool = True, **private: object) -> Iterator[Site]:
    """A site whose ``config.json`` says ``private`` of private mode; ``trust``: the lists of signers, as plain data."""
    runtime_folder()
    extra = {}
    if trust := private.get("trust"):
        extra["private/trust/lists.json"] = json.dumps(trust).encode()
    here = {"available": True, "models": shipped_models(), **private, "trust": bool(trust)}
    config = {"schema": "imageauth/page/1", "version": __version__, "server": True, "private": here}
    extra["config.json"] = json.dumps(config).encode()
    site = Site(extra)
    site.isolated = isolated
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(site))
    site.address = f"http://127.0.0.1:{server.server_port}/"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(site: Site) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = self.path.partition("?")[0].lstrip("/") or "index.html"
            body = site.find(path)
            self.send_response(404 if body is None else 200)
            headers = {"Content-Type": TYPES.get(Path(path).suffix, "application/octet-stream"), **SECURITY_HEADERS}
            if not site.isolated:
                headers = {name: value for name, value in headers.items() if not name.startswith("Cross-Origin")}
            for name, value in (headers | {"Content-Length": str(len(body or b""))}).items():
                self.send_header(name, value)
            self.end_headers()
            if path in site.cut and body:
                self.wfile.write(body[: len(body) // 2])
                self.close_connection = True
                return
            self.wfile.write(body or b"")

        def log_message(self, *_: object) -> None:
            pass

    return Handler
