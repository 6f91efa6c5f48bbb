"""All that a file says of itself, without a verdict."""

from dataclasses import dataclass
from typing import Any

from imageauth.errors import ImageError
from imageauth.imagefile import ImageFile
from imageauth.images import decode, examine
from imageauth.provenance import metadata, watermarks
from imageauth.provenance.credentials import Credentials
from imageauth.provenance.credentials import read as read_credentials
from imageauth.provenance.metadata import Metadata
from imageauth.provenance.trust import TrustLists
from imageauth.provenance.watermarks import Watermark

SCHEMA = "imageauth/inspect/1"


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a file says of itself.

    Attributes:
        file: its name as given.
        image: what its header says; its pixels where they could be decoded.
        credentials: its Content Credentials; None if it has none.
        metadata: generator parameters, marks, camera data, software.
        watermarks: marks found in the pixels.
        notes: sentences that a reader should know.
    """

    file: str
    image: ImageFile
    credentials: Credentials | None
    metadata: Metadata
    watermarks: tuple[Watermark, ...]
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The object of schema ``imageauth/inspect/1``."""
        return {
            "schema": SCHEMA,
            "file": self.file,
            "sha256": self.image.sha256,
            "bytes": len(self.image.data),
            "format": self.image.format,
            "width": self.image.width,
            "height": self.image.height,
            "credentials": None if self.credentials is None else self.credentials.to_json(),
            "metadata": self.metadata.to_json(),
            "watermarks": [item.to_json() for item in self.watermarks],
            "notes": list(self.notes),
        }


def inspect(
    data: bytes, name: str, *, sidecar: bytes | None = None, trust: TrustLists, online: bool = False
) -> Inspection:
    """Read all that a file says.

    A picture whose pixels cannot be decoded (too large, damaged, a drawing) is read all the same, and a note says so.

    Args:
        data: of the file.
        name: what to call it.
        sidecar: of the credentials beside it.
        trust: lists of signers that credentials are checked against.
        online: whether credentials that lie elsewhere may be fetched.

    Raises:
        ImageError: it is empty, too large, or no known format.
    """
    image: ImageFile
    try:
        image = decode(data, sidecar=sidecar)
        notes = image.notes
    except ImageError as error:
        image = examine(data, sidecar=sidecar)
        notes = (f"The pixels could not be searched for watermarks: the picture {error}.",)
        if image.format == "svg":
            notes = ("A drawing has no pixels to search for watermarks.",)
    return Inspection(
        name,
        image,
        read_credentials(image, trust=trust, online=online),
        metadata.read(image),
        watermarks.read(image),
        notes,
    )
