"""``imageauth serve``: the application on a port, from its start to its graceful end."""

import contextlib
import signal
import socket
from collections.abc import Callable, Iterator

import uvicorn
from fastapi import FastAPI

from imageauth.errors import ImageAuthError
from imageauth.server.memory import return_freed_memory
from imageauth.server.protocol import config_of
from imageauth.server.settings import Settings


def bind(host: str, port: int) -> socket.socket:
    """A socket that nobody listens to yet.

    Args:
        host: a name or an address of this machine.
        port: 0 for any that is free.

    Raises:
        ImageAuthError: the port is taken, or the address is not of this machine.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise ImageAuthError(f"--host {host!r} is not an address of this machine") from error
    family, kind, protocol, _, address = found[0]
    # With its protocol named: asyncio turns Nagle's delay off only where it reads TCP there.
    listener = socket.socket(family, kind, protocol or socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        # Accepted sockets inherit it: what the client has not taken is left with us, who see whether it reads on.
        if hasattr(socket, "TCP_NOTSENT_LOWAT"):
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, 64 * 2**10)
        listener.bind(address)
        # To listen at once tells two services that start together apart; see socket(7) on SO_REUSEADDR.
        listener.listen(1024)
    except OSError as error:
        listener.close()
        raise ImageAuthError(f"cannot serve at {host} port {port}: {error.strerror or error}") from error
    return listener


def url_of(listener: socket.socket) -> str:
    """Where a browser on this machine finds a socket."""
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def serve(app: FastAPI, listener: socket.socket, settings: Settings, started: Callable[[], None]) -> None:
    """Serve until SIGINT or SIGTERM; then finish what is in flight, within ``stop_seconds``. A second signal ends at
    once.

    Args:
        app: the application.
        listener: as :func:`bind` gives it.
        settings: of the service.
        started: called once requests are answered.
    """
    return_freed_memory()
    config = uvicorn.Config(app, **config_of(settings, app.state.service.metrics))
    _Server(config, started).run(sockets=[listener])


class _Server(uvicorn.Server):
    """A server that ends quietly: uvicorn raises the signal anew, and a graceful stop would look like a crash."""

    def __init__(self, config: uvicorn.Config, started: Callable[[], None]) -> None:
        super().__init__(config)
        self._tell = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so."""
        await super().startup(sockets)
        self._tell()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals ask for the end."""
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: object) -> None:
        """The first asks to finish what is in flight, another does not wait."""
        self.force_exit = self.should_exit
        self.should_exit = True
