"""The trust lists: whose signatures on Content Credentials count. None ships with imageauth; the user fetches them."""

from imageauth.provenance.trust.lists import TrustError, TrustList, TrustLists
from imageauth.provenance.trust.store import lists_path, load
from imageauth.provenance.trust.update import update

__all__ = ["TrustError", "TrustList", "TrustLists", "lists_path", "load", "update"]
