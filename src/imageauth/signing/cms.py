"""A detached CMS signature (RFC 5652): made with SHA-256, as DER, with the certificate and its chain inside."""

from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import PKCS7Options, PKCS7SignatureBuilder

from imageauth.signing.keys import Signer

SUFFIX = ".p7s"


def sidecar_of(path: Path) -> Path:
    """Where the signature of a file lies: beside it, under its whole name and :data:`SUFFIX`."""
    return path.with_name(path.name + SUFFIX)


def sign(data: bytes, signer: Signer) -> bytes:
    """Sign bytes as they are.

    ECDSA, or RSA with PKCS #1 v1.5, which every CMS tool reads. The signed attributes are the content's type, its
    SHA-256 and the time by this machine's clock: that of signing as the signer claims it.

    Args:
        data: what is signed; it is not part of the result.
        signer: see :func:`imageauth.signing.load_signer`.

    Returns:
        DER, as ``openssl cms -verify -binary -inform DER -in F.p7s -content F`` takes it.
    """
    builder = PKCS7SignatureBuilder().set_data(data).add_signer(signer.certificate, signer.key, hashes.SHA256())
    for each in signer.chain:
        builder = builder.add_certificate(each)
    options = [PKCS7Options.DetachedSignature, PKCS7Options.Binary, PKCS7Options.NoCapabilities]
    return builder.sign(Encoding.DER, options)
