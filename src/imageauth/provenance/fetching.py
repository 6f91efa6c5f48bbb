"""Fetching over the network, bounded. Nothing in imageauth calls it unless the user asked for it."""

import ipaddress
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException
from typing import IO, Any
from urllib.parse import urlsplit

from imageauth.errors import ImageAuthError

USER_AGENT = "imageauth"
_PIECE = 64 * 2**10


class FetchError(ImageAuthError):
    """An address could not be fetched; the message says why."""


def secure(address: str) -> None:
    """Refuse addresses that are not https, unless they are on this machine.

    Raises:
        FetchError: it is one.
    """
    parts = urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and _all(parts.hostname, "is_loopback")):
        raise FetchError(f"{address[:200]} is not an https address")


def public(address: str) -> None:
    """Refuse addresses that a file from outside must not make this machine visit: local and internal ones.

    Raises:
        FetchError: it is one, or its host is unknown.
    """
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not _all(parts.hostname, "is_global"):
        raise FetchError(f"{address[:200]} is not a public web address")


def fetch(address: str, *, limit: int, seconds: float, check: Callable[[str], None]) -> bytes:
    """The bytes at an address.

    Args:
        address: where.
        limit: bytes; more is refused.
        seconds: for all of it.
        check: raises :class:`FetchError` for an address that must not be visited; asked of every redirection too.

    Raises:
        FetchError: refused, unreachable, too slow or too large.
    """
    deadline = time.monotonic() + seconds

    class Redirects(urllib.request.HTTPRedirectHandler):
        def redirect_request(
            self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
        ) -> urllib.request.Request | None:
            check(newurl)
            return super().redirect_request(req, fp, code, msg, headers, newurl)

    try:
        check(address)
        opener = urllib.request.build_opener(Redirects)
        request = urllib.request.Request(address, headers={"User-Agent": USER_AGENT})
        pieces, size = [], 0
        with opener.open(request, timeout=min(seconds, 20)) as answer:
            while piece := answer.read1(_PIECE):
                pieces.append(piece)
                size += len(piece)
                if size > limit:
                    raise FetchError(f"{address[:200]} answers with more than {limit >> 20} MiB")
                if time.monotonic() > deadline:
                    raise FetchError(f"{address[:200]} took longer than {seconds:g} s")
        return b"".join(pieces)
    except urllib.error.HTTPError as error:
        raise FetchError(f"{address[:200]} answers {error.code}") from error
    except (OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise FetchError(f"{address[:200]} cannot be fetched: {' '.join(str(reason).split())[:120]}") from error


def _all(host: str | None, quality: str) -> bool:
    """Whether every network address of a host has a quality that :mod:`ipaddress` knows."""
    try:
        found = socket.getaddrinfo(host or "", None, type=socket.SOCK_STREAM)
        return bool(host and found) and all(getattr(ipaddress.ip_address(item[4][0]), quality) for item in found)
    except (OSError, ValueError):
        return False
