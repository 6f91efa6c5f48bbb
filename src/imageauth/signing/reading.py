"""A CMS file → the signatures in it. Hostile input: bounded, and every failure is one error with one line."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cryptography import x509

from imageauth.errors import MissingExtraError
from imageauth.escaping import one_line

MOST_BYTES = 2**20
_MOST_CERTIFICATES, _MOST_SIGNERS, _MOST_ATTRIBUTES = 32, 8, 64


class SignatureError(Exception):
    """What a signature file is not; one plain line, to follow "it"."""


@dataclass(frozen=True, slots=True, eq=False)
class RawSignature:
    """One signature, before anything is checked.

    Attributes:
        certificate: of the signer; None where it did not come along.
        digest: name of the hash that the content's digest was made with.
        content_digest: that digest, as the signer signed it.
        signed: the bytes that the signature is over: the signed attributes, DER, as a SET.
        signature: the bytes of the signature itself.
        scheme: ``ecdsa``, ``rsassa_pkcs1v15``, ``rsassa_pss`` or another that is not checked here.
        scheme_digest: name of the hash inside the signature.
        salt: of RSA-PSS, bytes; else None.
        signed_at: when, as the signer claims it; None where the signer does not say.
        time_stamped: it carries a time stamp (RFC 3161), which is not checked here.
    """

    certificate: x509.Certificate | None
    digest: str
    content_digest: bytes = field(repr=False)
    signed: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    scheme: str
    scheme_digest: str
    salt: int | None
    signed_at: datetime | None
    time_stamped: bool


@dataclass(frozen=True, slots=True, eq=False)
class SignedFile:
    """What a CMS file holds.

    Attributes:
        certificates: that came along.
        signatures: at least one.
    """

    certificates: tuple[x509.Certificate, ...]
    signatures: tuple[RawSignature, ...]


def read_cms(data: bytes) -> SignedFile:
    """Read a CMS SignedData (RFC 5652, section 5), DER or PEM.

    Args:
        data: of the file.

    Raises:
        SignatureError: it is something else, damaged, or larger than a signature is.
        MissingExtraError: asn1crypto is not installed.
    """
    try:
        from asn1crypto import cms, pem
    except ImportError:
        raise MissingExtraError("checking a signature", "report") from None
    if len(data) > MOST_BYTES:
        raise SignatureError(f"is larger than {MOST_BYTES // 2**20} MiB")
    try:
        if data.startswith(b"-----BEGIN "):
            data = pem.unarmor(data)[2]
        outer = cms.ContentInfo.load(data, strict=True)
        if outer["content_type"].native != "signed_data":
            raise SignatureError("holds no signature")
        return _signed_file(outer["content"])
    except SignatureError:
        raise
    except Exception as error:  # two parsers meet what somebody made up; each has errors of its own
        raise SignatureError(f"cannot be read as CMS, DER or PEM ({one_line(error, 80)})") from error


def _signed_file(signed: Any) -> SignedFile:
    held = signed["certificates"] if signed["certificates"].native is not None else ()
    if len(held) > _MOST_CERTIFICATES or len(signed["signer_infos"]) > _MOST_SIGNERS:
        raise SignatureError("holds more certificates or signatures than an honest one has")
    certificates = [x509.load_der_x509_certificate(each.chosen.dump()) for each in held if each.name == "certificate"]
    content_type = signed["encap_content_info"]["content_type"].native
    signatures = [_raw(info, certificates, content_type) for info in signed["signer_infos"]]
    if not signatures:
        raise SignatureError("holds no signature")
    return SignedFile(tuple(certificates), tuple(signatures))


def _raw(info: Any, certificates: list[x509.Certificate], content_type: str) -> RawSignature:
    attributes = _attributes(info["signed_attrs"])
    if "message_digest" not in attributes:
        raise SignatureError("signs no digest of a content")
    if attributes.get("content_type") != content_type:
        raise SignatureError("contradicts itself on what was signed")
    algorithm = info["signature_algorithm"]
    scheme, digest = algorithm.signature_algo, info["digest_algorithm"]["algorithm"].native
    inner = algorithm.hash_algo if scheme in ("ecdsa", "rsassa_pss") else digest
    when = attributes.get("signing_time")
    extra = info["unsigned_attrs"]
    return RawSignature(
        certificate=_of_signer(info["sid"], certificates),
        digest=digest,
        content_digest=attributes["message_digest"],
        signed=info["signed_attrs"].untag().dump(force=True),
        signature=info["signature"].native,
        scheme=scheme,
        scheme_digest=inner,
        salt=algorithm["parameters"]["salt_length"].native if scheme == "rsassa_pss" else None,
        signed_at=when.astimezone(UTC) if isinstance(when, datetime) else None,
        time_stamped=bool(extra.native) and any(each["type"].native == "signature_time_stamp_token" for each in extra),
    )


def _attributes(held: Any) -> dict[str, Any]:
    """Those that we heed, by name. RFC 5652 wants each once, with one value."""
    if held.native is None:
        raise SignatureError("has no signed attributes")
    if len(held) > _MOST_ATTRIBUTES:
        raise SignatureError("holds more attributes than an honest one has")
    found: dict[str, Any] = {}
    for each in held:
        name = each["type"].native
        if name not in ("content_type", "message_digest", "signing_time"):
            continue
        if name in found or len(each["values"]) != 1:
            raise SignatureError(f"says its {name.replace('_', ' ')} more than once")
        found[name] = each["values"][0].native
    return found


def _of_signer(identity: Any, certificates: list[x509.Certificate]) -> x509.Certificate | None:
    """The certificate that a signature names, by issuer and serial number or by the identifier of its key."""
    for each in certificates:
        if identity.name == "issuer_and_serial_number":
            named = identity.chosen
            issuer = named["issuer"].dump()
            if each.serial_number == named["serial_number"].native and each.issuer.public_bytes() == issuer:
                return each
        else:
            try:
                own = each.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
            except (x509.ExtensionNotFound, ValueError):
                continue
            if own == identity.chosen.native:
                return each
    return None
