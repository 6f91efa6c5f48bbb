"""The protocol on a small folder of drawn pictures, with a model whose scores are known."""

import json
import sys
from html.parser import HTMLParser

import numpy as np
import PIL.Image
import pytest

from imageauth.evaluation.dataset import Item, find_images
from imageauth.evaluation.html import render_page
from imageauth.evaluation.mistakes import worst_mistakes
from imageauth.evaluation.protocol import evaluate
from imageauth.evaluation.shortcut import HEADERS, HEADERS_AND_SIZE, header_probe
from imageauth.pixels.degradations import DEGRADATIONS
from tests.brightness import Brightness, draw

CONTRACT = {
    "n", "n_real", "n_fake", "accuracy", "balanced_accuracy", "real_accuracy", "fake_accuracy", "auroc",
    "average_precision", "tpr_at_fpr_1", "tpr_at_fpr_5", "ece", "brier", "threshold", "coverage",
    "accuracy_on_decided", "confusion", "confidence_intervals",
}  # fmt: skip
HOSTILE = "x'\"><script>alert(1)</script>&amp;.png".replace("/", "∕")


@pytest.fixture
def folder(tmp_path):
    """Two generators, one harder; real pictures dark, AI-made ones bright, one of each the other way round."""
    for group, gap in (("easy", 90), ("hard", 20)):
        for index in range(6):
            draw(tmp_path / group / "0_real" / f"r{index}.png", 128 - gap, seed=index)
            draw(tmp_path / group / "1_fake" / f"f{index}.png", 128 + gap, seed=50 + index)
    draw(tmp_path / "hard/0_real/bright.png", 220)
    draw(tmp_path / "hard/1_fake" / HOSTILE, 40)
    return tmp_path


@pytest.fixture
def broken(folder):
    """The same with files that cannot be checked, and one outside the domain."""
    (folder / "easy/1_fake/torn.png").write_bytes((folder / "easy/1_fake/f0.png").read_bytes()[:200])
    (folder / "easy/0_real/empty.png").touch()
    draw(folder / "easy/0_real/large.jpg", 30, (300, 200))
    return folder


def test_contract_keys_and_hand_counted_figures(folder):
    found = find_images(folder)
    data = evaluate(Brightness(), found.items, resamples=50).to_json()
    json.dumps(data, allow_nan=False)
    assert data.keys() >= CONTRACT
    assert (data["n"], data["n_real"], data["n_fake"]) == (26, 13, 13)
    assert data["confusion"] == {"true_real": 12, "false_fake": 1, "false_real": 1, "true_fake": 12}
    assert data["accuracy"] == data["balanced_accuracy"] == pytest.approx(24 / 26)
    assert data["threshold"] == 0.5
    # A gap of 20 levels is a logit of 1.25, p = 0.78: undecided. The 12 easy ones and the 2 odd ones are decided.
    assert data["coverage"] == pytest.approx(14 / 26)
    assert data["accuracy_on_decided"] == pytest.approx(12 / 14)
    assert data["model"] == "brightness"
    assert data["model_sha256"] == "ab" * 32
    assert data["failures"] == []
    assert "degradations" not in data


def test_groups_and_their_mean(folder):
    data = evaluate(Brightness(), find_images(folder).items, resamples=50).to_json()
    assert list(data["groups"]) == ["easy", "hard"]
    assert data["groups"]["easy"].keys() >= CONTRACT
    assert data["groups"]["easy"]["accuracy"] == 1
    assert data["groups"]["hard"]["real_accuracy"] == pytest.approx(6 / 7)
    assert data["macro"]["real_accuracy"] == pytest.approx((1 + 6 / 7) / 2)


def test_groups_of_one_class_have_figures_of_that_class(tmp_path):
    draw(tmp_path / "REAL/camera/a.png", 30)
    draw(tmp_path / "FAKE/generator/b.png", 220)
    data = evaluate(Brightness(), find_images(tmp_path).items, resamples=5).to_json()
    assert data["groups"]["camera"]["real_accuracy"] == 1
    assert data["groups"]["camera"]["auroc"] is None
    assert data["macro"]["fake_accuracy"] == 1
    assert data["macro"]["auroc"] is None


