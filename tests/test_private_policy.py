"""Scores, evidence and policy in the browser give what they give in Python."""

import base64
import itertools
import json
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from imageauth.models import find_model, shipped_models
from imageauth.pixels.answers import Answers
from imageauth.pixels.calibration import Calibration
from imageauth.pixels.card import Card
from imageauth.pixels.choice import Models
from imageauth.pixels.condition import CONDITIONS, Measures, conditions_of
from imageauth.pixels.evidence import pixel_evidence, stability_evidence
from imageauth.pixels.heatmap import blend
from imageauth.pixels.layout import Entry, Layout
from imageauth.pixels.stability import LOSSLESS, VARIANTS, pool
from imageauth.pixels.views import Views
from imageauth.rendering.heatmap import transparent_overlay
from imageauth.report import Evidence, PointsTo, Source, Strength
from imageauth.verdict import ANSWERS, PART, RULES, UNSTABLE, decide
from tests.private_page import ModulePage, as_json, module_page

pytestmark = pytest.mark.browser

CODES = [*sorted(PART), UNSTABLE, *sorted(ANSWERS), "something-else", "a-mark"]


@pytest.fixture(scope="module")
def page(browser: Any) -> Iterator[ModulePage]:
    with module_page(browser) as opened:
        yield opened
        assert opened.complaints == []


def cards() -> list[Card]:
    return [Card.load(find_model(name)) for name in shipped_models()]


def kinds() -> list[Evidence]:
    """One finding of each kind that there can be."""
    return [
        Evidence(source, code, f"{source} {code} {points_to} {strength}", points_to, strength)
        for source, points_to, strength in itertools.product(get_args(Source), get_args(PointsTo), get_args(Strength))
        for code in CODES
    ]


def test_the_policy_decides_the_same(page: ModulePage) -> None:
    random.seed(5)
    known = kinds()
    lists = [[], *([item] for item in known)]
    lists += [list(pair) for pair in random.sample(list(itertools.combinations(known, 2)), 1500)]
    lists += [random.sample(known, random.randint(3, 7)) for _ in range(1500)]
    # Findings that sort by more than plain letters.
    lists += [[replace(item, finding="\U0001f600"), replace(item, finding="\uffee")] for item in known[:40]]
    got = page.run(
        """async (lists) => {
          const { decide } = await load("policy");
          return lists.map((list) => {
            const { strengths, ...decision } = decide(list);
            return { ...decision, strengths: [...strengths].sort() };
          });
        }""",
        [[item.to_json() for item in items] for items in lists],
    )
    reasons = set()
    for items, found in zip(lists, got, strict=True):
        decision = decide(items)
        assert found == {
            "verdict": str(decision.verdict),
            "reason": decision.reason,
            "summary": decision.summary,
            "strengths": sorted(decision.strengths),
        }, items
        reasons.add(decision.reason)
    assert reasons == {rule.name for rule in RULES}


def test_the_rules_are_in_the_same_order(page: ModulePage) -> None:
    rules = page.run(
        "async () => (await load('policy')).RULES.map(({ name, verdict, sentence }) => [name, verdict, sentence])"
    )
    assert rules == [[rule.name, str(rule.verdict), rule.sentence] for rule in RULES]


PROBABILITIES = [
    0.0,
    1e-9,
    0.0099999,
    0.01,
    0.005,
    0.00005,
    0.025,
    0.125,
    0.03125,
    0.18355,
    0.2,
    0.345,
    0.5,
    0.625,
    0.8,
    0.985,
    0.99,
    0.995,
    1.0,
]


@pytest.mark.parametrize("name", shipped_models())
def test_evidence_reads_the_same(page: ModulePage, name: str) -> None:
    folder = find_model(name)
    card = Card.load(folder)
    random.seed(1)
    many = [*PROBABILITIES, *(random.random() for _ in range(200)), card.thresholds.ai, card.thresholds.real]
    spread = {"photo": 0.12345, "drawn": 0.00005, "screen": 0.87655}
    cases = [(p, outside, said) for p in many for outside in (None, "flatter than any") for said in (None, spread)]
    variants = [[random.choice(many) for _ in range(1 + len(card.layout.variants))] for _ in range(200)]
    got = page.run(
        """async (data, cases, variants) => {
          const { readCard } = await load("card");
          const { pixelEvidence, stabilityEvidence } = await load("evidence");
          const card = readCard(data);
          return [
            cases.map((args) => pixelEvidence(card, ...args)),
            variants.map((probabilities) => stabilityEvidence(card, probabilities)),
          ];
        }""",
        card_json(folder), cases, variants,
    )  # fmt: skip
    for case, found in zip(cases, got[0], strict=True):
        assert found == as_json(pixel_evidence(card, *case).to_json()), case
    for probabilities, found in zip(variants, got[1], strict=True):
        assert found == as_json(stability_evidence(card, probabilities).to_json()), probabilities


