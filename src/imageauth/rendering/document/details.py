"""A finding's detail as rows of a table, however large and deep it is."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from imageauth.rendering.document.blocks import Cell
from imageauth.rendering.document.text import shown
from imageauth.rendering.document.words import Words
from imageauth.rendering.values import EMPTY, headed, nested, words_of

_MOST_CHARACTERS, _MOST_ROWS, _MOST_DEPTH = 1000, 60, 5
# Lines of one value: a text of line breaks alone would fill pages with nothing.
_MOST_LINES = 40


def detail_rows(detail: Mapping[str, Any], words: Words) -> tuple[list[tuple[Cell, Cell]], int]:
    """Rows of names and values, nested ones set in, and how many were left out.

    Args:
        detail: of a finding; names and texts in it may come from a hostile file.
        words: to name what is known.
    """
    rows: list[tuple[Cell, Cell]] = []
    left_out = 0
    for row in _rows(detail, words, 0):
        if len(rows) < _MOST_ROWS:
            rows.append(row)
        else:
            left_out += 1
    return rows, left_out


def _rows(data: Mapping[str, Any] | Sequence[Any], words: Words, depth: int) -> Iterator[tuple[Cell, Cell]]:
    if isinstance(data, Mapping):
        pairs = [(_name(str(key), words), value) for key, value in data.items() if value not in EMPTY]
    else:
        pairs = [_numbered(number, value, words) for number, value in enumerate(data, 1) if value not in EMPTY]
    for name, value in pairs:
        below = nested(value)
        if below is None:
            yield Cell(name, depth=depth), Cell(_text(value, words))
        elif depth < _MOST_DEPTH:
            yield Cell(name, depth=depth), Cell("")
            yield from _rows(below, words, depth + 1)
        else:
            yield Cell(name, depth=depth), Cell(words.page("tree.deeper"))


def _numbered(number: int, value: Any, words: Words) -> tuple[str, Any]:
    if not isinstance(value, Mapping):
        return f"{number}.", value
    name, rest = headed(value, lambda part: _text(part, words))
    return f"{number}. {name}".rstrip(), rest


def _name(key: str, words: Words) -> str:
    return words.page(f"key.{key}") if words.page_has(f"key.{key}") else shown(key[:80]).replace("_", " ")


def _text(value: Any, words: Words) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list | tuple):
        value = [f"{item:.6g}" if isinstance(item, float) else item for item in value]
    cut = words.t("detail.cut", text="{text}", count="{count}")
    lines = words_of(value, _MOST_CHARACTERS, cut).split("\n")
    if len(lines) > _MOST_LINES:
        lines = [*lines[: _MOST_LINES - 1], " ".join(lines[_MOST_LINES - 1 :])]
    return "\n".join(shown(line) for line in lines)
