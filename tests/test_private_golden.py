"""The browser and Python agree on every golden picture: what the networks see, the probability, the verdict."""

import base64
import io
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from imageauth import Detector
from imageauth.errors import ImageError
from imageauth.images import decode
from imageauth.pixels.choice import Models
from imageauth.report import Report
from tests.private_page import ModulePage, digest, module_page
from tests.test_golden import large_patterns, patterns

pytestmark = pytest.mark.browser

# As issue E asks. One network of 8-bit activations cannot promise it for each picture: see docs/private-mode.md.
AGREEMENT = 0.01

LOAD = """async () => {
  const { privateChecker } = await import("./js/checkers/private.js");
  window.checker = privateChecker();
  window.how = { signal: new AbortController().signal, progress() {} };
  await checker.prepare(how);
}"""
CHECK = """async (data, name, heatmap) => checker.check(new File([bytes(data)], name), { heatmap, ...how })"""
SEE = """async (data, cards) => {
  const { decode } = await load("decode");
  const { look } = await load("layout");
  const { madeFor, readCard } = await load("card");
  const { picture, lossless } = await decode(bytes(data));
  const { card } = madeFor(cards.map((card) => ({ card: readCard(card) })), picture.width, picture.height);
  return Promise.all(look(card.layout, picture, { lossless }).views.map(digest));
}"""


@pytest.fixture(scope="module")
def page(browser: Any) -> Iterator[ModulePage]:
    with module_page(browser, files=False) as opened:
        opened.run(LOAD)
        yield opened
        assert opened.complaints == []


@pytest.fixture(scope="module")
def python() -> Detector:
    """The same, without what the browser does not do here: reading what files say of themselves."""
    return Detector()


def as_png(pixels: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


def drawn_files() -> dict[str, bytes]:
    """The golden patterns, of both models."""
    small = {f"small-{name}": as_png(pixels) for name, pixels in patterns().items()}
    return small | {f"large-{name}": as_png(pixels) for name, pixels in large_patterns().items()}


def real_files(shared: Path) -> dict[str, bytes]:
    """The golden pictures, as files: every 3000th of CIFAKE's archive, and the sample files."""
    found = {}
    with tarfile.open(shared / "cifake" / "train.tar.xz") as tar:
        for index, member in enumerate(m for m in tar if m.isfile()):
            if index % 3000 == 0 and (stream := tar.extractfile(member)):
                found[member.name] = stream.read()
    samples = sorted(p for p in (shared / "samples").rglob("*.*") if p.suffix in (".jpg", ".png", ".webp"))
    for path in samples[::30]:
        data = path.read_bytes()
        try:
            if min(decode(data).pixels.shape[:2]) > 64:
                found[path.name] = data
        except ImageError:
            continue
    return found


def views_of(data: bytes) -> list[str]:
    """What Python's model sees of a file."""
    image = decode(data)
    model = Models("auto").made_for(image.width, image.height)
    assert model is not None
    return [digest(view) for view in model.views(image.pixels, lossless=image.lossless).pixels]


def chance(report: dict[str, Any]) -> float:
    """The probability, also of a picture outside the model's domain."""
    detail = next(item["detail"] for item in report["evidence"] if item["source"] == "pixels")
    value: float = detail.get("probability", detail.get("uncalibrated_probability"))
    return value


def pixels_alone(report: Report) -> str:
    """The code of what the pixels say."""
    return next(item.code for item in report.evidence if item.source == "pixels")


def compare(page: ModulePage, python: Detector, name: str, data: bytes) -> tuple[float, bool]:
    """|Δ probability|, and whether the pixels say the same; after checking that all else agrees."""
    expected = python.check(data, name=name)
    got = page.run(CHECK, base64.b64encode(data).decode(), name, False)
    assert "error" not in got, got
    about = ("schema", "file", "sha256", "format", "width", "height")
    assert [got[key] for key in about] == [expected.to_json()[key] for key in about]
    assert got["produced_by"] == {**expected.produced_by, "runtime": "browser"}
    found = next(item["code"] for item in got["evidence"] if item["source"] == "pixels")
    return abs(chance(got) - chance(expected.to_json())), found == pixels_alone(expected)


@pytest.mark.parametrize("name", drawn_files())
def test_patterns(page: ModulePage, python: Detector, cards: list[Any], name: str) -> None:
    data = drawn_files()[name]
    assert page.run(SEE, base64.b64encode(data).decode(), cards) == views_of(data)
    difference, same = compare(page, python, name, data)
    assert same
    assert difference <= AGREEMENT


@pytest.fixture(scope="module")
def cards() -> list[Any]:
    import json

    from imageauth.models import find_model, shipped_models

    return [json.loads((find_model(name) / "card.json").read_text(encoding="utf-8")) for name in shipped_models()]


@pytest.mark.shared
def test_real_pictures(page: ModulePage, python: Detector, cards: list[Any], shared: Path) -> None:
    apart = {}
    for name, data in real_files(shared).items():
        assert page.run(SEE, base64.b64encode(data).decode(), cards) == views_of(data) or "cmyk" in name, name
        difference, same = compare(page, python, name, data)
        print(f"{difference:.4f} {'' if same else 'another answer '}{name}")
        if difference > AGREEMENT or not same:
            apart[name] = difference
    assert apart == {}
