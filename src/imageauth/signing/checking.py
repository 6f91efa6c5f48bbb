"""Does a signature hold over these bytes, who made it, and does anybody who is trusted vouch for them?"""

import hashlib
import hmac
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from imageauth.escaping import one_line
from imageauth.signing.certificates import (
    LEAST_RSA_BITS,
    PublicKey,
    chain_to,
    day,
    in_date,
    name_of,
    public_key_of,
    unfit,
)
from imageauth.signing.reading import RawSignature, SignatureError, read_cms

State = Literal["intact", "changed", "broken", "unreadable"]
Standing = Literal["not-checked", "trusted", "expired", "untrusted"]
_HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
_MOST_SALT = 2048  # bytes of RSA-PSS; no key is longer


@dataclass(frozen=True, slots=True)
class SignerCheck:
    """What is known of one signature.

    Attributes:
        state: ``intact``: it holds over these bytes; ``changed``: these are other bytes than were signed; ``broken``:
            the signature itself does not hold.
        reason: why it is not intact; "" if it is.
        signer, issuer: names in the certificate; "" where there is none.
        fingerprint: SHA-256 of the certificate, hexadecimal; "" where there is none.
        valid_from, valid_to: of the certificate, days in UTC.
        signed_at: when, as the signer claims it, ISO 8601; None where the signer does not say.
        standing: of the certificate: ``not-checked``: no authorities were named; ``trusted``: it leads to one of them;
            ``expired``: it did at the claimed time and is out of date now; ``untrusted``: it leads to none of them, or
            is not fit to sign with.
        standing_reason: a sentence on it.
        chain: names from the signer to the authority; empty unless trusted or expired.
        time_stamped: it carries a time stamp, which is not checked.
    """

    state: State
    reason: str
    signer: str = ""
    issuer: str = ""
    fingerprint: str = ""
    valid_from: str = ""
    valid_to: str = ""
    signed_at: str | None = None
    standing: Standing = "not-checked"
    standing_reason: str = ""
    chain: tuple[str, ...] = ()
    time_stamped: bool = False


@dataclass(frozen=True, slots=True)
class SignatureCheck:
    """What is known of a signature file.

    Attributes:
        state: ``unreadable``, or the worst of its signatures'.
        reason: why it is not intact; "" if it is.
        signers: one for each signature.
    """

    state: State
    reason: str
    signers: tuple[SignerCheck, ...] = ()


