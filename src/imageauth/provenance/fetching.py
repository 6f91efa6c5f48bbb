"""Fetching over the network, bounded. Nothing in imageauth calls it unless the user asked for it.

Only loaded where something is fetched: what it imports takes longer to load than a picture to check.
"""

import contextlib
import ipaddress
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from concurrent.futures import Future
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import IO, Any
from urllib.parse import urlsplit

from imageauth.errors import ImageAuthError

USER_AGENT = "imageauth"
_PIECE = 64 * 2**10

Check = Callable[[str], tuple[str, ...]]
"""Asked before an address is visited: the network addresses to go to, empty for any; raises :class:`FetchError`."""


class FetchError(ImageAuthError):
    """An address could not be fetched; the message says why."""


def secure(address: str) -> tuple[str, ...]:
    """Refuse addresses that are not https, unless they are on this machine.

    Raises:
        FetchError: it is one.
    """
    parts = urlsplit(address)
    if parts.scheme == "https":
        return ()
    found = _network_addresses(parts.hostname, "is_loopback") if parts.scheme == "http" else ()
    if not found:
        raise FetchError(f"{address[:200]} is not an https address")
    return found


def public(address: str) -> tuple[str, ...]:
    """Refuse addresses that a file from outside must not make this machine visit: local and internal ones.

    Raises:
        FetchError: it is one, or its host is unknown.
    """
    parts = urlsplit(address)
    found = _network_addresses(parts.hostname, "is_global") if parts.scheme in ("http", "https") else ()
    if not found:
        raise FetchError(f"{address[:200]} is not a public web address")
    return found


def fetch(address: str, *, limit: int, seconds: float, check: Check) -> bytes:
    """The bytes at an address.

    Args:
        address: where.
        limit: bytes; more is refused.
        seconds: for all of it, whatever the other side does: it runs in a thread that nobody waits for any longer.
        check: of the address and of every redirection; the connection goes to the network addresses that it gives.

    Raises:
        FetchError: refused, unreachable, too slow or too large.
    """
    lines = _Lines()
    answer: Future[bytes] = Future()

    def work() -> None:
        try:
            answer.set_result(_fetch(address, limit, seconds, check, lines))
        except BaseException as error:  # raised again where it is waited for
            answer.set_exception(error)

    threading.Thread(target=work, daemon=True, name="imageauth-fetch").start()
    try:
        return answer.result(seconds)
    except TimeoutError as error:
        raise FetchError(f"{address[:200]} took longer than {seconds:g} s") from error
    finally:
        lines.cut()


class _Lines:
    """The connections of one fetch: opened only to addresses that were checked, and cut when its time is over."""

    def __init__(self) -> None:
        # A proxy is the user's choice, and may well stand inside. It resolves names itself, so what it visits is its
        # own affair.
        self._proxies = set()
        for scheme, proxy in urllib.request.getproxies().items():
            if scheme == "no":  # hosts that go without a proxy, and are checked like any other
                continue
            try:
                self._proxies.add(urlsplit(proxy if "//" in proxy else f"//{proxy}").hostname)
            except ValueError as error:
                raise FetchError(f"the proxy setting {scheme}_proxy is no address") from error
        self._checked: dict[str, tuple[str, ...]] = {}
        self._open: list[socket.socket] = []
        self._over = False

    def allow(self, address: str, check: Check) -> None:
        """Check an address before it is visited."""
        self._checked[urlsplit(address).hostname or ""] = check(address)

    def connect(self, target: tuple[str, int], timeout: Any, source: Any = None) -> socket.socket:
        """In place of :func:`socket.create_connection`, which would ask for the host's address a second time."""
        host, port = target[0].lower(), target[1]
        if host not in self._checked and host not in self._proxies:
            raise OSError("a host that was not checked")
        problem: OSError | None = None
        for place in self._checked.get(host) or (host,):
            try:
                made = socket.create_connection((place, port), timeout, source)
            except OSError as error:
                problem = problem or error
                continue
            # A second handle, since TLS takes the first one away.
            self._open.append(made.dup())
            if self._over:
                made.close()
                self.cut()
                raise OSError("too late")
            return made
        raise problem or OSError("no address")

    def cut(self) -> None:
        """End all connections, also for those who read from them now, and allow no further."""
        self._over = True
        while True:
            try:
                line = self._open.pop()
            except IndexError:  # the other thread may take the last one
                return
            with line, contextlib.suppress(OSError):  # it may have ended already
                line.shutdown(socket.SHUT_RDWR)


def _opener(lines: _Lines, check: Check) -> urllib.request.OpenerDirector:
    """As :mod:`urllib` has it, but connecting through ``lines`` and asking about redirections."""

    def http(host: str, **how: Any) -> HTTPConnection:
        connection = HTTPConnection(host, **how)
        connection._create_connection = lines.connect  # type: ignore[attr-defined]
        return connection

    def https(host: str, **how: Any) -> HTTPConnection:
        connection = HTTPSConnection(host, **how)
        connection._create_connection = lines.connect  # type: ignore[attr-defined]
        return connection

    class Http(urllib.request.HTTPHandler):
        def http_open(self, req: urllib.request.Request) -> HTTPResponse:
            return self.do_open(http, req)

    class Https(urllib.request.HTTPSHandler):
        def https_open(self, req: urllib.request.Request) -> HTTPResponse:
            return self.do_open(https, req)

    class Redirects(urllib.request.HTTPRedirectHandler):
        def redirect_request(
            self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
        ) -> urllib.request.Request | None:
            lines.allow(newurl, check)
            further = super().redirect_request(req, fp, code, msg, headers, newurl)
            fp.close()  # or urllib reads all of it, however much it is
            return further

    return urllib.request.build_opener(Http, Https, Redirects)


def _fetch(address: str, limit: int, seconds: float, check: Check, lines: _Lines) -> bytes:
    """What :func:`fetch` waits for."""
    deadline = time.monotonic() + seconds
    try:
        lines.allow(address, check)
        request = urllib.request.Request(address, headers={"User-Agent": USER_AGENT})
        pieces, size = [], 0
        with _opener(lines, check).open(request, timeout=min(seconds, 20)) as answer:
            while piece := answer.read1(_PIECE):
                pieces.append(piece)
                size += len(piece)
                if size > limit:
                    raise FetchError(f"{address[:200]} answers with more than {limit >> 20} MiB")
                if time.monotonic() > deadline:
                    break
            cut_short = bool(getattr(answer, "length", None))
        if time.monotonic() > deadline:
            raise FetchError(f"{address[:200]} took longer than {seconds:g} s")
        if cut_short:
            raise FetchError(f"{address[:200]} answers with less than it announces")
        return b"".join(pieces)
    except urllib.error.HTTPError as error:
        raise FetchError(f"{address[:200]} answers {error.code}") from error
    except (OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise FetchError(f"{address[:200]} cannot be fetched: {' '.join(str(reason).split())[:120]}") from error


def _network_addresses(host: str | None, quality: str) -> tuple[str, ...]:
    """All network addresses of a host; none where one of them lacks a quality that :mod:`ipaddress` knows."""
    try:
        found = socket.getaddrinfo(host or "", None, type=socket.SOCK_STREAM) if host else []
        addresses = tuple(dict.fromkeys(str(item[4][0]) for item in found))
        return addresses if all(getattr(ipaddress.ip_address(item), quality) for item in addresses) else ()
    except (OSError, ValueError):
        return ()
