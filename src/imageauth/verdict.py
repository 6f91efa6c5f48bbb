"""The policy: evidence → verdict. No I/O and no model here, only a table that a reader can check.

The first rule that fits decides. Strength goes before number: a checked signature outweighs what a file says of itself,
and that outweighs what pixels suggest, because error rates rise in that order. Pixels alone never say more than
``likely-…``, and nothing where harmless changes turn their answer. Where sources of the same strength disagree, or
nothing points anywhere, the answer is ``inconclusive``.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from imageauth.report import Evidence, PointsTo, Strength, Verdict


@dataclass(frozen=True, slots=True)
class Decision:
    """What the policy says.

    Attributes:
        verdict: see :class:`~imageauth.report.Verdict`.
        reason: name of the rule that decided.
        summary: one plain sentence.
    """

    verdict: Verdict
    reason: str
    summary: str


@dataclass(frozen=True, slots=True)
class Has:
    """What the evidence holds, as the rules ask for it."""

    kinds: frozenset[tuple[Strength, PointsTo]]
    codes: frozenset[str]

    def __call__(self, strength: Strength, points_to: PointsTo) -> bool:
        return (strength, points_to) in self.kinds


# name, condition, verdict, sentence before the finding that decided it
RULES: tuple[tuple[str, Callable[[Has], bool], Verdict, str], ...] = (
    (
        "proofs-disagree",
        lambda has: has("proof", "ai") and has("proof", "real"),
        Verdict.INCONCLUSIVE,
        "Checked proofs contradict each other.",
    ),
    ("proof-of-ai", lambda has: has("proof", "ai"), Verdict.AI_GENERATED, "Checked proof that this image is AI-made."),
    (
        "proof-and-declaration-disagree",
        lambda has: has("proof", "real") and has("declared", "ai"),
        Verdict.INCONCLUSIVE,
        "A checked camera signature stands against a declaration of AI.",
    ),
    (
        "proof-of-capture",
        lambda has: has("proof", "real"),
        Verdict.CAMERA_VERIFIED,
        "Checked proof that a camera took this image.",
    ),
    (
        "declarations-disagree",
        lambda has: has("declared", "ai") and has("declared", "real"),
        Verdict.INCONCLUSIVE,
        "What the file says of itself contradicts itself.",
    ),
    ("declared-ai", lambda has: has("declared", "ai"), Verdict.LIKELY_AI, "The file says that it is AI-made."),
    (
        "statistics-disagree",
        lambda has: has("statistical", "ai") and has("statistical", "real"),
        Verdict.INCONCLUSIVE,
        "Measurements contradict each other.",
    ),
    (
        "pixels-unstable",
        lambda has: "stability-broken" in has.codes and bool(has.codes & {"pixels-ai", "pixels-real"}),
        Verdict.INCONCLUSIVE,
        "Can't tell: what the pixels say changes when the image is changed harmlessly.",
    ),
    ("statistics-ai", lambda has: has("statistical", "ai"), Verdict.LIKELY_AI, ""),
    ("statistics-real", lambda has: has("statistical", "real"), Verdict.LIKELY_REAL, ""),
    ("no-decisive-evidence", lambda has: True, Verdict.INCONCLUSIVE, ""),
)


def decide(evidence: Sequence[Evidence]) -> Decision:
    """Apply the first rule of :data:`RULES` that fits.

    The summary is the rule's own sentence, or, where it has none, the finding that made it fit.
    """
    has = Has(
        frozenset((item.strength, item.points_to) for item in evidence), frozenset(item.code for item in evidence)
    )
    for name, fits, verdict, sentence in RULES:
        if fits(has):
            return Decision(verdict, name, sentence or _finding(verdict, evidence))
    raise AssertionError("the last rule always fits")


def _finding(verdict: Verdict, evidence: Sequence[Evidence]) -> str:
    """The sentence behind a statistical verdict, or why there is no decision."""
    wanted = {Verdict.LIKELY_AI: "ai", Verdict.LIKELY_REAL: "real"}.get(verdict)
    deciding = [item.finding for item in evidence if item.strength == "statistical" and item.points_to == wanted]
    return next(iter(deciding or [item.finding for item in evidence]), "Nothing about this image was measured.")
