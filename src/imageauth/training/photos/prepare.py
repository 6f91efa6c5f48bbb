"""Tables, packs and native files → a folder that ``imageauth evaluate`` and the training of ``photo`` read.

The folder has ``REAL/<source>/`` and ``FAKE/<source>/``, ``SUMMARY.md`` and ``photos.tsv``. The table is written last:
without it the folder is unfinished, and the same command goes on.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from imageauth.errors import DataError, ImageError
from imageauth.escaping import printable
from imageauth.evaluation.near_duplicates import find_copies, thumbnail
from imageauth.images import decode
from imageauth.pixels.network import usable_cores
from imageauth.training.photos.grouping import family, folds, groups
from imageauth.training.photos.pictures import Found, find, read_native, read_views
from imageauth.training.photos.tables import FILE_NAME, Photo, Row, read_table
from imageauth.training.storing import store, writing

Progress = Callable[[str, int, int | None], None]
Pixels = npt.NDArray[np.uint8]

_EXTENSIONS = {"jpeg": ".jpg", "tiff": ".tif", "dng": ".tif"}
_AHEAD = 16  # pictures that are decoded while one is stored: bounds the memory


@dataclass(frozen=True, slots=True)
class Prepared:
    """What came of it.

    Attributes:
        photos: that the folder holds, in the order of the tables.
        left_out: one line for each line of a table, or file, that could not be used.
        repeated: how many lines name a picture (by its SHA-256) that an earlier one has.
        copies: (picture left out, picture of another fold that it is nearly a copy of).
    """

    photos: tuple[Photo, ...]
    left_out: tuple[str, ...]
    repeated: int
    copies: tuple[tuple[Photo, Photo], ...]


def prepare(to: Path, sources: Sequence[Path], *, progress: Progress | None = None) -> Prepared:
    """Put every picture that the tables name and the sources hold into ``to``, once, with its fold.

    Safe to repeat and to interrupt: each file is written whole or not at all, and those that are there are kept.
    ``photos.tsv`` is left to the caller (:func:`~imageauth.training.photos.tables.save`).

    Args:
        to: the folder to prepare.
        sources: see :func:`~imageauth.training.photos.pictures.find`.
        progress: told (what, done, total or None).

    Raises:
        DataError: the sources hold no table, or not pictures of both classes; or ``to`` cannot be written.
    """
    if any(source.resolve() == to.resolve() for source in sources):
        raise DataError(f"{to}: the pictures cannot be prepared in the folder that they come from")
    tell = progress or (lambda what, done, total: None)
    wrong: list[str] = []
    found = find(sources)
    rows, repeated = _rows(found, wrong.append)
    if len({row.label for row in rows}) < 2:
        raise DataError("the tables do not name pictures of both classes: there is nothing to tell apart")
    with writing(to):
        to.mkdir(parents=True, exist_ok=True)
    stored: dict[str, tuple[str, bool, Pixels]] = {}
    for row, read, native in _readable(rows, found, wrong.append):
        name = row.stem + read.extension
        _remove_others(to, row.stem, name)
        store(to / FILE_NAME, Path(name), read.data)
        stored[row.sha256] = name, native, read.thumbnail
        tell("copying", len(stored), len(rows))
    held = [row for row in rows if row.sha256 in stored]
    if len({row.label for row in held}) < 2:
        raise DataError("the sources do not hold pictures of both classes: there is nothing to tell apart")
    grouped = groups(held)
    photos = [
        Photo(
            **{**asdict(row), "file": stored[row.sha256][0], "fold": fold},
            native=stored[row.sha256][1],
            family=family(row),
            group=group,
        )
        for row, group, fold in zip(held, grouped, folds(held, grouped), strict=True)
    ]
    thumbnails = np.stack([stored[photo.sha256][2] for photo in photos])
    kept, copies = without_copies(photos, thumbnails, partial(tell, "comparing"))
    with writing(to):
        for copy, _ in copies:
            (to / copy.file).unlink()
    return Prepared(tuple(kept), tuple(wrong), repeated, tuple(copies))


def without_copies(
    photos: Sequence[Photo], thumbnails: Pixels, progress: Callable[[int, int | None], None] | None = None
) -> tuple[list[Photo], list[tuple[Photo, Photo]]]:
    """The pictures without those that are nearly a copy of an earlier one in another fold.

    The search (:mod:`imageauth.evaluation.near_duplicates`) names for each picture the likest one only, so it is
    repeated until it finds nothing. Near-copies within one fold stay: they flatter nobody.

    Args:
        photos: in order.
        thumbnails: uint8 [N, 32, 32, 3].
        progress: called with (done, total) pictures, once for each repetition.

    Returns:
        The pictures kept; pairs (left out, its likest).
    """
    fold = np.array([photo.fold for photo in photos])
    keep = np.ones(len(photos), np.bool_)
    copies: list[tuple[Photo, Photo]] = []
    again = True
    while again:
        pairs = []
        done = 0
        for one in np.unique(fold):
            here, elsewhere = np.flatnonzero(keep & (fold == one)), np.flatnonzero(keep & (fold != one))
            found, _ = find_copies(thumbnails[here], thumbnails[elsewhere])
            pairs += [
                tuple(sorted((int(query), int(elsewhere[at]))))
                for query, at in zip(here, found, strict=True)
                if at >= 0
            ]
            done += len(here)
            if progress:
                progress(done, int(keep.sum()))
        for first, second in sorted(set(pairs), key=lambda pair: pair[::-1]):
            if keep[first] and keep[second]:
                keep[second] = False
                copies.append((photos[second], photos[first]))
        again = bool(pairs)
    return [photo for photo, kept in zip(photos, keep, strict=True) if kept], copies


def _rows(found: Found, wrong: Callable[[str], None]) -> tuple[list[Row], int]:
    """The tables' rows without repetitions, and how many there were."""
    rows: dict[str, Row] = {}
    count = 0
    for table in found.tables:
        for row in read_table(table, wrong):
            rows.setdefault(row.sha256, row)
            count += 1
    return list(rows.values()), count - len(rows)


