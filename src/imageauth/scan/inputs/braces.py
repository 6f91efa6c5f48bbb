"""Names in braces, as WebDataset's shards are named: ``shard-{000000..000012}.tar``, ``{train,test}.zip``."""

import re
from collections.abc import Iterator

_GROUP = re.compile(r"\{([^{}]*)\}")
_RANGE = re.compile(r"(\d+)\.\.(\d+)")


def has_braces(text: str) -> bool:
    """Whether a text stands for several."""
    return any(_RANGE.fullmatch(inner) or "," in inner for inner in _GROUP.findall(text))


def expand_braces(text: str) -> Iterator[str]:
    """The texts that it stands for, in order; none of them is kept. Numbers keep their leading zeros."""
    for group in _GROUP.finditer(text):
        values = _values(group[1])
        if values is not None:
            before, after = text[: group.start()], text[group.end() :]
            for value in values:
                for rest in expand_braces(after):
                    yield before + value + rest
            return
    yield text


def _values(inner: str) -> Iterator[str] | None:
    if match := _RANGE.fullmatch(inner):
        first, last = int(match[1]), int(match[2])
        width = len(match[1]) if match[1].startswith("0") or len(match[1]) == len(match[2]) else 0
        numbers = range(first, last + 1) if first <= last else range(first, last - 1, -1)
        return (f"{number:0{width}}" for number in numbers)
    return iter(inner.split(",")) if "," in inner else None
