"""What a model looks at, and how its answers become one score: without any network."""

import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imageauth.errors import ModelError
from imageauth.images import decode
from imageauth.jpeg import quality
from imageauth.models import find_model
from imageauth.pixels.answers import Answers
from imageauth.pixels.canonical import Canonical
from imageauth.pixels.card import Card
from imageauth.pixels.condition import CONDITIONS, Measures, conditions_of, past_quality, sharpness
from imageauth.pixels.degradations import recompress
from imageauth.pixels.heatmap import blend, local_logits
from imageauth.pixels.layout import Entry, Layout
from imageauth.pixels.views import VIEWS, crop_views, tile_views, whole_view
from tests.conftest import drawn
from tests.photo_model import ANSWERS, CARD, LAYOUT


def noise(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def test_views_of_a_large_picture() -> None:
    views = LAYOUT.look(drawn(900, 600))
    assert views.counts == (1, 4, 2)
    assert views.pixels.shape == (1 + 4 + 2 + 3, 224, 224, 3)
    assert views.places.shape == (7, 4)
    assert (views.height, views.width) == (600, 900)
    np.testing.assert_allclose(views.places[0], [0, 1 / 6, 1, 5 / 6], atol=0.01)
    np.testing.assert_allclose(views.places[2], [0.5, 0.5, 1, 5 / 6], atol=0.01)
    np.testing.assert_array_equal(views.pixels[7], views.pixels[0][:, ::-1])  # flipped
    assert len(LAYOUT.look(drawn(900, 600), variants=False).pixels) == 7


@pytest.mark.parametrize(
    ("size", "counts"),
    [((65, 65), (1, 0, 0)), ((447, 600), (1, 0, 2)), ((224, 224), (1, 0, 1)), ((448, 448), (1, 4, 2))],
)
def test_small_pictures_have_fewer_views(size: tuple[int, int], counts: tuple[int, ...]) -> None:
    views = LAYOUT.look(drawn(*size))
    assert views.counts == counts
    assert len(views.pixels) == sum(counts) + 3


def test_the_whole_and_its_tiles_show_the_same() -> None:
    pixels = drawn(1000, 700)
    whole, tiles = whole_view(pixels, 224, 1), tile_views(pixels, 224, 4)
    rows = ((0, 2), (3, 1))  # the first two lie across from one another
    both = np.concatenate([np.concatenate(tiles.pixels[list(row)], axis=1) for row in rows])
    half = both.reshape(224, 2, 224, 2, 3).mean(axis=(1, 3))
    assert np.abs(half - whole.pixels[0]).mean() < 2
    np.testing.assert_array_equal(whole_view(pixels[:224, :224], 224, 1).pixels[0], pixels[:224, :224])


def test_crops_are_native_the_most_textured_and_apart() -> None:
    pixels = np.full((600, 800, 3), 128, np.uint8)
    pixels[300:560, 500:780] = noise(260, 280)
    crops = crop_views(pixels, 224, 2)
    (top, left, *_), (top2, left2, *_) = (crops.places * [600, 800, 600, 800]).round().astype(int)
    np.testing.assert_array_equal(crops.pixels[0], pixels[top : top + 224, left : left + 224])
    assert top >= 188
    assert left >= 432
    assert abs(top - top2) + abs(left - left2) >= 112


@pytest.mark.parametrize("size", [(16, 16), (16, 20_000), (20_000, 17), (1, 3000)])
@pytest.mark.parametrize("view", VIEWS)
def test_any_shape_can_be_looked_at(view: str, size: tuple[int, int]) -> None:
    cut = VIEWS[view](np.zeros((*size, 3), np.uint8), 224, 4)
    assert len(cut.pixels) == len(cut.places)
    assert cut.pixels.shape[1:] == (224, 224, 3)
    assert ((cut.places >= 0) & (cut.places <= 1 + 1e-9)).all()


def test_canonical_reduces_and_saves_what_lost_nothing() -> None:
    canonical = Canonical(256, 92)
    pixels = noise(100, 200)
    assert canonical(pixels, lossless=False) is pixels
    np.testing.assert_array_equal(canonical(pixels, lossless=True), recompress(pixels, "JPEG", 92))
    assert canonical(noise(300, 600), lossless=False).shape == (128, 256, 3)
    assert canonical(np.zeros((4, 20_000, 3), np.uint8), lossless=True).shape == (1, 256, 3)
    huge = np.asarray(Image.fromarray(noise(40, 60)).resize((6000, 4000), Image.Resampling.BICUBIC))
    small = Image.fromarray(noise(40, 60)).resize((256, 171), Image.Resampling.BICUBIC)
    assert np.abs(canonical(huge, lossless=False).astype(int) - np.asarray(small)).mean() < 5


def test_weights_by_hand() -> None:
    layout = Layout(8, (Entry("whole", 1, 1.0), Entry("tiles", 4, 0.5)), ("flipped", "resized"), bias=0.25)
    logits = np.array([2.0, 1, 1, 3, 3, 4, -2])  # whole, four tiles, and the whole under two changes
    assert layout.weigh(logits, (1, 4)).tolist() == [2 + 1 + 0.25, 4 + 1 + 0.25, -2 + 1 + 0.25]
    # Without tiles the whole view counts for them.
    assert layout.weigh(np.array([2.0, 4, -2]), (1, 0)).tolist() == [3.25, 6.25, -2.75]
    squares = Layout(8, (Entry("squares", 3, 1.0),), ("moved",))
    assert squares.weigh(np.array([1.0, 3, 5, 7]), (2,)).tolist() == [2, 6]


def test_answers_by_hand() -> None:
    said = np.zeros((2, 5 + 196))
    said[0, 2:5] = [0, np.log(2), 0]
    assert ANSWERS.kinds_of(said[:1]) == pytest.approx({"photo": 0.25, "drawn": 0.5, "screen": 0.25})
    assert sum(ANSWERS.kinds_of(said).values()) == pytest.approx(1)
    said[1, 5 + 14] = 7
    maps = ANSWERS.maps_of(said)
    assert maps is not None
    assert maps[1, 1, 0] == 7
    assert ANSWERS.columns == 201
    assert Answers.usual(1).kinds_of(said) == {}
    assert Answers.usual(2).unfamiliarity == 1


def test_a_blend_shows_each_view_at_its_place() -> None:
    layout = Layout(224, (Entry("whole", 1, 1.0), Entry("tiles", 4, 1.0)))
    views = layout.look(drawn(600, 600))
    maps = local_logits(np.zeros((5, 14, 14)), np.array([0.0, 4, -2, 0, 0]))
    heat = blend(maps, views, layout.weights(views.counts), 28)
    assert heat.shape == (28, 28)
    np.testing.assert_allclose(heat[:14, :14], 2)
    np.testing.assert_allclose(heat[14:, 14:], -1)
    np.testing.assert_allclose(heat[:14, 14:], 0)
    wide = layout.look(drawn(1200, 600))
    assert np.isnan(blend(maps, wide, [1, 1], 28)[:, :13]).all()  # beside the centre nobody looked


def test_cards_come_back_as_they_were(tmp_path: Path) -> None:
    (tmp_path / "card.json").write_text(CARD.to_text(), encoding="utf-8")
    assert Card.load(tmp_path) == CARD
    shipped = Card.load(find_model("cifake"))
    assert shipped.layout == Layout(32, (Entry("squares", 3, 1.0),), ("moved", "mirrored", "re-encoded"))
    assert shipped.answers == Answers.usual(2)
    (tmp_path / "card.json").write_text(shipped.to_text(), encoding="utf-8")
    assert Card.load(tmp_path) == shipped


@pytest.mark.parametrize(
    ("where", "value", "words"),
    [
        (("input", "layout"), [], "empty"),
        (("input", "layout"), [{"view": "tiles", "count": 4, "weight": 1}], "must suit every picture"),
        (("input", "layout"), [{"view": "halves", "count": 4, "weight": 1}], "does not know: halves"),
        (("input", "layout"), [{"view": "whole", "count": 65, "weight": 1}], "65|260"),
        (("input", "layout"), [{"view": "whole", "count": 1, "weight": -1}], "make no sense"),
        (("input", "layout"), [{"view": "whole", "count": 1, "weight": float("nan")}], "make no sense"),
        (("input", "layout"), "whole", "damaged"),
        (("input", "side"), 100_000, "side"),
        (("input", "bias"), float("inf"), "bias"),
        (("input", "variants"), ["upside-down"], "upside-down"),
        (("input", "canonical"), {"long_side": 1, "quality": 92}, "long_side"),
        (("answers",), {"logit": 1, "unfamiliarity": 1}, "share a column"),
        (("answers",), {"logit": -1}, "no column"),
        (("answers",), {"logit": 0}, "unfamiliar"),
        (("answers", "kinds"), {"first": 2, "names": ["photo"]}, "kinds"),
        (("answers", "map"), {"first": 5, "side": 10_000}, "side of the map"),
        (("answers", "map"), [5, 14], "damaged"),
        (("conditions",), {"ugly": ""}, "ugly"),
    ],
)
def test_cards_that_make_no_sense_are_refused(
    where: tuple[str, ...], value: object, words: str, tmp_path: Path
) -> None:
    data = CARD.to_json()
    place = data
    for key in where[:-1]:
        place = place[key]
    place[where[-1]] = value
    (tmp_path / "card.json").write_text(json.dumps(data))
    with pytest.raises(ModelError, match=words):
        Card.load(tmp_path)


def saved(pixels: np.ndarray, form: str, **options: object) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, form, **options)
    return out.getvalue()


