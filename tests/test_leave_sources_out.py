"""Leave-sources-out figures against counting by hand and scikit-learn."""

import json
from dataclasses import replace

import numpy as np
import pytest
import sklearn.metrics as reference

from imageauth.errors import DataError
from imageauth.evaluation.held_out import (
    FrozenCuts,
    HeldOut,
    Risks,
    conformal_thresholds,
    fixed_cuts,
    frozen_cuts,
)
from imageauth.evaluation.leave_sources_out import FIGURES, flip_rate, measure_held_out
from imageauth.evaluation.metrics import tpr_at_fpr
from imageauth.evaluation.source_plots import draw_sources
from imageauth.evaluation.source_tables import report
from imageauth.evaluation.thresholds import best_decision, conformal_threshold
from imageauth.pixels.card import Thresholds

CUTS = Thresholds(decision=0.5, ai=0.8, real=0.2)


def made(*pictures: tuple[str, float, str, int], **columns: object) -> HeldOut:
    """Pictures (source, probability, kind, fold); a source in capitals is AI."""
    sources, p, kinds, folds = zip(*pictures, strict=True)
    labels = [int(source.isupper()) for source in sources]
    generators = [source[0] for source in sources]
    return HeldOut(labels, p, folds, sources, generators, kinds, **columns)  # type: ignore[arg-type]


@pytest.fixture
def small() -> HeldOut:
    """A has two pictures, B one; r has one, s three."""
    return made(
        ("A", 0.9, "photo", 0),
        ("A", 0.4, "art", 0),
        ("B", 0.6, "photo", 1),
        ("r", 0.5, "photo", 0),
        ("s", 0.1, "photo", 1),
        ("s", 0.1, "meme", 1),
        ("s", 0.85, "meme", 1),
        conditions={"worn": [0.7, 0.6, 0.6, 0.4, 0.1, 0.1, 0.85]},
    )


@pytest.fixture(scope="module")
def many() -> HeldOut:
    """24 AI and 30 real sources of 1 to 40 pictures, some harder than others, in five folds."""
    random = np.random.default_rng(3)
    rows = []
    for number in range(54):
        label = int(number < 24)
        hard = random.normal(0, 0.8)
        scores = 1.6 * label - 0.8 + hard + random.normal(size=random.integers(1, 41))
        rows += [(label, score, number % 5, number, f"k{number % 3}") for score in scores]
    labels, scores, folds, sources, kinds = (np.array(column) for column in zip(*rows, strict=True))
    names = np.char.add("source", sources.astype(str))
    p = 1 / (1 + np.exp(-2 * scores))
    worn = np.clip(p + random.normal(0, 0.1, len(p)), 0, 1)
    return HeldOut(labels, p, folds, names, names, kinds, scores, {"worn": worn})


