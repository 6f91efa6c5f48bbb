"""What lies below folders, one folder after the other, so that memory does not grow with their number."""

import os
from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from imageauth.errors import ImageError
from imageauth.images import has_image_suffix
from imageauth.patterns import Parts, Pattern, has_magic, is_hidden
from imageauth.report import Failure

SEPARATORS = os.sep + (os.altsep or "")
"""What stands between the parts of a path on this machine."""

Entry = TypeVar("Entry")
ListFolder = Callable[[Parts], tuple[Mapping[str, Entry], list[str]]]
"""Lists a folder: its files with what is known of each, and its folders; :class:`ImageError` where it cannot."""


def walk(
    lister: ListFolder[Entry],
    *,
    enter: Callable[[Parts], bool],
    keep: Callable[[Parts], bool],
    name_of: Callable[[Parts], str],
) -> Iterator[tuple[Parts, Entry] | Failure]:
    """Files below a folder: those of each folder sorted by name, then those of its folders. Only the names in folders
    that stand above one another are held.

    Args:
        lister: lists one folder.
        enter: whether to go into a folder.
        keep: whether to give a file.
        name_of: what a folder is called in a failure.
    """
    waiting: list[Parts] = [()]
    while waiting:
        folder = waiting.pop()
        try:
            files, folders = lister(folder)
        except ImageError as error:
            yield Failure(name_of(folder), error.code, str(error))
            continue
        inside = ((*folder, name) for name in sorted(folders, reverse=True))
        waiting.extend(parts for parts in inside if enter(parts))
        for name in sorted(files):
            if keep((*folder, name)):
                yield (*folder, name), files[name]


def walk_folder(
    folder: str, *, enter: Callable[[Parts], bool], keep: Callable[[Parts], bool]
) -> Iterator[tuple[Parts, str] | Failure]:
    """:func:`walk` a folder of this machine, giving the path of each file too. Links to folders are not followed, so
    that loops end and no file is met twice."""

    def path_of(parts: Parts) -> str:
        return os.path.join(folder, *parts)

    for found in walk(lambda parts: list_folder(path_of(parts)), enter=enter, keep=keep, name_of=path_of):
        yield found if isinstance(found, Failure) else (found[0], path_of(found[0]))


def list_folder(folder: str) -> tuple[Mapping[str, None], list[str]]:
    """Files and folders right in a folder of this machine; links to folders are neither.

    Args:
        folder: its path; empty for the current one.

    Raises:
        ImageError: it cannot be read.
    """
    files: dict[str, None] = {}
    folders: list[str] = []
    try:
        with os.scandir(folder or os.curdir) as entries:
            for entry in entries:
                if not entry.is_dir():
                    files[entry.name] = None
                elif not entry.is_symlink():
                    folders.append(entry.name)
    except OSError as error:
        raise ImageError("unreadable", f"cannot be read: {error.strerror}") from error
    return files, folders


def is_plain_image(parts: Parts) -> bool:
    """Whether a path ends as image files do and no part of it is hidden."""
    return has_image_suffix(parts[-1]) and not any(map(is_hidden, parts))


class Glob:
    """A glob as the user typed it: the folder that its fixed beginning names, and what to take below that."""

    def __init__(self, pattern: str, separators: str = SEPARATORS) -> None:
        """Cut it.

        Args:
            pattern: with wildcards.
            separators: characters between its parts.
        """
        for separator in separators:
            pattern = pattern.replace(separator, "/")
        first = next((at for at, part in enumerate(pattern.split("/")) if has_magic(part)), 0)
        self.root = "/".join(pattern.split("/")[:first])
        if pattern.startswith("/") and not self.root:
            self.root = "/"
        self._pattern = Pattern("/".join(pattern.split("/")[first:]))

    def enter(self, folder: Parts) -> bool:
        """Whether something below a folder may be meant."""
        return self._pattern.leads_to(folder) or self.is_below(folder)

    def matches(self, path: Parts) -> bool:
        """Whether a file is meant itself."""
        return self._pattern.matches(path)

    def keep(self, path: Parts) -> bool:
        """Whether to take a file: if it is meant itself, or is an image in a folder that is."""
        return self.matches(path) or (has_image_suffix(path[-1]) and self.is_below(path))

    def is_below(self, path: Parts) -> bool:
        """Whether a path is, or lies visibly in, a folder that is meant."""
        return self._pattern.shows(path)
