"""What is there once for all requests: memory for uploads, and pixels that are decoded at a time."""

import threading
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Memory(Protocol):
    """From which bytes are taken before they are held."""

    def take(self, count: int) -> bool:
        """Take bytes; False, and nothing is taken, where there is no room."""

    def give(self, count: int) -> None:
        """Give bytes back."""


class Budget:
    """Bytes that all uploads together may hold, and those of one client among them. Thread-safe."""

    def __init__(self, limit: int, per_client: int | None = None) -> None:
        """Set the limits.

        Args:
            limit: of all.
            per_client: of one; default: the same.
        """
        self.limit = limit
        self._per_client = limit if per_client is None else per_client
        self._held = 0
        self._by_client: Counter[str] = Counter()
        self._lock = threading.Lock()

    @property
    def held(self) -> int:
        """Bytes in use."""
        return self._held

    def of(self, client: str) -> Memory:
        """A client's share."""
        return _Share(self, client)

    def take(self, count: int, client: str = "") -> bool:
        """Take bytes for a client; False, and nothing is taken, where there is no room."""
        with self._lock:
            if self._held + count > self.limit or self._by_client[client] + count > self._per_client:
                return False
            self._held += count
            self._by_client[client] += count
            return True

    def give(self, count: int, client: str = "") -> None:
        """Give a client's bytes back."""
        with self._lock:
            self._held -= count
            self._by_client[client] -= count
            if not self._by_client[client]:
                del self._by_client[client]


class _Share:
    """One client's part of a budget."""

    def __init__(self, budget: Budget, client: str) -> None:
        self._budget, self._client = budget, client

    def take(self, count: int) -> bool:
        return self._budget.take(count, self._client)

    def give(self, count: int) -> None:
        self._budget.give(count, self._client)


class Turns:
    """A fixed sum of which threads take shares, in the order in which they ask: a large share is not kept waiting for
    ever by small ones. Thread-safe.
    """

    def __init__(self, limit: int) -> None:
        self._limit, self._held = limit, 0
        self._line: deque[object] = deque()
        self._change = threading.Condition()

    @contextmanager
    def take(self, count: int) -> Iterator[None]:
        """Wait for a share, and hold it; one beyond the limit counts as the whole."""
        share, me = min(count, self._limit), object()
        with self._change:
            self._line.append(me)
            self._change.wait_for(lambda: self._line[0] is me and self._held + share <= self._limit)
            self._line.popleft()
            self._held += share
            self._change.notify_all()
        try:
            yield
        finally:
            with self._change:
                self._held -= share
                self._change.notify_all()
