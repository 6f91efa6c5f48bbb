"""PEM files (RFC 7468) of certificates and keys, read with bounds."""

import re
from pathlib import Path

from cryptography import x509

from imageauth.errors import ImageAuthError

# A root store of a whole operating system has about 250 KiB.
MOST_BYTES = 2**20
_KEY = re.compile(rb"-----BEGIN ((?:[A-Z]+ )*PRIVATE KEY)-----.*?-----END \1-----", re.DOTALL)


def read_pem(path: Path) -> bytes:
    """A file's bytes.

    Raises:
        ImageAuthError: it cannot be read, or is larger than any PEM file of ours.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise ImageAuthError(f"{path} cannot be read: {error.strerror or error}") from error
    if len(data) > MOST_BYTES:
        raise ImageAuthError(f"{path} is larger than {MOST_BYTES // 2**20} MiB: not a PEM file of keys or certificates")
    return data


def key_block(data: bytes) -> bytes | None:
    """The first private key in a PEM text that may hold other things; None where there is none."""
    found = _KEY.search(data)
    return found.group() + b"\n" if found else None


def certificates_in(data: bytes) -> list[x509.Certificate]:
    """Every certificate of a PEM text, in order; none where it has none.

    Raises:
        ValueError: one of them is damaged.
    """
    if b"-----BEGIN CERTIFICATE-----" not in data:
        return []
    return x509.load_pem_x509_certificates(data)


def read_certificates(path: Path) -> list[x509.Certificate]:
    """The certificates of a PEM file.

    Raises:
        ImageAuthError: it cannot be read, has none, or one is damaged.
    """
    data = read_pem(path)
    try:
        found = certificates_in(data)
    except ValueError as error:
        raise ImageAuthError(f"{path} holds a certificate that cannot be read") from error
    if not found:
        raise ImageAuthError(f"{path} holds no certificate (PEM, with a line BEGIN CERTIFICATE)")
    return found
