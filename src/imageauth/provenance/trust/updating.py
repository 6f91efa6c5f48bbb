"""Getting the trust lists: from their publishers over https, or from files on a machine without internet."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from imageauth.provenance.fetching import FetchError, fetch, secure
from imageauth.provenance.trust import kinds
from imageauth.provenance.trust.files import Found, gather
from imageauth.provenance.trust.lists import HOW_TO_GET, TrustError, TrustList, TrustLists
from imageauth.provenance.trust.parsing import MAX_BYTES, kind_of_json, parse, parse_own
from imageauth.provenance.trust.store import load, save

SECONDS = 30.0


def update(
    from_file: Path | Sequence[Path] | None = None,
    *,
    addresses: Mapping[str, Sequence[str]] | None = None,
    path: Path | None = None,
) -> TrustLists:
    """Get trust lists, check them, and keep them in place of the older ones of the same names: all of them or none.

    Args:
        from_file: lists as published (PEM, JSON, store.cfg), a folder or zip archive that holds some, or a PEM file of
            the user's own; several may be given. Default: fetch all published lists.
        addresses: by name of the list, where to fetch it; default: its publisher's.
        path: the file that keeps them; default: in the user's data folder.

    Returns:
        All lists that are now in use.

    Raises:
        ImageAuthError: a list cannot be had, is damaged, or cannot be kept; what was there before stays.
    """
    if from_file is None:
        new = [_fetched(kind, (addresses or {}).get(kind.name, kind.addresses)) for kind in kinds.PUBLISHED]
    else:
        new = list(_read([from_file] if isinstance(from_file, Path) else from_file))
    try:
        before = load(path)
    except TrustError:  # what is damaged may be replaced
        before = TrustLists()
    lists = before.merged(TrustLists(tuple(new)))
    save(lists, path)
    return lists


def _fetched(kind: kinds.Kind, addresses: Sequence[str]) -> TrustList:
    """The list from the first address that gives a usable one."""
    problem: Exception | None = None
    for address in addresses:
        try:
            return parse(kind, fetch(address, limit=MAX_BYTES, seconds=SECONDS, check=secure), address)
        except (FetchError, TrustError) as error:
            problem = problem or error
    reason = problem or f"no address for the {kind.title}"
    raise TrustError(f"no trust list was changed: {reason} (without network: `{HOW_TO_GET} --from FILE`)") from problem


def _read(paths: Sequence[Path]) -> Iterable[TrustList]:
    """The lists in files, folders and archives."""
    lists: dict[str, TrustList] = {}
    for path in paths:
        found = gather(path)
        alone = len(found) == 1 and path.is_file()
        new = [parse(kind, file.data, file.name) for kind, file in _of_kinds(found, str(path)).items()]
        if not new and alone:
            new.extend(parse_own(found[0].data, found[0].name))
        if not new:
            names = ", ".join(kind.files[0] for kind in kinds.PUBLISHED)
            raise TrustError(f"{path}: no trust list in it (looked for {names})")
        for item in new:
            if item.name in lists:
                raise TrustError(f"{path}: a second {kinds.KINDS[item.name].title}")
            lists[item.name] = item
    return lists.values()


def _of_kinds(found: Sequence[Found], where: str) -> dict[kinds.Kind, Found]:
    """Which file is which published list, by name or by what a JSON list says of itself."""
    chosen: dict[kinds.Kind, Found] = {}
    for kind in kinds.PUBLISHED:
        for file in kind.files:
            fits = [item for item in found if _fits(kind, file, item)]
            # Copies of whole repositories hold test lists of the same name; the published one has the published path.
            published = f"{kind.home}/{file}"
            best = max((item.agreement(published) for item in fits), default=0)
            fits = [item for item in fits if item.agreement(published) == best]
            if len({item.data for item in fits}) > 1:
                raise TrustError(f"{where}: {fits[0].name} and {fits[1].name} both claim to be the {kind.title}")
            if fits:
                chosen[kind] = fits[0]
                break
    return chosen


def _fits(kind: kinds.Kind, file: str, item: Found) -> bool:
    if file.endswith(".json"):
        return item.path[-1].endswith(".json") and kind_of_json(item.data) is kind
    return item.path[-1] == file
