"""What a signature shows of a report, point by point."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from imageauth.signing import SignatureCheck, SignerCheck
from imageauth.verification.points import Mark, Point
from imageauth.verification.statements import Statements

_STANDING = {
    "trusted": Mark.AGREES,
    "not-checked": Mark.OPEN,
    "expired": Mark.DIFFERS,
    "untrusted": Mark.DIFFERS,
}


def signature_points(statements: Statements, check: SignatureCheck | None, file: str | None) -> Iterator[Point]:
    """Of a report and its signature.

    Args:
        statements: of the report.
        check: of the signature; None where there is none.
        file: the signature's name.
    """
    if check is None:
        rest = "only a signature can show that nothing was changed"
        if statements.kind != "json":
            rest = f"what its pages show in words and pictures is not compared, only the data inside it, and {rest}"
        yield Point("signature", Mark.OPEN, note=f"There is none: {rest}.")
        return
    if check.state == "unreadable":
        yield Point("signature", Mark.DIFFERS, file or "", "", f"The signature {check.reason}.")
        return
    for signer in check.signers:
        yield from _signer(signer)


def _signer(signer: SignerCheck) -> Iterator[Point]:
    if signer.state == "intact":
        yield Point("signature", Mark.AGREES, "holds over every byte of the report")
    else:
        yield Point("signature", Mark.DIFFERS, signer.state, "", f"The signature does not hold: {signer.reason}.")
    if not signer.signer:
        return
    term = f"valid {signer.valid_from} to {signer.valid_to}, SHA-256 {signer.fingerprint[:16]}…"
    who = f"{signer.signer} (issued by {signer.issuer}; {term})"
    if signer.state == "broken":
        yield Point("signer", Mark.OPEN, who, "", "Whoever this names did not make a signature that holds.")
        return
    yield Point("signer", _STANDING[signer.standing], who, "", signer.standing_reason)
    note = "By the signer's own clock: a claim."
    if signer.time_stamped:
        note += " The time stamp in the signature is not checked here; see docs/verify.md."
    yield Point("signed at", Mark.OPEN, signer.signed_at or "not said", "", note)


def signature_json(check: SignatureCheck | None, file: str | None, points: tuple[Point, ...]) -> dict[str, Any] | None:
    """The same as plain data; None where there is no signature."""
    if check is None:
        return None
    told = asdict(check) | {"file": file, "points": [point.to_json() for point in points]}
    return told | {"signers": [asdict(signer) | {"chain": list(signer.chain)} for signer in check.signers]}