def check_signature(
    signature: bytes, content: bytes, authorities: Sequence[x509.Certificate] | None, now: datetime
) -> SignatureCheck:
    """Check a detached CMS signature over bytes.

    The certificate's path is validated for today. Where it is out of date, the time that the signer claims is tried as
    well; that it is only a claim, the answer says.

    Args:
        signature: the CMS file, DER or PEM.
        content: what was signed.
        authorities: certificates of whom the reader trusts; None: the signer's is not checked against anybody.
        now: with its time zone.

    Raises:
        MissingExtraError: asn1crypto is not installed.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the libraries' remarks on odd certificates are for programmers
            file = read_cms(signature)
            signers = tuple(_check(each, content, file.certificates, authorities, now) for each in file.signatures)
    except SignatureError as error:
        return SignatureCheck("unreadable", str(error))
    except ValueError as error:  # of a certificate whose parts are only read when they are asked for
        return SignatureCheck("unreadable", f"holds a certificate that cannot be read ({one_line(error, 80)})")
    worst = next((each for state in ("broken", "changed") for each in signers if each.state == state), signers[0])
    return SignatureCheck(worst.state, worst.reason, signers)


def _check(
    raw: RawSignature,
    content: bytes,
    others: Sequence[x509.Certificate],
    authorities: Sequence[x509.Certificate] | None,
    now: datetime,
) -> SignerCheck:
    state, reason = _holds(raw, content)
    certificate = raw.certificate
    if certificate is None:
        return SignerCheck(state, reason)
    told: dict[str, Any] = {
        "signer": name_of(certificate.subject),
        "issuer": name_of(certificate.issuer),
        "fingerprint": certificate.fingerprint(hashes.SHA256()).hex(),
        "valid_from": day(certificate.not_valid_before_utc),
        "valid_to": day(certificate.not_valid_after_utc),
        "signed_at": raw.signed_at.isoformat().replace("+00:00", "Z") if raw.signed_at else None,
        "time_stamped": raw.time_stamped,
    }
    if state != "broken":  # of a signature that does not hold nothing it says of its maker is worth checking
        told["standing"], told["standing_reason"], told["chain"] = _standing(raw, certificate, others, authorities, now)
    return SignerCheck(state, reason, **told)


def _holds(raw: RawSignature, content: bytes) -> tuple[State, str]:
    """Whether the signature holds, and over these bytes."""
    if raw.certificate is None:
        return "broken", "the signer's certificate is not in it, so nobody can check it"
    weak = [name for name in dict.fromkeys((raw.digest, raw.scheme_digest)) if name not in _HASHES]
    if weak:
        return "broken", f"it rests on {' and '.join(weak)}, where SHA-256 is the least that counts"
    key = public_key_of(raw.certificate)
    if key is None:
        return "broken", "the signer's key is of a kind that is not checked here"
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < LEAST_RSA_BITS:
        return "broken", f"the signer's key is RSA of {key.key_size} bits, where {LEAST_RSA_BITS} are the least"
    try:
        fits = _verify(key, raw)
    except InvalidSignature:
        return "broken", "it was not made with the key of the certificate in it, or was changed since"
    if not fits:
        return "broken", f"its kind ({raw.scheme.replace('_', ' ')}) is not checked here or does not fit the key"
    if not hmac.compare_digest(hashlib.new(raw.digest, content).digest(), raw.content_digest):
        return "changed", "the file is not the one that was signed: its bytes differ"
    return "intact", ""


def _verify(key: PublicKey, raw: RawSignature) -> bool:
    """Whether the scheme is known and fits the key.

    Raises:
        InvalidSignature: it is, and the signature does not hold.
    """
    algorithm = _HASHES[raw.scheme_digest]
    if isinstance(key, ec.EllipticCurvePublicKey) and raw.scheme == "ecdsa":
        key.verify(raw.signature, raw.signed, ec.ECDSA(algorithm))
    elif isinstance(key, rsa.RSAPublicKey) and raw.scheme == "rsassa_pkcs1v15":
        key.verify(raw.signature, raw.signed, padding.PKCS1v15(), algorithm)
    elif isinstance(key, rsa.RSAPublicKey) and raw.scheme == "rsassa_pss" and raw.salt is not None:
        if not 0 <= raw.salt <= _MOST_SALT:
            return False
        scheme = padding.PSS(padding.MGF1(algorithm), salt_length=raw.salt)
        key.verify(raw.signature, raw.signed, scheme, algorithm)
    else:
        return False
    return True


def _standing(
    raw: RawSignature,
    certificate: x509.Certificate,
    others: Sequence[x509.Certificate],
    authorities: Sequence[x509.Certificate] | None,
    now: datetime,
) -> tuple[Standing, str, tuple[str, ...]]:
    """Of the signer's certificate, with a sentence, and the names on the way to an authority."""
    then = raw.signed_at if raw.signed_at is not None and raw.signed_at <= now else now
    if reason := unfit(certificate, then):
        return "untrusted", f"The signer's certificate {reason}, counted from the time of signing that they claim.", ()
    late = "" if in_date(certificate, now) else f" It has expired since, on {day(certificate.not_valid_after_utc)}."
    if authorities is None:
        sentence = "The signer's certificate was not checked against anybody you named (--ca), and anyone can make one"
        return "not-checked", f"{sentence} in any name.{late}", ()
    path, reason = chain_to(authorities, certificate, others, now)
    if path is not None:
        return "trusted", "The signer's certificate leads to an authority that you named.", _names(path)
    path, earlier = chain_to(authorities, certificate, others, then)
    if path is None:
        return "untrusted", f"The signer's certificate leads to none of the authorities you named: {earlier}.", ()
    sentence = (
        "At the time that the signer claims, the certificate led to an authority that you named; today it is out of "
        f"date (valid to {day(certificate.not_valid_after_utc)}). Only a time stamp by somebody else could show when "
        "it was signed."
    )
    return "expired", sentence, _names(path)


def _names(path: Sequence[x509.Certificate]) -> tuple[str, ...]:
    return tuple(name_of(each.subject) for each in path)
