"""Marks that generators leave in the pixels: invisible ones that can be read without a secret, and visible ones.

Anyone can embed or draw these marks, so what they say is ``declared``; and most generators leave none that can be read
here, so a missing mark says nothing and gives no evidence. What is read and how well is in ``docs/watermarks.md``.
"""

from imageauth.imagefile import ImageFile
from imageauth.provenance.watermarks.mark import Watermark
from imageauth.report import Evidence

__all__ = ["Watermark", "ask", "read"]


def read(image: ImageFile) -> tuple[Watermark, ...]:
    """Every known mark in the picture; none where only the file is asked (``image.pixels is None``)."""
    if image.pixels is None:
        return ()
    # Only here, since they load NumPy, which files alone are read without.
    from imageauth.provenance.watermarks.invisible import read_invisible
    from imageauth.provenance.watermarks.visible import read_visible

    return (*read_invisible(image.pixels), *read_visible(image.pixels))


def ask(image: ImageFile) -> list[Evidence]:
    """The marks as evidence: each points to AI, as a declaration. No mark, no evidence."""
    try:
        found = read(image)
    except (ArithmeticError, LookupError, MemoryError, TypeError, ValueError) as error:
        finding = "Watermarks could not be looked for in this image."
        return [Evidence("watermark", "watermark-unreadable", finding, detail={"reason": type(error).__name__})]
    return [
        Evidence("watermark", mark.code, mark.finding, points_to="ai", strength="declared", detail=mark.to_json())
        for mark in found
    ]
