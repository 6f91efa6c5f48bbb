"""``--policy FILE``: an institution's settings for the policy, in TOML."""

import hashlib
import os
import tomllib
from pathlib import Path
from typing import Any

from imageauth.errors import ImageAuthError
from imageauth.verdict import ALL_SOURCES, Policy

# A policy is a few lines; more is another file by mistake.
_MOST_BYTES = 64 * 2**10
_THRESHOLDS = ("likely_ai", "likely_real")


def read_policy(path: str | os.PathLike[str]) -> Policy:
    """Read a policy.

    A file says ``name = "…"``, ``[decide]`` with ``pixels``, ``credentials``, ``metadata``, ``watermark`` and
    ``plugin`` = true or false, and ``[pixels]`` with ``likely_ai`` and ``likely_real`` (calibrated probabilities,
    0..1). Only the name is required.

    Args:
        path: of the TOML file.

    Raises:
        ImageAuthError: it cannot be read, or says something that is not known or makes no sense.
    """
    try:
        with Path(path).open("rb") as stream:
            raw = stream.read(_MOST_BYTES + 1)
        if len(raw) > _MOST_BYTES:
            raise ImageAuthError(f"the policy {path} is larger than {_MOST_BYTES // 2**10} KiB")
        data = tomllib.loads(raw.decode())
        return _policy(data, hashlib.sha256(raw).hexdigest())
    except OSError as error:
        raise ImageAuthError(f"the policy {path} cannot be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:  # tomllib's own error is a ValueError
        raise ImageAuthError(f"the policy {path} is not usable: {error}") from error


def _policy(data: dict[str, Any], sha256: str) -> Policy:
    _known("", data, {"name": str, "decide": dict, "pixels": dict})
    if not data.get("name", "").strip():
        raise ValueError("it has no name, which reports must give")
    decide, pixels = data.get("decide", {}), data.get("pixels", {})
    _known("decide.", decide, dict.fromkeys(sorted(ALL_SOURCES), bool))
    _known("pixels.", pixels, dict.fromkeys(_THRESHOLDS, float))
    values = {name: float(pixels[name]) for name in _THRESHOLDS if name in pixels}
    for name, value in values.items():
        if not 0 <= value <= 1:
            raise ValueError(f"pixels.{name} is a probability between 0 and 1, not {value:g}")
    if len(values) == 2 and values["likely_real"] >= values["likely_ai"]:
        raise ValueError("pixels.likely_real must be below pixels.likely_ai")
    deciding = frozenset(source for source in ALL_SOURCES if decide.get(source, True))
    return Policy(data["name"].strip()[:80], deciding, values.get("likely_ai"), values.get("likely_real"), sha256)


def _known(prefix: str, given: dict[str, Any], kinds: dict[str, type]) -> None:
    words = {str: "text", bool: "true or false", float: "a number", dict: "a [section]"}
    for key, value in given.items():
        if key not in kinds:
            raise ValueError(f"{prefix}{key} is not known; it knows {', '.join(prefix + name for name in kinds)}")
        kind = kinds[key]
        fits = isinstance(value, int | float) and not isinstance(value, bool) if kind is float else type(value) is kind
        if not fits:
            raise ValueError(f"{prefix}{key} must be {words[kind]}")
