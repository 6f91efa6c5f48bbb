"""What it costs to read what a file says inside the page, beside Python on the same machine.

    IMAGEAUTH_SHARED=… PYTHONPATH=. python benchmarks/private_files.py --out benchmarks/results/private_files.md

Needs private mode's files (`imageauth web runtime`) and Chromium. Everything is served on this machine.
"""

import argparse
import base64
import os
import platform
import statistics
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.browsing import chromium
from tests.marks import with_star
from tests.metadata_files import A1111, png
from tests.private_site import serve
from tests.signing import authority, created, picture, sign
from tests.test_private_files import Page, comparable, of_this_machine, samples
from tests.test_private_watermarks import FIND, photograph

from imageauth.provenance.trust import TrustLists

STARTS = 5
LOAD = os.getloadavg()[0]


def starts(browser: Any) -> Iterator[tuple[float, float]]:
    """Seconds from nothing to the answer about a file with parameters, and about the first signed file behind it."""
    plain, signed = png(parameters=A1111), sign(picture(), [created("digitalCapture")], root=authority())[0]
    for _ in range(STARTS):
        with serve() as site:
            page = Page(browser, site)
            page.read(plain)
            first = page.seconds
            page.read(signed)
            yield first, page.seconds
            page.context.close()


def agreement(browser: Any, shared: Path) -> tuple[int, int, list[float], list[float]]:
    """Files, those whose evidence differs, and seconds for each in the browser and in Python."""
    there, here, differing = [], [], 0
    with serve() as site:
        page = Page(browser, site)
        page.read(png(parameters=A1111))
        for _, data, image in samples(shared, "genparams", "iptc", "exif", "c2pa", "hostile"):
            begun = time.perf_counter()
            wanted = of_this_machine(image, TrustLists())
            here.append(time.perf_counter() - begun)
            found = page.read(data, image)
            there.append(page.seconds)
            differing += comparable(found) != comparable(wanted)
        page.context.close()
    return len(here), differing, there, here


def watermarks(browser: Any) -> float:
    """Median seconds of the search in a picture of 1024×1024."""
    pixels = with_star(photograph(1, 1024, 1024), 60)
    with serve() as site:
        page = Page(browser, site)
        given = [base64.b64encode(pixels).decode(), 1024, 1024]
        found = [page.page.evaluate(FIND, given)["seconds"] for _ in range(7)]
        page.context.close()
    return statistics.median(found)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path)
    out = parser.parse_args().out
    with chromium() as browser:
        version = browser.version
        first, signed = zip(*starts(browser), strict=True)
        files, differing, there, here = agreement(browser, Path(os.environ["IMAGEAUTH_SHARED"]))
        marks = watermarks(browser)
    rows = [
        ("from nothing to the first answer: Pyodide, our modules, one file", f"{statistics.median(first):.2f} s"),
        ("… fastest and slowest", f"{min(first):.2f}–{max(first):.2f} s"),
        ("the first signed file after that: the C2PA library, its answer", f"{statistics.median(signed):.2f} s"),
        (f"{files} sample files, each after the first: median", f"{1000 * statistics.median(there):.1f} ms"),
        ("… the same in Python", f"{1000 * statistics.median(here):.1f} ms"),
        ("… 95 % of them within", f"{1000 * sorted(there)[int(0.95 * files)]:.0f} ms"),
        ("… whose evidence differs from Python's", str(differing)),
        ("watermarks in a picture of 1024×1024", f"{1000 * marks:.0f} ms"),
    ]
    lines = [
        "# What it costs to read a file inside the page",
        "",
        f"{os.cpu_count()} cores, {platform.system()}, Chromium {version}; {datetime.now(UTC):%Y-%m-%d}; "
        f"load average when it began {LOAD:.1f}. Made by `PYTHONPATH=. python benchmarks/private_files.py`.",
        "",
        "| what | measured |",
        "|---|---:|",
        *(f"| {what} | {value} |" for what, value in rows),
    ]
    text = "\n".join(lines) + "\n"
    if out:
        out.write_text(text, encoding="utf-8")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
