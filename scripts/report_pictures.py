"""Makes the pictures of reports that the documentation shows, of the pictures of `make demo`.

Needs Chromium, as the browser tests do: ``python scripts/report_pictures.py``. The photographs ship with scikit-learn.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pypdfium2
from page_pictures import FOLDER, ROOT, write
from PIL import Image

sys.path[:0] = [str(ROOT), str(ROOT / "examples")]

from tests.browsing import chromium  # noqa: E402

from demo import pictures  # noqa: E402

TIME = "2026-11-26T18:00:00Z"
_GAP, _GROUND = 24, (226, 223, 216)


def check(folder: Path, names: Sequence[str], *outputs: str) -> None:
    """Have the command write reports, as a user would from that folder; without the lists of whoever runs this."""
    command = [sys.executable, "-m", "imageauth", "check", *names, *outputs, "--time", TIME]
    environment = os.environ | {"IMAGEAUTH_DATA": str(folder / "data")}
    # One of the files is no picture, which ends with 1.
    subprocess.run(command, cwd=folder, check=False, stdout=subprocess.DEVNULL, env=environment)


def pages(pdf: Path, numbers: Sequence[int], name: str) -> None:
    """Pages of a PDF side by side, as WebP."""
    with pypdfium2.PdfDocument(pdf) as document:
        drawn = [document[number - 1].render(scale=1.15).to_pil() for number in numbers]
    width, height = drawn[0].size
    sheet = Image.new("RGB", (len(drawn) * (width + _GAP) + _GAP, height + 2 * _GAP), _GROUND)
    for index, page in enumerate(drawn):
        sheet.paste(page, (_GAP + index * (width + _GAP), _GAP))
    sheet.save(FOLDER / f"{name}.webp", quality=80, method=6)


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pictures(folder)
        names = sorted(path.name for path in folder.iterdir())
        check(folder, ["temple.jpg"], "--html", "report.html", "--pdf", "report.pdf")
        check(folder, names, "--pdf", "many.pdf")
        pages(folder / "report.pdf", (1, 2), "report-pdf")
        pages(folder / "many.pdf", (1, 2), "report-many")
        with chromium() as browser:
            page = browser.new_page(viewport={"width": 1080, "height": 1180})
            page.goto((folder / "report.html").as_uri())
            write(page, "report-page")
    for path in sorted(FOLDER.glob("report-*.webp")):
        print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
