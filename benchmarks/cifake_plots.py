"""The plots of the documentation: the shipped ``cifake`` model on the validation split.

    python benchmarks/cifake_plots.py DATA --out docs/images [--only NAME]

``DATA`` was made by ``imageauth data cifake``. Besides the plots of ``imageauth evaluate --html`` there is
``risk-coverage``: how many verdicts are wrong, the more of the images get one.
"""

import argparse
from pathlib import Path

import matplotlib
import matplotlib.figure
import numpy as np

from imageauth.evaluation.dataset import find_images
from imageauth.evaluation.plots import BLUE, INK, STYLE, draw_plots, svg_text
from imageauth.evaluation.protocol import Evaluation, evaluate
from imageauth.files import write_text
from imageauth.pixels.model import PixelModel


def risk_coverage(evaluation: Evaluation) -> tuple[str, str]:
    """Error among the images that the model is surest of, by their share of all (El-Yaniv & Wiener 2010).

    Surest is whose probability lies nearest to 0 or 1; familiarity and stability are left aside.
    """
    called_ai = evaluation.probabilities >= evaluation.card.thresholds.decision
    sure = np.maximum(evaluation.probabilities, 1 - evaluation.probabilities)
    order = np.argsort(-sure, kind="stable")
    wrong = (called_ai != (evaluation.labels == 1))[order]
    count = np.arange(1, len(wrong) + 1)
    share, error = count / len(wrong), np.cumsum(wrong) / count
    # Equally sure ones come together.
    shown = np.append(np.diff(sure[order]) != 0, True)
    figures = evaluation.figures
    with matplotlib.rc_context(STYLE):
        figure = matplotlib.figure.Figure(figsize=(6.4, 3.6), layout="constrained")
        axes = figure.subplots()
        axes.plot(share[shown], error[shown], color=BLUE, linewidth=2)
        axes.plot([figures.coverage], [1 - figures.accuracy_on_decided], "o", color=INK, markersize=7)
        axes.annotate("what ships", (figures.coverage, 1 - figures.accuracy_on_decided), (-12, 16),
                      textcoords="offset points", ha="right")  # fmt: skip
        axes.set(title="The more verdicts, the more are wrong", xlabel="Share of images that get a verdict",
                 ylabel="Wrong of those", xlim=(0.5, 1.005), ylim=(0, None))  # fmt: skip
        axes.xaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")
        axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.2g} %")
        words = f"{error[-1]:.2%} wrong if all get a verdict, {error[int(0.9 * len(error))]:.2%} of the surest 90 %"
        return svg_text(figure, "risk"), f"Risk and coverage; {words}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--limit", type=int, help="images of each class")
    parser.add_argument("--only", metavar="NAME", help="write this one plot")
    arguments = parser.parse_args()
    found = find_images(arguments.data, "validation")
    if arguments.limit:
        found = found.limited(arguments.limit)
    worn = arguments.only in (None, "degradations")
    evaluation = evaluate(PixelModel.load("cifake"), found.items, degradations=worn, resamples=0)
    plots = draw_plots(evaluation) | {"risk-coverage": risk_coverage(evaluation)}
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name, (svg, description) in plots.items():
        if arguments.only not in (None, name):
            continue
        write_text(arguments.out / f"cifake-{name}.svg", svg)
        print(f"cifake-{name}.svg: {description}")


if __name__ == "__main__":
    main()
