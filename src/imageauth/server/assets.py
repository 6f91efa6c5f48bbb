"""The page's files: found below known folders, with an ETag, compressed where that helps."""

import asyncio
import gzip
import hashlib
import mimetypes
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
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
# Larger files are not compressed; the largest of the page, Pyodide's, has 10 MB.
_MOST_COMPRESSED = 16 * 2**20
# Larger ones are not read for their ETag.
_MOST_HASHED = 2**20


@dataclass(frozen=True, slots=True)
class _File:
    """A file as it is now.

    Attributes:
        path: of it.
        state: when it was changed, in nanoseconds, and how many bytes it has; with another one it is another file.
        kind: its media type.
        etag: of its bytes, without quotes.
    """

    path: Path
    state: tuple[int, int]
    kind: str
    etag: str

    @property
    def is_compressible(self) -> bool:
        return self.kind.startswith(_TEXTS) and self.state[1] <= _MOST_COMPRESSED


class Assets:
    """ASGI application that serves files and nothing else; anything unknown is 404.

    It keeps a compressed copy of each file that compresses well, made when it is first asked for: as much as there is
    of them below its folders, some 16 MB with private mode. Everything else is streamed from the disk.
    """

    def __init__(self, *find: Find) -> None:
        """Serve files.

        Args:
            find: each gives the file at a path (``js/app.js``, ``index.html``), or None.
        """
        self._find = find
        self._known: dict[Path, _File] = {}
        self._compressed: dict[Path, tuple[_File, bytes | None]] = {}
        self._compressing: dict[_File, asyncio.Task[bytes | None]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        path = scope["path"].lstrip("/") or "index.html"
        file = await run_in_threadpool(self._file, path)
        if not file:
            raise HTTPException(404)
        state = scope.setdefault("state", {})
        state["route"] = "page"
        if scope["method"] not in ("GET", "HEAD"):
            raise HTTPException(405, headers={"Allow": "GET, HEAD"})
        # Parts of a file are not given: nobody needs them, and they would have problems of their own.
        headers = [(name, value) for name, value in scope["headers"] if name != b"range"]
        scope = {**scope, "method": state.get("method", scope["method"]), "headers": headers}
        try:
            response = await self._response(Headers(scope=scope), file)
        except FileNotFoundError:  # it was there a moment ago
            raise HTTPException(404) from None
        await response(scope, receive, send)

    def _file(self, address: str) -> _File | None:
        path = next((found for find in self._find if (found := find(address))), None)
        try:
            status = path.stat() if path else None
            if not path or not status:
                return None
            state = (status.st_mtime_ns, status.st_size)
            known = self._known.get(path)
            if not known or known.state != state:
                kind = _TYPES.get(path.suffix.lower()) or mimetypes.guess_type(path.name)[0]
                self._known[path] = known = _File(path, state, kind or "application/octet-stream", _etag(path, state))
            return known
        except FileNotFoundError:
            return None

    async def _response(self, headers: Headers, file: _File) -> Response:
        # Kept by browsers, and asked about each time: mostly 304.
        given = {"Cache-Control": "no-cache", "ETag": f'"{file.etag}"', "Accept-Ranges": "none"}
        compressed = None
        if file.is_compressible:
            given["Vary"] = "Accept-Encoding"
            if _takes_gzip(headers):
                # Another representation has another ETag (RFC 9110, 8.8.3.3).
                zipped = given | {"ETag": f'"{file.etag}-gzip"', "Content-Encoding": "gzip"}
                if matches(headers, zipped["ETag"]):
                    return Response(status_code=304, headers=_without_encoding(zipped))
                compressed = await self._compress(file)
                if compressed is not None:
                    return Response(compressed, headers=zipped, media_type=file.kind)
        if matches(headers, given["ETag"]):
            return Response(status_code=304, headers=given)
        status = await run_in_threadpool(file.path.stat)
        return FileResponse(file.path, headers=given, media_type=file.kind, stat_result=status)

    async def _compress(self, file: _File) -> bytes | None:
        """A file compressed, once for all who ask; None where that is not worth it."""
        kept = self._compressed.get(file.path)
        if kept and kept[0] == file:
            return kept[1]
        task = self._compressing.get(file)
        if not task:
            task = self._compressing[file] = asyncio.ensure_future(run_in_threadpool(_compress, file.path))
            task.add_done_callback(lambda done: self._keep(file, done))
        return await asyncio.shield(task)  # who leaves does not take it away from the others

    def _keep(self, file: _File, done: "asyncio.Task[bytes | None]") -> None:
        del self._compressing[file]
        if not done.cancelled() and not done.exception():
            self._compressed[file.path] = (file, done.result())


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


def _etag(path: Path, state: tuple[int, int]) -> str:
    """By a file's bytes; of a large one, which would take long to read, by when it was changed and its size."""
    if state[1] > _MOST_HASHED:
        return f"{state[0]:x}-{state[1]:x}"
    return hashlib.sha256(path.read_bytes()).hexdigest()[:32]


def _compress(path: Path) -> bytes | None:
    body = path.read_bytes()
    compressed = gzip.compress(body, 6, mtime=0)
    return compressed if len(compressed) < 0.9 * len(body) else None


def _takes_gzip(headers: Headers) -> bool:
    """Whether the client takes an answer that is compressed so (RFC 9110, Accept-Encoding)."""
    weights: dict[str, float] = {}
    for part in headers.get("accept-encoding", "").lower().split(","):
        coding, *parameters = (each.strip() for each in part.split(";"))
        try:
            weights[coding] = float(next((each[2:] for each in parameters if each.startswith("q=")), 1))
        except ValueError:
            weights[coding] = 0
    return weights.get("gzip", weights.get("*", 0)) > 0


def matches(headers: Headers, etag: str) -> bool:
    """Whether the client has this already (RFC 9110, If-None-Match)."""
    given = [each.strip().removeprefix("W/") for each in headers.get("if-none-match", "").split(",")]
    return etag in given or "*" in given


def _without_encoding(headers: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name != "Content-Encoding"}
