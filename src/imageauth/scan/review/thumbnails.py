"""Small pictures for a review, of files and of what lies in archives and tables."""

import hashlib
import io
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

import PIL.Image

from imageauth.errors import ImageAuthError, ImageError
from imageauth.images import shrink
from imageauth.pixels.network import usable_cores
from imageauth.scan.inputs import items_of
from imageauth.scan.inputs.kinds import kind_of
from imageauth.scan.items import FileSource, Item, Source
from imageauth.scan.review.folder import Folder
from imageauth.scan.rows import stable_name

SIDE = 192
"""Pixels of the longer side."""

_SMALL = 64  # up to which every pixel is kept


class Wanted(NamedTuple):
    """A picture to make small.

    Attributes:
        row: its number.
        name: of its row.
        sha256: of the bytes that were checked, hexadecimal.
    """

    row: int
    name: str
    sha256: str


def make_thumbnails(
    wanted: Sequence[Wanted], folder: Folder, progress: Callable[[int, int | None], None]
) -> frozenset[int]:
    """Make small pictures of what lies on this machine, as ``thumbnails/000/000123.webp`` in a folder.

    Nothing is fetched from elsewhere, since a name in results may be anybody's. What is gone, or is not any more what
    was checked, gets none.

    Args:
        wanted: which.
        folder: to write them into.
        progress: told how many are done, and of how many.

    Returns:
        Indices of those that were made.
    """
    cores = usable_cores()
    made, done = set(), 0
    waiting: deque[Future[int | None]] = deque()
    with ThreadPoolExecutor(cores, thread_name_prefix="imageauth-thumbnail") as pool:

        def take() -> None:
            nonlocal done
            if (index := waiting.popleft().result()) is not None:
                made.add(index)
            done += 1
            progress(done, len(wanted))

        for one, source in _sources(wanted):
            waiting.append(pool.submit(_make, one, source, folder))
            if len(waiting) >= 2 * cores:
                take()
        while waiting:
            take()
    return frozenset(made)


def _make(wanted: Wanted, source: Source, folder: Folder) -> int | None:
    try:
        data = source.read()
        if hashlib.sha256(data).hexdigest() != wanted.sha256:
            return None
        folder.add("thumbnails", wanted.row, ".webp", _webp(shrink(data, SIDE)))
    except (ImageError, MemoryError):
        return None
    return wanted.row


def _webp(picture: PIL.Image.Image) -> bytes:
    stream = io.BytesIO()
    small = max(picture.size) <= _SMALL
    picture.save(stream, "WEBP", quality=95 if small else 65, method=2)
    return stream.getvalue()


def _sources(wanted: Iterable[Wanted]) -> Iterator[tuple[Wanted, Source]]:
    """Where each lies: a file by its name; members of archives and rows of tables as their container gives them."""
    within: dict[str, dict[str, list[Wanted]]] = {}
    for one in wanted:
        if "://" in one.name:
            continue
        container = _container(one.name)
        if container is None:
            yield one, FileSource(one.name)
        else:
            within.setdefault(container, {}).setdefault(one.name, []).append(one)
    for container, names in within.items():
        for item in _items(container):
            for one in names.pop(stable_name(item.name), ()):
                yield one, item.source
            if not names:
                break


def _items(container: str) -> Iterator[Item]:
    try:
        for found in items_of([container]):
            if isinstance(found, Item):
                yield found
    except ImageAuthError:  # what reads it is not installed
        return


def _container(name: str) -> str | None:
    """The archive or table on this machine that a row's name says it lies in."""
    archive, within, _ = name.partition("!/")
    table, _, row = name.rpartition("#")
    container = archive if within else table if row.isdigit() else ""
    return container if kind_of(container) and os.path.isfile(container) else None
