"""Credentials → evidence: one finding a file, as a sentence that says what it rests on."""

from collections.abc import Sequence
from typing import Any

from imageauth.imagefile import ImageFile
from imageauth.provenance.credentials.meaning import Reading, weigh
from imageauth.provenance.credentials.model import Credentials, Manifest
from imageauth.provenance.credentials.reading import read
from imageauth.provenance.credentials.states import EXPIRY
from imageauth.provenance.credentials.vocabulary import look_up
from imageauth.provenance.trust import TrustLists, kinds
from imageauth.provenance.trust.lists import HOW_TO_GET
from imageauth.report import Evidence

GET_LISTS = f"get the trust lists with `{HOW_TO_GET}`"
_MAX_SHOWN = 20
_NO_PROOF = {
    "gathered": "But the signer only gathered the statement and does not vouch for it, so this is no proof of it.",
    "signers": "But not every signer on the way is trusted, so this is no proof of it.",
    "omitted": "But a signer says that not all that was done is listed, so this is no proof of it.",
    "unread": "But they say more than is read of them, so this is no proof of it.",
    "edits": "The changes may have altered what the image shows, so this is no proof of it.",
}


class CredentialSource:
    """The evidence source: holds the trust lists, may be called from any thread."""

    def __init__(self, trust: TrustLists, *, online: bool = False) -> None:
        """Args as for :func:`imageauth.provenance.credentials.read`."""
        self.trust = trust
        self.online = online

    def __call__(self, image: ImageFile) -> Sequence[Evidence]:
        """What the file's Content Credentials say; nothing where it has none."""
        return evidence(read(image, trust=self.trust, online=self.online))


def evidence(credentials: Credentials | None) -> tuple[Evidence, ...]:
    """What credentials come to, for the policy and for a person."""
    if credentials is None:
        return ()
    if credentials.state == "remote":
        return (_remote(credentials),)
    if credentials.state == "unreadable":
        finding = f"Content Credentials are attached but cannot be read ({credentials.reason}); they count for nothing."
        return (Evidence("credentials", "credentials-unreadable", finding, detail=detail(credentials)),)
    if credentials.state == "invalid":
        finding = (
            f"Content Credentials are attached but do not hold: {_why_invalid(credentials)}. They count for nothing."
        )
        finding += "" if credentials.can_trust else f" The signer could not be checked: {GET_LISTS}."
        return (Evidence("credentials", "credentials-invalid", finding, detail=detail(credentials)),)
    reading = weigh(credentials)
    code = "credentials-present" if reading.kind == "nothing" else f"credentials-{reading.kind}"
    if reading.points_to == "ai" and reading.part:
        code = "credentials-ai-part"
    sentence = f"{_says(credentials, reading)} {_rests_on(credentials, reading)}"
    return (Evidence("credentials", code, sentence, reading.points_to, reading.strength, detail(credentials, reading)),)


def detail(credentials: Credentials, reading: Reading | None = None) -> dict[str, Any]:
    """The facts behind the sentence, as plain data; :meth:`Credentials.to_json` has all of them."""
    active = credentials.active
    signer = active.signer if active else None
    return {
        "state": credentials.state,
        "origin": credentials.origin,
        "failures": list(credentials.failures[:_MAX_SHOWN]),
        "reason": credentials.reason,
        "address": credentials.address,
        "claim_generator": active.claim_generator if active else None,
        "signer": signer.name if signer else None,
        "organisation": signer.organisation if signer else None,
        "time": signer.time if signer else None,
        "time_stamp": signer.time_stamp if signer else "none",
        "trust_list": credentials.anchored,
        "signer_could_be_checked": credentials.can_trust,
        "manifests": len(credentials.manifests),
        "actions": [action.name for action in active.actions[:_MAX_SHOWN]] if active else [],
        "edits_after_capture": list(reading.edits[:_MAX_SHOWN]) if reading else [],
        "source_types": [
            {
                "term": source.term,
                "assertion": source.assertion,
                "action": source.action,
                "manifest": source.manifest,
                "active": not source.entered,
                "entered": list(source.entered[:_MAX_SHOWN]),
                "stated": source.stated,
                "manifest_state": credentials.manifest(source.manifest).state,
            }
            for source in list(credentials.source_types)[:_MAX_SHOWN]
        ],
        "ingredients": [
            {"title": item.title, "relationship": item.relationship, "has_credentials": item.manifest is not None}
            for item in (active.ingredients[:_MAX_SHOWN] if active else ())
        ],
        "notes": list(credentials.notes),
    }


