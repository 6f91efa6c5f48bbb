"""Text from files, made safe to show in a document."""

import re
import unicodedata
from itertools import groupby

from imageauth.escaping import printable

# Of marks that stand over or under one letter: more than any script needs would be painted over other lines.
_MOST_MARKS = 4
# Separators that some programs take for the end of a line or paragraph; and letters and marks that nothing is painted
# for: fillers, joiners, the blank Braille cell, selectors of a variant. Those of emoji (U+FE00–FE0F) stay.
_UNSEEN = re.compile("[\u2028\u2029\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\U000e0100-\U000e01ef]")


def shown(text: str) -> str:
    """One line of text from outside: control, direction, private, unassigned and invisible characters are escaped, and
    so are marks that are piled on one letter.
    """
    text = _UNSEEN.sub(lambda match: match[0].encode("unicode_escape").decode(), printable(text))
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