def test_figures_counted_by_hand(small: HeldOut) -> None:
    found = measure_held_out(small, fixed_cuts(len(small.labels), CUTS), resamples=0)
    clean = found.clean.values
    # Real: .5 .1 .1 .85. A: .9 beats 4, .4 beats 2. B: .6 beats 3.
    assert clean["auroc"] == pytest.approx((4 + 2 + 3) / 12)
    assert clean["auroc_macro_ai"] == pytest.approx((6 / 8 + 3 / 4) / 2)
    # r: beaten by .9 and .6 of three. s: .1 beaten by 3, .1 by 3, .85 by 1, of nine.
    assert clean["auroc_macro_real"] == pytest.approx((2 / 3 + 7 / 9) / 2)
    assert clean["auroc_macro"] == pytest.approx((clean["auroc_macro_ai"] + clean["auroc_macro_real"]) / 2)
    assert clean["tpr_at_fpr_1"] == pytest.approx(1 / 3)
    assert clean["fake_accuracy"] == pytest.approx(2 / 3)
    assert clean["real_accuracy"] == pytest.approx(2 / 4)
    assert clean["balanced_accuracy"] == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert clean["balanced_accuracy_macro"] == pytest.approx(((1 / 2 + 1) / 2 + (0 + 2 / 3) / 2) / 2)
    assert clean["real_left_alone"] == pytest.approx(3 / 4)
    assert clean["real_left_alone_macro"] == pytest.approx((1 + 2 / 3) / 2)
    assert clean["share_decided"] == pytest.approx(4 / 7)  # .9, .1, .1, .85
    assert clean["error_decided"] == pytest.approx(1 / 4)
    # Every bin of a fifteenth but that of .1, .1 holds one picture, but for .85 and .9, which share none.
    gaps = [abs(1 - 0.9), abs(1 - 0.4), abs(1 - 0.6), 0.5, 0.2, 0.85]
    assert clean["ece"] == pytest.approx(sum(gaps) / 7)
    even = [0.1 / 2, 0.6 / 2, 0.4, 0.5, 0.2 / 3, 0.85 / 3]
    assert clean["ece_macro"] == pytest.approx(sum(even) / 4)
    assert clean["brier"] == pytest.approx(np.mean((small.probabilities - small.labels) ** 2))
    worn = found.conditions["worn"]
    assert worn.flip_rate == pytest.approx(2 / 7)  # .4 → .6, .5 → .4
    assert worn.verdict_flip_rate == pytest.approx(1 / 7)  # .9 → .7
    assert worn.values["fake_accuracy"] == 1
    assert found.clean.flip_rate == found.clean.verdict_flip_rate == 0
    assert flip_rate(
        small.probabilities, small.conditions["worn"], fixed_cuts(len(small.labels), CUTS)
    ) == pytest.approx(2 / 7)


def test_parts_counted_by_hand(small: HeldOut) -> None:
    found = measure_held_out(small, fixed_cuts(len(small.labels), CUTS), resamples=0)
    assert found.counts == {
        "n": 7, "n_real": 4, "n_fake": 3, "real_sources": 2, "fake_sources": 2, "folds": 2
    }  # fmt: skip
    a = found.generators["A"]
    assert (a.n, a.sources, a.auroc, a.accuracy, a.likely_ai, a.likely_real) == (2, 1, 0.75, 0.5, 0.5, 0)
    meme = found.real_kinds["meme"]
    assert (meme.n, meme.likely_ai, meme.likely_real, meme.accuracy) == (2, 0.5, 0.5, 0.5)
    assert list(found.real_kinds) == ["meme", "photo"]
    assert set(found.fake_kinds) == {"photo", "art"}
    assert found.worst_real_kind is None  # no kind has thirty
    assert set(found.sources) == {"A", "B", "r", "s"}
    assert found.to_json()["sources"]["A"]["label"] == "fake"


def test_figures_are_scikit_learns(many: HeldOut) -> None:
    found = measure_held_out(many, fixed_cuts(len(many.labels), CUTS), resamples=0).clean.values
    labels, scores, p = many.labels, many.scores, many.probabilities
    assert found["auroc"] == pytest.approx(reference.roc_auc_score(labels, scores))
    assert found["balanced_accuracy"] == pytest.approx(reference.balanced_accuracy_score(labels, p >= 0.5))
    assert found["brier"] == pytest.approx(reference.brier_score_loss(labels, p))
    for rate, name in ((0.01, "tpr_at_fpr_1"), (0.05, "tpr_at_fpr_5")):
        assert found[name] == pytest.approx(tpr_at_fpr(labels, scores, rate))
    macro: dict[int, list[float]] = {0: [], 1: []}
    for source in np.unique(many.sources.astype(str)):
        mine = many.sources == source
        label = int(labels[mine][0])
        against = mine | (labels != label)
        macro[label].append(reference.roc_auc_score(labels[against], scores[against]))
    assert found["auroc_macro_ai"] == pytest.approx(np.mean(macro[1]))
    assert found["auroc_macro_real"] == pytest.approx(np.mean(macro[0]))
    weights = (
        1
        / np.unique(many.sources.astype(str), return_counts=True)[1][
            np.unique(many.sources.astype(str), return_inverse=True)[1]
        ]
    )
    assert found["balanced_accuracy_macro"] == pytest.approx(
        reference.balanced_accuracy_score(labels, p >= 0.5, sample_weight=weights)
    )