def card_json(folder: Path) -> Any:
    """As the browser gets it."""
    return json.loads((folder / "card.json").read_text(encoding="utf-8"))


def test_domains_and_choice_of_model_are_the_same(page: ModulePage) -> None:
    models = Models("auto")
    sizes = [
        (16, 16),
        (31, 40),
        (32, 32),
        (64, 128),
        (64, 129),
        (65, 65),
        (65, 391),
        (65, 390),
        (20000, 17000),
        (64, 1000),
    ]
    asked = [(*size, contrast, strange) for size in sizes for contrast in (0.0, 8.0, 50.0) for strange in (0.0, 2.5)]
    got = page.run(
        """async (cards, asked) => {
          const { madeFor, outside, readCard } = await load("card");
          const models = cards.map((data) => ({ card: readCard(data) }));
          return asked.map(([width, height, contrast, unfamiliarity]) => {
            const { card } = madeFor(models, width, height);
            return [card.name, outside(card.domain, { width, height, contrast, unfamiliarity })];
          });
        }""",
        [card_json(find_model(name)) for name in shipped_models()], asked,
    )  # fmt: skip
    for (width, height, contrast, strange), found in zip(asked, got, strict=True):
        model = models.made_for(width, height)
        assert model is not None
        assert found == [model.card.name, model.card.domain.outside(width, height, contrast, strange)]


def test_scores_and_probabilities_are_the_same(page: ModulePage) -> None:
    rng = np.random.default_rng(4)
    calibrations = [
        Calibration("temperature", {"scale": 1.3}, 0.001),
        Calibration("platt", {"scale": 0.7, "offset": -0.2}, 0.0),
        Calibration("beta", {"a": 0.9, "b": 1.1, "c": 0.1}, 0.0),
        Calibration("isotonic", {"scores": [-3.0, 0.0, 0.5, 4.0], "probabilities": [0.01, 0.2, 0.7, 0.99]}, 0.0),
    ]
    scores = [*rng.normal(0, 5, 50).tolist(), -800.0, 800.0, 0.0, 0.5, 4.0]
    got = page.run(
        """async (calibrations, scores) => {
          const { calibrated } = await load("answers");
          return calibrations.map((calibration) => scores.map((score) => calibrated(calibration, score)));
        }""",
        [calibration.to_json() for calibration in calibrations], scores,
    )  # fmt: skip
    for calibration, found in zip(calibrations, got, strict=True):
        assert found == pytest.approx(calibration(scores).tolist(), rel=1e-12, abs=1e-15)
    answers = Answers(logit=0, own=(("tiles", 1), ("crops", 2)), kinds=(3, ("photo", "drawn", "screen")))
    names = ("flipped", "re-encoded-75", "moved")
    layout = Layout(32, (Entry("whole", 1, 0.32), Entry("tiles", 2, 0.45), Entry("crops", 1, 0.23)), names, 0.07)
    for counts in ((1, 2, 1), (1, 0, 0), (1, 0, 1)):
        said = rng.normal(0, 3, (sum(counts) + len(names), 6)).astype(np.float32).astype(np.float64)
        logits = answers.logits_of(said, layout.names(counts, len(said)))
        variants = layout.weigh(logits, counts)
        found = page.run(
            """async (answers, layout, said, counts) => {
              const { kindsOf, logitsOf } = await load("answers");
              const { names, weigh } = await load("layout");
              const { pool } = await load("stability");
              const scores = weigh(layout, logitsOf(answers, said, names(layout, counts, said.length)), counts);
              return { scores, pooled: pool(scores, layout.variants), kinds: kindsOf(answers, said) };
            }""",
            as_json({"own": {}, "kinds": None, **answers.to_json()}),
            as_json({**layout.to_json(), "entries": layout.to_json()["layout"]}),
            said.tolist(), counts,
        )  # fmt: skip
        assert found["scores"] == pytest.approx(variants.tolist(), rel=1e-12)
        assert found["pooled"] == pytest.approx(float(pool(variants[None], names)[0]), rel=1e-12)
        assert found["kinds"] == pytest.approx(answers.kinds_of(said), rel=1e-12)
    lossless = page.run(
        """async () => {
          const { VARIANTS } = await load("stability");
          return Object.keys(VARIANTS).filter((name) => VARIANTS[name].lossless);
        }"""
    )
    assert set(lossless) == LOSSLESS < set(VARIANTS)


