"""The policy: evidence → verdict. No I/O and no model here, only a table that a reader can check.

The first rule that fits decides. Strength goes before number: a checked signature outweighs what a file says of itself,
and that outweighs what pixels suggest, because error rates rise in that order. Pixels alone never say more than
``likely-…``, and nothing where harmless changes turn their answer; unsigned words never say more than ``likely-ai``.
Where sources of the same weight disagree, the answer is ``inconclusive`` and both are told. Missing marks count for
nothing. ``docs/policy.md`` shows the table.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import get_args

from imageauth.report import Evidence, PointsTo, Source, Strength, Verdict

Kind = tuple[Strength, PointsTo]

ALL_SOURCES: frozenset[Source] = frozenset(get_args(Source))

# Findings that say of an image that AI made part of it, which no photograph's own marks contradict.
PART = frozenset({"credentials-ai-part", "source-type-composite", "credit-line-edited", "generator-trace-edited"})


# Codes of the pixels' evidence that the policy itself heeds.
UNSTABLE = "stability-broken"
ANSWERS = frozenset({"pixels-ai", "pixels-real"})


@dataclass(frozen=True, slots=True)
class Policy:
    """What an institution may set; ``--policy FILE`` reads one.

    Attributes:
        name: as reports call it.
        deciding: sources whose findings count; those of others are told and weigh nothing.
        likely_ai: calibrated probability from which the pixels point to AI; None: as the model's card says.
        likely_real: calibrated probability up to which the pixels point to a photograph; None: as the card says.
        sha256: of the file that it was read from, hexadecimal; None for the one that ships.
    """

    name: str = "standard"
    deciding: frozenset[Source] = ALL_SOURCES
    likely_ai: float | None = None
    likely_real: float | None = None
    sha256: str | None = None


STANDARD = Policy()

_CONFLICT = "What is known of this image contradicts itself."

NOTHING_DECIDES = "no-decisive-evidence"
"""Name of the last rule, which always fits."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What the policy says.

    Attributes:
        verdict: see :class:`~imageauth.report.Verdict`.
        reason: name of the rule that decided.
        summary: one plain sentence, and the findings that made the rule fit.
        strengths: of those findings.
    """

    verdict: Verdict
    reason: str
    summary: str
    strengths: frozenset[Strength] = frozenset()


@dataclass(frozen=True, slots=True)
class Has:
    """What the evidence holds, as the rules ask for it.

    Attributes:
        kinds: (strength, points to) of each finding.
        codes: of the pixels' findings.
        whole: strengths of the findings that say more than that AI made part of the image.
        part: strengths of those that say only that.
        signed: what credentials declare whose signature holds, though it is no proof: ``ai`` (of the whole image),
            ``real``.
    """

    kinds: frozenset[Kind] = frozenset()
    codes: frozenset[str] = frozenset()
    whole: frozenset[Strength] = frozenset()
    part: frozenset[Strength] = frozenset()
    signed: frozenset[PointsTo] = frozenset()

    def __call__(self, kind: Kind) -> bool:
        return kind in self.kinds

    @staticmethod
    def of(evidence: Sequence[Evidence]) -> "Has":
        ai = [item for item in evidence if item.points_to == "ai"]
        signed = [item for item in evidence if item.source == "credentials" and item.strength == "declared"]
        return Has(
            frozenset((item.strength, item.points_to) for item in evidence),
            frozenset(item.code for item in evidence if item.source == "pixels"),
            frozenset(item.strength for item in ai if item.code not in PART),
            frozenset(item.strength for item in ai if item.code in PART),
            frozenset(item.points_to for item in signed if item.points_to != "ai" or item.code not in PART),
        )


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the policy.

    Attributes:
        name: stable; a report's ``reason``.
        when: its condition, in words.
        fits: its condition.
        verdict: what it decides.
        sentence: what the summary begins with.
        because: why the rule is so.
        tells: kinds of finding that the summary then repeats, one of each that there is.
    """

    name: str
    when: str
    fits: Callable[[Has], bool]
    verdict: Verdict
    sentence: str
    because: str
    tells: tuple[Kind, ...] = ()


_PROOF_AI: Kind = ("proof", "ai")
_PROOF_REAL: Kind = ("proof", "real")
_DECLARED_AI: Kind = ("declared", "ai")
_DECLARED_REAL: Kind = ("declared", "real")
_MEASURED_AI: Kind = ("statistical", "ai")
_MEASURED_REAL: Kind = ("statistical", "real")

