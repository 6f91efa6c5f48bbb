"""Which trust lists there are, and where their publishers keep them."""

from dataclasses import dataclass

_OFFICIAL = "https://raw.githubusercontent.com/c2pa-org/conformance-public/main/trust-list"
# The site of the verify tool publishes the interim list; the older address, now redirected, is tried after it.
_INTERIM = ("https://verify.contentauthenticity.org/trust", "https://contentcredentials.org/trust")


@dataclass(frozen=True, slots=True)
class Kind:
    """A trust list as its publisher defines it.

    Attributes:
        name: ours, stable.
        title: for a person.
        addresses: where it is published; the first that answers is taken.
        scheme: how the list calls itself where it is published as JSON.
    """

    name: str
    title: str
    addresses: tuple[str, ...] = ()
    scheme: str | None = None

    @property
    def files(self) -> tuple[str, ...]:
        """Names of the published files, the best first."""
        return tuple(dict.fromkeys(address.rsplit("/", 1)[1] for address in self.addresses))


SIGNERS = Kind(
    "c2pa",
    "C2PA trust list",
    (f"{_OFFICIAL}/C2PA-TRUST-LIST.json", f"{_OFFICIAL}/C2PA-TRUST-LIST.pem"),
    "C2PA Trust List",
)
TIME_STAMPS = Kind(
    "c2pa-time-stamps",
    "C2PA time-stamp trust list",
    (f"{_OFFICIAL}/C2PA-TSA-TRUST-LIST.json", f"{_OFFICIAL}/C2PA-TSA-TRUST-LIST.pem"),
    "C2PA TSA Trust List",
)
INTERIM = Kind("interim", "interim trust list (frozen in 2026)", tuple(f"{site}/anchors.pem" for site in _INTERIM))
INTERIM_SIGNERS = Kind(
    "interim-signers", "interim trust list: single signers", tuple(f"{site}/allowed.pem" for site in _INTERIM)
)
PURPOSES = Kind(
    "purposes", "interim trust list: purposes of certificates", tuple(f"{site}/store.cfg" for site in _INTERIM)
)
OWN = Kind("own", "your own list")
OWN_SIGNERS = Kind("own-signers", "your own list: single signers")

PUBLISHED = (SIGNERS, TIME_STAMPS, INTERIM, INTERIM_SIGNERS, PURPOSES)
KINDS = {kind.name: kind for kind in (*PUBLISHED, OWN, OWN_SIGNERS)}
