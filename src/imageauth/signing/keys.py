"""Who signs: a private key and its certificate, checked before the long work begins."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from imageauth.errors import ImageAuthError
from imageauth.signing.certificates import LEAST_RSA_BITS, public_key_of, unfit
from imageauth.signing.pem import certificates_in, key_block, read_pem

CURVES = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True, eq=False)
class Signer:
    """Somebody who can sign.

    Attributes:
        key: RSA of 2048 bits or more, or ECDSA on P-256, P-384 or P-521.
        certificate: of that key.
        chain: the other certificates that came along, which lead from it to an authority.
    """

    key: Key = field(repr=False)
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...] = ()


def load_signer(key_file: Path, certificate_file: Path | None, passphrase: Callable[[], bytes]) -> Signer:
    """Read a key with its certificate, and make sure that a signature of today would be worth something.

    Args:
        key_file: PEM, PKCS #8 or the older forms; it may hold the certificate and its chain as well.
        certificate_file: PEM, where the certificate is in a file of its own; the chain may follow it.
        passphrase: asked, once, if the key is encrypted.

    Raises:
        ImageAuthError: a file cannot be read, the key is of another kind or the passphrase is wrong, there is no
            certificate, it belongs to another key, is out of date, or was not issued for signatures.
    """
    data = read_pem(key_file)
    block = key_block(data)
    if block is None:
        raise ImageAuthError(f"{key_file} holds no private key (PEM, with a line BEGIN … PRIVATE KEY)")
    key = _key(block, key_file, passphrase)
    home = certificate_file or key_file
    found = certificates_in(read_pem(certificate_file) if certificate_file else data, home)
    if not found:
        where = f"{home} holds no certificate"
        raise ImageAuthError(where if certificate_file else f"{where} beside the key; name one with --certificate")
    public = key.public_key()
    certificate = next((each for each in found if public_key_of(each) == public), None)
    if certificate is None:
        raise ImageAuthError(f"no certificate in {home} belongs to the key in {key_file}")
    if reason := unfit(certificate, datetime.now(UTC)):
        raise ImageAuthError(f"the certificate in {home} {reason}")
    return Signer(key, certificate, tuple(each for each in found if each != certificate))


def _key(block: bytes, file: Path, passphrase: Callable[[], bytes]) -> Key:
    try:
        try:
            key = load_pem_private_key(block, None)
        except TypeError:  # it is encrypted
            secret = passphrase()
            if not secret:
                raise ImageAuthError(f"the key in {file} is encrypted, and the passphrase is empty") from None
            key = load_pem_private_key(block, secret)
    except ValueError as error:
        wrong = "password" in str(error).lower()
        reason = "does not open with this passphrase" if wrong else "cannot be read"
        raise ImageAuthError(f"the key in {file} {reason}") from error
    except Exception as error:  # UnsupportedAlgorithm, and what OpenSSL says of ciphers that it no longer has
        if isinstance(error, ImageAuthError):
            raise
        raise ImageAuthError(f"the key in {file} is of a kind that cannot be used here") from error
    if isinstance(key, rsa.RSAPrivateKey):
        if key.key_size < LEAST_RSA_BITS:
            raise ImageAuthError(f"the key in {file} is RSA of {key.key_size} bits; {LEAST_RSA_BITS} are the least")
        return key
    if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, CURVES):
        return key
    raise ImageAuthError(f"the key in {file} is neither RSA nor ECDSA on P-256, P-384 or P-521")
