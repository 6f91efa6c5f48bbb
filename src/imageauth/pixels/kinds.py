"""Kinds of pictures: as a network tells them apart, and as data sets name them."""

from collections.abc import Mapping
from types import MappingProxyType

KINDS = ("photo", "drawn", "screen")
"""That a network may tell apart (see :attr:`imageauth.pixels.answers.Answers.kinds`)."""
KIND_OF: Mapping[str, str] = MappingProxyType(
    {
        "photo": "photo",
        "portrait": "photo",
        "art": "drawn",
        "illustration": "drawn",
        "render": "drawn",
        "screenshot": "screen",
        "document": "screen",
    }
)
"""Kind by the tables of ``imageauth data photos`` → one of :data:`KINDS`; the others are of none."""
