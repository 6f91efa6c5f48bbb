"""API keys: a file of names and hashes. The keys themselves are nowhere but with those who hold them.

A key that ``imageauth serve --new-key`` makes has 256 random bits, so that its plain SHA-256 cannot be guessed back;
slow hashes are for passwords that people choose.
"""

import hashlib
import hmac
import re
import secrets
from pathlib import Path

from imageauth.errors import ImageAuthError

_NAME = r"[A-Za-z0-9._@-]{1,64}"
_LINE = re.compile(rf"({_NAME}):([0-9a-f]{{64}})")
_MOST_BYTES = 2**20


def new_key() -> str:
    """A key to hand to a client."""
    return "ia_" + secrets.token_urlsafe(32)


def hash_key(key: str) -> str:
    """What stands in the file for a key, hexadecimal."""
    return hashlib.sha256(key.encode()).hexdigest()


def check_name(name: str) -> None:
    """See whether the holder of a key can be called so.

    Raises:
        ImageAuthError: letters, digits and ``._@-`` only, at most 64 of them.
    """
    if not re.fullmatch(_NAME, name):
        raise ImageAuthError(f"a key's holder is named by letters, digits and ._@- alone, not {name!r}")


class Keys:
    """The keys that may ask."""

    def __init__(self, hashes: dict[str, str]) -> None:
        """Keys by name.

        Args:
            hashes: as :func:`hash_key` gives them, by the name of who holds the key.
        """
        self._hashes = {name: bytes.fromhex(digest) for name, digest in hashes.items()}

    @staticmethod
    def read(path: Path) -> "Keys":
        """Read a file of ``name:sha256`` lines; empty ones and those that begin with ``#`` are passed over.

        Raises:
            ImageAuthError: it cannot be read, a line is not of that form, or there is no key in it.
        """
        try:
            with path.open("rb") as stream:
                text = stream.read(_MOST_BYTES + 1).decode()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not text"
            raise ImageAuthError(f"the API keys {path} cannot be read: {reason}") from error
        if len(text) > _MOST_BYTES:
            raise ImageAuthError(f"the API keys {path} are larger than {_MOST_BYTES // 2**20} MiB")
        hashes: dict[str, str] = {}
        for number, line in enumerate(text.splitlines(), 1):
            if not line.strip() or line.startswith("#"):
                continue
            if not (match := _LINE.fullmatch(line.strip())):
                raise ImageAuthError(f"line {number} of the API keys {path} is not name:sha256 of a key")
            if match[1] in hashes:
                raise ImageAuthError(f"line {number} of the API keys {path} names {match[1]} a second time")
            hashes[match[1]] = match[2]
        if not hashes:
            raise ImageAuthError(f"the API keys {path} hold no key, so that nobody could ask")
        return Keys(hashes)

    def holder(self, key: str) -> str | None:
        """Whose key it is; None if nobody's. All are compared, each in constant time."""
        digest = hashlib.sha256(key.encode(errors="replace")).digest()
        found = None
        for name, known in self._hashes.items():
            if hmac.compare_digest(digest, known):
                found = name
        return found
