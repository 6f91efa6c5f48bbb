"""The plots of an evaluation, as SVG text. No global state of matplotlib is read or left changed.

Blue is real and orange is AI-made (Okabe & Ito's palette, told apart by colour-blind readers); lines and bars also
differ in style or hatching.
"""

import io
import re
from typing import Any

import numpy as np
import numpy.typing as npt

from imageauth.errors import MissingExtraError
from imageauth.evaluation.metrics import Floats, precision_recall_curve, reliability, roc_curve
from imageauth.evaluation.protocol import Evaluation

BLUE, ORANGE, GREY, INK = "#0072B2", "#D55E00", "#8a8f98", "#22262e"
STYLE = {
    "svg.fonttype": "path",
    "svg.hashsalt": "imageauth",
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e4e7eb",
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "hatch.linewidth": 0.6,
}


def require_matplotlib(what: str = "the HTML report", extra: str = "evaluate") -> Any:
    """The matplotlib package.

    Args:
        what: needs it.
        extra: brings it.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import matplotlib.figure
    except ImportError:
        raise MissingExtraError(what, extra) from None
    return matplotlib


def draw_plots(evaluation: Evaluation) -> dict[str, tuple[str, str]]:
    """Name → (SVG, description of what it shows, for readers who cannot see it).

    Plots that need both classes are left out when one is missing.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    matplotlib = require_matplotlib()
    figures = evaluation.figures
    plots: dict[str, tuple[str, str]] = {}

    def add(name: str, description: str, draw: Any, size: tuple[float, float] = (4.6, 3.9)) -> None:
        figure = matplotlib.figure.Figure(figsize=size, layout="constrained")
        draw(figure.subplots(), evaluation)
        plots[name] = svg_text(figure, name), description

    with matplotlib.rc_context(STYLE):
        if figures.n_real and figures.n_fake:
            add("roc", f"ROC curve; area {figures.auroc:.4f}", _roc)
            add("precision-recall", f"Precision–recall curve; average precision {figures.average_precision:.4f}", _pr)
        if figures.n:
            add("reliability", f"Reliability diagram; expected calibration error {figures.ece:.4f}", _reliability)
            add("probabilities", "Histogram of probabilities for real and AI-made images", _histogram)
            add("confusion", f"Confusion matrix: {_in_words(evaluation)}", _confusion)
        if evaluation.degradations and figures.n:
            count = len(evaluation.degradations) + 1
            add("degradations", "Accuracy on real and AI-made images under each degradation", _degradations,
                (9.4, 1.2 + 0.27 * count))  # fmt: skip
    return plots


def _roc(axes: Any, evaluation: Evaluation) -> None:
    fpr, tpr, _ = roc_curve(evaluation.labels, evaluation.scores)
    axes.plot([0, 1], [0, 1], color=GREY, linestyle=":", linewidth=1)
    axes.plot(fpr, tpr, color=BLUE, linewidth=2)
    axes.set(title=f"ROC (area {evaluation.figures.auroc:.4f})", xlabel="Real images called AI (FPR)",
             ylabel="AI images found (TPR)", xlim=(-0.01, 1.01), ylim=(-0.01, 1.01))  # fmt: skip
    # What matters in use happens at few false alarms: the same curve on a logarithmic axis.
    inset = axes.inset_axes((0.42, 0.16, 0.54, 0.5))
    least = min(0.01, max(1e-4, 1 / evaluation.figures.n_real))
    inset.step(np.maximum(fpr, least), tpr, where="post", color=BLUE, linewidth=1.6)
    inset.set(xscale="log", xlim=(least, 1), ylim=(0, 1.02))
    inset.set_title("few false alarms", fontsize=8, fontweight="normal", pad=4)
    inset.tick_params(labelsize=7)
    for rate, style in ((0.01, "--"), (0.05, "-.")):
        inset.axvline(rate, color=ORANGE, linestyle=style, linewidth=1)


def _pr(axes: Any, evaluation: Evaluation) -> None:
    precision, recall = precision_recall_curve(evaluation.labels, evaluation.scores)
    share = evaluation.figures.n_fake / evaluation.figures.n
    axes.axhline(share, color=GREY, linestyle=":", linewidth=1)
    axes.step(np.r_[0, recall], np.r_[precision[0], precision], where="pre", color=BLUE, linewidth=2)
    title = f"Precision–recall (AP {evaluation.figures.average_precision:.4f})"
    axes.set(title=title, xlabel="AI images found (recall)", ylabel="Right when it says AI (precision)",
             xlim=(-0.01, 1.01), ylim=(0, 1.02))  # fmt: skip


def _reliability(axes: Any, evaluation: Evaluation) -> None:
    title = f"Reliability (ECE {evaluation.figures.ece:.4f})"
    draw_reliability(axes, title, *reliability(evaluation.labels, evaluation.probabilities))


