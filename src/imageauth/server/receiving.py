"""A request's body as it arrives: bounded in bytes, and in the time it may take; and whether its client still waits."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect, Request

from imageauth.server.problems import ProblemError
from imageauth.server.settings import MIB, Limits

T = TypeVar("T")


async def pieces(request: Request, limits: Limits, most: int | None = None) -> AsyncIterator[bytes]:
    """The body, piece by piece.

    Args:
        request: whose body nobody has read yet.
        limits: of the service.
        most: bytes; default: ``limits.request_bytes``.

    Raises:
        ProblemError: it is too large, compressed, or comes too slowly.
        ClientDisconnect: the client is gone.
    """
    most = limits.request_bytes if most is None else most
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise ProblemError(415, "content-encoding", "Compressed bodies are not read; send the file as it is.")
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > most:
        raise _too_large(most)
    seen, more = 0, True
    start, before = time.monotonic(), 0  # of the window in which the pace is measured
    while more:
        try:
            async with asyncio.timeout(limits.idle_seconds):
                message = await request.receive()
        except TimeoutError:
            raise ProblemError(
                408, "too-slow", f"Nothing arrived for {limits.idle_seconds:g} seconds.", _CLOSE
            ) from None
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        piece, more = message.get("body", b""), message.get("more_body", False)
        seen += len(piece)
        if seen > most:
            raise _too_large(most)
        window = time.monotonic() - start
        if more and window >= limits.grace_seconds:
            if seen - before < window * limits.bytes_per_second:
                detail = f"The body arrives more slowly than {limits.bytes_per_second:,} bytes a second."
                raise ProblemError(408, "too-slow", detail, _CLOSE)
            # Anew each time: who was fast may not be slow for as long as that would pay for.
            start, before = time.monotonic(), seen
        if piece:
            yield piece


async def unless_gone(request: Request, answers: Sequence[Future[T]]) -> list[T | BaseException]:
    """What other threads are asked for, in order, as long as the client waits; errors stand in the place of answers.

    Raises:
        ClientDisconnect: nobody waits for it any more.
    """
    awaited = asyncio.gather(*(asyncio.wrap_future(answer) for answer in answers), return_exceptions=True)
    gone = asyncio.ensure_future(_gone(request))
    either: list[asyncio.Future[Any]] = [awaited, gone]
    try:
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not awaited.done():
            raise ClientDisconnect
        return awaited.result()
    finally:
        gone.cancel()
        awaited.cancel()


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


_CLOSE = {"Connection": "close"}


def _too_large(most: int) -> ProblemError:
    size = f"{most // MIB} MiB" if most >= MIB else f"{most:,} bytes"
    return ProblemError(413, "request-too-large", f"The request is larger than {size}; send fewer files at a time.")