def test_failures_are_listed_and_do_not_stop_the_rest(broken):
    evaluation = evaluate(Brightness(), find_images(broken).items, resamples=5)
    data = evaluation.to_json()
    assert [(f["file"], f["error"]["code"]) for f in data["failures"]] == [
        ("easy/0_real/empty.png", "empty"),
        ("easy/1_fake/torn.png", "corrupt"),
    ]
    assert data["n"] == 27
    assert data["outside_domain"] == 1


def test_degradations(folder):
    seen = []
    evaluation = evaluate(
        Brightness(), find_images(folder).items, degradations=True, resamples=5,
        progress=lambda done, total: seen.append((done, total)),
    )  # fmt: skip
    data = evaluation.to_json()
    assert list(data["degradations"]) == list(DEGRADATIONS)
    for name, figures in data["degradations"].items():
        assert figures.keys() >= CONTRACT | {"flip_rate", "verdict_flip_rate"}, name
        # Brightness survives everything here.
        assert figures["accuracy"] == data["accuracy"]
        assert figures["flip_rate"] == 0
    assert data["worst_degradation"] in DEGRADATIONS
    assert data["flip_rate"] == 0
    assert seen[-1] == (26, 26)


def test_flips_are_counted_against_the_clean_image(folder):
    class Fragile(Brightness):
        """Says AI only to pictures with strong grain."""

        def score(self, view):
            return 5.0 if np.abs(np.diff(view.astype(float), axis=1)).mean() > 6 else -5.0

    data = evaluate(Fragile(), find_images(folder).items, degradations=True, resamples=5).to_json()
    assert data["degradations"]["blur-2"]["flip_rate"] == 1
    assert data["degradations"]["blur-2"]["verdict_flip_rate"] == 1
    assert data["degradations"]["noise-0.1"]["flip_rate"] == 0
    rates = [figures["flip_rate"] for figures in data["degradations"].values()]
    assert data["flip_rate"] == pytest.approx(np.mean(rates))


def test_images_outside_the_domain_get_no_verdict_here_as_in_a_check(tmp_path):
    draw(tmp_path / "REAL" / "a.png", 20)
    draw(tmp_path / "FAKE" / "b.png", 240)
    draw(tmp_path / "FAKE" / "large.png", 240, (300, 300))
    data = evaluate(Brightness(), find_images(tmp_path).items, degradations=True, resamples=5).to_json()
    assert (data["outside_domain"], data["accuracy"]) == (1, 1)
    assert data["coverage"] == pytest.approx(2 / 3)
    assert data["degradations"]["crop-0.8"]["coverage"] == 0  # 26 pixels, and 240, are outside


def test_long_images_are_scored_by_the_mean_of_their_views(tmp_path):
    pixels = np.zeros((32, 96, 3), np.uint8)
    pixels[:, 64:] = 240  # the last of three views is bright, the others black
    PIL.Image.fromarray(pixels).save(tmp_path / "a.png")
    item = Item(tmp_path / "a.png", "a.png", 0, "")
    evaluation = evaluate(Brightness(views=3), [item], resamples=5)
    assert evaluation.scores[0] == pytest.approx((80 - 128) / 16)


def test_every_file_failed(tmp_path):
    item = Item(tmp_path / "missing.png", "missing.png", 1, "")
    evaluation = evaluate(Brightness(), [item], degradations=True, resamples=5)
    data = json.loads(json.dumps(evaluation.to_json(), allow_nan=False))
    assert data["n"] == 0
    assert data["accuracy"] is None
    assert data["failures"][0]["error"]["code"] == "unreadable"
    assert data["worst_degradation"] is None
    assert "missing.png" in render_page(evaluation, {})


def test_mistakes_are_the_most_wrong_first(folder):
    mistakes = worst_mistakes(evaluate(Brightness(), find_images(folder).items, resamples=5), 24)
    assert {mistake.item.name for mistake in mistakes} == {"hard/0_real/bright.png", f"hard/1_fake/{HOSTILE}"}
    errors = [abs(mistake.probability - mistake.item.label) for mistake in mistakes]
    assert errors == sorted(errors, reverse=True)


