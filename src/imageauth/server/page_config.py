"""``config.json``: what the page must know of where it runs."""

from collections.abc import Mapping, Sequence
from typing import Any

from imageauth import __version__

SCHEMA = "imageauth/page/1"
FILE = "config.json"


def page_config(
    *,
    server: bool,
    max_bytes: int,
    max_pixels: int,
    private: Mapping[str, Any],
    max_files: int | None = None,
    key_required: bool = False,
) -> dict[str, Any]:
    """The file's content.

    Args:
        server: whether there is a service behind the page; otherwise it checks in the browser alone.
        max_bytes, max_pixels: of one picture.
        private: whether the models can run in the browser, or why not; see
            :meth:`imageauth.server.private.Private.describe`.
        max_files: in one request to the service; None without one.
        key_required: whether the service asks for an API key.
    """
    exports: Sequence[str] = ("json",)
    return {
        "schema": SCHEMA,
        "version": __version__,
        "server": server,
        "api": "v1/",
        "limits": {"max_bytes": max_bytes, "max_pixels": max_pixels, "max_files": max_files},
        "key_required": key_required,
        "exports": list(exports),
        "models": private.get("models", []),
        "private": dict(private),
    }