RULES: tuple[Rule, ...] = (
    Rule(
        "proofs-disagree",
        "proof of AI and proof of a camera",
        lambda has: has(_PROOF_AI) and has(_PROOF_REAL),
        Verdict.INCONCLUSIVE,
        "Checked proofs contradict each other.",
        "Two signatures that hold cannot both be right about the same picture; a person must look.",
        (_PROOF_AI, _PROOF_REAL),
    ),
    Rule(
        "proof-of-ai-part",
        "proof that AI made part of it, and nothing that says more",
        lambda has: has(_PROOF_AI) and "proof" not in has.whole,
        Verdict.AI_GENERATED,
        "Checked proof that AI made part of this image.",
        "A trusted signer says so of a picture that began as something else; how much of it, the finding says.",
        (_PROOF_AI,),
    ),
    Rule(
        "proof-of-ai",
        "proof of AI",
        lambda has: has(_PROOF_AI),
        Verdict.AI_GENERATED,
        "Checked proof that this image is AI-made.",
        "Nothing weaker can overturn a trusted signature over these very bytes.",
        (_PROOF_AI,),
    ),
    Rule(
        "proof-and-declaration-disagree",
        "proof of a camera, and the file declares AI",
        lambda has: has(_PROOF_REAL) and has(_DECLARED_AI),
        Verdict.INCONCLUSIVE,
        "A checked camera signature stands against a declaration of AI.",
        "The picture was edited with AI after its capture, or somebody wrote so into the file.",
        (_PROOF_REAL, _DECLARED_AI),
    ),
    Rule(
        "proof-and-pixels-disagree",
        "proof of a camera, and pixels that look AI-made",
        lambda has: has(_PROOF_REAL) and has(_MEASURED_AI),
        Verdict.INCONCLUSIVE,
        "A checked camera signature stands against pixels that look AI-made.",
        "A camera signs whatever stands before it, a screen with an AI-made picture too; or the pixels are misjudged.",
        (_PROOF_REAL, _MEASURED_AI),
    ),
    Rule(
        "proof-of-capture",
        "proof of a camera",
        lambda has: has(_PROOF_REAL),
        Verdict.CAMERA_VERIFIED,
        "Checked proof that a camera took this image.",
        "A trusted signature over these very bytes, with no AI on the way, and nothing against it.",
        (_PROOF_REAL,),
    ),
    Rule(
        "signed-declaration-of-ai",
        "a credential whose signature holds declares AI, and only unsigned words name a camera",
        lambda has: "ai" in has.signed and has(_DECLARED_REAL) and "real" not in has.signed,
        Verdict.LIKELY_AI,
        "A signed credential says that it is AI-made; what the file says of a camera is unsigned.",
        "Camera data can be written by anyone in a second, and must not hide a signed label.",
        (_DECLARED_AI, _DECLARED_REAL),
    ),
    Rule(
        "declared-ai-part",
        "the file declares that AI made part of it, and nothing that says more, or camera data as well",
        lambda has: (
            "declared" in has.part and "real" not in has.signed and ("declared" not in has.whole or has(_DECLARED_REAL))
        ),
        Verdict.LIKELY_AI,
        "The file says that AI made part of it.",
        "Camera data beside it are no contradiction: photographs are edited. Unsigned, so never more than likely.",
        (_DECLARED_AI, _DECLARED_REAL, _MEASURED_REAL),
    ),
    Rule(
        "declared-and-measured-ai",
        "the file declares AI, its pixels look so, and only unsigned words name a camera",
        lambda has: has(_DECLARED_AI) and has(_MEASURED_AI) and has(_DECLARED_REAL) and "real" not in has.signed,
        Verdict.LIKELY_AI,
        "The file says that it is AI-made and its pixels look so, though it also describes a camera.",
        "Camera data that anyone can write do not outweigh a declaration and a measurement.",
        (_DECLARED_AI, _MEASURED_AI, _DECLARED_REAL),
    ),
    Rule(
        "declarations-disagree",
        "the file declares AI and declares a camera",
        lambda has: has(_DECLARED_AI) and has(_DECLARED_REAL),
        Verdict.INCONCLUSIVE,
        "What the file says of itself contradicts itself.",
        "Either could have been added, to deceive or to discredit.",
        (_DECLARED_AI, _DECLARED_REAL),
    ),
    Rule(
        "declared-ai-against-pixels",
        "the file declares AI, and pixels that look like a photograph's",
        lambda has: has(_DECLARED_AI) and has(_MEASURED_REAL),
        Verdict.LIKELY_AI,
        "The file says that it is AI-made, though its pixels look like a photograph's.",
        "Models miss generators that they do not know, so the label stands; the conflict is told.",
        (_DECLARED_AI, _MEASURED_REAL),
    ),
    Rule(
        "declared-ai",
        "the file declares AI",
        lambda has: has(_DECLARED_AI),
        Verdict.LIKELY_AI,
        "The file says that it is AI-made.",
        "Unsigned, unknown or expired, so never more than likely.",
        (_DECLARED_AI,),
    ),
    Rule(
        "credential-and-pixels-disagree",
        "a credential that holds but is no proof declares a camera, and pixels that look AI-made",
        lambda has: "real" in has.signed and has(_MEASURED_AI),
        Verdict.INCONCLUSIVE,
        "A camera credential that is no proof stands against pixels that look AI-made.",
        "Many cameras sign with keys that no list knows yet, and anyone can sign; neither can be believed alone.",
        (_DECLARED_REAL, _MEASURED_AI),
    ),
    Rule(
        "statistics-disagree",
        "measurements that point to AI and others to a photograph",
        lambda has: has(_MEASURED_AI) and has(_MEASURED_REAL),
        Verdict.INCONCLUSIVE,
        "Measurements contradict each other.",
        "Each has its known error rate; together they say nothing that was measured.",
        (_MEASURED_AI, _MEASURED_REAL),
    ),
    Rule(
        "pixels-unstable",
        "pixels whose answer turns under harmless changes",
        lambda has: UNSTABLE in has.codes and bool(has.codes & ANSWERS),
        Verdict.INCONCLUSIVE,
        "Can't tell: what the pixels say changes when the image is changed harmlessly.",
        "A sound answer would not; among such images it is wrong far more often.",
    ),
    Rule(
        "statistics-ai-against-declaration",
        "pixels that look AI-made, and the file describes a camera",
        lambda has: has(_MEASURED_AI) and has(_DECLARED_REAL),
        Verdict.LIKELY_AI,
        "The pixels look AI-made, though the file describes a camera.",
        "Anyone can write camera data, so they must not silence a measurement; the conflict is told.",
        (_MEASURED_AI, _DECLARED_REAL),
    ),
    Rule(
        "statistics-ai",
        "pixels that look AI-made",
        lambda has: has(_MEASURED_AI),
        Verdict.LIKELY_AI,
        "",
        "A measurement with a known rate of false alarms, which the finding gives.",
        (_MEASURED_AI,),
    ),
    Rule(
        "statistics-real",
        "pixels that look like a photograph's",
        lambda has: has(_MEASURED_REAL),
        Verdict.LIKELY_REAL,
        "",
        "A measurement with a known rate of misses, which the finding gives.",
        (_MEASURED_REAL,),
    ),
    Rule(
        NOTHING_DECIDES,
        "otherwise, also where the file describes a camera or nothing is found",
        lambda has: True,
        Verdict.INCONCLUSIVE,
        "",
        "A camera named in unsigned words proves nothing, and a missing mark is no sign of a photograph.",
    ),
)


