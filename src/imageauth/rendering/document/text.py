"""Text from files, made safe to show in a document."""

import re
import unicodedata
from itertools import groupby

from imageauth.escaping import printable

# Of marks that stand over or under one letter: more than any script needs would be painted over other lines.
_MOST_MARKS = 4
# Separators that some programs take for the end of a line or paragraph.
_BREAKS = re.compile("[\u2028\u2029]")


def shown(text: str) -> str:
    """One line of text from outside: control, direction, private and unassigned characters are escaped, and so are
    marks that are piled on one letter.
    """
    text = _BREAKS.sub(lambda match: f"\\u{ord(match[0]):04x}", printable(text))
    if text.isascii():
        return text
    parts = []
    for is_mark, run in groupby(text, lambda character: unicodedata.category(character) in ("Mn", "Me")):
        characters = "".join(run)
        if is_mark and len(characters) > _MOST_MARKS:
            piled = len(characters) - _MOST_MARKS
            characters = f"{characters[:_MOST_MARKS]}\\u{ord(characters[_MOST_MARKS]):04x}" + (
                f"×{piled}" if piled > 1 else ""
            )
        parts.append(characters)
    return "".join(parts)


def shortened(text: str, most: int) -> str:
    """At most so many characters: the middle of a longer text is left out."""
    if len(text) <= most:
        return text
    head = (most - 1) // 2
    return f"{text[:head]}…{text[len(text) - (most - 1 - head) :]}"
