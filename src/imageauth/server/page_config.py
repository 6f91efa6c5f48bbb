"""``config.json``: what the page is told, by a server or by who builds a static site. Needs no web framework."""

from collections.abc import Mapping, Sequence
from typing import Any

from imageauth import __version__

SCHEMA = "imageauth/page/1"


def page_config(
    private: Mapping[str, Any],
    *,
    server: bool,
    max_bytes: int,
    max_pixels: int,
    max_files: int | None = None,
    key_required: bool = False,
    exports: Sequence[str] = ("json",),
) -> dict[str, Any]:
    """The configuration.

    Args:
        private: of private mode, as :meth:`imageauth.server.private.Private.describe` gives it.
        server: whether there is an API to send pictures to.
        max_bytes, max_pixels: of one picture.
        max_files: of one request; None: there are no requests.
        key_required: by the API.
        exports: forms in which reports can leave the page.
    """
    return {
        "schema": SCHEMA,
        "version": __version__,
        "server": server,
        "api": "v1/",
        "limits": {"max_bytes": max_bytes, "max_pixels": max_pixels, "max_files": max_files},
        "key_required": key_required,
        "exports": list(exports),
        "private": dict(private),
    }