def decide(evidence: Sequence[Evidence], policy: Policy = STANDARD) -> Decision:
    """Apply the first rule of :data:`RULES` that fits.

    The summary is the rule's own sentence and the findings that it tells.

    Args:
        evidence: all findings, in any order.
        policy: whose sources count.
    """
    weighed = _weighed(evidence, policy)
    has = Has.of(weighed)
    for rule in RULES:
        if rule.fits(has):
            summary = _summary(rule, weighed) or _otherwise(evidence, policy)
            return Decision(rule.verdict, rule.name, summary, frozenset(kind[0] for kind in rule.tells if has(kind)))
    raise AssertionError("the last rule always fits")


def _weighed(evidence: Sequence[Evidence], policy: Policy) -> list[Evidence]:
    """The findings that count, each for what it can at most count for.

    Only a signature can be proof, whatever a source says of itself; and pixels whose answer turns under harmless
    changes say nothing.
    """
    unstable = any((item.source, item.code) == ("pixels", UNSTABLE) for item in evidence)
    weighed = []
    for item in evidence:
        if item.source not in policy.deciding:
            continue
        if item.strength == "proof" and item.source != "credentials":
            item = replace(item, strength="declared")
        if unstable and item.source == "pixels" and item.code in ANSWERS:
            item = replace(item, strength="none", points_to="none")
        weighed.append(item)
    return weighed


def _summary(rule: Rule, evidence: Sequence[Evidence]) -> str:
    """A rule's sentence, and for each kind that it tells the finding that made it fit, whatever the order: of a part
    where the rule is about a part, signed before unsigned, plug-ins last, then by name. What a plug-in declares the
    file does not say, so then the rule's sentence gives way to the findings.
    """
    about_part = rule.name.endswith("-part")
    told: list[Evidence] = []
    for kind in rule.tells:
        fitting = [item for item in evidence if (item.strength, item.points_to) == kind]
        if fitting:
            first = min(
                fitting,
                key=lambda item: (
                    about_part and item.points_to == "ai" and item.code not in PART,
                    item.source != "credentials",
                    item.source == "plugin",
                    item.code,
                    item.finding,
                ),
            )
            told.append(first)
    sentence = rule.sentence
    if any(item.source == "plugin" for item in told):
        sentence = _CONFLICT if len({item.points_to for item in told}) > 1 else ""
    return " ".join(filter(None, [sentence, *(item.finding for item in told)]))


def _otherwise(evidence: Sequence[Evidence], policy: Policy) -> str:
    """Why there is no decision: what was found first, of what may decide."""
    if not evidence:
        return "Nothing about this image was measured."
    heeded = (item.finding for item in evidence if item.source in policy.deciding)
    return next(heeded, "Nothing was found that may decide under this policy.")