def test_files_say_whether_they_lost_anything_and_how_coarse_they_are() -> None:
    pixels = drawn(64, 64)
    for form, options, lossless in (
        ("PNG", {}, True), ("GIF", {}, True), ("BMP", {}, True), ("TIFF", {}, True),
        ("TIFF", {"compression": "jpeg"}, False),
        ("WEBP", {}, False), ("WEBP", {"lossless": True}, True), ("AVIF", {}, False), ("JPEG", {}, False),
    ):  # fmt: skip
        assert decode(saved(pixels, form, **options)).lossless is lossless, form
    for wanted in (30, 60, 75, 95):
        assert decode(saved(pixels, "JPEG", quality=wanted)).quality == wanted
    assert decode(saved(pixels, "PNG")).quality is None
    assert quality({}) is None
    assert quality({0: [0] * 64}) == 100
    assert quality({0: [65535] * 64}) == 1


def photo(side: int = 512, seed: int = 0) -> np.ndarray:
    """Something with detail at every scale, as a photograph has, and nothing of a JPEG's past."""
    rng = np.random.default_rng(seed)
    spectrum = np.fft.rfft2(rng.standard_normal((side, side)))
    radius = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None])
    grey = np.fft.irfft2(spectrum / np.maximum(radius, 1 / side), (side, side))
    grey = 128 + 45 * grey / grey.std()
    return np.clip(grey[..., None] + [8, 0, -8], 0, 255).astype(np.uint8)


