"""What the HTML pages of evaluations share: one file that needs nothing else, no script, no network."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from html import escape
from importlib.resources import files

import imageauth

_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def page(title: str, subtitle: str, sections: Iterable[str]) -> str:
    """The whole page.

    Args:
        title: plain text.
        subtitle: plain text.
        sections: HTML; empty ones are left out.
    """
    css = files("imageauth.evaluation").joinpath("page.css").read_text(encoding="utf-8")
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        # An empty icon, or the browser asks the server for one.
        '<link rel="icon" href="data:,">\n'
        f"<title>{escape(title)}</title>\n<style>\n{css}</style>\n</head>\n<body>\n<main>\n"
        f'<h1>{escape(title)}</h1>\n<p class="soft">{escape(subtitle)}</p>\n'
        + "\n".join(each for each in sections if each)
        + "\n</main>\n</body>\n</html>\n"
    )


def section(title: str, body: str) -> str:
    """HTML under a heading of plain text."""
    return f"<section>\n<h2>{escape(title)}</h2>\n{body}\n</section>"


def plot(svg: str, description: str, kind: str = "plot") -> str:
    """A figure that says what it shows to those who cannot see it."""
    drawn = svg.replace("<svg ", f'<svg role="img" aria-label="{escape(description)}" ', 1)
    return f'<figure class="{kind}">{drawn}</figure>'


def table(heads: Iterable[str], rows: Iterable[str]) -> str:
    """A table of plain heads and of rows in HTML."""
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in heads)
    return (
        f'<div class="scroll" tabindex="0"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def row(name: str, cells: Iterable[str], kind: str = "") -> str:
    """A row of plain cells, under a plain name."""
    filled = "".join(f"<td>{escape(text)}</td>" for text in cells)
    return f'<tr class="{kind}"><th scope="row">{escape(name)}</th>{filled}</tr>'


def run(about: Mapping[str, str]) -> str:
    """What was run, in plain labels and texts, and by which version and when."""
    date = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    pairs = {**about, "imageauth": imageauth.__version__, "Date": date}
    cells = "".join(f"<dt>{escape(label)}</dt><dd>{escape(text)}</dd>" for label, text in pairs.items())
    return section("What was run", f'<dl class="run">{cells}</dl>')
