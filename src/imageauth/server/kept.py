"""Files that lie on no disk, served from memory."""

from collections.abc import Mapping

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from imageauth.server.assets import matches
from imageauth.server.private import Made


class Kept:
    """ASGI application that serves them, and leaves every other address to another one."""

    def __init__(self, made: Mapping[str, Made], otherwise: ASGIApp) -> None:
        """Serve files.

        Args:
            made: by their addresses, without the slash in front.
            otherwise: answers at all other addresses.
        """
        self._made, self._otherwise = made, otherwise

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        file = self._made.get(scope["path"].lstrip("/")) if scope["type"] == "http" else None
        if not file:
            await self._otherwise(scope, receive, send)
            return
        scope.setdefault("state", {})["route"] = "page"
        if scope["method"] not in ("GET", "HEAD"):
            raise HTTPException(405, headers={"Allow": "GET, HEAD"})
        etag = await run_in_threadpool(lambda: file.etag)
        headers = {"Cache-Control": "no-cache", "ETag": etag}
        if matches(Headers(scope=scope), etag):
            answer = Response(status_code=304, headers=headers)
        else:
            answer = Response(file.data, headers=headers, media_type=file.kind)
        await answer(scope, receive, send)
