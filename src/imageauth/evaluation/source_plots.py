"""The plot of leave-sources-out figures: what is said of each generator and of each kind of real picture."""

from typing import Any

from imageauth.escaping import printable
from imageauth.evaluation.leave_sources_out import PartFigures, SourceFigures
from imageauth.evaluation.plots import BLUE, INK, ORANGE, STYLE, require_matplotlib, svg_text

_MOST_BARS = 40
_LONGEST = 44  # characters of a name


def draw_sources(figures: SourceFigures, *, least: int = 10) -> tuple[str, str]:
    """Shares called likely-ai and likely-real, one bar a generator and one a real kind.

    Args:
        figures: to draw.
        least: pictures; generators with fewer are left out.

    Returns:
        SVG, and what it shows in words.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    matplotlib = require_matplotlib("this plot")
    generators = {name: part for name, part in figures.generators.items() if part.n >= least}
    chosen = dict(sorted(list(generators.items())[:_MOST_BARS], key=lambda item: -item[1].likely_ai))
    kinds = dict(sorted(figures.real_kinds.items(), key=lambda item: item[1].likely_ai))
    heights = (max(1, len(chosen)), max(1, len(kinds)))
    with matplotlib.rc_context(STYLE):
        figure = matplotlib.figure.Figure(figsize=(9.4, 1.8 + 0.24 * sum(heights)), layout="constrained")
        above, below = figure.subplots(2, 1, height_ratios=heights, sharex=True)
        _bars(above, "AI pictures, by generator", chosen)
        _bars(below, "Real pictures, by kind", kinds)
        below.set_xlabel("Share of pictures")
        figure.legend(*above.get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=9)
        svg = svg_text(figure, "sources")
    worst = min(chosen.items(), key=lambda item: item[1].likely_ai, default=None)
    words = f"What is said of pictures of {len(chosen)} generators and of {len(kinds)} kinds of real pictures"
    if worst:
        words += f"; found least is {printable(worst[0])}, {worst[1].likely_ai:.0%} likely-ai"
    return svg, words


def _bars(axes: Any, title: str, parts: dict[str, PartFigures]) -> None:
    """Likely-ai from the left, likely-real from the right; what lies between is undecided."""
    at = list(range(len(parts)))
    axes.barh(at, [part.likely_ai for part in parts.values()], 0.72, color=ORANGE, hatch="///", edgecolor="white",
              linewidth=0, label="likely-ai")  # fmt: skip
    real = [part.likely_real for part in parts.values()]
    axes.barh(at, real, 0.72, left=[1 - share for share in real], color=BLUE, label="likely-real")
    axes.plot([part.accuracy for part in parts.values()], at, "o", color=INK, markersize=3.5,
              label="right at the decision threshold")  # fmt: skip
    axes.set_yticks(at, [f"{_short(name)} ({part.n:,})" for name, part in parts.items()], fontsize=8)
    axes.set(title=title, xlim=(0, 1), ylim=(len(parts) - 0.4, -0.6))
    axes.grid(axis="y", visible=False)


def _short(name: str) -> str:
    # matplotlib would read a pair of dollars as a formula.
    text = printable(name).replace("$", "\\$")
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
