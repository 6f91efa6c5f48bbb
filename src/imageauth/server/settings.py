"""What an operator may set. Everything has a default that is safe on a laptop."""

from dataclasses import dataclass, field
from pathlib import Path

from imageauth.errors import ImageAuthError
from imageauth.images import MAX_BYTES, MAX_PIXELS

MIB = 2**20


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request, and all of them together, may cost.

    Attributes:
        file_bytes: of one picture; larger ones are failures among the results.
        request_bytes: of one request's body.
        files: pictures in one request.
        pixels: of one picture.
        memory_bytes: of all uploads that are being read or wait to be decoded.
        queue: pictures that wait or are worked on, of all requests.
        request_seconds: from a request's head to the beginning of its answer.
        header_seconds: for the head of a request to arrive.
        idle_seconds: between two pieces of a body.
        bytes_per_second: the slowest at which a body may arrive, and an answer be read.
        grace_seconds: over which that is measured, time and again, of a body.
        send_seconds: the same of an answer.
        connections: open at a time.
        connections_per_client: of them from one address (of IPv6, one /64 network), but for trusted proxies.
        stop_seconds: that a graceful stop waits for what is in flight.
    """

    file_bytes: int = MAX_BYTES
    request_bytes: int = 256 * MIB
    files: int = 32
    pixels: int = MAX_PIXELS
    memory_bytes: int = 512 * MIB
    queue: int = 32
    request_seconds: float = 300
    header_seconds: float = 10
    idle_seconds: float = 15
    bytes_per_second: int = 4096
    grace_seconds: float = 10
    send_seconds: float = 30
    connections: int = 256
    connections_per_client: int = 128
    stop_seconds: int = 30

    @property
    def memory_bytes_per_client(self) -> int:
        """Of ``memory_bytes`` for one key or address: half, so that two must conspire to take all; one request fits."""
        return max(self.request_bytes, self.memory_bytes // 2)

    def __post_init__(self) -> None:
        """See that they fit together.

        Raises:
            ImageAuthError: a request that is allowed could never be held.
        """
        if self.request_bytes > self.memory_bytes:
            raise ImageAuthError("the memory for uploads is smaller than what one request may hold")


@dataclass(frozen=True, slots=True)
class Settings:
    """How the service runs.

    Attributes:
        limits: see :class:`Limits`.
        api_keys: file of the keys that may ask; None: anyone who reaches the address may.
        rate: pictures that one key, or else one address, may have checked in so many seconds; None: no limit.
        allow_origins: other sites whose pages may call the service.
        trusted_proxies: addresses whose ``X-Forwarded-For`` is believed.
    """

    limits: Limits = field(default_factory=Limits)
    api_keys: Path | None = None
    rate: tuple[int, float] | None = None
    allow_origins: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
