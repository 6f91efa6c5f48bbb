"""What the file itself says. Each source is one module with one function, listed here."""

from collections.abc import Callable, Sequence

from imageauth.images import Image
from imageauth.report import Evidence

FileSource = Callable[[Image], Sequence[Evidence]]

SOURCES: tuple[FileSource, ...] = ()
