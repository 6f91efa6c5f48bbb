"""The trust lists: whose signatures on Content Credentials count. None ships with imageauth; the user fetches them."""

from typing import TYPE_CHECKING, Any

from imageauth.provenance.trust.lists import TrustError, TrustList, TrustLists
from imageauth.provenance.trust.store import lists_path, load

if TYPE_CHECKING:
    from imageauth.provenance.trust.updating import update

__all__ = ["TrustError", "TrustList", "TrustLists", "lists_path", "load", "update"]


def __getattr__(name: str) -> Any:
    if name != "update":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # Only here, since it loads what the network needs.
    from imageauth.provenance.trust.updating import update

    return update
