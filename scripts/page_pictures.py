"""Makes the pictures of the page and of the review that the documentation shows, with the pictures of `make demo`.

Needs Chromium, as the browser tests do: ``python scripts/page_pictures.py``. The photographs ship with scikit-learn.
"""

import io
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "examples")]

from tests.browsing import Visit, chromium  # noqa: E402
from tests.live import serving  # noqa: E402

from demo import pictures  # noqa: E402
from imageauth import Detector  # noqa: E402
from imageauth.server.app import create_app  # noqa: E402

FOLDER = ROOT / "docs" / "images"


def write(page: Any, name: str) -> None:
    """What it shows, as WebP."""
    shot = Image.open(io.BytesIO(page.screenshot()))
    shot.convert("RGB").save(FOLDER / f"{name}.webp", quality=84, method=6)


def save(visit: Visit, name: str, height: int) -> None:
    """The top of the page as WebP."""
    visit.page.wait_for_timeout(300)
    visit.page.evaluate("scrollTo(0, 0)")
    visit.page.set_viewport_size({"width": visit.page.viewport_size["width"], "height": height})
    write(visit.page, name)


def draw(browser: Any, url: str, files: dict[str, bytes]) -> None:
    """Visit by visit, what a reader sees."""
    one = Visit(browser, url, viewport={"width": 1200, "height": 900}).open()
    one.drop({"temple.jpg": files["temple.jpg"]})
    one.settled(1)
    one.page.get_by_role("slider").fill("70")
    one.page.locator(".evidence summary").first.click()
    save(one, "page-card", 1180)

    many = Visit(browser, url, viewport={"width": 1200, "height": 900}).open()
    many.drop(files)
    many.settled(len(files))
    many.page.mouse.move(0, 0)
    save(many, "page-many", 1000)

    phone = {"width": 390, "height": 844}
    small = Visit(browser, url, viewport=phone, is_mobile=True, has_touch=True, color_scheme="dark", locale="de").open()
    small.drop({"island.png": files["island.png"]})
    small.settled(1)
    save(small, "page-phone", 1500)
    for visit in (one, many, small):
        visit.context.close()


def draw_review(browser: Any, folder: Path) -> None:
    """The page that `imageauth review` writes, of parts of the photographs and of drawings."""
    for path in sorted(folder.glob("*.jpg")):
        if path.stem not in ("temple", "flower"):
            continue
        with Image.open(path) as photograph:
            for index in range(8):
                left, top = 45 * index, 40 * (index % 3)
                photograph.crop((left, top, left + 320 - 20 * index, top + 260)).save(
                    folder / f"{path.stem}-{index}.jpg"
                )
    results, page = folder / "results.jsonl", folder / "review.html"
    for words in (["scan", str(folder), "--out", str(results)], ["review", str(results), "--out", str(page)]):
        subprocess.run([sys.executable, "-m", "imageauth", *words], check=False, stdout=subprocess.DEVNULL)
    opened = browser.new_page(viewport={"width": 1200, "height": 760})
    opened.goto(page.as_uri())
    opened.wait_for_timeout(1500)
    write(opened, "review")
    opened.close()


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        pictures(Path(name))
        files = {path.name: path.read_bytes() for path in sorted(Path(name).iterdir())}
        with serving(create_app(Detector())) as url, chromium() as browser:
            draw_review(browser, Path(name))
            draw(browser, url, files)
    for path in sorted(FOLDER.glob("*.webp")):
        print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
