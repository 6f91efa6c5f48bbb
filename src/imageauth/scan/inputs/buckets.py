"""Storage with buckets (S3, Google, Azure) through its fsspec driver, which retries and times out by itself."""

import hashlib
from collections.abc import Mapping
from typing import Any, BinaryIO

from imageauth.errors import ImageError
from imageauth.images import MAX_BYTES, check_length, too_many_bytes
from imageauth.scan.inputs.ranges import Ranges
from imageauth.scan.inputs.storage import Facts, unreadable

# What the drivers call that which changes with a file, best first.
_VERSIONS = ("ETag", "etag", "md5Hash", "LastModified", "last_modified", "updated", "mtime")
# Bytes of a file that are asked for at once when it is read in order.
_AHEAD = 8 * 2**20


class Buckets:
    """Such storage; see :class:`imageauth.scan.inputs.storage.Storage`."""

    def __init__(self, files: Any) -> None:
        """Use a driver.

        Args:
            files: an fsspec file system.
        """
        self._files = files

    def facts(self, address: str) -> Facts | None:
        try:
            found = self._files.info(address)
        except Exception as error:  # drivers raise what their network layers do
            raise unreadable(error) from error
        return None if found["type"] == "directory" else _facts(found)

    def read(self, address: str, start: int, length: int) -> bytes:
        if not length:
            return b""
        try:
            return bytes(self._files.cat_file(address, start=start, end=start + length))
        except Exception as error:
            raise unreadable(error) from error

    def read_whole(self, address: str, size: int | None) -> bytes:
        if size is None:
            found = self.facts(address)
            if found is None:
                raise ImageError("unreadable", "is a folder")
            size = found.size
        if size is not None:  # of an empty one there is no part to ask for
            check_length(size)
        data = self.read(address, 0, MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise too_many_bytes(MAX_BYTES)
        return data

    def open_in_order(self, address: str) -> BinaryIO:
        found = self.facts(address)
        if found is None or found.size is None:
            raise ImageError("unreadable", "is a folder")
        return Ranges(lambda start, length: self.read(address, start, length), found.size).buffered(_AHEAD)

    def list(self, address: str) -> tuple[Mapping[str, Facts], list[str]]:
        files: dict[str, Facts] = {}
        folders: list[str] = []
        try:
            for found in self._files.ls(address, detail=True):
                name = found["name"].rstrip("/").rsplit("/", 1)[-1]
                if found["type"] == "directory":
                    folders.append(name)
                elif not found["name"].endswith("/"):  # a mark that there is a folder
                    files[name] = _facts(found)
        except Exception as error:
            raise unreadable(error) from error
        return files, folders


def _facts(found: Mapping[str, Any]) -> Facts:
    version = next((found[key] for key in _VERSIONS if found.get(key)), None)
    number = hashlib.blake2b(str(version).encode(), digest_size=8).digest() if version else None
    return Facts(found.get("size"), int.from_bytes(number, "big") >> 1 if number else None)
