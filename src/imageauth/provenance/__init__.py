"""What the file itself says. Each source is one module with one function, listed here."""

from collections.abc import Callable, Sequence

from imageauth.images import ImageFile
from imageauth.report import Evidence

FileSource = Callable[[ImageFile], Sequence[Evidence]]

SOURCES: tuple[FileSource, ...] = ()
