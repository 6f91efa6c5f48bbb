"""HTTP/1.1 as uvicorn speaks it, with the time-outs that it lacks: for a request's head, and for a body that goes on
after its answer. Connections beyond a number are turned away, and what is not HTTP gets a problem as everything does.
"""

import asyncio
import ipaddress
import json
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from imageauth.server.middleware import MAX_HEAD_BYTES
from imageauth.server.problems import MEDIA_TYPE, ProblemError
from imageauth.server.settings import Limits

# A client that still sends when it was answered already (too large, no key) gets so long to notice.
_DRAIN_SECONDS = 5


def guarded(limits: Limits) -> type[H11Protocol]:
    """The protocol class under these limits."""

    class Guarded(H11Protocol):
        _deadline: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            if len(self.connections) > limits.connections or self._same() > limits.connections_of_one:
                self._refuse(ProblemError(429, "connections", "Too many connections are open.", {"Retry-After": "1"}))
                return
            self._arm(limits.header_seconds)

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self.scope:
                self.scope["state"].setdefault("abort", self.transport.abort)
            if self.conn.their_state is not h11.IDLE:
                # Whoever was answered keeps the deadline: each byte more would put it off for ever.
                if not (self.cycle and self.cycle.response_complete):
                    self._disarm()
            elif not self._deadline:
                self._arm(limits.header_seconds)

        def on_response_complete(self) -> None:
            super().on_response_complete()
            if self.conn.their_state is h11.SEND_BODY:
                self._arm(_DRAIN_SECONDS)

        def connection_lost(self, exc: Exception | None) -> None:
            self._disarm()
            super().connection_lost(exc)

        def send_400_response(self, msg: str) -> None:
            self._refuse(ProblemError(400, "not-http", "This is not an HTTP/1.1 request that can be understood."))

        def _same(self) -> int:
            """Connections from this one's address. Those of a proxy or of this machine itself are many people's."""
            if not self.client or ipaddress.ip_address(self.client[0]).is_loopback or self.config.proxy_headers:
                return 0
            clients = (getattr(each, "client", None) for each in self.connections)
            return sum(client[0] == self.client[0] for client in clients if client)

        def _arm(self, seconds: float) -> None:
            self._disarm()
            self._deadline = self.loop.call_later(seconds, self.transport.abort)

        def _disarm(self) -> None:
            if self._deadline:
                self._deadline.cancel()
                self._deadline = None

        def _refuse(self, problem: ProblemError) -> None:
            """Answer without having read a request, and close."""
            body = json.dumps(problem.to_json(None)).encode()
            lines = [
                f"HTTP/1.1 {problem.status} {problem.to_json(None)['title']}",
                f"Content-Type: {MEDIA_TYPE}",
                f"Content-Length: {len(body)}",
                "Connection: close",
                *(f"{name}: {value}" for name, value in problem.headers.items()),
            ]
            self.transport.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
            self.transport.close()
            self._arm(_DRAIN_SECONDS)  # to close waits until all is read, and for whoever never reads that is for ever

    return Guarded


def config_of(limits: Limits, trusted_proxies: tuple[str, ...]) -> dict[str, Any]:
    """Arguments for :class:`uvicorn.Config`."""
    return {
        "http": guarded(limits),
        "ws": "none",
        "loop": "asyncio",
        "lifespan": "on",
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "proxy_headers": bool(trusted_proxies),
        "forwarded_allow_ips": list(trusted_proxies),
        "h11_max_incomplete_event_size": MAX_HEAD_BYTES,
        "timeout_keep_alive": 15,
        "timeout_graceful_shutdown": limits.stop_seconds,
        "backlog": 1024,
    }
