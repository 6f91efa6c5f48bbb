"""Watermarks are found in the browser where Python finds them, by the same figures."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from imageauth.errors import ImageError
from imageauth.images import decode
from imageauth.provenance.watermarks.invisible import read_invisible
from imageauth.provenance.watermarks.messages import MESSAGES, Plane
from imageauth.provenance.watermarks.visible import read_visible
from tests.conftest import drawn
from tests.marks import embed, jpeg, with_bar, with_star
from tests.private_site import serve

pytestmark = pytest.mark.browser

FIND = """async ([data, width, height]) => {
  const { findWatermarks } = await import("./js/private/watermarks/watermarks.js");
  const pixels = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
  const started = performance.now();
  const found = findWatermarks({ data: pixels, width, height });
  return { found, seconds: (performance.now() - started) / 1000 };
}"""
TABLE = """async () => {
  const { MESSAGES, PLANES } = await import("./js/private/watermarks/messages.js");
  return { MESSAGES, PLANES };
}"""


@pytest.fixture(scope="module")
def page(browser: Any) -> Iterator[Any]:
    with serve() as site:
        context = browser.new_context()
        page = context.new_page()
        page.goto(site.address)
        yield page
        context.close()


def compare(page: Any, pixels: np.ndarray) -> list[str]:
    """Names of the marks that both find, after checking that both say the same of each."""
    data = base64.b64encode(np.ascontiguousarray(pixels).tobytes()).decode()
    said = page.evaluate(FIND, [data, pixels.shape[1], pixels.shape[0]])
    here = [*read_invisible(pixels), *read_visible(pixels)]
    assert [item["detail"].pop("name") for item in said["found"]] == [mark.name for mark in here]
    for item, mark in zip(said["found"], here, strict=True):
        assert (item["source"], item["points_to"], item["strength"]) == ("watermark", "ai", "declared")
        assert (item["code"], item["finding"]) == (mark.code, mark.finding)
        detail = {key: value for key, value in mark.to_json().items() if key != "name"}
        assert item["detail"].keys() == detail.keys()
        for key, value in detail.items():
            # The last digit that is told may fall to the other side.
            assert item["detail"][key] == (
                value if isinstance(value, str) else pytest.approx(value, abs=1.1e-3, rel=2e-3)
            )
    assert said["seconds"] < 5
    return [mark.name for mark in here]


def photograph(seed: int = 0, width: int = 640, height: int = 424) -> np.ndarray:
    """Smooth shapes with the noise of a camera."""
    noise = np.random.default_rng(seed).normal(0, 6, (height, width, 3))
    return np.clip(np.rint(drawn(width, height, seed) + noise), 0, 255).astype(np.uint8)


def test_the_tables_are_the_same(page: Any) -> None:
    said = page.evaluate(TABLE)
    planes = list(Plane)
    assert [(item["exchanged"], item["centre"]) for item in said["PLANES"]] == [plane.value for plane in planes]
    for item, message in zip(said["MESSAGES"], MESSAGES, strict=True):
        assert [planes[at] for at in item.pop("planes")] == list(message.planes)
        assert item == {name: getattr(message, name) for name in item}


@pytest.mark.parametrize("at", range(len(MESSAGES)))
def test_each_message_is_found(page: Any, at: int) -> None:
    message = MESSAGES[at]
    for plane in message.planes:
        marked = embed(photograph(at), message.binary, plane)
        assert compare(page, marked) == [f"dwtDct {message.text}"]
        compare(page, jpeg(marked, 90))
    assert compare(page, photograph(at)) == []


@pytest.mark.parametrize("size", [20.0, 48.0, 96.0])
def test_the_star_is_found(page: Any, size: float) -> None:
    side = int(size / 0.06)
    picture = photograph(3, side, side + 40)
    assert compare(page, with_star(picture, size)) == ["Gemini sparkle"]
    compare(page, jpeg(with_star(picture, size), 75))
    compare(page, with_star(picture, size, 0.3))


@pytest.mark.parametrize("side", [16, 8, 5])
def test_the_colour_bar_is_found(page: Any, side: int) -> None:
    picture = photograph(4, side * 64, side * 64)
    assert "DALL·E 2 colour bar" in compare(page, with_bar(picture, side))
    compare(page, jpeg(with_bar(picture, side), 60))


@pytest.mark.parametrize("shape", [(16, 16), (33, 4000), (4000, 33), (257, 255), (1100, 1500)])
def test_pictures_of_any_shape_and_flat_ones(page: Any, shape: tuple[int, int]) -> None:
    compare(page, photograph(5, *shape[::-1]))
    for value in (0, 255):
        compare(page, np.full((*shape, 3), value, np.uint8))


@pytest.mark.shared
def test_the_samples_are_judged_alike(page: Any, shared: Path) -> None:
    read = 0
    for file in sorted(file for file in (shared / "samples").rglob("*") if file.is_file()):
        try:
            image = decode(file.read_bytes())
        except ImageError:
            continue
        if image.width * image.height <= 200_000:
            compare(page, image.pixels)
            read += 1
    assert read > 80
