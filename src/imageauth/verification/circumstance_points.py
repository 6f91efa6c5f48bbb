"""Was it made with what is here: version, model, policy, lists of signers?"""

from collections.abc import Iterator, Mapping

from imageauth import __version__
from imageauth.provenance.trust import TrustLists
from imageauth.report import Report
from imageauth.verdict import STANDARD, Policy
from imageauth.verification.points import Mark, Point, compared
from imageauth.verification.repeating import Found, Means
from imageauth.verification.statements import Statements


def circumstance_points(
    statements: Statements, report: Report, means: Means, found: Found, trust: TrustLists, *, named: Policy | None
) -> Iterator[Point]:
    """What the report was made with, beside what it is repeated with.

    Args:
        statements: of the file that the report is from.
        report: of one picture.
        means: to repeat it.
        found: by them.
        trust: lists of signers in use.
        named: the policy that the reader named, if any.
    """
    made, now = report.produced_by, found.report.produced_by
    yield compared(
        "imageauth",
        made.get("imageauth"),
        __version__,
        differing="Another version may read more of a file, judge it otherwise or say the same in other words.",
    )
    if (runtime := made.get("runtime")) is not None:
        note = "The networks' arithmetic differs a little there; see docs/private-mode.md."
        yield Point("runtime", Mark.OPEN, runtime, note=note)
    yield from _model(made, now, means)
    if made.get("plugins") or now.get("plugins"):
        other = "Plug-ins are packages of others, with evidence of their own: install the same ones to repeat it."
        yield compared("plug-ins", made.get("plugins") or "none", now.get("plugins") or "none", differing=other)
    if made.get("policy_sha256") is None and named not in (None, STANDARD):
        other = "The report was made under the policy 'standard', without a file, and --policy names one."
        yield Point("policy", Mark.DIFFERS, made.get("policy") or "none", named.name, other)
    elif made.get("policy_sha256") is None and now.get("policy_sha256") is None:
        yield compared("policy", made.get("policy"), now.get("policy"))
    else:
        told = (f"{each.get('policy')} ({(each.get('policy_sha256') or 'as shipped')[:16]})" for each in (made, now))
        other = "Another policy can decide otherwise on the same evidence."
        known = "As the report states it; --policy F shows whether these are the rules of that file."
        yield compared("policy", *told, differing=other, agreeing="" if named else known)
    heard = any(item.source == "credentials" for item in (*report.evidence, *found.report.evidence))
    if heard or statements.trust is not None:
        yield _trust(statements.trust, trust, heard=heard)


def _model(made: Mapping[str, str | None], now: Mapping[str, str | None], means: Means) -> Iterator[Point]:
    named, sha256 = made.get("model"), made.get("model_sha256")
    if named is None and now.get("model") is None:
        yield Point("model", Mark.AGREES, "none")
        return
    if means.card is None and means.missing:
        yield Point("model", Mark.DIFFERS, named or "none", now.get("model") or "none", means.missing[0])
        return
    yield compared("model", named or "none", now.get("model") or "none")
    yield compared("model's SHA-256", sha256, now.get("model_sha256"))


def _trust(stated: Mapping[str, str] | None, lists: TrustLists, *, heard: bool) -> Point:
    topic = "trust lists"
    here = {item.name: item.sha256 for item in lists.lists}
    words = ", ".join(here) or "none"
    if stated is None:
        return Point(topic, Mark.OPEN, "", words, "The report does not say which were in use.")
    told = ", ".join(stated) or "none"
    if stated == here:
        return Point(topic, Mark.AGREES, told)
    if not heard:
        note = "Others than then, but this picture carries no Content Credentials, so they have no say."
        return Point(topic, Mark.OPEN, told, words, note)
    if not here:
        note = "There are none on this machine, so no signer can be recognised: `imageauth trust update` gets them."
    elif not stated:
        note = "There were none when the report was made, so no signer could be recognised."
    else:
        changed = sorted(name for name in stated.keys() | here.keys() if stated.get(name) != here.get(name))
        note = f"Lists are renewed, and signers come and go: {', '.join(changed)} changed since."
    return Point(topic, Mark.DIFFERS, told, words, note)
