"""``--sign``: the key, its certificate and its passphrase, as they are named on the command line."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from imageauth.signing import Signer

PASSPHRASE = "IMAGEAUTH_SIGN_PASSPHRASE"
"""Environment variable with the passphrase of the key."""
_MOST_BYTES = 2**12

Sign = Annotated[
    Path | None,
    typer.Option(
        metavar="KEY.pem",
        help="Sign what --html and --pdf write: a detached CMS signature (RFC 5652) beside each, F.p7s.",
    ),
]
Certificate = Annotated[
    Path | None,
    typer.Option(metavar="CERT.pem", help="The key's certificate and its chain, where they are not in KEY.pem."),
]
PassphraseFile = Annotated[
    Path | None,
    typer.Option(
        metavar="F", help=f"Its first line opens an encrypted key; else ${PASSPHRASE}, else the terminal is asked."
    ),
]


def signer_of(key: Path, certificate: Path | None, passphrase_file: Path | None) -> "Signer":
    """Read who signs.

    Raises:
        ImageAuthError: a signature of theirs would be worth nothing, or the passphrase cannot be had; the message says
            why.
    """
    from imageauth.signing import load_signer

    return load_signer(key, certificate, lambda: _passphrase(key, passphrase_file))


def _passphrase(key: Path, file: Path | None) -> bytes:
    from imageauth.errors import ImageAuthError

    if file is not None:
        try:
            with file.open("rb") as stream:
                return stream.readline(_MOST_BYTES).rstrip(b"\r\n")
        except OSError as error:
            raise ImageAuthError(f"{file} cannot be read: {error.strerror or error}") from error
    if (value := os.environ.get(PASSPHRASE)) is not None:
        return os.fsencode(value)
    if not sys.stdin.isatty():
        raise ImageAuthError(f"the key in {key} is encrypted: name --passphrase-file, or set {PASSPHRASE}")
    import getpass

    return getpass.getpass(f"Passphrase of {key}: ").encode()
