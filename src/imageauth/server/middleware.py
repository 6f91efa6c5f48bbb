"""What every request passes: its id, its time limit, the headers of its answer, its line in the log."""

import asyncio
import contextlib
import logging
import re
import time
import uuid
from collections.abc import Mapping
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from imageauth.server.headers import SECURITY_HEADERS
from imageauth.server.logs import log
from imageauth.server.metrics import Metrics
from imageauth.server.problems import MAX_HEAD_BYTES, ProblemError, head_too_large

DRAIN_SECONDS = 3
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class Guard:
    """ASGI middleware, outermost of ours."""

    def __init__(
        self, app: ASGIApp, *, metrics: Metrics, seconds: float, cors: Mapping[str, Any] | None = None
    ) -> None:
        """Wrap an application.

        Args:
            app: the application.
            metrics: told of every request.
            seconds: within which an answer begins.
            cors: arguments of Starlette's ``CORSMiddleware``, which lies within: answers from here need it too, so that
                pages of other sites can read them.
        """
        self._app, self._metrics, self._seconds, self._cors = app, metrics, seconds, cors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        state: dict[str, Any] = scope.setdefault("state", {})
        state["request_id"] = request_id
        body = _Body(receive)
        answer = _Answer(send, request_id, body, scope)
        method = state["method"] = scope["method"]
        if method == "HEAD":  # answered as GET is, by whatever answers that
            scope = {**scope, "method": "GET"}
        start = time.monotonic()
        try:
            async with asyncio.timeout(self._seconds) as answer.limit:
                if _head_bytes(scope) > MAX_HEAD_BYTES:  # h11 looks at the size only while a head is incomplete
                    await self._end(scope, body, answer, head_too_large())
                else:
                    await self._app(scope, body, answer)
        except TimeoutError:
            log("time-limit", logging.WARNING, request_id=request_id)
            detail = f"The request took longer than {self._seconds:g} seconds."
            problem = ProblemError(503, "time-limit", detail, {"Retry-After": "30", "Connection": "close"})
            await self._end(scope, body, answer, problem)
        except ClientDisconnect:
            state["code"] = "client-gone"
        except asyncio.CancelledError:  # the service stops and cannot wait longer
            with contextlib.suppress(Exception):
                problem = ProblemError(503, "stopping", "The service is stopping.", {"Connection": "close"})
                await self._end(scope, body, answer, problem)
        except Exception as error:
            log("internal-error", logging.ERROR, error, request_id=request_id)
            problem = ProblemError(500, "internal", "Something went wrong here; the log says where, by request_id.")
            await self._end(scope, body, answer, problem)
        self._tell(scope, method, answer, time.monotonic() - start)

    async def _end(self, scope: Scope, receive: Receive, answer: "_Answer", problem: ProblemError) -> None:
        scope["state"]["code"] = problem.code
        answer.limit = None  # it is over
        if not answer.status:
            response: ASGIApp = problem.response(scope)
            if self._cors and scope["method"] != "OPTIONS":
                response = CORSMiddleware(response, **self._cors)
            await response(scope, receive, answer)

    def _tell(self, scope: Scope, method: str, answer: "_Answer", seconds: float) -> None:
        state = scope["state"]
        route = getattr(scope.get("route"), "path", None) or state.get("route", "other")
        known = method if method in ("GET", "HEAD", "POST", "OPTIONS") else "other"
        self._metrics.requests.labels(route, known, str(answer.status or 499)).inc()
        self._metrics.seconds.labels(route).observe(seconds)
        code = state.get("code")
        if code and code != "client-gone":  # who left was not refused
            self._metrics.rejected.labels(code).inc()
        facts = {key: state[key] for key in ("code", "client", "files", "bytes") if key in state}
        quiet = route == "/readyz" or (not code and route in ("page", "/healthz", "/metrics"))
        log(
            "request",
            logging.DEBUG if quiet else logging.INFO,
            request_id=state["request_id"],
            method=known,
            route=route,
            status=answer.status or 499,
            seconds=round(seconds, 4),
            **facts,
        )


def _head_bytes(scope: Scope) -> int:
    headers = sum(len(name) + len(value) for name, value in scope["headers"])
    return headers + len(scope.get("raw_path") or b"") + len(scope["query_string"])


class _Body:
    """Receives a request's body, and knows whether all of it came."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self.whole = False

    async def __call__(self) -> Message:
        message = await self._receive()
        if not message.get("more_body", False):
            self.whole = True
        return message

    async def drain(self) -> None:
        """Let the rest go by. To close on a client that still sends would reset the connection, and the client might
        never see why it was refused (RFC 9112, 9.6).
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS):
                while not self.whole:
                    await self()


class _Answer:
    """Sends an answer with the headers that every answer has."""

    def __init__(self, send: Send, request_id: str, body: _Body, scope: Scope) -> None:
        self._send, self._request_id, self._body = send, request_id, body
        self._bodiless = scope["method"] == "HEAD"
        # Who asks before sending has sent nothing yet.
        self._polite = Headers(scope=scope).get("expect", "").lower() == "100-continue"
        self.status = 0
        self.limit: asyncio.Timeout | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            if self.status >= 400 and not self._polite:
                await self._body.drain()
            headers = MutableHeaders(scope=message)
            for name, value in SECURITY_HEADERS.items():
                headers.setdefault(name, value)
            headers.setdefault("Cache-Control", "no-store")
            headers["X-Request-ID"] = self._request_id
            # Whole files may take as long as their client reads on (see :mod:`imageauth.server.protocol`).
            if self.limit:
                self.limit.reschedule(None)
        elif self._bodiless and message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await self._send(message)
