"""An evaluation as tables for the terminal."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.table import Table

from imageauth.evaluation.figures import Figures
from imageauth.evaluation.protocol import Evaluation
from imageauth.evaluation.wording import COLUMNS, HEADLINE, interval, number


def tables(evaluation: Evaluation, probe: Mapping[str, Any] | None = None) -> Iterator[Table]:
    """The figures, then the groups, degradations and shortcut probe where there are any."""
    yield _headline(evaluation)
    if evaluation.groups:
        table = _table("Groups", "group", "images")
        for name, figures in evaluation.groups.items():
            table.add_row(_literal(name or "(none)"), *_cells(figures), f"{figures.n:,}")
        table.add_section()
        mean = (number(name, evaluation.macro.get(name, float("nan"))) for name in COLUMNS)
        table.add_row("mean", *mean, "")
        yield table
    if evaluation.degradations:
        table = _table("Degradations", "degradation", "flips")
        table.add_row("none (clean)", *_cells(evaluation.figures), "–")
        for name, degraded in evaluation.degradations.items():
            worst = name == evaluation.worst_degradation
            cells = *_cells(degraded.figures), number("flip_rate", degraded.flip_rate)
            table.add_row(f"{name} (worst)" if worst else name, *cells, style="bold yellow" if worst else None)
        table.add_section()
        table.add_row("mean", *("" for _ in COLUMNS), number("flip_rate", evaluation.flip_rate))
        yield table
    if probe is not None:
        table = Table(title=f"Shortcut probe ({probe['n']:,} files)", title_justify="left")
        table.add_column("a classifier that sees only")
        table.add_column("AUROC", justify="right")
        for name, value in probe["auroc"].items():
            table.add_row(name, number("auroc", value))
        yield table


def _headline(evaluation: Evaluation) -> Table:
    figures, card = evaluation.figures, evaluation.card
    title = f"{f'{card.name} {card.version}'.strip()}: {figures.n_real:,} real and {figures.n_fake:,} AI-made images"
    table = Table(title=_literal(title), title_justify="left")
    table.add_column("at threshold " + f"{figures.threshold:.4g}")
    table.add_column("value", justify="right")
    table.add_column("95 % interval", justify="right")
    for name, label in HEADLINE.items():
        table.add_row(label, number(name, getattr(figures, name)), interval(name, figures))
    return table


def _table(title: str, first: str, last: str) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column(first, overflow="fold")
    for label in (*COLUMNS.values(), last):
        table.add_column(label, justify="right", no_wrap=True)
    return table


def _cells(figures: Figures) -> list[str]:
    return [number(name, getattr(figures, name)) for name in COLUMNS]


def _literal(text: str) -> str:
    """Text in which Rich finds no markup: folder names may hold brackets."""
    from rich.markup import escape

    return escape(text)
