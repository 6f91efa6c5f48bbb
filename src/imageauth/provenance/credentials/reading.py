"""Reading a file's Content Credentials: inside it, beside it, or, when asked, at the address that it names."""

from imageauth.imagefile import ImageFile
from imageauth.provenance.credentials import carriers, library, parsing, states
from imageauth.provenance.credentials.checks import Checks
from imageauth.provenance.credentials.model import Credentials, Origin, State
from imageauth.provenance.trust import TrustLists
from imageauth.provenance.trust.kinds import TIME_STAMPS

SECONDS = 20.0


def read(
    image: ImageFile, *, trust: TrustLists, online: bool = False, store_reader: library.StoreReader | None = None
) -> Credentials | None:
    """Read and check a file's Content Credentials (C2PA). Safe in threads.

    Args:
        image: the file; its pixels are not needed.
        trust: whom to trust.
        online: fetch the manifest where the file only names its address. Nothing else is ever fetched.
        store_reader: what asks the C2PA library; default: :func:`imageauth.provenance.credentials.library.read_store`.

    Returns:
        What they say and whether they hold; None where there are none. Nothing about a file makes it raise.
    """
    ask = store_reader or library.read_store
    media_type = carriers.MEDIA_TYPES.get(image.format)
    if media_type is None:
        reason = f"C2PA does not define credentials for {image.format}"
        return None if image.sidecar is None else _failed("sidecar", "unreadable", trust, reason)
    address = None
    if carriers.may_carry(image.data, image.format):
        holds_store = carriers.holds_store(image.data, image.format)
        if holds_store and (excess := carriers.excess(image.data, image.format)):
            return _failed("embedded", "unreadable", trust, excess)
        try:
            return _read(ask, image, media_type, None, trust, "embedded")
        except library.RemoteError as error:
            address = error.address
        except library.NoManifestError:
            pass
        except library.UnreadableError as error:
            # The library also gives up on damaged pictures, which is no news about credentials where there are none.
            if holds_store:
                return _failed("embedded", "unreadable", trust, str(error))
    if image.sidecar is not None:
        return _outside(ask, image, media_type, image.sidecar, trust, "sidecar", address)
    if address is None:
        return None
    if not online:
        return _failed("remote", "remote", trust, None, address)
    from imageauth.provenance import fetching  # loads what the network needs, which hardly any file does

    try:
        manifest = fetching.fetch(address, limit=carriers.MAX_STORE, seconds=SECONDS, check=fetching.public)
    except fetching.FetchError as error:
        return _failed("remote", "remote", trust, str(error), address)
    return _outside(ask, image, media_type, manifest, trust, "remote", address)


def _outside(
    ask: library.StoreReader,
    image: ImageFile,
    media_type: str,
    manifest: bytes,
    trust: TrustLists,
    origin: Origin,
    address: str | None,
) -> Credentials:
    """Credentials that do not lie in the file."""
    try:
        if not manifest:
            raise library.UnreadableError("empty, or larger than can be read")
        if len(manifest) > carriers.MAX_STORE:
            raise library.UnreadableError(f"larger than {carriers.MAX_STORE >> 20} MiB")
        if reason := carriers.excess(manifest, "c2pa"):
            raise library.UnreadableError(reason)
        return _read(ask, image, media_type, manifest, trust, origin, address)
    except library.UnreadableError as error:
        return _failed(origin, "unreadable", trust, str(error), address)
    except (library.NoManifestError, library.RemoteError):
        return _failed(origin, "unreadable", trust, "no manifest in it", address)


def _read(
    ask: library.StoreReader,
    image: ImageFile,
    media_type: str,
    manifest: bytes | None,
    trust: TrustLists,
    origin: Origin,
    address: str | None = None,
) -> Credentials:
    report = ask(image.data, media_type, manifest, trust)
    active = report.get("active_manifest")
    if not isinstance(active, str):
        raise library.UnreadableError("no active manifest")
    lists = [item.name for item in trust.lists]
    checks = Checks(report, active, lists)
    doubtful = checks.misplaced()
    if doubtful:
        # Roots may be on both lists, and the library tells one of them, by chance. Does a list for signers have it too?
        signers_only = ask(image.data, media_type, manifest, trust.without(TIME_STAMPS.name))
        checks.put_right(Checks(signers_only, active, lists))
    failures = checks.failures()
    manifests, whole = parsing.manifests(report, checks, active)
    if not manifests and not failures:
        raise library.UnreadableError("the active manifest is missing")
    state = states.store_state(report.get("validation_state"), failures)
    if state == "trusted" and any(states.UNTRUSTED in checks.codes(label).failure for label in doubtful):
        state = "valid"
    explanation = checks.codes(active).success.get(states.TRUSTED)
    notes = [] if whole else ["The credentials say more than is read of them."]
    if states.EXCLUSIONS in checks.codes(active).informational:
        notes.append("Parts of the file beside the credentials themselves are not covered by the signature.")
    if origin == "embedded" and image.sidecar is not None:
        notes.append("The file has credentials inside; those in the file beside it were not read.")
    return Credentials(
        state=state,
        origin=origin,
        failures=failures,
        manifests=tuple(manifests),
        anchored=None if explanation is None else states.anchored_in(explanation, lists),
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
