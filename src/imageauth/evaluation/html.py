"""An evaluation as one HTML page that needs nothing else: no script, no network, no files beside it."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from html import escape
from importlib.resources import files
from typing import Any

import imageauth
from imageauth.evaluation.figures import Figures
from imageauth.evaluation.mistakes import Heatmap, Mistake, worst_mistakes
from imageauth.evaluation.plots import draw_plots
from imageauth.evaluation.protocol import Evaluation
from imageauth.evaluation.wording import COLUMNS, HEADLINE, interval, number

_WIDE = {"degradations"}
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


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
    css = files("imageauth.evaluation").joinpath("page.css").read_text(encoding="utf-8")
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        # An empty icon, or the browser asks the server for one.
        '<link rel="icon" href="data:,">\n'
        f"<title>{escape(title)}</title>\n<style>\n{css}</style>\n</head>\n<body>\n<main>\n"
        f'<h1>{escape(title)}</h1>\n<p class="soft">{counts}. Intervals are 95 %, by bootstrap.</p>\n'
        + "\n".join(section for section in sections if section)
        + "\n</main>\n</body>\n</html>\n"
    )


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
    return _section("Figures", f'{text}<dl class="figures">{cells}</dl>')


def _plots(evaluation: Evaluation) -> str:
    parts = []
    for name, (svg, description) in draw_plots(evaluation).items():
        svg = svg.replace("<svg ", f'<svg role="img" aria-label="{escape(description)}" ', 1)
        parts.append(f'<figure class="{"wide" if name in _WIDE else "plot"}">{svg}</figure>')
    return _section("Plots", f'<div class="plots">{"".join(parts)}</div>') if parts else ""


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
    return _section("Degradations", text + _table(["Degradation", *COLUMNS.values(), "Flips", "Answer flips"], rows))


def _groups(evaluation: Evaluation) -> str:
    if not evaluation.groups:
        return ""
    rows = [_row(name or "(none)", figures, [f"{figures.n:,}"]) for name, figures in evaluation.groups.items()]
    mean = "".join(f"<td>{number(n, evaluation.macro.get(n, float('nan')))}</td>" for n in COLUMNS)
    rows.append(f'<tr class="mean"><th scope="row">Mean over groups</th>{mean}<td></td></tr>')
    return _section("Groups", _table(["Group", *COLUMNS.values(), "Images"], rows))


def _probe(probe: Mapping[str, Any] | None) -> str:
    if probe is None:
        return ""
    rows = [
        f'<tr><th scope="row">{escape(name)}</th><td>{number("auroc", value)}</td></tr>'
        for name, value in probe["auroc"].items()
    ]
    text = (
        f"<p>How well a classifier tells the classes apart without looking at a pixel ({probe['n']:,} files, "
        f"{probe['folds']} folds). Near 0.5 the data set offers no such shortcut.</p>"
    )
    return _section("Shortcut probe", text + _table(["What it sees", "AUROC"], rows))


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
    return _section("Most wrong", f'{text}<ul class="pictures">{"".join(parts)}</ul>')


def _failures(evaluation: Evaluation) -> str:
    if not evaluation.failures:
        return ""
    rows = [
        f'<tr><td class="text">{escape(f.file)}</td><td class="text">{escape(f.code)}</td>'
        f'<td class="text">{escape(f.message)}</td></tr>'
        for f in evaluation.failures
    ]
    text = f"<p>Not checked, and in no figure: {len(rows):,}.</p>"
    return _section("Files that failed", text + _table(["File", "Code", "Reason"], rows))


def _run(evaluation: Evaluation, about: Mapping[str, str]) -> str:
    card = evaluation.card
    facts = {
        "Model": f"{card.name} {card.version}",
        "Weights, SHA-256": card.sha256,
        "Made for": card.domain.text,
        "Decision threshold": f"{card.thresholds.decision:.6g}, as frozen in the model's card",
        "Verdict thresholds": f"real at or below {card.thresholds.real:.6g}, AI at or above {card.thresholds.ai:.6g}",
        **about,
        "imageauth": imageauth.__version__,
        "Date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    }
    cells = "".join(f"<dt>{escape(label)}</dt><dd>{escape(text)}</dd>" for label, text in facts.items())
    return _section("What was run", f'<dl class="run">{cells}</dl>')


def _row(name: str, figures: Figures, more: Iterable[str], kind: str = "") -> str:
    cells = "".join(f"<td>{number(column, getattr(figures, column))}</td>" for column in COLUMNS)
    extra = "".join(f"<td>{escape(text)}</td>" for text in more)
    return f'<tr class="{kind}"><th scope="row">{escape(name)}</th>{cells}{extra}</tr>'


def _table(heads: Iterable[str], rows: Iterable[str]) -> str:
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in heads)
    return (
        f'<div class="scroll" tabindex="0"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _section(title: str, body: str) -> str:
    return f"<section>\n<h2>{escape(title)}</h2>\n{body}\n</section>"
