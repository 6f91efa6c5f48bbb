"""Text from outside, made safe to show."""

import base64
import hashlib
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


def policy_hash(text: str) -> str:
    """By which a content security policy allows a script or a style sheet that stands in the page itself."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def one_line(error: BaseException, most: int = 160) -> str:
    """The text of an error from elsewhere, in one short line.

    Args:
        error: of a library or the system.
        most: characters.
    """
    return " ".join(str(error).split())[:most] or type(error).__name__
