"""Folders that are searched: on this machine, or in storage elsewhere."""

import os
from collections.abc import Mapping
from typing import Protocol
from urllib.parse import unquote

from imageauth.folders import list_folder
from imageauth.patterns import Parts
from imageauth.scan.inputs.places import LocalPlace, Place, size_and_time
from imageauth.scan.inputs.remote import RemotePlace, RemoteSource
from imageauth.scan.inputs.storage import UNKNOWN, Facts, is_web, storage_of
from imageauth.scan.items import FileSource, Item


class Tree(Protocol):
    """A folder with all below it, as :func:`imageauth.folders.walk` needs it."""

    def list(self, folder: Parts) -> tuple[Mapping[str, Facts | None], list[str]]:
        """Files and folders right in a folder.

        Raises:
            ImageError: it cannot be read.
        """
        ...

    def name_of(self, path: Parts) -> str:
        """What the results call a path."""
        ...

    def readable(self, path: Parts) -> Parts:
        """A path as patterns see it."""
        ...

    def item(self, path: Parts, facts: Facts | None) -> Item:
        """The image at a path."""
        ...

    def place(self, path: Parts, facts: Facts | None) -> Place:
        """The archive or table at a path."""
        ...


class LocalTree:
    """Of this machine. Links to folders are not followed, so that loops end and no file is met twice."""

    def __init__(self, root: str) -> None:
        """Begin at a folder."""
        self._root = root

    def list(self, folder: Parts) -> tuple[Mapping[str, None], list[str]]:
        return list_folder(self.name_of(folder))

    def name_of(self, path: Parts) -> str:
        return os.path.join(self._root, *path)

    def readable(self, path: Parts) -> Parts:
        return path

    def item(self, path: Parts, facts: Facts | None) -> Item:
        return file_item(self.name_of(path))

    def place(self, path: Parts, facts: Facts | None) -> Place:
        return LocalPlace(self.name_of(path))


class RemoteTree:
    """Of storage."""

    def __init__(self, root: str) -> None:
        """Begin at an address."""
        self._root = root.rstrip("/")
        self._storage = storage_of(root)
        self._web = is_web(root)

    def list(self, folder: Parts) -> tuple[Mapping[str, Facts], list[str]]:
        return self._storage.list(self.name_of(folder) + "/")

    def name_of(self, path: Parts) -> str:
        return "/".join((self._root, *path))

    def readable(self, path: Parts) -> Parts:
        """Parts of web addresses are escaped; patterns are not."""
        return tuple(map(unquote, path)) if self._web else path

    def item(self, path: Parts, facts: Facts | None) -> Item:
        return remote_item(self.name_of(path), facts or UNKNOWN)

    def place(self, path: Parts, facts: Facts | None) -> Place:
        return RemotePlace(self.name_of(path), facts or UNKNOWN)


def file_item(path: str) -> Item:
    """A file of this machine."""
    return Item(path, FileSource(path), *size_and_time(path))


def remote_item(address: str, facts: Facts = UNKNOWN) -> Item:
    """A file elsewhere."""
    return Item(address, RemoteSource(address, facts.size), *facts)
