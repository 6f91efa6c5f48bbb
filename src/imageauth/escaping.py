"""Text from outside, made safe to show."""

import unicodedata


def printable(text: str) -> str:
    """Text from outside, safe for a terminal: control, direction and unassigned characters are escaped."""
    return "".join(
        character if unicodedata.category(character)[0] != "C" else character.encode("unicode_escape").decode()
        for character in text
    )


def table_cell(text: str) -> str:
    """The same for a cell of a Markdown table."""
    return printable(text).replace("|", "\\|")
