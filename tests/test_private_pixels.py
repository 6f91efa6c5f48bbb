"""What the networks see in the browser is what they see in Python, to the last bit."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps

from imageauth.models import find_model, shipped_models
from imageauth.pixels.canonical import Canonical
from imageauth.pixels.card import Card
from imageauth.pixels.condition import Measures, past_quality, screen, sharpness
from imageauth.pixels.degradations import recompress
from imageauth.pixels.layout import Entry, Layout
from imageauth.pixels.stability import VARIANTS
from imageauth.pixels.views import contrast
from tests.conftest import drawn
from tests.private_page import ModulePage, as_json, digest, module_page, received, sent

pytestmark = pytest.mark.browser

FILTERS = {
    "box": Image.Resampling.BOX,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
# Height and width: square, odd, long both ways, smaller than a block.
SIZES = [(224, 224), (37, 53), (150, 1100), (1700, 16), (160, 1000), (1000, 160), (5, 3)]


def noise(height: int, width: int, seed: int = 0) -> np.ndarray:
    """The hardest picture for arithmetic."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def pictures() -> list[np.ndarray]:
    return [make for size in SIZES for make in (noise(*size), drawn(size[1], size[0], seed=3))]


@pytest.fixture(scope="module")
def page(browser: Any) -> Iterator[ModulePage]:
    with module_page(browser) as opened:
        yield opened
        assert opened.complaints == []


RESIZE = """async (p, cases) => {
  const { resize } = await load("resample");
  const picture = raster(p);
  return Promise.all(cases.map(([w, h, filter, how]) => digest(resize(picture, w, h, filter, how))));
}"""