def measured(pixels: np.ndarray, form: str = "PNG", **options: object) -> Measures:
    return Measures.of(decode(saved(pixels, form, **options)))


@pytest.mark.parametrize("wanted", [35, 50, 60])
def test_the_quality_of_a_past_jpeg_is_found_wherever_its_grid_lies(wanted: int) -> None:
    for top, left in ((0, 0), (3, 5)):
        pixels = recompress(photo(), "JPEG", wanted)[top:, left:]
        found = measured(pixels).past_quality
        assert found is not None
        assert abs(found - wanted) <= 4
    assert measured(photo()).past_quality is None
    assert past_quality(np.zeros((40, 40), np.float32)) is None


def test_conditions_say_what_applies() -> None:
    everything = dict.fromkeys(CONDITIONS, "")
    assert conditions_of(everything, measured(photo()), {}) == ()
    small = conditions_of({"small": "There it is worse."}, measured(photo(200)), {})
    assert small == ("Its short side has fewer than 256 pixels. There it is worse.",)
    (coarse,) = conditions_of(everything, measured(photo(), "JPEG", quality=40), {})
    assert "quality about 40" in coarse
    (before,) = conditions_of(everything, measured(recompress(photo(), "JPEG", 40)), {})
    assert "before" in before
    enlarged = np.asarray(Image.fromarray(photo()).resize((1536, 1536), Image.Resampling.BICUBIC))
    (soft,) = conditions_of(everything, measured(enlarged), {})
    assert "enlarged" in soft
    assert np.isnan(sharpness(np.zeros((100, 100), np.float32)))
    page = np.full((512, 512, 3), 255, np.uint8)
    page[::16, ::4] = 0
    assert "screenshot" in conditions_of({"screen": ""}, measured(page), {})[0]
    assert not conditions_of({"screen": ""}, measured(page), {"photo": 0.9, "screen": 0.1})
    assert "drawn" in conditions_of(everything, measured(photo()), {"drawn": 0.8, "photo": 0.2})[0]
    for size in ((16, 16), (16, 5000), (17, 200)):
        measured(drawn(*size))


def test_the_layout_is_bounded() -> None:
    with pytest.raises(ValueError, match="more than"):
        replace(LAYOUT, entries=(Entry("whole", 1, 1.0), Entry("crops", 64, 1.0)))
