"""Reports of imageauth as Markdown (CommonMark and the tables of GitHub)."""

import re
import unicodedata
from collections.abc import Iterator, Sequence

from imageauth import Failure, Report

# What could be read as Markdown; names and findings come from files, and files from anybody.
_MARKUP = re.compile(r"([!\"#$&*+.:;<=>?@\[\\\]^_`{|}~])")


def render(answers: Sequence[Report | Failure]) -> str:
    """A table of all files, then the evidence and the limits of each.

    Args:
        answers: in the order of the files.
    """
    return "\n".join([*_table(answers), *(line for answer in answers for line in _section(answer))]) + "\n"


def _table(answers: Sequence[Report | Failure]) -> Iterator[str]:
    yield from ("# Checked by imageauth", "", "| file | verdict | AI | why |", "|---|---|---:|---|")
    for answer in answers:
        if isinstance(answer, Failure):
            yield f"| {_text(answer.file)} | not checked | – | {_text(answer.message)} |"
        else:
            chance = "–" if answer.probability is None else f"{answer.probability:.0%}"
            yield f"| {_text(answer.file)} | {answer.verdict} | {chance} | {_text(answer.summary)} |"


def _section(answer: Report | Failure) -> Iterator[str]:
    if isinstance(answer, Failure):
        return
    yield from ("", f"## {_text(answer.file)}", "", f"`{answer.sha256}`", "")
    for item in answer.evidence:
        points = "" if item.points_to == "none" else f", {item.strength}, points to {item.points_to}"
        yield f"- {item.source}{points}: {_text(item.finding)}"
    yield from ("", "Limits:", "", *(f"- {_text(limit)}" for limit in answer.limits))
    made = ", ".join(f"{key} {value}" for key, value in answer.produced_by.items() if value and "sha256" not in key)
    yield from ("", f"By {_text(made)}")


def _text(text: str) -> str:
    """Text from outside on one line: nothing in it is markup, a link, or hidden from the eye."""
    seen = "".join(c if unicodedata.category(c)[0] != "C" else "\N{REPLACEMENT CHARACTER}" for c in text)
    return _MARKUP.sub(r"\\\1", seen)
