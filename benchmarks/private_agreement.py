"""How far the probability that private mode gives in a browser is from Python's, on real pictures.

    PYTHONPATH=.:benchmarks python benchmarks/private_agreement.py FOLDER… --out benchmarks/results/private_agreement.md

Needs private mode's files (`imageauth web runtime`), the extra [serve], playwright and Chromium. Of each folder, with
all that is below it, the same pictures are taken each time: those whose SHA-256 is lowest. Only such as `photo` looks
at count.
"""

import argparse
import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from tests.browsing import chromium
from tests.live import serving

from imageauth import Detector
from imageauth.errors import ImageError
from imageauth.images import decode, has_image_suffix
from imageauth.report import Report
from imageauth.server.app import create_app
from private_mode import FIRST, encoded
from speed import write_page

CHECK = 'async (data) => checker.check(new File([bytes(data)], "b"), { ...quiet(), heatmap: false })'
CLOSE = 0.01  # what private mode aims at


def chosen(folders: Sequence[Path], most: int, domain: tuple[int, int]) -> Iterator[bytes]:
    """At most so many files of each folder, of pictures whose short side is within the domain."""
    for folder in folders:
        files = (path for path in folder.rglob("*") if path.is_file() and has_image_suffix(path.name))
        count = 0
        for data in sorted((path.read_bytes() for path in files), key=lambda data: hashlib.sha256(data).hexdigest()):
            if count < most and fits(data, domain):
                count += 1
                yield data


def fits(data: bytes, domain: tuple[int, int]) -> bool:
    """Whether it is a picture of that short side, pixels."""
    try:
        image = decode(data)
    except ImageError:
        return False
    return domain[0] <= min(image.width, image.height) <= domain[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--most", type=int, default=40, help="pictures of each folder")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    detector = Detector()
    (domain,) = (model.card.domain.short_side for model in detector.models if model.card.name == "photo")
    apart: list[float] = []
    other = 0
    with serving(create_app(detector)) as url, chromium() as browser:
        page = browser.new_page()
        page.goto(url)
        first = True
        for data in chosen(arguments.folders, arguments.most, domain):
            if first:
                page.evaluate(FIRST, encoded(data))
                first = False
            mine = detector.check(data)
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
