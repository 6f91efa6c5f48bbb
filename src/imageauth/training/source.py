"""Where CIFAKE comes from: a folder, a zip, a tar, or Kaggle. Names decide what is taken; nothing else is unpacked.

:func:`files`, :func:`reading` and :func:`delivering` serve other data too.
"""

import lzma
import re
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, NamedTuple

from imageauth.errors import DataError, MissingExtraError
from imageauth.escaping import one_line
from imageauth.images import has_image_suffix

KAGGLE_HANDLE = "birdy654/cifake-real-and-ai-generated-synthetic-images"

_MEMBER = re.compile(r"(?:^|/)(train|test)/(REAL|FAKE)/([^/]+\.jpe?g)$", re.IGNORECASE)
_MAX_FILE_BYTES = 2**20
# What the archive readers raise on damaged, encrypted or unknown contents.
_BROKEN = (
    *(tarfile.TarError, zipfile.BadZipFile, lzma.LZMAError, zlib.error),
    *(EOFError, NotImplementedError, OSError, RuntimeError),
)


class Member(NamedTuple):
    """One file of CIFAKE: ``train`` or ``test``, ``REAL`` or ``FAKE``, its name and its content."""

    split: str
    label: str
    name: str
    data: bytes


def download() -> Path:
    """Kaggle's copy, in kagglehub's own cache.

    Raises:
        DataError: Kaggle could not deliver it.
        MissingExtraError: kagglehub is not installed.
    """
    try:
        import kagglehub
    except ImportError:
        raise MissingExtraError("downloading CIFAKE", "train") from None
    with delivering("Kaggle", KAGGLE_HANDLE, "--from with a copy of it"):
        return Path(kagglehub.dataset_download(KAGGLE_HANDLE))


@contextmanager
def delivering(who: str, what: str, instead: str) -> Iterator[None]:
    """A download that fails is said in one line, with what to use instead.

    Raises:
        DataError: it does.
    """
    try:
        yield
    except Exception as error:  # such packages pass on whatever their network layer raises
        reason = one_line(error, 200)
        raise DataError(f"{who} could not deliver {what}: {reason}. Use {instead}.") from error


def members(source: Path, stray: Callable[[str], None]) -> Iterator[Member]:
    """Each CIFAKE file of a folder, zip or tar.

    Args:
        source: the folder or archive.
        stray: told the name of each image that stands elsewhere than in ``train|test/REAL|FAKE`` or is no ``.jpg``.

    Raises:
        DataError: the source is none of these, or damaged, or holds a file that is too large to be one of CIFAKE's.
    """
    with reading(source):
        for around, name, content in files(source):
            if match := _MEMBER.search(around + name):
                split, label, file = match.groups()
                with content() as stream:
                    data = stream.read(_MAX_FILE_BYTES + 1)
                if len(data) > _MAX_FILE_BYTES:
                    raise DataError(f"{match[0]} is larger than any CIFAKE file")
                yield Member(split.lower(), label.upper(), file, data)
            elif has_image_suffix(name):
                stray(name)


@contextmanager
def reading(source: Path) -> Iterator[None]:
    """A source that is damaged, encrypted or cannot be read is said in one line.

    Raises:
        DataError: it is.
    """
    try:
        yield
    except _BROKEN as error:
        what = "cannot be read" if source.is_dir() else "is damaged or cut short"
        raise DataError(f"{source} {what}: {error}") from error


def files(source: Path) -> Iterator[tuple[str, str, Callable[[], IO[bytes]]]]:
    """(what the name stands in, the name, how to open it) of each regular file of a folder, zip or tar.

    Raises:
        DataError: it is none of these. What the archive readers raise is for :func:`reading` to catch.
    """
    if source.is_dir():
        # Someone may name the folder train/ itself.
        around = source.absolute().as_posix() + "/"
        for file in sorted(source.rglob("*")):
            if file.is_file():
                yield around, file.relative_to(source).as_posix(), partial(_opened, file)
    elif not source.is_file():
        raise DataError(f"{source} does not exist")
    elif zipfile.is_zipfile(source):
        with zipfile.ZipFile(source) as archive:
            for item in archive.infolist():
                if not item.is_dir():
                    yield "", item.filename, partial(archive.open, item)
    elif tarfile.is_tarfile(source):
        with tarfile.open(source) as tar:
            for member in tar:
                if member.isfile():
                    yield "", member.name, partial(_extracted, tar, member)
    else:
        raise DataError(f"{source} is not a folder, a zip or a tar archive")


def _opened(file: Path) -> IO[bytes]:
    return file.open("rb")


def _extracted(tar: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    stream = tar.extractfile(member)
    if stream is None:  # never for a regular file
        raise tarfile.ReadError(f"{member.name} cannot be read")
    return stream
