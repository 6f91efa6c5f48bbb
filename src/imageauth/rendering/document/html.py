"""A document as one HTML file that needs nothing else: no script runs, nothing is fetched, no file lies beside it."""

import base64
from collections.abc import Iterable, Iterator, Sequence
from functools import singledispatch
from html import escape
from importlib.resources import files

from imageauth.escaping import policy_hash
from imageauth.rendering.document import drawings
from imageauth.rendering.document.blocks import (
    Block,
    Cell,
    Chance,
    Code,
    Composed,
    Facts,
    Figure,
    Heading,
    Items,
    Paragraph,
    Shown,
    Start,
    Table,
    Verdict,
)
from imageauth.rendering.document.contents import ELEMENT

_HERE = "imageauth.rendering.document"


def to_html(composed: Composed) -> str:
    """The page. Same contents, same characters."""
    style = files(_HERE).joinpath("page.css").read_text(encoding="utf-8")
    allowed = policy_hash(style)
    policy = f"default-src 'none'; img-src data:; style-src '{allowed}'; base-uri 'none'; form-action 'none'"
    # Inside an element of HTML nothing but the end of the element ends it.
    data = composed.data.replace("<", "\\u003c")
    body = "\n".join(_element(block) for block in composed.blocks)
    return (
        f'<!doctype html>\n<html lang="{escape(composed.language)}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="generator" content="imageauth">\n<meta name="referrer" content="no-referrer">\n'
        # An empty icon, or the browser asks for one.
        '<link rel="icon" href="data:,">\n'
        f"<title>{escape(composed.title)}</title>\n<style>{style}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n"
        f'<script type="application/json" id="{ELEMENT}">{data}</script>\n</body>\n</html>\n'
    )


@singledispatch
def _element(block: Block) -> str:
    raise NotImplementedError(type(block).__name__)


@_element.register
def _(block: Start) -> str:
    return '<hr class="start">' if block.page else ""


@_element.register
def _(block: Heading) -> str:
    anchor = f' id="{escape(block.anchor)}"' if block.anchor else ""
    return f"<h{block.level}{anchor}>{_shaped(block.shape, block.text)}</h{block.level}>"


@_element.register
def _(block: Verdict) -> str:
    return (
        f'<div class="verdict verdict-{drawings.side_of(block.shape)}">{_drawing(drawings.shape(block.shape))}'
        f"<div><h{block.level}>{_text(block.text)}</h{block.level}>"
        f'<p>{_text(block.lead)}</p><p class="soft"><code>{_text(block.code)}</code></p></div></div>'
    )


@_element.register
def _(block: Paragraph) -> str:
    return f'<p class="soft">{_text(block.text)}</p>' if block.soft else f"<p>{_text(block.text)}</p>"


@_element.register
def _(block: Items) -> str:
    return "<ul>" + "".join(f"<li>{_text(text)}</li>" for text in block.texts) + "</ul>"


@_element.register
def _(block: Table) -> str:
    numbers = [index for index in range(len(block.heads)) if any(row[index].number for row in block.rows)]
    heads = "".join(
        f'<th scope="col"{_class("number" if index in numbers else "")}>{_text(text)}</th>'
        for index, text in enumerate(block.heads)
    )
    rows = "".join(f"<tr>{''.join(_cells(row))}</tr>" for row in block.rows)
    return (
        f'<div class="scroll" tabindex="0" role="group" aria-label="{escape(block.about)}"><table>'
        f'<caption class="unseen">{_text(block.about)}</caption>'
        f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


@_element.register
def _(block: Facts) -> str:
    rows = (
        f"<dt>{_text(name)}</dt>" + "".join(f"<dd>{_content(cell)}</dd>" for cell in cells)
        for name, cells in block.rows
    )
    return f"<dl>{''.join(f'<div>{row}</div>' for row in rows)}</dl>"


@_element.register
def _(block: Figure) -> str:
    scale = ""
    if block.scale:
        low, high = (_text(text) for text in block.scale)
        scale = f'<p class="scale"><span>{low}</span>{_drawing(drawings.scale())}<span>{high}</span></p>'
    return f'<div class="figures">{"".join(_picture(each) for each in block.pictures)}</div>{scale}'


@_element.register
def _(block: Chance) -> str:
    drawing = drawings.strokes(block.probability, block.real, block.ai)
    return f'<div class="chance" role="img" aria-label="{escape(block.alt)}">{_drawing(drawing)}</div>'


@_element.register
def _(block: Code) -> str:
    return f"<pre><code>{_text(block.text)}</code></pre>"


def _picture(each: Shown) -> str:
    data = base64.b64encode(each.picture.data).decode()
    size = f'width="{each.picture.width}" height="{each.picture.height}"'
    return (
        f'<figure><img src="data:{each.picture.media_type};base64,{data}" {size} alt="{escape(each.alt)}">'
        f"<figcaption>{_text(each.caption)}</figcaption></figure>"
    )


def _cells(row: Sequence[Cell]) -> Iterator[str]:
    for index, cell in enumerate(row):
        depth = f"depth-{min(cell.depth, 5)}" if cell.depth else ""
        classes = " ".join(filter(None, ("number" if cell.number else "", depth)))
        tag, scope = ("th", ' scope="row"') if index == 0 else ("td", "")
        yield f"<{tag}{scope}{_class(classes)}>{_content(cell)}</{tag}>"


def _content(cell: Cell) -> str:
    text = _text(cell.text)
    if cell.code:
        text = f"<code>{text}</code>"
    if cell.target:
        text = f'<a href="#{escape(cell.target)}">{text}</a>'
    return f"{_drawing(drawings.shape(cell.shape))} {text}" if cell.shape else text


def _shaped(shape: str, text: str) -> str:
    return f"{_drawing(drawings.shape(shape))} {_text(text)}" if shape else _text(text)


def _drawing(svg: str) -> str:
    return svg.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1)


def _text(text: str) -> str:
    """In a run of its own, so that its direction turns nothing around it."""
    lines: Iterable[str] = (escape(line) for line in text.split("\n"))
    shown = "<br>".join(lines)
    return shown if text.isascii() else f"<bdi>{shown}</bdi>"


def _class(names: str) -> str:
    return f' class="{names}"' if names else ""
