"""What a certificate (RFC 5280) says, and whether its holder may sign documents with it."""

from collections.abc import Sequence
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    Policy,
    PolicyBuilder,
    Store,
    VerificationError,
)

LEAST_RSA_BITS = 2048
PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey

# Purposes for which documents are signed: S/MIME, as CMS tools expect; RFC 9336; Microsoft's and Adobe's older ones.
_PURPOSES = frozenset(
    [
        ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
        ExtendedKeyUsageOID.EMAIL_PROTECTION,
        x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36"),
        x509.ObjectIdentifier("1.3.6.1.4.1.311.10.3.12"),
        x509.ObjectIdentifier("1.2.840.113583.1.1.5"),
    ]
)
_MOST_NAME = 200  # characters shown of a name in a certificate
_MOST_LINKS = 8  # of a chain
_EITHER = Criticality.AGNOSTIC


def public_key_of(certificate: x509.Certificate) -> PublicKey | None:
    """Its key, if it is of a kind that we check signatures with."""
    try:
        key = certificate.public_key()
    except Exception:  # damaged, or of an algorithm that the library does not know
        return None
    return key if isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey) else None


def name_of(name: x509.Name) -> str:
    """A name for people: its common name and organisation, or all of it (RFC 4514)."""
    parts = [*name.get_attributes_for_oid(NameOID.COMMON_NAME), *name.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)]
    said = list(dict.fromkeys(str(part.value) for part in parts))
    return (", ".join(said) or name.rfc4514_string() or "nobody")[:_MOST_NAME]


def in_date(certificate: x509.Certificate, when: datetime) -> bool:
    """Whether a moment lies in its period of validity."""
    return certificate.not_valid_before_utc <= when <= certificate.not_valid_after_utc


def day(when: datetime) -> str:
    """``2026-11-26``, in UTC."""
    return when.astimezone(UTC).date().isoformat()


def unfit(certificate: x509.Certificate, when: datetime) -> str | None:
    """Why no document should be signed with it, to follow "the certificate"; None if one may be.

    Args:
        certificate: of the signer.
        when: the moment of signing, with its time zone.
    """
    if when > certificate.not_valid_after_utc:
        return f"expired on {day(certificate.not_valid_after_utc)}"
    if when < certificate.not_valid_before_utc:
        return f"is valid only from {day(certificate.not_valid_before_utc)}"
    return _unfit_use(certificate)


def _unfit_use(certificate: x509.Certificate) -> str | None:
    try:
        extensions = certificate.extensions
    except ValueError:
        return "has extensions that cannot be read"
    usage = purposes = None
    for extension in extensions:
        if isinstance(extension.value, x509.KeyUsage):
            usage = extension.value
        elif isinstance(extension.value, x509.ExtendedKeyUsage):
            purposes = extension.value
    if usage is not None and not (usage.digital_signature or usage.content_commitment):
        return "was not issued for signatures (key usage)"
    if purposes is not None and not _PURPOSES & set(purposes):
        return "was not issued for signing documents (extended key usage)"
    return None


def chain_to(
    authorities: Sequence[x509.Certificate],
    certificate: x509.Certificate,
    others: Sequence[x509.Certificate],
    when: datetime,
) -> tuple[list[x509.Certificate], None] | tuple[None, str]:
    """Path validation (RFC 5280, section 6, by ``cryptography``) from a signer to somebody who is trusted.

    Names are not compared, since a signer has no host name; purposes are those of documents. No revocation.

    Args:
        authorities: who is trusted; the signer's own certificate may be among them.
        certificate: of the signer.
        others: certificates that may lie between.
        when: the moment at which all must be valid.

    Returns:
        The path from the signer to the authority; or None and the reason why there is none, to follow "because".
    """
    policies = {"ca_policy": _authority_policy(), "ee_policy": _signer_policy()}
    builder = PolicyBuilder().store(Store(list(authorities))).time(when.astimezone(UTC).replace(tzinfo=None))
    verifier = builder.max_chain_depth(_MOST_LINKS).extension_policies(**policies).build_client_verifier()
    between = [each for each in others if each.issuer != each.subject]  # a root among them vouches for nobody
    try:
        return list(verifier.verify(certificate, between).chain), None
    except VerificationError as error:
        said = str(error)
        if "validation time" in said or "not valid" in said:
            return None, "a certificate on the way to the authority is out of date"
        if "exhausted with no interior errors" in said or "exceeds max depth" in said:
            return None, "no certificate leads from the signer's to any of them"
        reason = said.removeprefix("validation failed: ").removeprefix("candidates exhausted: ")
        return None, " ".join(reason.split(" (encountered processing")[0].split())[:160]


def _authority_policy() -> ExtensionPolicy:
    """That of web authorities, without what their profile asks beyond RFC 5280, and for other purposes."""
    policy = ExtensionPolicy.webpki_defaults_ca().may_be_present(x509.KeyUsage, _EITHER, _issues)
    policy = policy.may_be_present(x509.SubjectKeyIdentifier, _EITHER, None)
    return _relaxed(policy)


def _signer_policy() -> ExtensionPolicy:
    policy = ExtensionPolicy.webpki_defaults_ee().may_be_present(x509.KeyUsage, _EITHER, _signs)
    policy = policy.may_be_present(x509.SubjectAlternativeName, _EITHER, None)
    policy = policy.may_be_present(x509.BasicConstraints, _EITHER, None)
    return _relaxed(policy)


def _relaxed(policy: ExtensionPolicy) -> ExtensionPolicy:
    policy = policy.may_be_present(x509.AuthorityKeyIdentifier, _EITHER, None)
    return policy.may_be_present(x509.ExtendedKeyUsage, _EITHER, _for_documents)


def _issues(_policy: Policy, _certificate: x509.Certificate, usage: x509.KeyUsage | None) -> None:
    if usage is not None and not usage.key_cert_sign:
        raise ValueError("a certificate on the way was not issued to an authority")


def _signs(_policy: Policy, _certificate: x509.Certificate, usage: x509.KeyUsage | None) -> None:
    if usage is not None and not (usage.digital_signature or usage.content_commitment):
        raise ValueError("the signer's certificate was not issued for signatures")


def _for_documents(_policy: Policy, _certificate: x509.Certificate, purposes: x509.ExtendedKeyUsage | None) -> None:
    if purposes is not None and not _PURPOSES & set(purposes):
        raise ValueError("a certificate was not issued for signing documents")
