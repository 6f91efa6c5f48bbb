"""Trust lists as plain frozen data, and what the C2PA library needs of them."""

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from imageauth.errors import ImageAuthError
from imageauth.provenance.trust import kinds

SCHEMA = "imageauth/trust/1"
HOW_TO_GET = "imageauth trust update"
ADDRESS = "imageauth:"
"""Before a list's name: what the C2PA library calls the list."""

# Purposes (extended key usage) that a signer's certificate may have. They are always needed: without them the library
# calls certificates with a newer purpose invalid. C2PA specification 2.2, section 14.5.1; RFC 5280; RFC 9336.
PURPOSES = (
    "1.3.6.1.5.5.7.3.4",  # e-mail protection
    "1.3.6.1.5.5.7.3.36",  # document signing
    "1.3.6.1.5.5.7.3.8",  # time stamping
    "1.3.6.1.5.5.7.3.9",  # OCSP signing
    "1.3.6.1.4.1.311.76.59.1.9",  # Microsoft's C2PA signing
    "1.3.6.1.4.1.62558.2.1",  # C2PA claim signing
)

_BLOCK = re.compile(r"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", re.DOTALL)


class TrustError(ImageAuthError):
    """Trust lists cannot be read, fetched or kept; the message says which and why."""


@dataclass(frozen=True, slots=True)
class TrustList:
    """One list, as it was read.

    Attributes:
        name: of its :class:`~imageauth.provenance.trust.kinds.Kind`.
        text: certificates as PEM and nothing else; for ``purposes`` object identifiers, one a line.
        entries: how many.
        source: the address or file that it came from.
        fetched: when, ISO 8601 in UTC.
        sha256: of the bytes as they were published, hexadecimal.
        issued, next_update: what the list says of itself, ISO 8601; None where it does not.
    """

    name: str
    text: str
    entries: int
    source: str
    fetched: str
    sha256: str
    issued: str | None = None
    next_update: str | None = None

    @property
    def title(self) -> str:
        """For a person."""
        return kinds.KINDS[self.name].title

    def summary(self) -> dict[str, Any]:
        """Plain data without the certificates."""
        return {"name": self.name, "title": self.title} | {
            key: value for key, value in asdict(self).items() if key not in ("name", "text")
        }


@dataclass(frozen=True, slots=True)
class TrustLists:
    """The lists in use, at most one of each name. ``TrustLists()`` trusts nobody."""

    lists: tuple[TrustList, ...] = ()

    def __bool__(self) -> bool:
        """Whether there is any signer to trust."""
        return any(item.name not in (kinds.PURPOSES.name, kinds.TIME_STAMPS.name) for item in self.lists)

    def text(self, *names: str) -> str:
        """The lists of these names one after the other."""
        return "".join(item.text for item in self.lists if item.name in names)

    def without(self, name: str) -> "TrustLists":
        """All but the list of this name."""
        return TrustLists(tuple(item for item in self.lists if item.name != name))

    def merged(self, newer: "TrustLists") -> "TrustLists":
        """These, where a list of ``newer`` takes the place of one of the same name."""
        by_name = {item.name: item for item in (*self.lists, *newer.lists)}
        return TrustLists(tuple(by_name[name] for name in kinds.KINDS if name in by_name))

    def settings(self) -> dict[str, Any]:
        """The section ``trust`` of the C2PA library's settings, in the form that it has since its version 0.91.

        Each list has an address of its own, :data:`ADDRESS` and its name. The library says in which it found a signer,
        which is how :func:`imageauth.provenance.credentials.read` tells the official list from the others, and keeps
        the list for time stamps to time stamps: the library itself takes signers from it, too.
        """
        signers = self.text(kinds.INTERIM_SIGNERS.name, kinds.OWN_SIGNERS.name)
        # Hashes do, and spare the library from reading some ninety certificates for every file.
        hashes = "".join(
            base64.b64encode(hashlib.sha256(der).digest()).decode() + "\n" for der in certificates(signers)
        )
        anchors: list[dict[str, str]] = []
        seen: set[bytes] = set()
        for kind in (kinds.SIGNERS, kinds.INTERIM, kinds.OWN, kinds.TIME_STAMPS):
            found = certificates(self.text(kind.name))
            what = "manifest"
            if kind is kinds.TIME_STAMPS:
                what = "tsa"
            else:  # one that is on several lists counts for the first, or the answer would be left to chance
                found = [der for der in found if der not in seen]
                seen.update(found)
            if found:
                text = "".join(map(as_pem, found))
                anchors.append({"trust_uri": ADDRESS + kind.name, "trust_kind": what, "trust_anchors": text})
        if hashes:
            single = {"trust_uri": f"{ADDRESS}signers", "trust_kind": "manifest", "trust_anchors": ""}
            anchors.append(single | {"allowed_list": hashes})
        return {"trust_config": "\n".join((*PURPOSES, self.text(kinds.PURPOSES.name))), "anchors": anchors}

    def summary(self) -> list[dict[str, Any]]:
        """Plain data for reports: which lists, of when, without the certificates."""
        return [item.summary() for item in self.lists]

    def to_json(self) -> dict[str, Any]:
        """Plain data for the file that keeps them."""
        return {"schema": SCHEMA, "lists": [asdict(item) for item in self.lists]}

    @staticmethod
    def from_json(data: Any) -> "TrustLists":
        """Read back what :meth:`to_json` gave.

        Raises:
            ValueError: it is something else.
        """
        if not isinstance(data, Mapping) or data.get("schema") != SCHEMA:
            raise ValueError(f"not of schema {SCHEMA}")
        known = {field.name for field in fields(TrustList)}
        try:
            lists = [_checked(TrustList(**{key: item[key] for key in item.keys() & known})) for item in data["lists"]]
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not whole: {error}") from error
        return TrustLists().merged(TrustLists(tuple(item for item in lists if item.name in kinds.KINDS)))


def _checked(item: TrustList) -> TrustList:
    """A list that was read back.

    Raises:
        ValueError: a field is of a wrong type, or the certificates are damaged.
    """
    if any(not isinstance(value, str) for value in (item.name, item.text, item.source, item.fetched, item.sha256)):
        raise ValueError("a field is no text")
    if type(item.entries) is not int:
        raise ValueError("the number of entries is none")
    if any(not isinstance(value, str | None) for value in (item.issued, item.next_update)):
        raise ValueError("a date is no text")
    certificates(item.text)
    return item


def certificates(text: str) -> list[bytes]:
    """The certificates of a PEM text, DER, in order; duplicates once.

    Raises:
        ValueError: a block is not Base64.
    """
    return list(
        dict.fromkeys(base64.b64decode("".join(block.split()), validate=True) for block in _BLOCK.findall(text))
    )


def as_pem(certificate: bytes) -> str:
    """A DER certificate as PEM."""
    body = base64.b64encode(certificate).decode()
    lines = "\n".join(body[at : at + 64] for at in range(0, len(body), 64))
    return f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n"
