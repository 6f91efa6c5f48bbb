"""Plain data from files as words for a person."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from imageauth.escaping import printable

EMPTY: tuple[Any, ...] = (None, "", [], (), {})
"""Values that say nothing and are left out."""


def nested(value: Any) -> Mapping[str, Any] | Sequence[Any] | None:
    """The value if it needs lines of its own; a list of short plain values does not."""
    if isinstance(value, Mapping):
        return value
    if isinstance(value, str) or not isinstance(value, Sequence):
        return None
    if all(not isinstance(item, Mapping | list | tuple) for item in value) and sum(len(str(v)) for v in value) < 80:
        return None
    return value


def headed(item: Mapping[str, Any], words: Callable[[Any], str]) -> tuple[str, Any]:
    """One of a list: named by its first value, and on one line if there is little else.

    Args:
        item: of the list.
        words: a value in words.

    Returns:
        Its name, empty where it has none, and the rest: a text, or what needs lines of its own.
    """
    first, *rest = [(key, value) for key, value in item.items() if value not in EMPTY] or [("", "")]
    name = words(first[1]).replace("\n", " ")
    if nested(first[1]) is not None or len(name) > 100:
        return "", item
    plain = [value for _, value in rest if nested(value) is None]
    if len(plain) == len(rest) <= 2:
        return name, "; ".join(words(value) for value in plain)
    return name, dict(rest)


def words_of(value: Any, most: int, cut: str) -> str:
    """A value in words; the line breaks of a text stay, all other control characters are escaped.

    Args:
        value: from a file, perhaps a hostile one; not a mapping.
        most: characters of a text.
        cut: what stands in the place of a longer one; ``{text}`` is its beginning and ``{count}`` its length.
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, str) and isinstance(value, Sequence):
        return ", ".join(words_of(item, most, cut).replace("\n", " ") for item in value)
    text = str(value)
    if len(text) > most:
        text = cut.format(text=text[:most], count=f"{len(text):,}")
    return "\n".join(printable(line) for line in text.replace("\r\n", "\n").split("\n"))