def test_conditions_read_the_same(page: ModulePage) -> None:
    asked = {name: f"About {name}." for name in CONDITIONS}
    random.seed(2)
    measures = [
        Measures(random.choice([200, 256, 300]), random.choice([None, 20, 60, 61]), random.choice([None, 30, 60, 90]),
                 random.choice([0.05, 0.1, 0.5]), random.choice([0.01, 0.02]))
        for _ in range(60)
    ]  # fmt: skip
    said = [random.choice([{}, {"screen": 0.6, "drawn": 0.4}, {"screen": 0.1, "drawn": 0.9}]) for _ in measures]
    got = page.run(
        """async (asked, cases) => {
          const { conditionsOf } = await load("condition");
          return cases.map(([measures, kinds]) => conditionsOf(asked, measures, kinds));
        }""",
        asked,
        [
            ({"shortSide": m.short_side, "quality": m.quality, "pastQuality": m.past_quality, "sharpness": m.sharpness,
              "screen": m.screen}, k)
            for m, k in zip(measures, said, strict=True)
        ],
    )  # fmt: skip
    for one, share, found in zip(measures, said, got, strict=True):
        assert found == list(conditions_of(asked, one, share))


def test_heatmaps_are_laid_the_same(page: ModulePage) -> None:
    rng = np.random.default_rng(8)
    places = np.array([[0.0, 0.2, 1.0, 0.8], [0.0, 0.2, 0.5, 0.5], [0.5, 0.5, 1.0, 0.8], [0.13, 0.4, 0.6, 0.7]])
    for counts in ((1, 2, 1), (1, 0, 0)):
        count = sum(counts)
        views = Views(np.empty((count, 1, 1, 3), np.uint8), places[:count], counts, 300, 500)
        maps = rng.normal(0, 1, (count, 14, 14))
        weights = [0.5, 0.3, 0.2] if counts[1] else [1.0, 0.0, 0.0]
        expected = blend(maps, views, weights, 28)
        found = page.run(
            """async (maps, looked, weights) => {
              const { blend } = await load("heatmap");
              const { data, width, height } = blend(maps.map((data) => ({ data, side: 14 })), looked, weights, 28);
              return { data: Array.from(data, (value) => (Number.isNaN(value) ? null : value)), width, height };
            }""",
            maps.reshape(count, -1).tolist(),
            {"places": places[:count].tolist(), "counts": counts, "height": 300, "width": 500},
            weights,
        )
        assert (found["height"], found["width"]) == expected.shape
        values = np.array([np.nan if value is None else value for value in found["data"]]).reshape(expected.shape)
        np.testing.assert_allclose(values, expected, rtol=1e-9, atol=1e-12)


def test_overlays_are_coloured_the_same(page: ModulePage) -> None:
    heat = np.random.default_rng(3).normal(0, 1, (14, 19))
    heat[2, 3] = np.nan
    expected = np.asarray(transparent_overlay(heat, 700, 520))
    found = page.run(
        """async (values, width, height) => {
          const { coloured } = await load("overlay");
          const data = Float64Array.from(values.flat(), (value) => value ?? NaN);
          return text(coloured({ data, width: values[0].length, height: values.length }, width, height));
        }""",
        [[None if np.isnan(value) else value for value in row] for row in heat.tolist()],
        expected.shape[1], expected.shape[0],
    )  # fmt: skip
    pixels = np.frombuffer(base64.b64decode(found), np.uint8).reshape(expected.shape)
    assert np.abs(pixels[..., 3].astype(int) - expected[..., 3]).max() <= 1
    clear = expected[..., 3] > 1  # where nothing is seen the colour may be either
    np.testing.assert_array_equal(
        pixels[clear], np.where(clear[..., None], np.dstack([expected[..., :3], pixels[..., 3:]]), 0)[clear]
    )
