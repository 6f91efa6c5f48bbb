"""How often one client may ask: a token bucket for each, in a table that cannot grow without end."""

import ipaddress
import re
import time
from collections import OrderedDict
from collections.abc import Callable

from imageauth.errors import ImageAuthError

_PERIODS = {"second": 1.0, "minute": 60.0, "hour": 3600.0}
MOST_CLIENTS = 10_000


def read_rate(text: str) -> tuple[int, float]:
    """``60/minute`` → (60, 60.0 seconds).

    Raises:
        ImageAuthError: it is not of that form.
    """
    match = re.fullmatch(r"([1-9]\d{0,5})/(second|minute|hour)", text)
    if not match:
        raise ImageAuthError(f"a rate is a number and a period, such as 60/minute or 1000/hour, not {text!r}")
    return int(match[1]), _PERIODS[match[2]]


def client_of(address: str) -> str:
    """Who counts as one client: an IPv4 address, or the /64 network of an IPv6 address, which one household has."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    if ip.version == 4:
        return str(ip)
    if ip.ipv4_mapped:
        return str(ip.ipv4_mapped)
    return str(ipaddress.ip_network((ip, 64), strict=False))


class Rates:
    """The buckets. Used from the event loop alone.

    A bucket holds a whole period's tokens and fills evenly. A request needs one to begin with; what it turns out to
    hold beyond that may leave the bucket in debt, so that a client that sends many pictures at once waits longer.
    """

    def __init__(self, rate: tuple[int, float], clock: Callable[[], float] = time.monotonic) -> None:
        """Set the rate.

        Args:
            rate: tokens, and the seconds in which a bucket fills with them.
            clock: seconds.
        """
        self._most, period = rate
        self._fill = self._most / period
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, client: str) -> float:
        """Seconds until a client may ask; 0: now."""
        return max(0.0, (1 - self._tokens(client)) / self._fill)

    def spend(self, client: str, tokens: int) -> None:
        """Take tokens from a client's bucket."""
        self._buckets[client] = (self._tokens(client) - tokens, self._clock())
        self._buckets.move_to_end(client)
        while len(self._buckets) > MOST_CLIENTS:  # who has been quiet longest has most likely a full one
            self._buckets.popitem(last=False)

    def _tokens(self, client: str) -> float:
        tokens, at = self._buckets.get(client, (float(self._most), 0.0))
        return min(float(self._most), tokens + (self._clock() - at) * self._fill)