@dataclass(frozen=True, slots=True, eq=False)
class _Read:
    """A file that decodes: its bytes, the extension of its format, and its middle at uint8 [32, 32, 3]."""

    data: bytes
    extension: str
    thumbnail: Pixels


def _readable(rows: Sequence[Row], found: Found, wrong: Callable[[str], None]) -> Iterator[tuple[Row, _Read, bool]]:
    """Each picture that decodes, and whether from its native file: those first, then what only the packs have."""
    views: dict[str, Row] = {row.file: row for row in rows if row.sha256 not in found.natives}
    natives = [row for row in rows if row.sha256 in found.natives]
    with ThreadPoolExecutor(usable_cores()) as pool:
        try:
            ahead: deque[Future[_Read | ImageError]] = deque()
            upcoming = iter(natives)
            for row in natives:
                while len(ahead) < _AHEAD and (later := next(upcoming, None)):
                    ahead.append(pool.submit(_native, found.natives[later.sha256], later.sha256))
                read = ahead.popleft().result()
                if isinstance(read, _Read):
                    yield row, read, True
                else:
                    wrong(printable(f"{row.stem}: the native file {read}"))
                    views[row.file] = row
        finally:
            pool.shutdown(cancel_futures=True)
    for file, data in read_views(found.packs, views):
        row = views.pop(file)
        try:
            yield row, _read(data), False
        except ImageError as error:
            wrong(printable(f"{row.stem}: the pack's view {error}"))
    for row in views.values():
        wrong(printable(f"{row.stem}: there is neither a native file nor a pack's view that can be read"))


def _native(path: Path, sha256: str) -> _Read | ImageError:
    try:
        return _read(read_native(path, sha256))
    except ImageError as error:
        return error


def _read(data: bytes) -> _Read:
    """Decode a file.

    Raises:
        ImageError: it cannot be.
    """
    image = decode(data)
    # The middle of a picture is all that a pack's view shows.
    return _Read(data, _EXTENSIONS.get(image.format, f".{image.format}"), thumbnail(image.pixels))


def _remove_others(to: Path, stem: str, name: str) -> None:
    """Delete what an earlier run stored of a picture under another extension, such as its view as a JPEG."""
    with writing(to):
        for other in (to / stem).parent.glob(Path(stem).name + ".*"):
            if other != to / name:
                (to / FILE_NAME).unlink(missing_ok=True)
                other.unlink()
