"""Validation codes → states. The codes are those of the C2PA specification 2.2, section 15.2."""

from collections.abc import Collection, Mapping
from typing import Any

from imageauth.provenance.credentials.model import ManifestState, State, TimeStamp

EXPIRY = frozenset({"signingCredential.expired", "claimSignature.outsideValidity"})
UNTRUSTED = "signingCredential.untrusted"
TRUSTED = "signingCredential.trusted"
SIGNATURE = "claimSignature.validated"
# Either shows that the manifest above holds this manifest's hash and that it fits.
BOUND = frozenset({"ingredient.manifest.validated", "ingredient.claimSignature.validated"})


def is_tolerated(code: str) -> bool:
    """Whether a failure leaves a manifest valid: a signer on no list, or something about a person's identity (CAWG)."""
    return code == UNTRUSTED or code.startswith("cawg.")


def store_state(library_says: Any, failures: Collection[str]) -> State:
    """The state of the whole store.

    Args:
        library_says: ``Trusted``, ``Valid`` or ``Invalid``.
        failures: of all manifests. The library calls a store whose certificate is out of date ``Invalid``, as it does a
            tampered one; these tell the two apart.
    """
    if library_says == "Trusted":
        return "trusted"
    if library_says == "Valid":
        return "valid"
    grave = [code for code in failures if not is_tolerated(code)]
    return "expired" if grave and EXPIRY.issuperset(grave) else "invalid"


def manifest_state(successes: Collection[str], failures: Collection[str]) -> ManifestState:
    """The state of one manifest by its own codes; ``unchecked`` where its signature was not looked at."""
    grave = [code for code in failures if not is_tolerated(code)]
    if grave:
        return "expired" if EXPIRY.issuperset(grave) else "invalid"
    if SIGNATURE not in successes:
        return "unchecked"
    return "trusted" if TRUSTED in successes and UNTRUSTED not in failures else "valid"


def time_stamp(codes: Collection[str]) -> TimeStamp:
    """What the codes of a manifest say of its time stamp."""
    if "timeStamp.trusted" in codes:
        return "trusted"
    return "untrusted" if any(code.startswith("timeStamp.") for code in codes) else "none"


def anchored_in(explanation: str, lists: Collection[str]) -> str:
    """Which list has the signer, from the library's explanation of ``signingCredential.trusted``.

    Args:
        explanation: names the settings that the signer was found in.
        lists: names of the lists in use.
    """
    if "system_anchors" in explanation:
        return "c2pa"
    others = ("interim", "own") if "user_anchors" in explanation else ("interim-signers", "own-signers")
    return " or ".join(name for name in others if name in lists) or "c2pa"


def as_codes(statuses: Any) -> list[Mapping[str, Any]]:
    """The entries of a list of validation statuses that are as they should be, at most 2,000."""
    if not isinstance(statuses, list):
        return []
    return [item for item in statuses[:2_000] if isinstance(item, dict) and isinstance(item.get("code"), str)]
