"""Where the user's trust lists lie on this machine: one file, so that they change all together or not at all."""

import json
import os
import sys
from pathlib import Path

from imageauth.files import write_bytes
from imageauth.provenance.trust.lists import HOW_TO_GET, TrustError, TrustLists

MAX_BYTES = 32 * 2**20


def data_folder() -> Path:
    """The user's data folder for imageauth: ``IMAGEAUTH_DATA``, or where the system's conventions put it."""
    if own := os.environ.get("IMAGEAUTH_DATA"):
        return Path(own)
    if sys.platform == "win32":
        base = os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        named = os.environ.get("XDG_DATA_HOME", "")
        # The XDG specification has relative paths ignored.
        base = named if os.path.isabs(named) else Path.home() / ".local" / "share"
    return Path(base) / "imageauth"


def lists_path() -> Path:
    """The file that keeps the trust lists; it need not exist."""
    return data_folder() / "trust-lists.json"


def load(path: Path | None = None) -> TrustLists:
    """The trust lists on this machine; empty where there are none yet.

    Args:
        path: of the file; default: :func:`lists_path`.

    Raises:
        TrustError: the file is there but cannot be read, or is damaged.
    """
    path = path or lists_path()
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise ValueError("too large")
        return TrustLists.from_json(json.loads(data))
    except (FileNotFoundError, NotADirectoryError):
        return TrustLists()
    except OSError as error:
        raise TrustError(f"the trust lists in {path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise TrustError(f"the trust lists in {path} are damaged; get them again with `{HOW_TO_GET}`") from error


def save(lists: TrustLists, path: Path | None = None) -> Path:
    """Keep the trust lists in place of those that were there.

    Raises:
        ImageAuthError: they cannot be written; the older ones stay.
    """
    path = path or lists_path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TrustError(f"{path.parent} cannot be made: {error.strerror}") from error
    write_bytes(path, json.dumps(lists.to_json(), indent=1).encode())
    return path
