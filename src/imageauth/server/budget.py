"""What is there once for all requests: memory for uploads, and pixels that are decoded at a time."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager


class Budget:
    """Bytes that all uploads together may hold. Thread-safe."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._held = 0
        self._lock = threading.Lock()

    @property
    def held(self) -> int:
        """Bytes in use."""
        return self._held

    def take(self, count: int) -> bool:
        """Take bytes; False, and nothing is taken, where there is no room."""
        with self._lock:
            if self._held + count > self.limit:
                return False
            self._held += count
            return True

    def give(self, count: int) -> None:
        """Give bytes back."""
        with self._lock:
            self._held -= count


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
