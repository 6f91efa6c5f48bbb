"""The page's files: found below known folders, with an ETag, compressed where that helps."""

import gzip
import hashlib
import mimetypes
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.types import Receive, Scope, Send

STATIC = Path(__file__).parent / "static"
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
# Larger files are streamed from the disk as they are; of the compressed ones so many bytes are kept.
_MOST_COMPRESSED, _MOST_KEPT = 16 * 2**20, 16 * 2**20


@dataclass(frozen=True, slots=True)
class _Content:
    etag: str
    body: bytes
    compressed: bytes | None


class Assets:
    """ASGI application that serves files and nothing else; anything unknown is 404."""

    def __init__(self, *find: Find) -> None:
        """Serve files.

        Args:
            find: each gives the file at a path (``js/app.js``, ``index.html``), or None.
        """
        self._find = find
        self._kept: OrderedDict[tuple[Path, int, int], _Content] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        path = scope["path"].lstrip("/") or "index.html"
        file = await run_in_threadpool(self._file, path)
        if not file:
            raise HTTPException(404)
        scope.setdefault("state", {})["route"] = "page"
        if scope["method"] != "GET":
            raise HTTPException(405, headers={"Allow": "GET, HEAD"})
        response = await self._response(Request(scope), file)
        await response(scope, receive, send)

    def _file(self, path: str) -> Path | None:
        return next((found for find in self._find if (found := find(path))), None)

    async def _response(self, request: Request, file: Path) -> Response:
        status = file.stat()
        kind = _TYPES.get(file.suffix.lower()) or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        headers = {"Cache-Control": "no-cache"}  # kept by browsers, and asked about each time: mostly 304
        if not kind.startswith(_TEXTS) or status.st_size > _MOST_COMPRESSED:
            headers["ETag"] = f'"{status.st_mtime_ns:x}-{status.st_size:x}"'
            if _matches(request.headers, headers["ETag"]):
                return Response(status_code=304, headers=headers)
            return FileResponse(file, headers=headers, media_type=kind)
        key = (file, status.st_mtime_ns, status.st_size)
        content = self._kept.get(key)
        if not content:
            content = await run_in_threadpool(_read, file)
        self._keep(key, content)
        headers |= {"ETag": content.etag, "Vary": "Accept-Encoding"}
        if _matches(request.headers, content.etag):
            return Response(status_code=304, headers=headers)
        if content.compressed and "gzip" in request.headers.get("accept-encoding", ""):
            return Response(content.compressed, headers=headers | {"Content-Encoding": "gzip"}, media_type=kind)
        return Response(content.body, headers=headers, media_type=kind)

    def _keep(self, key: tuple[Path, int, int], content: _Content) -> None:
        self._kept[key] = content
        self._kept.move_to_end(key)
        while sum(len(each.body) for each in self._kept.values()) > _MOST_KEPT:
            self._kept.popitem(last=False)


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


def _read(file: Path) -> _Content:
    body = file.read_bytes()
    compressed = gzip.compress(body, 6, mtime=0)
    small = len(compressed) < 0.9 * len(body)
    return _Content(f'"{hashlib.sha256(body).hexdigest()[:32]}"', body, compressed if small else None)


def _matches(headers: Headers, etag: str) -> bool:
    """Whether the client has this already (RFC 9110, If-None-Match)."""
    given = [each.strip().removeprefix("W/") for each in headers.get("if-none-match", "").split(",")]
    return etag in given or "*" in given
