"""A comparison as one HTML page."""

from collections.abc import Mapping
from html import escape
from typing import Any

from imageauth.evaluation.compared import NAMES, groups, rows, sentences, tests
from imageauth.evaluation.comparison import LEAST_PICTURES, Comparison
from imageauth.evaluation.metrics import Floats, reliability, roc_curve
from imageauth.evaluation.paired import Judged, Paired
from imageauth.evaluation.plots import BLUE, GREY, ORANGE, STYLE, draw_reliability, require_matplotlib, svg_text
from imageauth.evaluation.sheet import page, plot, row, run, section, table


def render_comparison(found: Comparison, about: Mapping[str, str]) -> str:
    """The page.

    Args:
        found: to show.
        about: facts of the run; label → text.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    names = {"A": found.a.title, "B": found.b.title}
    parts = [
        section("What it comes to", "".join(f"<p>{escape(text)}</p>" for text in sentences(found))),
        section(
            "Figures",
            "<p>Differences are B less A, with 95 % intervals of a paired bootstrap; of shares, in percentage points."
            "</p>" + table(["", "A", "B", "B − A", "95 %"], (row(line[0], line[1:]) for line in rows(found))),
        ),
        section("Plots", pair_plots(found.labels, (found.of_a, found.of_b), found.figures, ("A", "B"))),
        section(
            "Tests on the same pictures",
            "<p>Pictures that only one of them got right, and how likely chance alone would part them so far or "
            "further (McNemar, mid-p).</p>"
            + table(["", "Only A", "Only B", "By chance"], (row(line[0], line[1:]) for line in tests(found))),
        ),
        _verdicts(found),
        section(
            "Sub-folders",
            f"<p>Of {LEAST_PICTURES} images or more: right at the decision threshold; p by McNemar, adjusted by Holm "
            "for looking so often.</p>"
            + table(
                ["Sub-folder", "Images", "A", "B", "By chance"], (row(line[0], line[1:]) for line in groups(found))
            ),
        )
        if found.groups
        else "",
        run(
            {
                **names,
                "SHA-256 of A": found.a.sha256,
                "SHA-256 of B": found.b.sha256,
                **about,
            }
        ),
    ]
    real = int((found.labels == 0).sum())
    counts = f"{real:,} real and {len(found.labels) - real:,} AI-made images"
    return page(f"{names['A']} and {names['B']} compared", counts, parts)


def _verdicts(found: Comparison) -> str:
    if not found.verdicts:
        return ""
    body = ""
    for name, label in (("real", "Real pictures"), ("fake", "AI-made pictures")):
        lines = zip(NAMES, found.verdicts.table[name], strict=True)
        body += f"<p>{label}, by A's verdict (down) and B's (across).</p>" + table(
            ["", *NAMES], (row(head, [f"{count:,}" for count in counts]) for head, counts in lines)
        )
    return section("Verdicts", body)


def pair_plots(
    labels: Any,
    judged: tuple[Judged, Judged],
    figures: Paired,
    names: tuple[str, str],
    weights: Floats | None = None,
) -> str:
    """ROC curves on one plot, and a reliability diagram of each, as HTML.

    Args:
        labels: [N], 1 for AI-made.
        judged: what the two say.
        figures: of them.
        names: for the titles.
        weights: of the pictures, as the figures count them.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    matplotlib = require_matplotlib()
    parts = []
    with matplotlib.rc_context(STYLE):
        figure = matplotlib.figure.Figure(figsize=(4.6, 3.9), layout="constrained")
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], color=GREY, linestyle=":", linewidth=1)
        areas = []
        sides = (figures.a, figures.b)
        for side, name, column, colour, line in zip(judged, names, sides, (BLUE, ORANGE), ("-", "--"), strict=True):
            fpr, tpr, _ = roc_curve(labels, side.scores)
            areas.append(f"{name} {column.values['auroc']:.4f}")
            axes.plot(fpr, tpr, color=colour, linestyle=line, linewidth=2, label=areas[-1])
        axes.set(title="ROC", xlabel="Real images called AI (FPR)", ylabel="AI images found (TPR)", xlim=(-0.01, 1.01),
                 ylim=(-0.01, 1.01))  # fmt: skip
        axes.legend(loc="lower right", fontsize=9)
        parts.append(plot(svg_text(figure, "roc"), f"ROC curves; areas: {', '.join(areas)}"))
        for at, (side, name, column) in enumerate(zip(judged, names, sides, strict=True)):
            figure = matplotlib.figure.Figure(figsize=(4.6, 3.9), layout="constrained")
            error = column.values["ece"]
            points = reliability(labels, side.probabilities, weights=weights)
            draw_reliability(figure.subplots(), f"{name}: reliability (ECE {error:.4f})", *points)
            text = f"Reliability diagram of {name}; expected calibration error {error:.4f}"
            parts.append(plot(svg_text(figure, f"reliability{at}"), text))
    return f'<div class="plots">{"".join(parts)}</div>'
