"""What every request passes: time limits, and ends that are neither an answer nor an error."""

import asyncio
import json
from typing import Any

from starlette.types import Receive, Scope, Send

from imageauth.server.metrics import Metrics
from imageauth.server.middleware import Guard


async def answering(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for piece in (b"one", b"two"):
        await send({"type": "http.response.body", "body": piece, "more_body": piece == b"one"})


async def slow(scope: Scope, receive: Receive, send: Send) -> None:
    await asyncio.sleep(0.2)
    await answering(scope, receive, send)


async def slow_file(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for _ in range(6):
        await asyncio.sleep(0.05)
        await send({"type": "http.response.body", "body": b"x", "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def stopped(scope: Scope, receive: Receive, send: Send) -> None:
    raise asyncio.CancelledError


def ask(app: Any, *, seconds: float = 10) -> tuple[list[dict], str]:
    """The messages that an application sent, and the metrics."""
    sent: list[dict] = []
    metrics = Metrics()

    async def receive() -> dict:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b""}
    asyncio.run(Guard(app, metrics=metrics, seconds=seconds)(scope, receive, send))
    return sent, metrics.text().decode()


def body(sent: list[dict]) -> bytes:
    return b"".join(message.get("body", b"") for message in sent)


def test_an_answer_that_does_not_begin_in_time() -> None:
    sent, metrics = ask(slow, seconds=0.05)
    assert sent[0]["status"] == 503
    assert json.loads(body(sent))["code"] == "time-limit"
    assert dict(sent[0]["headers"])[b"retry-after"] == b"30"
    assert 'imageauth_rejected_total{code="time-limit"} 1.0' in metrics


def test_an_answer_that_has_begun_may_take_longer() -> None:
    sent, _ = ask(slow_file, seconds=0.1)
    assert sent[0]["status"] == 200
    assert body(sent) == b"x" * 6


def test_what_the_service_cannot_finish_before_it_stops_is_told() -> None:
    sent, _ = ask(stopped)
    assert sent[0]["status"] == 503
    assert json.loads(body(sent))["code"] == "stopping"
