"""Memory for uploads: a fixed sum, from which every byte that is held is taken."""

import threading


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
