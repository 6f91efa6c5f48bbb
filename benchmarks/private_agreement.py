"""How far the probability that private mode gives in a browser is from Python's, on real pictures.

    PYTHONPATH=.:benchmarks python benchmarks/private_agreement.py FOLDER… --out benchmarks/results/private_agreement.md

Needs private mode's files (`imageauth web runtime`), the extra [serve], playwright and Chromium. Of each folder, with
all that is below it, the same pictures are taken each time: those whose SHA-256 is lowest. Only such as `photo` looks
at count.
"""

import argparse
import hashlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
from tests.browsing import chromium
from tests.live import serving

from imageauth import Detector
from imageauth.cli.inputs import expand
from imageauth.errors import ImageError
from imageauth.report import Report
from imageauth.server.app import create_app
from photo_speed import picture
from private_mode import FIRST, encoded, saved
from speed import write_page

CHECK = 'async (data) => checker.check(new File([bytes(data)], "b"), { ...quiet(), heatmap: false })'
CLOSE = 0.01  # what private mode aims at


def answered(folder: Path, detector: Detector) -> Iterator[tuple[bytes, Report]]:
    """The files of a folder that `photo` looks at, by their SHA-256, and what it says of them."""
    found = (Path(item.source).read_bytes() for item in expand([str(folder)]) if isinstance(item.source, str))
    for data in sorted(found, key=lambda data: hashlib.sha256(data).digest()):
        try:
            report = detector.check(data)
        except ImageError:
            continue
        if str(report.produced_by["model"]).startswith("photo "):
            yield data, report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--most", type=int, default=40, help="pictures of each folder")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    detector = Detector()
    apart: list[float] = []
    other = 0
    with serving(create_app(detector)) as url, chromium() as browser:
        page = browser.new_page()
        page.goto(url)
        page.evaluate(FIRST, encoded(saved(picture(256, 256), "PNG")))
        for folder in arguments.folders:
            for data, mine in islice(answered(folder, detector), arguments.most):
                answer = page.evaluate(CHECK, encoded(data))
                if "verdict" not in answer:
                    continue  # of a format that browsers do not read
                theirs = Report.from_json(answer)
                if mine.probability is None or theirs.probability is None:
                    continue
                apart.append(abs(mine.probability - theirs.probability))
                other += mine.verdict is not theirs.verdict
                print(f"{apart[-1]:.4f} {mine.probability:.4f} {mine.verdict.value} {theirs.verdict.value}", flush=True)
    differences = np.array(apart)
    rows = [
        ("pictures", f"{len(differences)}", ""),
        ("difference of the probability, median", f"{np.median(differences):.4f}", ""),
        ("… nine of ten below", f"{np.quantile(differences, 0.9):.4f}", ""),
        ("… largest", f"{differences.max():.4f}", ""),
        (f"… above {CLOSE:g}", f"{int((differences > CLOSE).sum())}", "0"),
        ("other verdicts", f"{other}", "0"),
    ]
    how = "Each picture was checked in Chromium (WebAssembly) and in Python on the same machine."
    write_page(arguments.out, "Private mode beside Python: `photo`", rows, 1, "private_agreement.py FOLDER…", how)


if __name__ == "__main__":
    main()
