"""The policy, row by row."""

import itertools

import pytest

from imageauth.report import Evidence, Verdict
from imageauth.verdict import RULES, Has, decide


def say(strength: str, points_to: str) -> Evidence:
    return Evidence("pixels", "test", f"{strength} {points_to}", points_to, strength)  # type: ignore[arg-type]


AI, REAL = say("statistical", "ai"), say("statistical", "real")
DECLARED = say("declared", "ai")
PROOF_AI, PROOF_REAL = say("proof", "ai"), say("proof", "real")
NOTHING = say("none", "none")
PIXELS = Evidence("pixels", "pixels-ai", "The pixels look AI-made.", "ai", "statistical")
UNSTABLE = Evidence("pixels", "stability-broken", "The answer changes.")


@pytest.mark.parametrize(
    ("evidence", "verdict", "reason"),
    [
        ([], "inconclusive", "no-decisive-evidence"),
        ([NOTHING], "inconclusive", "no-decisive-evidence"),
        ([AI], "likely-ai", "statistics-ai"),
        ([REAL], "likely-real", "statistics-real"),
        ([AI, REAL], "inconclusive", "statistics-disagree"),
        ([PIXELS, UNSTABLE], "inconclusive", "pixels-unstable"),
        ([AI, UNSTABLE], "likely-ai", "statistics-ai"),
        ([NOTHING, UNSTABLE], "inconclusive", "no-decisive-evidence"),
        ([DECLARED, PIXELS, UNSTABLE], "likely-ai", "declared-ai"),
        ([PROOF_REAL, PIXELS, UNSTABLE], "camera-verified", "proof-of-capture"),
        ([DECLARED], "likely-ai", "declared-ai"),
        ([DECLARED, REAL], "likely-ai", "declared-ai"),
        ([DECLARED, say("declared", "real")], "inconclusive", "declarations-disagree"),
        ([PROOF_AI], "ai-generated", "proof-of-ai"),
        ([PROOF_AI, REAL], "ai-generated", "proof-of-ai"),
        ([PROOF_REAL, AI], "camera-verified", "proof-of-capture"),
        ([PROOF_REAL, DECLARED], "inconclusive", "proof-and-declaration-disagree"),
        ([PROOF_AI, PROOF_REAL], "inconclusive", "proofs-disagree"),
        ([say("declared", "real")], "inconclusive", "no-decisive-evidence"),
    ],
)
def test_rules(evidence: list[Evidence], verdict: str, reason: str) -> None:
    decision = decide(evidence)
    assert (decision.verdict, decision.reason) == (verdict, reason)
    assert decision.summary


def test_certain_words_need_proof() -> None:
    """No mixture without proof reaches ``ai-generated`` or ``camera-verified``, whatever else is said."""
    unproven = [say(s, p) for s in ("declared", "statistical", "none") for p in ("ai", "real", "none")]
    for size in range(len(unproven) + 1):
        for evidence in itertools.combinations(unproven, size):
            assert decide(evidence).verdict not in (Verdict.AI_GENERATED, Verdict.CAMERA_VERIFIED)


def test_order_of_evidence_does_not_matter() -> None:
    everything = [AI, REAL, DECLARED, PROOF_AI, NOTHING]
    assert len({decide(order).verdict for order in itertools.permutations(everything)}) == 1


def test_the_last_rule_always_fits() -> None:
    assert RULES[-1][1](Has(frozenset(), frozenset()))