def test_intervals_are_by_source(many: HeldOut) -> None:
    found = measure_held_out(many, fixed_cuts(len(many.labels), CUTS), resamples=300)
    for name in set(FIGURES) - {"ece", "ece_macro"}:
        low, high = found.clean.intervals[name]
        assert low <= found.clean.values[name] <= high, name
    again = measure_held_out(many, fixed_cuts(len(many.labels), CUTS), resamples=300)
    assert again == found
    # Every picture its own source: those of one resemble each other, so this claims to know more than it does.
    alone = replace(many, sources=np.arange(len(many.labels)).astype(str))
    narrow = measure_held_out(alone, fixed_cuts(len(many.labels), CUTS), resamples=300).clean
    assert np.diff(found.clean.intervals["auroc"])[0] > 1.5 * np.diff(narrow.intervals["auroc"])[0]
    assert narrow.values["auroc_macro_ai"] == pytest.approx(narrow.values["auroc"])


def test_thresholds_of_a_fold_come_from_the_others(many: HeldOut) -> None:
    risks = Risks(real=0.2, real_kind=0.5, ai=0.2)  # 24 and 30 sources cannot show much less
    cuts = frozen_cuts(many, risks)
    for fold in range(5):
        here = many.folds == fold
        chosen = conformal_thresholds(many.select(~here), risks)
        assert set(cuts.ai[here]) == {chosen.ai}
        assert set(cuts.decision[here]) == {chosen.decision}
        assert set(cuts.real[here]) == {chosen.real}
    # What a fold's own pictures say moves nothing of its own.
    changed = replace(many, probabilities=np.where(many.folds == 2, 0.99, many.probabilities))
    here = many.folds == 2
    assert (frozen_cuts(changed, risks).ai[here] == cuts.ai[here]).all()
    assert (frozen_cuts(changed, risks).ai[~here] != cuts.ai[~here]).any()
    with pytest.raises(DataError, match="one fold only"):
        frozen_cuts(replace(many, folds=np.zeros(len(many.folds), int)))


def test_the_risk_is_kept_on_sources_never_seen() -> None:
    """Mean share of a new source's pictures called likely-ai, over many draws of the sources, stays below the risk."""
    random = np.random.default_rng(0)
    shares = []
    for _ in range(300):
        hard = random.normal(0, 1, 61)
        sources = np.repeat(np.arange(61), random.integers(1, 20, 61))
        values = 1 / (1 + np.exp(-(hard[sources] + random.normal(0, 1, len(sources)))))
        seen = sources < 60
        threshold = conformal_threshold(values[seen], 0.1, sources[seen])
        shares.append(np.mean(values[~seen] >= threshold))
    assert 0.06 < np.mean(shares) < 0.12


def test_conformal_thresholds_counted_by_hand() -> None:
    values = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1])
    # Nine values, risk .2: 2 − 1 = 1 may reach it.
    assert conformal_threshold(values, 0.2) == np.nextafter(0.8, 1)
    assert conformal_threshold(values, 0.05) == 1  # one in ten is the least that nine can show
    assert conformal_threshold(values, 0.1) == np.nextafter(0.9, 1)
    assert conformal_threshold(np.array([]), 0.5) == 1
    # Four sources, risk .3: 1.5 − 1 = .5 of a source may. The first gives halves: .9 may, .8 may not.
    sources = np.array([0, 0, 1, 2, 3])
    assert conformal_threshold(np.array([0.9, 0.8, 0.5, 0.4, 0.3]), 0.3, sources) == np.nextafter(0.8, 1)
    # Ties: none of them may reach it if not all may.
    assert conformal_threshold(np.array([0.9, 0.9, 0.5, 0.4, 0.3]), 0.3, np.array([0, 1, 1, 2, 3])) > 0.9


