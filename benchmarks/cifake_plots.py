"""The plots of the documentation: the shipped ``cifake`` model on the validation split.

    python benchmarks/cifake_plots.py DATA --out docs/images

``DATA`` was made by ``imageauth data cifake``.
"""

import argparse
from pathlib import Path

from imageauth.evaluation.dataset import find_images
from imageauth.evaluation.plots import draw_plots
from imageauth.evaluation.protocol import evaluate
from imageauth.files import write_text
from imageauth.pixels.model import PixelModel


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--limit", type=int, help="images of each class")
    arguments = parser.parse_args()
    found = find_images(arguments.data, "validation")
    if arguments.limit:
        found = found.limited(arguments.limit)
    plots = draw_plots(evaluate(PixelModel.load("cifake"), found.items, degradations=True, resamples=0))
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name, (svg, description) in plots.items():
        write_text(arguments.out / f"cifake-{name}.svg", svg)
        print(f"cifake-{name}.svg: {description}")


if __name__ == "__main__":
    main()