def draw_reliability(axes: Any, title: str, mean: Floats, share: Floats, count: npt.NDArray[np.int64]) -> None:
    """A reliability diagram.

    Args:
        axes: of matplotlib.
        title: above it.
        mean, share, count: as :func:`~imageauth.evaluation.metrics.reliability` gives them.
    """
    bins = len(count)
    width = 1 / bins
    centres = (np.arange(bins) + 0.5) * width
    axes.bar(centres, count / count.sum(), width * 0.9, color="#dfe3e8", hatch="///", edgecolor="#b9c0c9", linewidth=0,
             label="share of images")  # fmt: skip
    axes.plot([0, 1], [0, 1], color=GREY, linestyle=":", linewidth=1)
    filled = count > 0
    axes.plot(mean[filled], share[filled], color=BLUE, marker="o", markersize=4, linewidth=1.6, label="share of AI")
    for x, top, number in zip(centres[filled], (count / count.sum())[filled], count[filled], strict=True):
        axes.text(x, top + 0.01, f"{number:,}", fontsize=6, ha="center", va="bottom", rotation=90, color="#555b66")
    axes.set(title=title, xlabel="Probability of AI given", ylabel="Share of AI found there", xlim=(0, 1),
             ylim=(0, 1.02))  # fmt: skip
    axes.legend(loc="upper left", fontsize=8)


def _histogram(axes: Any, evaluation: Evaluation) -> None:
    edges = np.linspace(0, 1, 41)
    by_class = [evaluation.probabilities[evaluation.labels == label] for label in (0, 1)]
    axes.hist(by_class[0], edges, color=BLUE, alpha=0.75, label="real")
    axes.hist(by_class[1], edges, color=ORANGE, histtype="step", hatch="\\\\\\", linewidth=1.4, label="AI-made")
    thresholds = evaluation.card.thresholds
    axes.axvline(thresholds.decision, color=INK, linestyle="-", linewidth=1, label="decision")
    if not np.isnan(thresholds.ai):
        for value, label in ((thresholds.real, "verdict"), (thresholds.ai, None)):
            axes.axvline(value, color=INK, linestyle="--", linewidth=1, label=label)
    axes.set(title="Probabilities", xlabel="Probability of AI given", ylabel="Images (log scale)", yscale="log",
             xlim=(0, 1), ylim=(0.7, None))  # fmt: skip
    handles = axes.get_legend_handles_labels()
    axes.figure.legend(*handles, loc="outside lower center", ncols=4, fontsize=8, columnspacing=1)


def _confusion(axes: Any, evaluation: Evaluation) -> None:
    counts = evaluation.figures.confusion
    table = np.array([[counts["true_real"], counts["false_fake"]], [counts["false_real"], counts["true_fake"]]])
    shares: Floats = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1.15)
    for (row, column), number in np.ndenumerate(table):
        ink = "white" if shares[row, column] > 0.7 else INK
        text = f"{number:,}\n{shares[row, column]:.1%}"
        axes.text(column, row, text, ha="center", va="center", color=ink, fontsize=13)
    axes.set(title=f"At threshold {evaluation.figures.threshold:.3g}", xlabel="Called", ylabel="Really")
    axes.set_xticks((0, 1), ("real", "AI"))
    axes.set_yticks((0, 1), ("real", "AI"))
    axes.grid(False)
    axes.tick_params(length=0)


def _degradations(axes: Any, evaluation: Evaluation) -> None:
    rows = {"none (clean)": evaluation.figures, **{n: d.figures for n, d in evaluation.degradations.items()}}
    at = np.arange(len(rows))
    real = np.nan_to_num([figures.real_accuracy for figures in rows.values()])
    fake = np.nan_to_num([figures.fake_accuracy for figures in rows.values()])
    axes.barh(at - 0.2, real, 0.36, color=BLUE, label="real")
    axes.barh(at + 0.2, fake, 0.36, color=ORANGE, hatch="///", edgecolor="white", linewidth=0, label="AI-made")
    worst = evaluation.worst_degradation
    axes.set_yticks(at, [f"{name} (worst)" if name == worst else name for name in rows])
    axes.invert_yaxis()
    axes.axvline(evaluation.figures.balanced_accuracy, color=INK, linestyle="--", linewidth=1, label="clean, balanced")
    axes.set(title="Accuracy under degradations, same threshold", xlabel="Accuracy", xlim=(0, 1),
             ylim=(len(rows) - 0.4, -0.6))  # fmt: skip
    axes.grid(axis="y", visible=False)
    axes.figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=9)


def _in_words(evaluation: Evaluation) -> str:
    counts = evaluation.figures.confusion
    return (
        f"of the real images {counts['true_real']} were called real and {counts['false_fake']} AI; "
        f"of the AI images {counts['true_fake']} were called AI and {counts['false_real']} real"
    )


def svg_text(figure: Any, name: str) -> str:
    """The figure as one ``<svg>`` element whose ids are its own among several on a page."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>|<style .*?</style>|<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r' width="[\d.]+pt" height="[\d.]+pt"', "", text, count=1)
    return re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-", text)
