"""``--sign``: the key, its certificate and its passphrase, as they are named on the command line."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from imageauth.signing import Signer

PASSPHRASE = "IMAGEAUTH_SIGN_PASSPHRASE"
"""Environment variable with the passphrase of the key."""
_OPTIONS = ("--sign", "--certificate", "--passphrase-file")
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


@dataclass(frozen=True, slots=True)
class Signing:
    """What was given on who signs.

    Attributes:
        key, certificate, passphrase_file: as they were given.
    """

    key: Path | None = None
    certificate: Path | None = None
    passphrase_file: Path | None = None

    def load(self, documents: Sequence[Path]) -> "Signer | None":
        """Read who signs; None where nobody was named.

        Args:
            documents: that will be written.

        Raises:
            ImageAuthError: there is nothing to sign, a signature would be worth nothing, or the passphrase cannot be
                had; the message says why.
        """
        from imageauth.errors import ImageAuthError

        if self.key is None:
            if self.certificate or self.passphrase_file:
                raise ImageAuthError("--certificate and --passphrase-file belong to a key: add --sign KEY.pem")
            return None
        if not documents:
            raise ImageAuthError("--sign signs a report that is written: add --html F.html or --pdf F.pdf")
        from imageauth.signing import load_signer

        key, file = self.key, self.passphrase_file
        return load_signer(key, self.certificate, lambda: _passphrase(key, file))


def without_signing(words: Sequence[str]) -> list[str]:
    """A command line without the options on who signs: to repeat a report nobody needs them.

    Args:
        words: of the command line.
    """
    kept: list[str] = []
    skip = False
    for word in words:
        if skip:
            skip = False
        elif word in _OPTIONS:
            skip = True
        elif not word.startswith(tuple(f"{option}=" for option in _OPTIONS)):
            kept.append(word)
    return kept


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

    try:
        return getpass.getpass(f"Passphrase of {key}: ").encode()
    except EOFError:
        raise ImageAuthError(f"the key in {key} is encrypted, and no passphrase was given") from None
