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
    if signer.state == "broken":
        yield Point("signer", Mark.OPEN, signer.signer, "", "Whoever this names did not make a signature that holds.")
        return
    yield Point("signer", _STANDING[signer.standing], signer.signer, "", signer.standing_reason)
    term = f"valid {signer.valid_from} to {signer.valid_to}"
    yield Point("certificate", Mark.OPEN, f"issued by {signer.issuer}, {term}, SHA-256 {signer.fingerprint}")
    note = "By the signer's own clock: a claim."
    if signer.time_stamped:
        note += " The time stamp in the signature is not checked here; see docs/verify.md."
    yield Point("signed at", Mark.OPEN, signer.signed_at or "not said", "", note)


def signature_json(check: SignatureCheck | None, file: str | None, points: tuple[Point, ...]) -> dict[str, Any]:
    """The same as plain data; its state is ``none`` where there is no signature."""
    told = asdict(check) if check else {"state": "none", "reason": "", "signers": []}
    return {"file": file, **told, "points": [point.to_json() for point in points]}
