"""An image file as bytes and what its header says, which needs no decoder: what the readers of files are handed."""

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # files are read where there is no NumPy, too: in a browser
    import numpy as np
    import numpy.typing as npt


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ImageFile:
    """An image file as it came, and what its header says; its pixels may be left alone.

    Attributes:
        data: the file's bytes.
        format: ``jpeg``, ``png``, ``webp``, ``gif``, ``bmp``, ``tiff``, ``avif``, ``heic``, ``dng`` or ``svg``.
        width, height: pixels, after EXIF orientation; 0 where an SVG drawing does not say its size.
        notes: sentences about how the picture was read that a reader should know.
        sidecar: bytes of the file with Content Credentials that lies beside it, if there is one.
        pixels: uint8 [height, width, 3], sRGB, upright; None where they were not decoded.
    """

    data: bytes = field(repr=False)
    format: str
    width: int
    height: int
    notes: tuple[str, ...] = ()
    sidecar: bytes | None = field(default=None, repr=False)
    pixels: "npt.NDArray[np.uint8] | None" = None

    @property
    def sha256(self) -> str:
        """Of the file's bytes, hexadecimal."""
        return hashlib.sha256(self.data).hexdigest()
