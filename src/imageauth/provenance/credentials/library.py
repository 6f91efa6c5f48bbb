"""The only place that calls the C2PA library: bytes in, its JSON out. It never goes to the network from here."""

import functools
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from imageauth.escaping import one_line
from imageauth.provenance.trust import TrustError, TrustLists
from imageauth.provenance.trust.lists import HOW_TO_GET

MAX_JSON = 64 * 2**20
# Compressed boxes hide how much there is to check, and hardly anyone writes them.
MAX_DECOMPRESSED_MIB = 4
_REMOTE = "must fetch remote manifests from url "


class NoManifestError(Exception):
    """The file carries none."""


class UnreadableError(Exception):
    """The library gave up; the text is its reason, one line."""


@dataclass(frozen=True)
class RemoteError(Exception):
    """The manifest lies elsewhere.

    Attributes:
        address: where, as the file says.
    """

    address: str


StoreReader = Callable[[bytes, str, bytes | None, TrustLists], dict[str, Any]]
"""What takes the place of :func:`read_store` where the library is another build of the same: in a browser."""


def read_store(data: bytes, media_type: str, manifest: bytes | None, trust: TrustLists) -> dict[str, Any]:
    """The library's report on one manifest store, checked against the file's bytes. Safe in threads.

    Args:
        data: the file.
        media_type: of it; the library looks at the bytes too, and believes them more.
        manifest: a manifest store that lies outside of the file; None for the one inside.
        trust: whom to trust.

    Raises:
        TrustError: the library refuses the trust lists.
        NoManifestError: there is no manifest.
        RemoteError: only an address.
        UnreadableError: anything else went wrong.
    """
    import c2pa

    context = _context(trust)
    try:
        reader = c2pa.Reader(media_type, io.BytesIO(data), manifest, context)
        try:
            return report_of(reader.json())
        finally:
            reader.close()
    except c2pa.C2paError.ManifestNotFound as error:
        raise NoManifestError from error
    except c2pa.C2paError as error:
        raise failure_of(str(error)) from error
    except MemoryError as error:
        raise UnreadableError("needs more memory than there is") from error
    except (ValueError, TypeError, RecursionError, OSError) as error:
        raise failure_of(str(error) or type(error).__name__) from error


def report_of(text: str) -> dict[str, Any]:
    """The library's report, from its JSON.

    Raises:
        UnreadableError: it is too long, or not what it should be.
    """
    if len(text) > MAX_JSON:
        raise UnreadableError("what it says is too long")
    try:
        report = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise failure_of(str(error)) from error
    if not isinstance(report, dict):
        raise UnreadableError("the library's report is not an object")
    return report


def failure_of(message: str) -> RemoteError | UnreadableError:
    """What the library's complaint about a file comes to."""
    message = " ".join(message.split())
    if _REMOTE in message:
        return RemoteError(message.partition(_REMOTE)[2][:2_000])
    return UnreadableError(message[:200])


@functools.lru_cache(maxsize=8)
def _context(trust: TrustLists) -> Any:
    """The library's settings for these lists. One context serves all threads; it is only read."""
    import c2pa

    try:
        return c2pa.Context.from_dict(settings(trust))
    except c2pa.C2paError as error:
        reason = one_line(error, 200)
        raise TrustError(f"the trust lists cannot be used ({reason}); get them again with `{HOW_TO_GET}`") from error


def settings(trust: TrustLists) -> dict[str, Any]:
    """The library's settings: it checks everything that it can without the network.

    Args:
        trust: whom to trust.
    """
    return {
        "verify": {
            "verify_trust": True,
            "verify_timestamp_trust": True,
            "remote_manifest_fetch": False,
            "ocsp_fetch": False,
        },
        "core": {
            # Checking the identities of persons (CAWG) needs the network: without it good files would read as bad.
            "decode_identity_assertions": False,
            "allowed_network_hosts": [],
            "max_decompressed_manifest_size_in_mb": MAX_DECOMPRESSED_MIB,
        },
        "trust": trust.settings(),
    }
