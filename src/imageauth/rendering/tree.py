"""Plain data as a tree of lines for a terminal."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from imageauth.escaping import printable
from imageauth.rendering.values import EMPTY, headed, nested, words_of

# A prompt is worth reading to its end; a workflow of 200 kB is for --json.
_MOST_CHARACTERS = 2000
_CUT = "{text}… ({count} characters; --json shows all)"


def tree(title: str, data: Mapping[str, Any]) -> str:
    """Lines of a tree: one a value, nested as the data are. Empty values are left out.

    Args:
        title: the first line.
        data: as a part's ``to_json`` gives it; text in it may come from a hostile file.
    """
    return "\n".join([printable(title), *_branches(data)])


def _branches(data: Mapping[str, Any] | Sequence[Any]) -> Iterator[str]:
    given: Iterable[tuple[str | None, Any]] = data.items() if isinstance(data, Mapping) else ((None, v) for v in data)
    pairs = [(key, value) for key, value in given if value not in EMPTY]
    for number, (key, value) in enumerate(pairs, 1):
        last = number == len(pairs)
        head, indent = ("└─ ", "   ") if last else ("├─ ", "│  ")
        name = "" if key is None else printable(str(key)).replace("_", " ")
        if not name and isinstance(value, Mapping):
            name, value = headed(value, _words)
        below = nested(value)
        if below is None:
            first, *more = _words(value).split("\n")
            yield head + (f"{name}: {first}" if name and first else name or first)
            yield from (indent + "  " + line for line in more)
        else:
            yield head + (name or f"#{number}")
            yield from (indent + line for line in _branches(below))


def _words(value: Any) -> str:
    return words_of(value, _MOST_CHARACTERS, _CUT)
