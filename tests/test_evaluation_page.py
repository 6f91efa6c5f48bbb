"""The evaluation page in a real browser."""

import pytest

from imageauth.evaluation.dataset import find_images
from imageauth.evaluation.html import render_page
from imageauth.evaluation.protocol import evaluate
from tests.brightness import Brightness, draw

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page_file(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    for index in range(8):
        draw(folder / "one/REAL" / f"r{index}.png", 60 + 14 * index, seed=index)
        draw(folder / "two/FAKE" / f"<img src=x onerror=alert(1)>{index}.png", 110 + 14 * index, seed=index)
        draw(folder / "two/REAL" / f"r{index}.png", 60 + 14 * index, seed=index)
    (folder / "one/REAL/torn.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    evaluation = evaluate(Brightness(), find_images(folder).items, degradations=True, resamples=20)
    file = folder / "page.html"
    file.write_text(render_page(evaluation, {"Data": "drawn"}), encoding="utf-8")
    return file


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 375])
def test_page_in_chromium(browser, page_file, scheme, width):
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 800})
    try:
        page = context.new_page()
        complaints, requests = [], []
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(page_file.as_uri())
        widths = page.evaluate("Array.from(document.images, image => image.naturalWidth)")
        assert widths
        assert all(widths)
        drawn = page.evaluate("Array.from(document.querySelectorAll('figure > svg'), s => s.getBoundingClientRect())")
        assert len(drawn) == 6
        assert all(box["width"] > 100 and box["height"] > 100 for box in drawn)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate("document.documentElement.lang") == "en"
        assert page.title() == "Evaluation of brightness"
        headings = page.evaluate("Array.from(document.querySelectorAll('h1, h2'), h => h.textContent)")
        assert headings == [
            "Evaluation of brightness", "Figures", "Plots", "Degradations", "Groups", "Most wrong",
            "Files that failed", "What was run",
        ]  # fmt: skip
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert ground == ("rgb(247, 248, 250)" if scheme == "light" else "rgb(20, 23, 28)")
        assert complaints == []
        assert [url for url in requests if not url.startswith(("file:", "data:"))] == []
        assert sum(url.startswith("file:") for url in requests) == 1
    finally:
        context.close()
