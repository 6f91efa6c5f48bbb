"""An evaluation as one HTML page that needs nothing else: no script, no network, no files beside it."""

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from imageauth.evaluation.figures import Figures
from imageauth.evaluation.mistakes import Heatmap, Mistake, worst_mistakes
from imageauth.evaluation.plots import draw_plots
from imageauth.evaluation.protocol import Evaluation, OutsideModel
from imageauth.evaluation.sheet import page, plot, row, run, section, table
from imageauth.evaluation.wording import COLUMNS, HEADLINE, interval, number, verdict_thresholds

_WIDE = {"degradations"}


def render_page(
    evaluation: Evaluation,
    about: Mapping[str, str],
    probe: Mapping[str, Any] | None = None,
    mistakes: int = 24,
    heatmap: Heatmap | None = None,
) -> str:
    """The page.

    Args:
        evaluation: what was measured.
        about: facts of the run that the evaluation does not know, such as the data folder; label → text.
        probe: the result of :func:`~imageauth.evaluation.shortcut.header_probe`, if it was run.
        mistakes: how many of the most wrong pictures to show.
        heatmap: of a picture, by the model that was measured; None shows none.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    card = evaluation.card
    title = f"Evaluation of {card.name}"
    counts = f"{evaluation.figures.n_real:,} real and {evaluation.figures.n_fake:,} AI-made images"
    sections = [
        _headline(evaluation),
        _plots(evaluation),
        _degradations(evaluation),
        _groups(evaluation),
        _probe(probe),
        _mistakes(worst_mistakes(evaluation, mistakes, heatmap)),
        _failures(evaluation),
        _run(evaluation, about),
    ]
    return page(title, f"{counts}. Intervals are 95 %, by bootstrap.", sections)


def _headline(evaluation: Evaluation) -> str:
    figures = evaluation.figures
    cells = "".join(
        f"<div><dt>{escape(label)}</dt><dd>{number(name, getattr(figures, name))}"
        f"<small>{interval(name, figures)}</small></dd></div>"
        for name, label in HEADLINE.items()
    )
    notes = []
    if not (figures.n_real and figures.n_fake):
        notes.append("One class has no readable images, so the figures that need both are missing.")
    if evaluation.outside_domain:
        notes.append(
            f"Of {figures.n:,} images {evaluation.outside_domain:,} are not of the kind that the model was made for "
            f"({evaluation.card.domain.text}). They get no verdict; the other figures count them all the same."
        )
    text = "".join(f'<p class="note">{escape(note)}</p>' for note in notes)
    return section("Figures", f'{text}<dl class="figures">{cells}</dl>')


def _plots(evaluation: Evaluation) -> str:
    parts = []
    for name, (svg, description) in draw_plots(evaluation).items():
        parts.append(plot(svg, description, "wide" if name in _WIDE else "plot"))
    return section("Plots", f'<div class="plots">{"".join(parts)}</div>') if parts else ""


def _degradations(evaluation: Evaluation) -> str:
    if not evaluation.degradations:
        return ""
    rows = [_row("none (clean)", evaluation.figures, ["–", "–"])]
    for name, degraded in evaluation.degradations.items():
        worst = name == evaluation.worst_degradation
        rates = [number("flip_rate", degraded.flip_rate), number("flip_rate", degraded.verdict_flip_rate)]
        rows.append(_row(f"{name} (worst)" if worst else name, degraded.figures, rates, "worst" if worst else ""))
    flips, answers = (number("flip_rate", rate) for rate in (evaluation.flip_rate, evaluation.verdict_flip_rate))
    text = (
        f"<p>Applied to both classes alike. On average {flips} of the images change sides of the decision threshold, "
        f"and {answers} change their answer (AI, neither, real).</p>"
    )
    return section("Degradations", text + table(["Degradation", *COLUMNS.values(), "Flips", "Answer flips"], rows))


def _groups(evaluation: Evaluation) -> str:
    if not evaluation.groups:
        return ""
    rows = [_row(name or "(none)", figures, [f"{figures.n:,}"]) for name, figures in evaluation.groups.items()]
    mean = "".join(f"<td>{number(n, evaluation.macro.get(n, float('nan')))}</td>" for n in COLUMNS)
    rows.append(f'<tr class="mean"><th scope="row">Mean over groups</th>{mean}<td></td></tr>')
    return section("Groups", table(["Group", *COLUMNS.values(), "Images"], rows))


def _probe(probe: Mapping[str, Any] | None) -> str:
    if probe is None:
        return ""
    rows = [row(name, [number("auroc", value)]) for name, value in probe["auroc"].items()]
    text = (
        f"<p>How well a classifier tells the classes apart without looking at a pixel ({probe['n']:,} files, "
        f"{probe['folds']} folds). Near 0.5 the data set offers no such shortcut.</p>"
    )
    return section("Shortcut probe", text + table(["What it sees", "AUROC"], rows))


def _mistakes(mistakes: list[Mistake]) -> str:
    if not mistakes:
        return ""
    parts = []
    for mistake in mistakes:
        truth, word = ("ai", "AI-made") if mistake.item.label else ("real", "Real")
        heat = f'<img src="{mistake.heatmap}" alt="The same under its heatmap">' if mistake.heatmap else ""
        parts.append(
            f'<li><div><img src="{mistake.thumbnail}" alt="{escape(f"{word} image {mistake.item.name}")}">{heat}</div>'
            f'<span class="{truth}">{word}, given {number("probability", mistake.probability)} AI</span>'
            f'<span class="soft">{escape(mistake.item.name)}</span></li>'
        )
    text = "<p>On the wrong side of the decision threshold, the most wrong first."
    if any(mistake.heatmap for mistake in mistakes):
        text += (
            ' Beside each picture, what speaks for <span class="ai">AI (orange)</span> and for '
            '<span class="real">a photograph (blue)</span>.'
        )
    text += "</p>"
    return section("Most wrong", f'{text}<ul class="pictures">{"".join(parts)}</ul>')


def _failures(evaluation: Evaluation) -> str:
    if not evaluation.failures:
        return ""
    rows = [
        f'<tr><td class="text">{escape(f.file)}</td><td class="text">{escape(f.code)}</td>'
        f'<td class="text">{escape(f.message)}</td></tr>'
        for f in evaluation.failures
    ]
    text = f"<p>Not checked, and in no figure: {len(rows):,}.</p>"
    return section("Files that failed", text + table(["File", "Code", "Reason"], rows))


def _run(evaluation: Evaluation, about: Mapping[str, str]) -> str:
    card = evaluation.card
    what = {
        "Model": f"{card.name} {card.version}",
        ("Predictions" if isinstance(card, OutsideModel) else "Weights") + ", SHA-256": card.sha256,
        "Made for": card.domain.text,
        "Decision threshold": f"{card.thresholds.decision:.6g}"
        + ("" if isinstance(card, OutsideModel) else ", as frozen in the model's card"),
        "Verdict thresholds": verdict_thresholds(card.thresholds),
        **about,
    }
    return run(what)


def _row(name: str, figures: Figures, more: Iterable[str], kind: str = "") -> str:
    return row(name, [*(number(column, getattr(figures, column)) for column in COLUMNS), *more], kind)
