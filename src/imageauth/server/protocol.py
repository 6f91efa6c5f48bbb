"""HTTP/1.1 as uvicorn speaks it, with the time-outs that it lacks: for a request's head, for a body that goes on after
its answer, and for an answer that its client does not read. Connections beyond a number are turned away, and what is
not HTTP gets a problem as everything does.
"""

import asyncio
import ipaddress
import json
import logging
import math
import sys
import uuid
from collections import Counter
from collections.abc import Sequence
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from imageauth.server.headers import SECURITY_HEADERS
from imageauth.server.logs import log
from imageauth.server.metrics import Metrics
from imageauth.server.problems import MAX_HEAD_BYTES, MEDIA_TYPE, ProblemError, busy, head_too_large
from imageauth.server.rates import client_of
from imageauth.server.settings import Limits, Settings

# A client that still sends when it was answered already (too large, no key) gets so long to notice; and one that has
# not read its answer, between two looks at it, when the service stops.
_DRAIN_SECONDS = 5


def guarded(limits: Limits, metrics: Metrics, trusted_proxies: Sequence[str] = ()) -> type[H11Protocol]:
    """The protocol class under these limits.

    Args:
        limits: of the service.
        metrics: told of what is refused before it is a request.
        trusted_proxies: addresses and networks that may open as many connections as there can be.
    """
    held: Counter[str] = Counter()
    proxies = [ipaddress.ip_network(each) for each in trusted_proxies]

    class Guarded(H11Protocol):
        _deadline: asyncio.TimerHandle | None = None
        _look_again: asyncio.Handle | None = None
        _look_seconds = limits.send_seconds
        _unsent = math.inf
        _holder: str | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            # So that pause_writing tells of everything that the client has not taken yet, however little.
            transport.set_write_buffer_limits(high=0)
            super().connection_made(transport)
            address = self.client[0] if self.client else ""
            if not _is_among(address, proxies):
                self._holder = client_of(address)
                held[self._holder] += 1
            if len(self.connections) > limits.connections:
                self._refuse(busy("connections", "Too many connections are open.", 1))
            elif self._holder is not None and held[self._holder] > limits.connections_per_client:
                self._refuse(busy("connections", "Too many connections are open from your address.", 1))
            else:
                self._arm(limits.header_seconds)

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self._is_asked:
                self._disarm()
            elif not self._deadline:
                self._arm(limits.header_seconds)

        def on_response_complete(self) -> None:
            super().on_response_complete()
            if self.conn.their_state is h11.SEND_BODY and not self._is_asked:
                self._arm(_DRAIN_SECONDS)

        def connection_lost(self, exc: Exception | None) -> None:
            self._disarm()
            self._look_away()
            if self._holder is not None:
                held[self._holder] -= 1
                if not held[self._holder]:
                    del held[self._holder]
            super().connection_lost(exc)

        def pause_writing(self) -> None:
            super().pause_writing()
            self._unsent = math.inf  # until all of this piece is written
            self._look_again = self.loop.call_soon(self._look)

        def resume_writing(self) -> None:
            self._look_away()
            super().resume_writing()

        def shutdown(self) -> None:
            super().shutdown()
            if self._look_again:
                self._look_away()
                self._look_seconds, self._unsent = min(_DRAIN_SECONDS, limits.send_seconds), math.inf
                self._look()

        def send_400_response(self, msg: str) -> None:
            error = sys.exc_info()[1]
            hint = getattr(error, "error_status_hint", 400)
            if hint == 431 and (not self.cycle or not self.cycle.more_body):
                self._refuse(head_too_large())
            elif hint == 501:
                detail = "Of transfer codings only chunked is known here."
                self._refuse(ProblemError(501, "transfer-encoding", detail))
            else:
                self._refuse(ProblemError(400, "not-http", "This is not an HTTP/1.1 request that can be understood."))

        @property
        def _is_asked(self) -> bool:
            """Whether there is a request without its whole answer."""
            return self.cycle is not None and not self.cycle.response_complete

        def _arm(self, seconds: float) -> None:
            self._disarm()
            self._deadline = self.loop.call_later(seconds, self.transport.abort)

        def _disarm(self) -> None:
            if self._deadline:
                self._deadline.cancel()
                self._deadline = None

        def _look(self) -> None:
            """See whether the client reads: how much less of its answer is left than at the last look."""
            left = self.transport.get_write_buffer_size()
            if left > self._unsent - limits.bytes_per_second * self._look_seconds:
                metrics.rejected.labels("unread").inc()
                log(
                    "unread-answer",
                    logging.INFO,
                    request_id=self.scope["state"].get("request_id") if self.scope else None,
                )
                self.transport.abort()  # to close would wait for the client
                return
            self._unsent = left
            self._look_again = self.loop.call_later(self._look_seconds, self._look)

        def _look_away(self) -> None:
            if self._look_again:
                self._look_again.cancel()
                self._look_again = None

        def _refuse(self, problem: ProblemError) -> None:
            """Answer without having read a request, and close."""
            if self._is_asked and self.cycle.response_started:  # nothing may come in the midst of its answer
                self.transport.close()
                return
            request_id = uuid.uuid4().hex
            told = problem.to_json(request_id)
            body = json.dumps(told).encode()
            headers = {
                "Content-Type": MEDIA_TYPE,
                "Content-Length": str(len(body)),
                "Connection": "close",
                "Cache-Control": "no-store",
                "X-Request-ID": request_id,
                **SECURITY_HEADERS,
                **problem.headers,
            }
            top = [f"HTTP/1.1 {problem.status} {told['title']}", *(f"{name}: {each}" for name, each in headers.items())]
            self.transport.write("\r\n".join(top).encode() + b"\r\n\r\n" + body)
            self.transport.close()
            metrics.requests.labels("other", "other", str(problem.status)).inc()
            metrics.rejected.labels(problem.code).inc()
            log(
                "request",
                request_id=request_id,
                method="other",
                route="other",
                status=problem.status,
                code=problem.code,
            )

    return Guarded


def config_of(settings: Settings, metrics: Metrics) -> dict[str, Any]:
    """Arguments for :class:`uvicorn.Config`."""
    return {
        "http": guarded(settings.limits, metrics, settings.trusted_proxies),
        "ws": "none",
        "loop": "asyncio",
        "lifespan": "on",
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "proxy_headers": bool(settings.trusted_proxies),
        "forwarded_allow_ips": list(settings.trusted_proxies),
        "h11_max_incomplete_event_size": MAX_HEAD_BYTES,
        "timeout_keep_alive": 15,
        "timeout_graceful_shutdown": settings.limits.stop_seconds,
        "backlog": 1024,
    }


def _is_among(address: str, networks: Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> bool:
    try:
        return any(ipaddress.ip_address(address) in network for network in networks)
    except ValueError:
        return False
