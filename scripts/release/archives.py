"""Files in a wheel or a source archive."""

import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path


def members(archive: Path) -> Iterator[tuple[str, bytes]]:
    """(name, content) of each file; of a source archive without its top folder.

    Args:
        archive: ``.whl`` or ``.tar.gz``.
    """
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            for info in wheel.infolist():
                if not info.is_dir():
                    yield info.filename, wheel.read(info)
    else:
        with tarfile.open(archive) as source:
            for member in source:
                if stream := source.extractfile(member):
                    yield member.name.partition("/")[2], stream.read()
