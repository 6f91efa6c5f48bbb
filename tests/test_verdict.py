"""The policy, row by row, and what holds whatever the evidence."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageauth.report import Evidence, Verdict
from imageauth.verdict import ALL_SOURCES, PART, RULES, STANDARD, Has, Policy, decide


def say(strength: str, points_to: str, source: str = "pixels", code: str = "test") -> Evidence:
    return Evidence(source, code, f"{source}: {strength} {points_to}.", points_to, strength)  # type: ignore[arg-type]


AI, REAL = say("statistical", "ai"), say("statistical", "real")
DECLARED = say("declared", "ai", "metadata", "generator-parameters")
CAMERA = say("declared", "real", "metadata", "camera-exif")
SIGNED_AI = say("declared", "ai", "credentials", "credentials-ai")
SIGNED_CAMERA = say("declared", "real", "credentials", "credentials-capture")
PART_AI = say("declared", "ai", "metadata", "source-type-composite")
SIGNED_PART = say("declared", "ai", "credentials", "credentials-ai-part")
PROOF_AI = say("proof", "ai", "credentials", "credentials-ai")
PROOF_PART = say("proof", "ai", "credentials", "credentials-ai-part")
PROOF_REAL = say("proof", "real", "credentials", "credentials-capture")
NOTHING = say("none", "none")
PIXELS = Evidence("pixels", "pixels-ai", "The pixels look AI-made.", "ai", "statistical")
UNSTABLE = Evidence("pixels", "stability-broken", "The answer changes.")
INVALID = Evidence("credentials", "credentials-invalid", "The Content Credential was tampered with.")

ROWS = [
    ([], "inconclusive", "no-decisive-evidence"),
    ([NOTHING], "inconclusive", "no-decisive-evidence"),
    ([CAMERA], "inconclusive", "no-decisive-evidence"),
    ([SIGNED_CAMERA], "inconclusive", "no-decisive-evidence"),
    ([INVALID], "inconclusive", "no-decisive-evidence"),
    ([AI], "likely-ai", "statistics-ai"),
    ([AI, INVALID], "likely-ai", "statistics-ai"),
    ([REAL], "likely-real", "statistics-real"),
    ([REAL, INVALID], "likely-real", "statistics-real"),
    ([REAL, CAMERA], "likely-real", "statistics-real"),
    ([AI, CAMERA], "likely-ai", "statistics-ai-against-declaration"),
    ([AI, SIGNED_CAMERA], "inconclusive", "credential-and-pixels-disagree"),
    ([AI, REAL], "inconclusive", "statistics-disagree"),
    ([PIXELS, UNSTABLE], "inconclusive", "pixels-unstable"),
    ([AI, UNSTABLE], "likely-ai", "statistics-ai"),
    ([NOTHING, UNSTABLE], "inconclusive", "no-decisive-evidence"),
    ([DECLARED, PIXELS, UNSTABLE], "likely-ai", "declared-ai"),
    ([PROOF_REAL, INVALID], "camera-verified", "proof-of-capture"),
    ([DECLARED], "likely-ai", "declared-ai"),
    ([DECLARED, REAL], "likely-ai", "declared-ai-against-pixels"),
    ([DECLARED, CAMERA], "inconclusive", "declarations-disagree"),
    ([SIGNED_AI, SIGNED_CAMERA], "inconclusive", "declarations-disagree"),
    ([DECLARED, SIGNED_CAMERA], "inconclusive", "declarations-disagree"),
    ([SIGNED_AI, CAMERA], "likely-ai", "signed-declaration-of-ai"),
    ([PART_AI], "likely-ai", "declared-ai-part"),
    ([PART_AI, CAMERA, REAL], "likely-ai", "declared-ai-part"),
    ([PART_AI, REAL], "likely-ai", "declared-ai-part"),
    ([PART_AI, DECLARED], "likely-ai", "declared-ai"),
    ([PART_AI, DECLARED, CAMERA], "likely-ai", "declared-ai-part"),
    ([PART_AI, SIGNED_CAMERA], "inconclusive", "declarations-disagree"),
    ([SIGNED_PART, CAMERA], "likely-ai", "declared-ai-part"),
    ([DECLARED, CAMERA, AI], "likely-ai", "declared-and-measured-ai"),
    ([DECLARED, CAMERA, PIXELS, UNSTABLE], "inconclusive", "declarations-disagree"),
    ([DECLARED, SIGNED_CAMERA, AI], "inconclusive", "declarations-disagree"),
    ([say("proof", "ai", "metadata")], "likely-ai", "declared-ai"),
    ([say("proof", "real", "watermark")], "inconclusive", "no-decisive-evidence"),
    ([PROOF_AI], "ai-generated", "proof-of-ai"),
    ([PROOF_PART], "ai-generated", "proof-of-ai-part"),
    ([PROOF_PART, DECLARED], "ai-generated", "proof-of-ai-part"),
    ([PROOF_PART, PROOF_AI], "ai-generated", "proof-of-ai"),
    ([PROOF_AI, REAL], "ai-generated", "proof-of-ai"),
    ([PROOF_AI, CAMERA, REAL], "ai-generated", "proof-of-ai"),
    ([PROOF_REAL], "camera-verified", "proof-of-capture"),
    ([PROOF_REAL, REAL], "camera-verified", "proof-of-capture"),
    ([PROOF_REAL, AI], "inconclusive", "proof-and-pixels-disagree"),
    ([PROOF_REAL, PIXELS, UNSTABLE], "camera-verified", "proof-of-capture"),
    ([PROOF_REAL, DECLARED], "inconclusive", "proof-and-declaration-disagree"),
    ([PROOF_AI, PROOF_REAL], "inconclusive", "proofs-disagree"),
]


@pytest.mark.parametrize(("evidence", "verdict", "reason"), ROWS)
def test_rows(evidence: list[Evidence], verdict: str, reason: str) -> None:
    decision = decide(evidence)
    assert (decision.verdict, decision.reason) == (verdict, reason)
    assert decision.summary


def test_every_row_is_tested() -> None:
    assert {reason for _, _, reason in ROWS} == {rule.name for rule in RULES}


@pytest.mark.parametrize(
    "evidence",
    [
        [PROOF_REAL, AI],
        [AI, SIGNED_CAMERA],
        [DECLARED, CAMERA],
        [DECLARED, REAL],
        [PART_AI, SIGNED_CAMERA],
        [PART_AI, REAL],
        [DECLARED, CAMERA, AI],
    ],
)
def test_a_conflict_is_told_with_both_reasons(evidence: list[Evidence]) -> None:
    summary = decide(evidence).summary
    assert all(item.finding in summary for item in evidence)


@pytest.mark.parametrize(
    ("evidence", "decisive"),
    [
        ([AI, CAMERA, SIGNED_CAMERA], SIGNED_CAMERA),
        ([say("declared", "ai", "metadata", "aigc-label"), SIGNED_AI, CAMERA], SIGNED_AI),
        ([DECLARED, CAMERA, SIGNED_CAMERA], SIGNED_CAMERA),
        ([DECLARED, PART_AI, CAMERA], PART_AI),
        ([DECLARED, SIGNED_PART, CAMERA], SIGNED_PART),
    ],
)
def test_what_made_a_rule_fit_is_told(evidence: list[Evidence], decisive: Evidence) -> None:
    named = [replace(item, finding=f"{item.code} of {item.source}.") for item in evidence]
    assert f"{decisive.code} of {decisive.source}." in decide(named).summary


def test_strengths_are_of_what_was_found() -> None:
    assert decide([PART_AI]).strengths == {"declared"}
    assert decide([PART_AI, REAL]).strengths == {"declared", "statistical"}
    assert decide([]).strengths == frozenset()


def test_what_may_not_decide_is_no_reason() -> None:
    without = Policy("without", STANDARD.deciding - {"pixels"})
    assert decide([PIXELS], without).summary == "Nothing was found that may decide under this policy."
    assert decide([PIXELS, CAMERA], without).summary == CAMERA.finding


SOURCES = sorted(ALL_SOURCES)
STRENGTHS = ["proof", "declared", "statistical", "none"]


def findings(
    sources: list[str] = SOURCES, strengths: list[str] = STRENGTHS, points_to: tuple[str, ...] = ("ai", "real", "none")
) -> st.SearchStrategy[Evidence]:
    return st.builds(
        Evidence,
        source=st.sampled_from(sources),
        code=st.sampled_from(["test", "pixels-ai", "pixels-real", "stability-broken", *sorted(PART)]),
        finding=st.sampled_from(["One.", "Two."]),
        points_to=st.sampled_from(points_to),
        strength=st.sampled_from(strengths),
    )


EVIDENCE, WEAKER = findings(), findings(strengths=STRENGTHS[1:])


@given(st.lists(EVIDENCE, max_size=8))
def test_the_table_is_total_and_order_does_not_matter(evidence: list[Evidence]) -> None:
    decision = decide(evidence)
    assert decision.summary
    assert decide(evidence[::-1]).verdict is decision.verdict
    assert decide(evidence[::-1]).reason == decision.reason


@given(st.lists(findings(["metadata", "watermark", "pixels"]), max_size=8))
def test_only_a_signature_is_proof(evidence: list[Evidence]) -> None:
    assert decide(evidence).verdict not in (Verdict.AI_GENERATED, Verdict.CAMERA_VERIFIED)


UNSIGNED_CAMERA = findings(["metadata"], ["declared"], ("real",))
FOR_AI = findings(strengths=["declared", "statistical"], points_to=("ai",)).filter(
    lambda i: i.code != "stability-broken"
)


@given(st.lists(st.one_of(FOR_AI, UNSIGNED_CAMERA), max_size=6), FOR_AI)
def test_more_that_points_to_ai_never_clears(evidence: list[Evidence], more: Evidence) -> None:
    """Where nothing but unsigned words speaks of a camera."""
    if decide(evidence).verdict is Verdict.LIKELY_AI:
        assert decide([*evidence, more]).verdict is Verdict.LIKELY_AI


@given(st.lists(WEAKER, max_size=8))
def test_certain_words_need_proof(evidence: list[Evidence]) -> None:
    assert decide(evidence).verdict not in (Verdict.AI_GENERATED, Verdict.CAMERA_VERIFIED)


@given(st.lists(WEAKER, max_size=8))
def test_weaker_evidence_never_overturns_proof(evidence: list[Evidence]) -> None:
    assert decide([PROOF_AI, *evidence]).verdict is Verdict.AI_GENERATED
    assert decide([PROOF_PART, *evidence]).reason == "proof-of-ai-part"
    # A camera's proof can be doubted, and is then told, but never turns into its opposite.
    assert decide([PROOF_REAL, *evidence]).verdict in (Verdict.CAMERA_VERIFIED, Verdict.INCONCLUSIVE)


@given(st.lists(EVIDENCE, max_size=8), st.lists(findings(points_to=("none",)), max_size=3))
def test_what_points_nowhere_moves_nothing(evidence: list[Evidence], more: list[Evidence]) -> None:
    """Missing marks, invalid credentials, what cannot be read. Only instability of the pixels is heeded."""
    more = [item for item in more if item.code != "stability-broken" and not item.code.startswith("pixels")]
    assert decide([*evidence, *more]).verdict is decide(evidence).verdict


@given(st.lists(findings(["metadata"], ["declared", "none"]), max_size=8))
def test_unsigned_words_never_clear_or_convict(metadata: list[Evidence]) -> None:
    """Of the file alone: never certain, and never "real"."""
    assert decide(metadata).verdict in (Verdict.LIKELY_AI, Verdict.INCONCLUSIVE)
    # Camera data added to an image that measures as AI-made must not clear it.
    assert decide([AI, CAMERA, CAMERA]).verdict is Verdict.LIKELY_AI


@given(st.lists(EVIDENCE, max_size=8), st.sampled_from(SOURCES))
def test_a_source_that_may_not_decide_weighs_nothing(evidence: list[Evidence], source: str) -> None:
    policy = Policy("without", STANDARD.deciding - {source})
    rest = [item for item in evidence if item.source != source]
    assert decide(evidence, policy).verdict is decide(rest).verdict
    assert decide(evidence, policy).reason == decide(rest).reason


def test_order_of_evidence_does_not_matter() -> None:
    everything = [AI, REAL, DECLARED, PROOF_AI, NOTHING]
    assert len({decide(order) for order in itertools.permutations(everything)}) == 1


def test_the_last_rule_always_fits() -> None:
    assert RULES[-1].fits(Has())
