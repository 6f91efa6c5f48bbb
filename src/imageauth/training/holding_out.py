"""What is kept apart from training by its name alone. Light, so that benchmarks can ask it too."""

import hashlib


def one_in(count: int, key: str) -> bool:
    """Whether the SHA-256 of ``key`` falls to one share in ``count``: the same for good, on every machine."""
    digest = hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()
    return int.from_bytes(digest[:8], "big") % count == 0


def held_out(source: str) -> bool:
    """One source of pictures from elsewhere in four, by its name: it teaches nothing and is for measuring."""
    return one_in(4, source)
