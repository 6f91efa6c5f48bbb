"""The whole: read a report, find the pictures it speaks of, repeat, compare, check the signature."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography import x509

from imageauth.errors import ImageAuthError
from imageauth.provenance.trust import TrustLists
from imageauth.provenance.trust import load as load_trust
from imageauth.signing import SignatureCheck, check_signature, sidecar_of
from imageauth.verdict import Policy
from imageauth.verification.matching import Given, assign
from imageauth.verification.pictures import Outcome, PictureCheck, check_picture
from imageauth.verification.points import Point, any_differs
from imageauth.verification.repeating import Repeater
from imageauth.verification.signature_points import signature_json, signature_points
from imageauth.verification.statements import Statements, UnreadableError, read_statements

SCHEMA = "imageauth/verification/1"
_WORST: tuple[Outcome, ...] = ("differs", "not-repeated", "unreadable", "agrees")


@dataclass(frozen=True, slots=True)
class Verification:
    """What came of it.

    Attributes:
        report: the report file's name.
        statements: what it says.
        signature: of the check of the signature beside it; None where there is none.
        signature_file: its name, if there is one.
        signature_points: the same, point by point.
        pictures: one for each file that was given.
        not_given: names of pictures that the report speaks of and that were not given.
    """

    report: str
    statements: Statements
    signature: SignatureCheck | None
    signature_file: str | None
    signature_points: tuple[Point, ...]
    pictures: tuple[PictureCheck, ...]
    not_given: tuple[str, ...]

    @property
    def outcome(self) -> Outcome:
        """The worst of the signature's and the pictures'."""
        found: set[Outcome] = {picture.outcome for picture in self.pictures}
        if any_differs(self.signature_points):
            found.add("differs")
        return next(outcome for outcome in _WORST if outcome in found or outcome == "agrees")

    def to_json(self) -> dict[str, Any]:
        """The object of schema ``imageauth/verification/1``."""
        said = self.statements
        return {
            "schema": SCHEMA,
            "report": {"file": self.report, "kind": said.kind, "schema": said.schema, "made": said.made},
            "outcome": self.outcome,
            "signature": signature_json(self.signature, self.signature_file, self.signature_points),
            "pictures": [picture.to_json() for picture in self.pictures],
            "not_given": list(self.not_given),
        }


def verify_report(
    report: str | os.PathLike[str],
    images: Sequence[str | os.PathLike[str]],
    *,
    model: str | None = None,
    policy: Policy | None = None,
    trust: TrustLists | None = None,
    signature: str | os.PathLike[str] | None = None,
    authorities: Sequence[x509.Certificate] | None = None,
    now: datetime | None = None,
    online: bool = False,
) -> Verification:
    """Check pictures once more and compare with what a report says; check the signature beside the report.

    Args:
        report: the file: HTML, PDF or JSON; see :func:`imageauth.verification.read_statements`.
        images: the files that it speaks of. Each is matched by its SHA-256, or else by its name or its looks.
        model: name or folder of the report's model, where it does not ship.
        policy: under which the report was made, where it was one of its own.
        trust: lists of signers of Content Credentials; default: those in the user's data folder.
        signature: of the report; default: the file beside it with ``.p7s`` after its name, if there is one.
        authorities: certificates of whom the reader trusts as the report's signer or their issuer; None: nobody is
            checked.
        now: with its time zone; default: the present.
        online: fetch Content Credentials that lie elsewhere, for a report that was made so. Otherwise nothing is
            fetched.

    Raises:
        UnreadableError: the report or the signature cannot be read.
        ImageAuthError: a model cannot be used, or a policy does not fit it; there is neither a picture nor a signature
            to check; or a part is missing (:class:`~imageauth.errors.MissingExtraError`).
    """
    statements = read_statements(report)
    checked, signature_file = _signature(statements, signature, authorities, now or datetime.now(UTC))
    if checked is None and not images:
        raise ImageAuthError(f"there is nothing to check: no picture was named, and {statements.file} has no signature")
    lists = load_trust() if trust is None else trust
    repeater = Repeater(model, policy, lists, online)
    given = [Given.of(os.fspath(path)) for path in images]
    pairs, left = assign(given, statements.pictures)
    pictures = tuple(check_picture(file, stated, statements, repeater) for file, stated in pairs)
    points = tuple(signature_points(statements, checked, signature_file))
    return Verification(
        statements.file, statements, checked, signature_file, points, pictures, tuple(each.answer.file for each in left)
    )


def _signature(
    statements: Statements,
    named: str | os.PathLike[str] | None,
    authorities: Sequence[x509.Certificate] | None,
    now: datetime,
) -> tuple[SignatureCheck | None, str | None]:
    """The check of the signature that was named or lies beside the report, and its file's name."""
    file = Path(named) if named is not None else sidecar_of(Path(statements.file))
    if named is None and not file.exists():
        return None, None
    try:
        with file.open("rb") as stream:
            data = stream.read(2**21)  # more than any signature; what reads it has its own limit
    except OSError as error:
        raise UnreadableError(f"{file} cannot be read: {error.strerror or error}") from error
    return check_signature(data, statements.data, authorities, now), str(file)
