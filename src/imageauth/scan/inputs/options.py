"""How inputs are found."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Options:
    """What the user asked for.

    Attributes:
        include, exclude: globs; see :class:`imageauth.scan.inputs.selection.Selection`.
        column: of the images in tables; None to look for it.
        null_separated: names on standard input end with a zero byte, as ``find -print0`` writes them, not with a line.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    column: str | None = None
    null_separated: bool = False


STANDARD = Options()
"""Images by their names, hidden ones left out."""
