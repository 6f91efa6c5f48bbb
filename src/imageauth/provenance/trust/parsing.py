"""Published bytes → :class:`TrustList`, checked before they may replace anything."""

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from imageauth.escaping import one_line
from imageauth.provenance.trust import kinds
from imageauth.provenance.trust.lists import TrustError, TrustList, as_pem, certificates

MAX_BYTES = 8 * 2**20
MAX_ENTRIES = 5_000

_IDENTIFIER = re.compile(r"\d+(\.\d+){2,}")
_TRUSTED = "http://c2pa.org/conformance/trust-list/trusted"


def parse(kind: kinds.Kind, data: bytes, source: str) -> TrustList:
    """One published list.

    Args:
        kind: which one it is.
        data: PEM with any text around the certificates, ETSI TS 119 602 JSON as C2PA publishes it, or, for the
            purposes, object identifiers one a line with ``//`` or ``#`` comments.
        source: address or file, for messages.

    Raises:
        TrustError: it is none of these, is empty, too large, or holds a damaged certificate.
    """
    if len(data) > MAX_BYTES:
        raise TrustError(f"{source}: larger than {MAX_BYTES >> 20} MiB, that is no trust list")
    try:
        text = data.decode("utf-8-sig")
        issued = next_update = None
        if kind is kinds.PURPOSES:
            purposes = _purposes(text)
            count, kept = len(purposes), "".join(f"{purpose}\n" for purpose in purposes)
        else:
            if text.lstrip().startswith("{"):
                found, issued, next_update = _published_json(kind, json.loads(text))
            else:
                found = certificates(text)
            _check(found)
            count, kept = len(found), "".join(as_pem(der) for der in found)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise TrustError(f"{source}: no usable list ({kind.title}): {one_line(error, 120)}") from error
    return TrustList(
        kind.name,
        kept,
        count,
        source,
        datetime.now(UTC).isoformat(timespec="seconds"),
        hashlib.sha256(data).hexdigest(),
        issued,
        next_update,
    )


def parse_own(data: bytes, source: str) -> Iterator[TrustList]:
    """A PEM file of the user's own: authorities whose signers are trusted, and single signers.

    Raises:
        TrustError: as :func:`parse`.
    """
    both = parse(kinds.OWN, data, source)
    authorities: list[bytes] = []
    signers: list[bytes] = []
    for der in certificates(both.text):
        (authorities if _is_authority(der) else signers).append(der)
    for kind, found in ((kinds.OWN, authorities), (kinds.OWN_SIGNERS, signers)):
        if found:
            yield parse(kind, "".join(as_pem(der) for der in found).encode(), source)


def kind_of_json(data: bytes) -> kinds.Kind | None:
    """Which of the official lists this JSON says it is."""
    try:
        scheme = json.loads(data)["LoTE"]["ListAndSchemeInformation"]["SchemeName"][0]["value"]
    except (ValueError, KeyError, TypeError, IndexError, RecursionError):
        return None
    return next((kind for kind in kinds.PUBLISHED if kind.scheme is not None and kind.scheme == scheme), None)


def _purposes(text: str) -> list[str]:
    lines = [line.strip() for line in text.splitlines()]
    entries = [line for line in lines if line and not line.startswith(("//", "#"))]
    if wrong := [line for line in entries if not _IDENTIFIER.fullmatch(line)]:
        raise ValueError(f"not an object identifier: {wrong[0][:40]!r}")
    _check_count(len(entries))
    return entries


def _published_json(kind: kinds.Kind, data: Any) -> tuple[list[bytes], str | None, str | None]:
    """The certificates of the services that the list calls trusted, and its dates."""
    head = data["LoTE"]["ListAndSchemeInformation"]
    name = head["SchemeName"][0]["value"]
    if name != kind.scheme:
        raise ValueError(f"it calls itself {name!r}")
    found: list[bytes] = []
    for entity in data["LoTE"]["TrustedEntitiesList"]:
        for service in entity["TrustedEntityServices"]:
            facts = service["ServiceInformation"]
            if facts.get("ServiceStatus", _TRUSTED) == _TRUSTED:
                published = facts["ServiceDigitalIdentity"]["X509Certificates"]
                found.extend(base64.b64decode(item["val"], validate=True) for item in published)
    dates = (head.get(key) for key in ("ListIssueDateTime", "NextUpdate"))
    issued, next_update = (str(date)[:40] if date else None for date in dates)
    return list(dict.fromkeys(found)), issued, next_update


def _check(found: list[bytes]) -> None:
    from cryptography import x509

    _check_count(len(found))
    for number, der in enumerate(found, 1):
        try:
            x509.load_der_x509_certificate(der).public_key()
        except Exception as error:  # any of several, by the kind of damage
            raise ValueError(f"certificate {number} of {len(found)} is damaged") from error


def _check_count(count: int) -> None:
    if not count:
        raise ValueError("nothing in it")
    if count > MAX_ENTRIES:
        raise ValueError(f"more than {MAX_ENTRIES:,} entries")


def _is_authority(der: bytes) -> bool:
    from cryptography import x509

    try:
        constraints = x509.load_der_x509_certificate(der).extensions.get_extension_for_class(x509.BasicConstraints)
    except (x509.ExtensionNotFound, ValueError):
        return False
    return bool(constraints.value.ca)