@pytest.mark.parametrize("pixels", pictures(), ids=lambda pixels: f"{pixels.shape[1]}x{pixels.shape[0]}")
def test_resampling_is_pillows(page: ModulePage, pixels: np.ndarray) -> None:
    height, width = pixels.shape[:2]
    part = (width * 0.13, height * 0.21, width * 0.83, height * 0.93)
    sizes = ((32, 32), (max(1, width // 2), max(1, height // 3)), (width + 9, height))
    hows: tuple[dict[str, Any], ...] = ({}, {"reducingGap": 3}, {"reducingGap": 3, "box": part})
    cases = [(*size, name, how) for size in sizes for name in FILTERS for how in hows]
    got = page.run(RESIZE, sent(pixels), cases)
    picture = Image.fromarray(pixels)
    for (*size, name, how), found in zip(cases, got, strict=True):
        expected = picture.resize(size, FILTERS[name], how.get("box"), reducing_gap=how.get("reducingGap"))
        assert found == digest(np.asarray(expected)), (size, name, how)


def test_reducing_is_pillows(page: ModulePage) -> None:
    reduce = (
        "async (p, ns) => Promise.all(ns.map(async (n) => digest((await load('resample')).reduce(raster(p), n, n))))"
    )
    factors = (2, 3, 5, 7)
    for pixels in pictures():
        expected = [digest(np.asarray(Image.fromarray(pixels).reduce(factor))) for factor in factors]
        assert page.run(reduce, sent(pixels), factors) == expected


def test_saving_as_jpeg_is_libjpegs(page: ModulePage) -> None:
    qualities = (92, 90, 75, 30, 5)
    save = """async (p, qualities) => {
      const { jpegRoundTrip } = await load("jpeg_round_trip");
      return Promise.all(qualities.map((quality) => digest(jpegRoundTrip(raster(p), quality))));
    }"""
    for pixels in pictures():
        expected = [digest(recompress(pixels, "JPEG", quality)) for quality in qualities]
        assert page.run(save, sent(pixels), qualities) == expected, pixels.shape


def test_grey_and_turning_are_pillows(page: ModulePage) -> None:
    pixels = noise(33, 20)
    grey = page.run("async (p) => Array.from((await load('raster')).grey(raster(p)))", sent(pixels))
    np.testing.assert_array_equal(grey, np.asarray(Image.fromarray(pixels).convert("L")).ravel())
    for orientation in range(1, 9):
        picture = Image.fromarray(pixels)
        picture.getexif()[274] = orientation
        expected = np.asarray(ImageOps.exif_transpose(picture))
        got = page.run("async (p, n) => plain((await load('raster')).upright(raster(p), n))", sent(pixels), orientation)
        np.testing.assert_array_equal(received(got), expected, f"orientation {orientation}")


@pytest.mark.parametrize("name", VARIANTS)
def test_harmless_changes_are_pythons(page: ModulePage, name: str) -> None:
    pixels = noise(32, 32, seed=2)
    got = page.run(
        "async (p, name) => plain((await load('stability')).VARIANTS[name].change(raster(p)))", sent(pixels), name
    )
    np.testing.assert_array_equal(received(got), VARIANTS[name][1](pixels[None])[0])
    words = page.run("async (name) => (await load('stability')).VARIANTS[name].words", name)
    assert words == VARIANTS[name][0]


LOOK = """async (layout, p, lossless) => {
  const { look } = await load("layout");
  const { contrast } = await load("views");
  const { views, places, counts } = look(layout, raster(p), { lossless });
  return { views: await Promise.all(views.map(digest)), places, counts, contrast: contrast(views) };
}"""


def layouts() -> dict[str, Layout]:
    shipped = {name: Card.load(find_model(name)).layout for name in shipped_models()}
    everything = Layout(
        64,
        (Entry("squares", 3, 0.4), Entry("whole", 1, 0.2), Entry("tiles", 4, 0.2), Entry("crops", 5, 0.2)),
        ("moved", "resized"),
        0.1,
        Canonical(512, 80),
    )
    return {**shipped, "everything": everything}


@pytest.mark.parametrize("size", [(32, 32), (66, 65), (300, 1400), (448, 449), (1000, 160)])
@pytest.mark.parametrize("name", layouts())
def test_what_a_network_sees(page: ModulePage, name: str, size: tuple[int, int]) -> None:
    layout = layouts()[name]
    data = as_json(layout.to_json())
    given = {**data, "entries": data["layout"]}
    for pixels, lossless in ((drawn(size[1], size[0], seed=5), True), (noise(*size, seed=6), False)):
        views = layout.look(pixels, lossless=lossless)
        got = page.run(LOOK, given, sent(pixels), lossless)
        assert got["views"] == [digest(view) for view in views.pixels]
        np.testing.assert_array_equal(np.array(got["places"]).reshape(-1, 4), views.places)
        assert got["counts"] == list(views.counts)
        assert got["contrast"] == pytest.approx(contrast(views.pixels), rel=1e-9)


def test_what_is_measured_of_a_picture(page: ModulePage) -> None:
    luma = np.array([0.299, 0.587, 0.114], np.float32)
    for pixels in (
        recompress(noise(300, 400), "JPEG", 40),
        recompress(drawn(800, 900, seed=9), "JPEG", 20),
        noise(130, 128),
        drawn(300, 300, seed=1),
        np.full((200, 200, 3), 255, np.uint8),
        np.kron(noise(20, 20), np.ones((12, 12, 1), np.uint8)),
        drawn(40, 20),
    ):
        got = page.run("async (p) => (await load('condition')).measure(raster(p), 55)", sent(pixels))
        height, width = pixels.shape[:2]
        top, left = max(0, height - 768) // 2, max(0, width - 768) // 2
        middle = pixels[top : top + 768, left : left + 768]
        plane = middle.astype(np.float32) @ luma
        expected = Measures(min(height, width), 55, past_quality(plane), sharpness(plane), screen(middle, plane))
        assert (got["shortSide"], got["quality"], got["pastQuality"]) == (
            expected.short_side, expected.quality, expected.past_quality,
        )  # fmt: skip
        # What is no number arrives as None.
        assert (got["sharpness"] if got["sharpness"] is not None else np.nan) == pytest.approx(
            expected.sharpness, rel=1e-4, abs=1e-9, nan_ok=True
        )
        assert got["screen"] == pytest.approx(expected.screen, rel=1e-5, abs=1e-9)
