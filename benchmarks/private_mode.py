"""How fast private mode is in a browser, beside Python on the same machine and the same files.

    PYTHONPATH=.:benchmarks python benchmarks/private_mode.py --out benchmarks/results/private_mode.md

Needs private mode's files (`imageauth web runtime`), the extra [serve], playwright and Chromium. Everything is served
on this machine, by `imageauth serve`'s own application. Browser and Python take turns.
"""

import argparse
import base64
import io
import os
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import PIL.Image
from tests.browsing import chromium
from tests.live import serving

from imageauth import Detector
from imageauth.server.app import create_app
from photo_speed import picture, took
from speed import write_page

# Seconds from the switch to readiness, and to the first answer.
FIRST = """async (data) => {
  window.bytes = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  window.quiet = () => ({ heatmap: false, signal: new AbortController().signal, progress() {} });
  const file = new File([bytes(data)], "a.jpg");
  const begun = performance.now();
  const { privateChecker } = await import("./js/checkers/private.js");
  window.checker = privateChecker();
  await checker.prepare(quiet());
  const ready = performance.now() - begun;
  const { verdict } = await checker.check(file, quiet());
  return { ready: ready / 1000, first: (performance.now() - begun) / 1000, verdict };
}"""
NEXT = """async (data, heatmap) => {
  const file = new File([bytes(data)], "b");
  const begun = performance.now();
  const { verdict } = await checker.check(file, { ...quiet(), heatmap });
  return { seconds: (performance.now() - begun) / 1000, verdict };
}"""
PARTS = """async (data, name) => {
  const load = (module) => import(`./js/private/${module}.js`);
  const { decode } = await load("decode");
  const { look } = await load("layout");
  const { measure } = await load("condition");
  const { readCard } = await load("card");
  const card = readCard(await (await fetch(`private/models/${name}/card.json`)).json());
  const file = bytes(data);
  const times = [];
  const timed = async (step) => {
    const begun = performance.now();
    const result = await step();
    times.push(performance.now() - begun);
    return result;
  };
  const { picture, lossless, quality } = await timed(() => decode(file));
  await timed(() => measure(picture, quality));
  await timed(() => look(card.layout, picture, { lossless }));
  return times;
}"""


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def saved(image: PIL.Image.Image, kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def files() -> dict[str, bytes]:
    square = picture(1024, 1024)
    return {
        "1024×1024 JPEG": saved(square, "JPEG", quality=90),
        "1024×1024 PNG": saved(square, "PNG"),
        "12-megapixel JPEG": saved(picture(4032, 3024), "JPEG", quality=90),
        "32×32 PNG": saved(square.resize((32, 32)), "PNG"),
    }


def starts(browser: Any, url: str, data: bytes, runs: int) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """From the switch to the first answer: in a browser that has nothing yet, and when the page is opened again."""
    for _ in range(runs):
        context = browser.new_context()
        page = context.new_page()
        page.goto(url)
        cold = page.evaluate(FIRST, encoded(data))
        page.reload()
        yield cold, page.evaluate(FIRST, encoded(data))
        context.close()


def run(page: Any, detector: Detector, name: str, data: bytes, runs: int) -> list[tuple[str, str, str]]:
    """Rows about one file: each check in the browser is followed by one in Python."""
    text = encoded(data)
    in_browser, in_python = [], []
    for at in range(runs + 1):
        answer = page.evaluate("async ([data]) => (" + NEXT + ")(data, false)", [text])
        seconds = took(lambda: detector.check(data))
        if at:  # the first one warms both up
            in_browser.append(answer["seconds"])
            in_python.append(seconds)
    ratio = statistics.median(a / b for a, b in zip(in_browser, in_python, strict=True))
    return [
        (f"{name}, in the browser", f"{statistics.median(in_browser):.2f} s", "≤ 2 s"),
        ("… in Python", f"{statistics.median(in_python):.2f} s", ""),
        ("… ratio", f"{ratio:.1f}×", "≤ 3×"),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--runs", type=int, default=7)
    arguments = parser.parse_args()
    given, detector = files(), Detector()
    rows: list[tuple[str, str, str]] = []
    with serving(create_app(detector)) as url, chromium() as browser:
        pairs = list(starts(browser, url, given["1024×1024 JPEG"], max(3, arguments.runs // 2)))
        for place, what in enumerate(("first visit", "page opened again")):
            ready = statistics.median(pair[place]["ready"] for pair in pairs)
            first = statistics.median(pair[place]["first"] for pair in pairs)
            rows += [
                (f"from the switch to readiness, {what}", f"{ready:.2f} s", ""),
                ("… to the first verdict, 1024×1024 JPEG", f"{first:.2f} s", "≤ 5 s"),
            ]
        page = browser.new_page()
        page.goto(url)
        page.evaluate(FIRST, encoded(given["32×32 PNG"]))
        for name, data in given.items():
            rows += run(page, detector, name, data, arguments.runs)
        for name in ("1024×1024 PNG", "12-megapixel JPEG"):
            times = [
                page.evaluate("async ([data]) => (" + PARTS + ")(data, 'photo')", [encoded(given[name])])
                for _ in range(4)
            ]
            parts = [statistics.median(column[1:]) for column in zip(*times, strict=True)]
            words = ", ".join(
                f"{part} {ms:.0f} ms" for part, ms in zip(("decoding", "measuring", "views"), parts, strict=True)
            )
            rows.append((f"{name}, what is not the network", words, ""))
        plain = [
            page.evaluate("async ([data]) => (" + NEXT + ")(data, false)", [encoded(given["1024×1024 JPEG"])])
            for _ in range(4)
        ]
        drawn = [
            page.evaluate("async ([data]) => (" + NEXT + ")(data, true)", [encoded(given["1024×1024 JPEG"])])
            for _ in range(4)
        ]
        ratio = statistics.median(b["seconds"] / a["seconds"] for a, b in zip(plain, drawn, strict=True))
        rows.append(("1024×1024 JPEG with its heatmap, over the check", f"{ratio:.2f}×", ""))
        rows.append(("processor load before (1 minute)", f"{LOAD:.1f}", ""))
        title = f"Speed: private mode, Chromium {browser.version}"
    write_page(arguments.out, title, rows, arguments.runs, "private_mode.py")


LOAD = os.getloadavg()[0]

if __name__ == "__main__":
    main()
