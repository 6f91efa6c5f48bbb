"""Reading a file's Content Credentials: inside it, beside it, or, when asked, at the address that it names."""

from imageauth.images import ImageFile
from imageauth.provenance.credentials import carriers, library, parsing, states
from imageauth.provenance.credentials.checks import Checks
from imageauth.provenance.credentials.model import Credentials, Origin, State
from imageauth.provenance.fetching import FetchError, fetch, public
from imageauth.provenance.trust import TrustLists

# Checking takes the longer the more there is: a store made to be slow takes some 3 s at this size. Honest ones of many
# steps with thumbnails have a few MiB.
MAX_STORE = 16 * 2**20
SECONDS = 20.0


def read(image: ImageFile, *, trust: TrustLists, online: bool = False) -> Credentials | None:
    """Read and check a file's Content Credentials (C2PA). Safe in threads.

    Args:
        image: the file; its pixels are not needed.
        trust: whom to trust.
        online: fetch the manifest where the file only names its address. Nothing else is ever fetched.

    Returns:
        What they say and whether they hold; None where there are none. Nothing about a file makes it raise.
    """
    media_type = carriers.MEDIA_TYPES.get(image.format)
    if media_type is None:
        reason = f"C2PA does not define credentials for {image.format}"
        return None if image.sidecar is None else _failed("sidecar", "unreadable", trust, reason)
    address = None
    if carriers.may_carry(image.data, image.format):
        holds_store = carriers.holds_store(image.data, image.format)
        if holds_store and carriers.store_size(image.data, image.format) > MAX_STORE:
            return _failed("embedded", "unreadable", trust, f"larger than {MAX_STORE >> 20} MiB")
        try:
            return _read(image, media_type, None, trust, "embedded")
        except library.RemoteError as error:
            address = error.address
        except library.NoManifestError:
            pass
        except library.UnreadableError as error:
            # The library also gives up on damaged pictures, which is no news about credentials where there are none.
            if holds_store:
                return _failed("embedded", "unreadable", trust, str(error))
    if image.sidecar is not None:
        return _outside(image, media_type, image.sidecar, trust, "sidecar", address)
    if address is None:
        return None
    if not online:
        return _failed("remote", "remote", trust, None, address)
    try:
        manifest = fetch(address, limit=MAX_STORE, seconds=SECONDS, check=public)
    except FetchError as error:
        return _failed("remote", "remote", trust, str(error), address)
    return _outside(image, media_type, manifest, trust, "remote", address)


def _outside(
    image: ImageFile, media_type: str, manifest: bytes, trust: TrustLists, origin: Origin, address: str | None
) -> Credentials:
    """Credentials that do not lie in the file."""
    try:
        if len(manifest) > MAX_STORE:
            raise library.UnreadableError(f"larger than {MAX_STORE >> 20} MiB")
        return _read(image, media_type, manifest, trust, origin, address)
    except library.UnreadableError as error:
        return _failed(origin, "unreadable", trust, str(error), address)
    except (library.NoManifestError, library.RemoteError):
        return _failed(origin, "unreadable", trust, "no manifest in it", address)


def _read(
    image: ImageFile,
    media_type: str,
    manifest: bytes | None,
    trust: TrustLists,
    origin: Origin,
    address: str | None = None,
) -> Credentials:
    report = library.read_store(image.data, media_type, manifest, trust)
    active = report.get("active_manifest")
    if not isinstance(active, str):
        raise library.UnreadableError("no active manifest")
    checks = Checks(report, active)
    failures = checks.failures()
    manifests, whole = parsing.manifests(report, checks, active)
    if not manifests and not failures:
        raise library.UnreadableError("the active manifest is missing")
    explanation = checks.codes(active).success.get(states.TRUSTED)
    notes = [] if whole else ["The credentials say more than is read of them."]
    if origin == "embedded" and image.sidecar is not None:
        notes.append("The file has credentials inside; those in the file beside it were not read.")
    return Credentials(
        state=states.store_state(report.get("validation_state"), failures),
        origin=origin,
        failures=failures,
        manifests=tuple(manifests),
        anchored=None if explanation is None else states.anchored_in(explanation, [item.name for item in trust.lists]),
        lists=tuple(trust.summary()),
        can_trust=bool(trust),
        address=address,
        whole=whole,
        notes=tuple(notes),
    )


def _failed(
    origin: Origin, state: State, trust: TrustLists, reason: str | None, address: str | None = None
) -> Credentials:
    return Credentials(
        state=state,
        origin=origin,
        lists=tuple(trust.summary()),
        can_trust=bool(trust),
        address=address,
        reason=reason,
    )