def test_as_many_mistakes_as_asked_for_and_light_ones(tmp_path):
    for index in range(8):
        draw(tmp_path / "REAL" / f"{index}.png", 200 + index, seed=index)
        draw(tmp_path / "FAKE" / f"{index}.png", 60 + index, size=(640, 480), seed=index)
    evaluation = evaluate(Brightness(), find_images(tmp_path).items, resamples=5)
    for most in (0, 1, 6, 16, 500):
        mistakes = worst_mistakes(evaluation, most)
        assert len(mistakes) == min(most, 16)
        assert page_pictures(evaluation, most) == len(mistakes)
    for mistake in mistakes:
        kind = "jpeg" if mistake.item.label else "png"
        assert mistake.thumbnail.startswith(f"data:image/{kind};base64,")
        assert len(mistake.thumbnail) < 20_000


def page_pictures(evaluation, most):
    return _Page(render_page(evaluation, {}, mistakes=most)).tags.count("img")


def test_the_page_shows_heatmaps_beside_mistakes(folder):
    evaluation = evaluate(Brightness(), find_images(folder).items, resamples=5)
    heat = np.zeros((8, 8))
    heat[0, 0] = 1.0
    page = render_page(evaluation, {}, heatmap=lambda pixels: heat)
    assert _Page(page).tags.count("img") == 4  # two mistakes, each with its heatmap
    assert "AI (orange)" in page


class _Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.outside, self.text = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        for name, value in attrs:
            if name in ("src", "href", "xlink:href") and not value.startswith(("data:", "#")):
                self.outside.append(value)

    def handle_data(self, data):
        self.text.append(data)


def test_page_holds_everything_and_nothing_hostile(broken):
    evaluation = evaluate(Brightness(), find_images(broken).items, degradations=True, resamples=5)
    page = render_page(evaluation, {"Data": "a <b> folder"}, {"n": 9, "folds": 3, "auroc": {"headers": 0.51}})
    parsed = _Page(page)
    text = " ".join(parsed.text)
    assert "script" not in parsed.tags
    assert "b" not in parsed.tags
    assert parsed.outside == []
    assert parsed.tags.count("svg") == 6
    assert parsed.tags.count("img") == 2
    assert HOSTILE in text
    for expected in ("torn.png", "corrupt", "ab" * 32, *DEGRADATIONS, "easy", "a <b> folder", "0.5100", "(worst)"):
        assert expected in text
    ids = [part.split('"')[0] for part in page.split(' id="')[1:]]
    assert len(ids) == len(set(ids))


def test_page_of_one_class(tmp_path):
    draw(tmp_path / "a.png", 200)
    evaluation = evaluate(Brightness(), [Item(tmp_path / "a.png", "a.png", 1, "")], resamples=5)
    parsed = _Page(render_page(evaluation, {}))
    assert "One class has no readable images" in " ".join(parsed.text)
    assert parsed.tags.count("svg") == 3


def test_plots_say_which_extra_they_need(folder, monkeypatch):
    from imageauth.errors import MissingExtraError

    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match=r"imageauth\[evaluate\]"):
        render_page(evaluate(Brightness(), find_images(folder).items, resamples=5), {})


def test_header_probe_sees_what_headers_betray(tmp_path):
    random = np.random.default_rng(0)
    for index in range(20):
        pixels = PIL.Image.fromarray(random.integers(0, 256, (32, 32, 3), np.uint8))
        for name, quality in (("same", 75), ("other", 75 if index % 2 else 60)):
            for label in ("REAL", "FAKE"):
                file = tmp_path / name / label / f"{index}.jpg"
                file.parent.mkdir(parents=True, exist_ok=True)
                pixels.save(file, quality=quality if label == "REAL" or name == "same" else 90)
    blind, betrayed = (header_probe(find_images(tmp_path / name).items) for name in ("same", "other"))
    assert blind["auroc"][HEADERS] == pytest.approx(0.5)
    assert betrayed["auroc"][HEADERS] == 1
    assert betrayed["auroc"][HEADERS_AND_SIZE] == 1
    assert (blind["n"], blind["folds"]) == (40, 5)
