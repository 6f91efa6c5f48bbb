"""PEM files (RFC 7468) of certificates and keys, read with bounds."""

import re
from pathlib import Path

from cryptography import x509

from imageauth.errors import ImageAuthError
from imageauth.files import read_bounded

# A root store of a whole operating system has about 250 KiB.
MOST_BYTES = 2**20
_KEY = re.compile(rb"-----BEGIN ((?:[A-Z]+ )*PRIVATE KEY)-----.*?-----END \1-----", re.DOTALL)


def read_pem(path: Path) -> bytes:
    """A file's bytes.

    Raises:
        ImageAuthError: it cannot be read, or is larger than any PEM file of ours.
    """
    return read_bounded(path, MOST_BYTES, beyond=": not a PEM file of keys or certificates")


def key_block(data: bytes) -> bytes | None:
    """The first private key in a PEM text that may hold other things; None where there is none."""
    found = _KEY.search(data)
    return found.group() + b"\n" if found else None


def certificates_in(data: bytes, home: Path) -> list[x509.Certificate]:
    """Every certificate of a PEM file's text, in order; none where it has none.

    Raises:
        ImageAuthError: one of them is damaged; the message names the file, ``home``.
    """
    if b"-----BEGIN CERTIFICATE-----" not in data:
        return []
    try:
        return x509.load_pem_x509_certificates(data)
    except ValueError as error:
        raise ImageAuthError(f"{home} holds a certificate that cannot be read") from error


def read_certificates(path: Path) -> list[x509.Certificate]:
    """The certificates of a PEM file.

    Raises:
        ImageAuthError: it cannot be read, has none, or one is damaged.
    """
    found = certificates_in(read_pem(path), path)
    if not found:
        raise ImageAuthError(f"{path} holds no certificate (PEM, with a line BEGIN CERTIFICATE)")
    return found