def _says(credentials: Credentials, reading: Reading) -> str:
    """What the signer says of the picture."""
    signed = f"Content Credentials signed by {_signer(credentials.active)}"
    source = reading.source
    if source is None and reading.discounted:
        said = (
            "AI-made"
            if look_up(reading.discounted[0].address).meaning == "ai"
            else "captured from real life by a camera"
        )
        return f"{signed} have an ingredient that is said to be {said}, in a statement that does not hold."
    if source is None:
        program = credentials.active.claim_generator if credentials.active else None
        by = f"; the program that wrote them calls itself {program[:80]!r}" if program else ""
        return f"{signed} say nothing about AI or a camera{by}."
    words = look_up(source.address).words
    if reading.kind == "ai":
        return f"{signed} say that {'part of ' if reading.fill else ''}this image is {words}."
    if reading.kind == "ai-input":
        whose = _signer(credentials.manifest(source.manifest))
        used = (
            f"an image that is {'in part ' if reading.fill else ''}{words}, as {whose} signed, was input to a process"
        )
        if reading.capture is None:
            return f"{signed} say that {used}; it need not show in this one."
        taken = look_up(reading.capture.address).words
        return f"{signed} say that this image was {taken}, but also that {used}: no proof of a camera picture."
    if reading.kind == "ai-ingredient":
        steps = {"parentOf": "it was opened from", "componentOf": "it contains", "inputTo": "a process used"}
        how = steps.get(source.entered[0], "it was made from")
        deeper = "" if len(source.entered) == 1 else f", {len(source.entered)} steps back,"
        whose = _signer(credentials.manifest(source.manifest))
        which = "part of which is" if reading.fill else "that is"
        return f"{signed} say that {how} an image{deeper} {which} {words}, as {whose} signed."
    edits = [name.removeprefix("c2pa.").replace("_", " ") for name in dict.fromkeys(reading.edits)][:6]
    after = f", and was changed afterwards ({', '.join(edits)})" if edits else ""
    after = after or (", and was saved again afterwards" if reading.kind == "capture-edited" else "")
    return f"{signed} say that this image was {words}{after}."


def _rests_on(credentials: Credentials, reading: Reading) -> str:
    """Why that counts, or why it does not count for more."""
    if credentials.state == "expired":
        reason = "They hold, but the certificate is out of date and no trusted time stamp shows a signature in time."
        return reason if credentials.can_trust else f"{reason} The signer could not be checked: {GET_LISTS}."
    if not credentials.can_trust:
        return f"They hold, but the signer could not be checked: {GET_LISTS}."
    if credentials.state == "valid":
        if credentials.anchored:
            return "They hold, but an ingredient's signer is on no trust list."
        return "They hold, but the signer is on no trust list, so anyone could have written them."
    kind = kinds.KINDS.get(credentials.anchored or "")
    where = kind.title if kind else "trust lists"
    checked = f"Signature and hashes hold, and the signer is on the {where}."
    if reading.strength != "declared":
        return checked
    if reading.doubt == "gathered" or (reading.points_to == "real" and reading.doubt):
        return f"{checked} {_NO_PROOF[reading.doubt]}"
    return f"{checked} But the statement is an ingredient's, and that is not as well secured."


def _why_invalid(credentials: Credentials) -> str:
    """In words, with the codes."""
    grave = [code for code in credentials.failures if code != "signingCredential.untrusted" and code not in EXPIRY]
    codes = ", ".join(grave[:3]) or "no valid signature"
    if any(code.endswith("hashedURI.mismatch") for code in grave):
        return f"they were changed after signing ({codes})"
    if any(code.endswith("Hash.mismatch") for code in grave):
        return f"the file was changed after signing, or they were made for another file ({codes})"
    if any(code.startswith("claimSignature") for code in grave):
        return f"the signature does not fit ({codes})"
    return codes


def _remote(credentials: Credentials) -> Evidence:
    why = (
        f"could not be fetched ({credentials.reason})" if credentials.reason else "was not fetched (--online does that)"
    )
    finding = f"The file names an address for its Content Credentials, {credentials.address}; it {why}."
    return Evidence("credentials", "credentials-remote", finding[:600], detail=detail(credentials))


def _signer(manifest: Manifest | None) -> str:
    return manifest.signer.title if manifest and manifest.signer else "an unnamed signer"