def test_conformal_thresholds_mind_the_worst_kind_and_the_least_sure() -> None:
    rows = [("r", 0.1 + 0.001 * at, "photo", at % 2) for at in range(300)]
    rows += [(f"s{at}", 0.05, "photo", at % 2) for at in range(99)]
    rows += [("m", 0.84 + 0.001 * at, "meme", at % 2) for at in range(40)]
    rows += [(f"A{at}", 0.99 if at > 5 else 0.15, "photo", at % 2) for at in range(60)]
    held_out = made(*rows)
    alone = conformal_thresholds(held_out, Risks(real_kind=1))
    assert alone.ai < 0.9
    # 40 memes: .05 × 41 − 1 = 1.05 may reach it.
    assert conformal_thresholds(held_out).ai == np.nextafter(0.878, 1)
    assert conformal_thresholds(held_out, Risks(least_sure=0.95)).ai == 0.95
    assert conformal_thresholds(held_out).real == pytest.approx(0.15)
    few = made(("r", 0.1, "photo", 0), ("A", 0.9, "photo", 0))
    assert conformal_thresholds(few).ai == 1


def test_classes_that_are_apart_share_a_boundary() -> None:
    rows = [(f"r{at}", 0.3, "photo", 0) for at in range(99)] + [(f"A{at}", 0.95, "photo", 0) for at in range(99)]
    found = conformal_thresholds(made(*rows), Risks(least_sure=0.5))
    assert found.real < found.ai == pytest.approx(0.625)


def test_the_best_decision() -> None:
    p, labels = np.array([0.1, 0.2, 0.3, 0.4, 0.6, 0.7]), np.array([0, 0, 0, 1, 0, 1])
    assert best_decision(p, labels) == pytest.approx(0.65)  # or .35, equally good: the upper of the middle two
    # One AI picture of two weighs as much as two real ones of four.
    assert best_decision(p, labels, balanced=True) == pytest.approx(0.35)


def test_predictions_that_make_no_sense_are_refused(small: HeldOut) -> None:
    for changes, reason in (
        ({"probabilities": np.full(7, 1.5)}, "outside 0..1"),
        ({"probabilities": np.full(7, np.nan)}, "outside 0..1"),
        ({"conditions": {"worn": np.full(7, -1)}}, "outside 0..1"),
        ({"scores": np.full(7, np.inf)}, "not a number"),
        ({"kinds": ["photo"]}, "different lengths"),
        ({"conditions": {"worn": [0.5]}}, "different lengths"),
        ({"labels": np.ones(7)}, "both classes"),
        ({"sources": ["x"] * 7}, "source has pictures of both"),
    ):
        with pytest.raises(DataError, match=reason):
            replace(small, **changes)  # type: ignore[arg-type]


def test_what_is_written_is_plain(many: HeldOut) -> None:
    odd = replace(many, generators=np.where(many.labels == 1, "a|b \x1b[31m $x$", many.generators))
    found = measure_held_out(odd, resamples=50)
    json.dumps(found.to_json(), allow_nan=False)
    text = report(found)
    assert "| worn |" in text
    assert "a\\|b \\x1b[31m $x$" in text
    assert "\x1b" not in text
    assert f"{found.clean.values['auroc_macro']:.3f}" in text
    assert found.worst_real_kind is not None
    assert f"worst kind ({found.worst_real_kind[0]})" in text
    svg, words = draw_sources(found)
    assert svg.startswith("<svg")
    assert "1 generators" in words


def test_nothing_decided_is_no_number(small: HeldOut) -> None:
    never = FrozenCuts(np.full(7, 0.5), np.full(7, 1.0), np.full(7, 0.0))
    found = measure_held_out(small, never, resamples=20)
    assert np.isnan(found.clean.values["error_decided"])
    assert found.clean.values["share_decided"] == 0
    assert "| Wrong verdicts among those | – | ––– |" in report(found)
    json.dumps(found.to_json(), allow_nan=False)
