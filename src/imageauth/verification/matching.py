"""Which file is which in a report: by its bytes, or else by its name or its looks."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath, PureWindowsPath

from imageauth.detector import FileBytes
from imageauth.errors import ImageError
from imageauth.images import read_bytes, read_image, read_sidecar
from imageauth.perceptual_hash import distance, perceptual_hash
from imageauth.verification.file_points import NEAR_BITS
from imageauth.verification.statements import Stated


@dataclass(frozen=True, slots=True)
class Given:
    """A file that was given to compare. Its bytes are read when they are needed, so that many files cost no memory.

    Attributes:
        name: as it was given.
        sha256: of its bytes, hexadecimal; None where it cannot be read.
        error: why it cannot.
    """

    name: str
    sha256: str | None
    error: ImageError | None

    @staticmethod
    def of(path: str) -> "Given":
        """A file, looked at once."""
        try:
            return Given(path, hashlib.sha256(read_bytes(path)).hexdigest(), None)
        except ImageError as error:
            return Given(path, None, error)

    def read(self) -> FileBytes:
        """Its bytes, and those of the credentials beside it.

        Raises:
            ImageError: it cannot be read.
        """
        return FileBytes(read_bytes(self.name), read_sidecar(self.name))

    def looks(self) -> str | None:
        """The perceptual hash of its picture; None where that cannot be decoded or shows nothing."""
        try:
            return perceptual_hash(read_image(self.name).pixels) or None
        except ImageError:
            return None


def assign(
    given: Sequence[Given], pictures: Sequence[Stated]
) -> tuple[list[tuple[Given, Stated | None]], list[Stated]]:
    """What a report says of each file, and what it says of pictures that were not given.

    First come the files whose SHA-256 the report names, each once, of several alike that with the same name; then those
    of the same name; then those that look alike. A last file that is left goes with a last report that is left.

    Args:
        given: the files, in order.
        pictures: of the report.
    """
    left = list(pictures)
    found: dict[int, Stated] = {}

    def take(index: int, fitting: Sequence[Stated]) -> None:
        if fitting:
            named = [each for each in fitting if _base(each.answer.file) == _base(given[index].name)]
            found[index] = (named or list(fitting))[0]
            left.remove(found[index])

    for index, file in enumerate(given):
        take(index, [each for each in left if each.sha256 is not None and each.sha256 == file.sha256])
    for index, file in enumerate(given):
        if index not in found:
            take(index, [each for each in left if _base(each.answer.file) == _base(file.name)])
    for index, file in enumerate(given):
        if index not in found and any(each.looks for each in left):
            looks = file.looks()
            take(index, [each for each in left if _alike(looks, each)])
    open_ones = [index for index in range(len(given)) if index not in found]
    if len(open_ones) == 1 == len(left):
        take(open_ones[0], left[:])
    return [(file, found.get(index)) for index, file in enumerate(given)], left


def _alike(looks: str | None, stated: Stated) -> bool:
    return looks is not None and stated.looks is not None and distance(looks, stated.looks) <= NEAR_BITS


def _base(name: str) -> str:
    """A name without its folders, whichever system wrote it."""
    return PureWindowsPath(PurePath(name).name).name
