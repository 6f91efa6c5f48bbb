"""The page's files: found below known folders, with an ETag, compressed where that helps."""

import gzip
import mimetypes
import re
import threading
from collections.abc import Callable
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.types import Receive, Scope, Send

Find = Callable[[str], Path | None]

# What systems call these differs or is missing; browsers insist on it.
_TYPES = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".json": "application/json",
    ".tflite": "application/octet-stream",
}
_TEXTS = ("text/", "application/json", "application/manifest+json", "image/svg+xml", "application/wasm")


# Bytes below which compression does not help, and above which it must be quick.
_LEAST, _LARGE = 256, 2**20


class Assets:
    """ASGI application that serves files and nothing else; anything unknown is 404."""

    def __init__(self, *find: Find) -> None:
        """Serve files.

        Args:
            find: each gives the file at a path (``js/app.js``, ``index.html``), or None.
        """
        self._find = find
        # As many as the page and private mode have, some 10 MB of them.
        self._kept: dict[Path, tuple[str, bytes]] = {}
        self._lock = threading.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        path = scope["path"].lstrip("/") or "index.html"
        file = await run_in_threadpool(self._file, path)
        if not file:
            raise HTTPException(404)
        scope.setdefault("state", {})["route"] = "page"
        if scope["method"] not in ("GET", "HEAD"):
            raise HTTPException(405, headers={"Allow": "GET, HEAD"})
        # Parts of files are not given: browsers ask for whole ones.
        scope = {**scope, "headers": [each for each in scope["headers"] if each[0] != b"range"]}
        response = await run_in_threadpool(self._response, Request(scope), file)
        await response(scope, receive, send)

    def _file(self, path: str) -> Path | None:
        return next((found for find in self._find if (found := find(path))), None)

    def _response(self, request: Request, file: Path) -> Response:
        try:
            status = file.stat()
        except OSError:
            raise HTTPException(404) from None
        kind = _TYPES.get(file.suffix.lower()) or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        etag = f"{status.st_mtime_ns:x}-{status.st_size:x}"
        headers = {"Cache-Control": "no-cache"}  # kept by browsers, and asked about each time: mostly 304
        compressed = None
        if kind.startswith(_TEXTS):
            headers["Vary"] = "Accept-Encoding"
            if status.st_size >= _LEAST and _takes_gzip(request.headers):
                etag += "-gzip"  # another representation is another entity (RFC 9110, 8.8.3.3)
        headers["ETag"] = f'"{etag}"'
        if _matches(request.headers, headers["ETag"]):
            return Response(status_code=304, headers=headers)
        if etag.endswith("-gzip"):
            compressed = self._compressed(file, etag)
            headers["Content-Encoding"] = "gzip"
            return Response(compressed, headers=headers, media_type=kind)
        return FileResponse(file, headers=headers, media_type=kind)

    def _compressed(self, file: Path, etag: str) -> bytes:
        """A file's compressed form. One file is compressed at a time, and once while it stays as it is."""
        with self._lock:
            if self._kept.get(file, ("", b""))[0] != etag:
                data = file.read_bytes()
                # The fastest level takes a tenth of the time, and a large file's visitor waits for it.
                self._kept[file] = etag, gzip.compress(data, 1 if len(data) > _LARGE else 6, mtime=0)
            return self._kept[file][1]


def below(root: Path) -> Find:
    """Finds files below a folder, hidden ones and links that lead out of it excepted."""
    root = root.resolve()

    def find(path: str) -> Path | None:
        parts = path.split("/")
        if any(part in ("", "..") or part.startswith(".") or "\\" in part or "\0" in part for part in parts):
            return None
        try:
            file = root.joinpath(*parts).resolve()
            return file if file.is_relative_to(root) and file.is_file() else None
        except OSError:  # a name longer than file systems have
            return None

    return find


def _takes_gzip(headers: Headers) -> bool:
    """Whether the client takes it (RFC 9110, Accept-Encoding)."""
    for each in headers.get("accept-encoding", "").lower().split(","):
        coding, _, weight = each.partition(";")
        if coding.strip() == "gzip":
            return not re.fullmatch(r"\s*q=0(\.0*)?\s*", weight)
    return False


def _matches(headers: Headers, etag: str) -> bool:
    """Whether the client has this already (RFC 9110, If-None-Match)."""
    given = [each.strip().removeprefix("W/") for each in headers.get("if-none-match", "").split(",")]
    return etag in given or "*" in given
