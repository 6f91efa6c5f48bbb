"""A page to look through the results of a scan: one HTML file, and a folder beside it with small pictures and details.

It opens from the disk, asks nothing of any network, and leaves out whatever it cannot hold, saying so.
"""

import os
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from imageauth.scan.limits import DISTANCE, MOST_THUMBNAILS
from imageauth.scan.review.folder import Folder
from imageauth.scan.review.page import render_page
from imageauth.scan.review.sheet import Sheet
from imageauth.scan.review.thumbnails import Wanted, make_thumbnails
from imageauth.scan.rows import Row

MOST_ROWS = 150_000
"""Rows of one page: what browsers scroll through without trouble."""


@dataclass(frozen=True, slots=True)
class Review:
    """What was written.

    Attributes:
        page: the HTML file.
        folder: what it needs beside it.
        rows: that it shows.
        left_out: rows that it does not.
        thumbnails: that were made.
    """

    page: Path
    folder: Path
    rows: int
    left_out: int
    thumbnails: int


def write_review(
    rows: Iterable[Row],
    out: Path,
    *,
    title: str,
    only: Collection[str] = (),
    thumbnails: int = MOST_THUMBNAILS,
    distance: int = DISTANCE,
    most: int = MOST_ROWS,
    progress: Callable[[int, int | None], None] = lambda done, total: None,
) -> Review:
    """Write a page about rows.

    Args:
        rows: of schema ``imageauth/scan/1``.
        out: the HTML file; what it needs goes into a folder beside it, ``NAME_files``.
        title: what the page is about.
        only: verdicts whose rows it shows, ``error`` for those without one; none for all.
        thumbnails: the most small pictures to make, of what matters most: AI first, then by probability.
        distance: see :func:`imageauth.scan.near_duplicates.group_near_duplicates`.
        most: rows that it shows; further ones are counted.
        progress: told of small pictures done, and of how many there will be.

    Raises:
        ImageAuthError: the rows are none of ours, or something else lies where the folder would.
        OSError: it cannot be written.
    """
    with Folder(out.with_name(f"{out.stem}_files")) as folder:
        sheet = Sheet(folder, most)
        for row in rows:
            if not only or row.get("verdict", "error") in only:
                sheet.add(row)
        sheet.close(distance)
        base = os.path.relpath(os.curdir, out.parent)
        wanted = [Wanted(index, sheet.names[index], sheet.digests[index]) for index in sheet.ranked()[:thumbnails]]
        made = make_thumbnails(wanted, folder, progress)
        page = render_page(sheet, made, title=title, files=folder.path.name, base=Path(base).as_posix())
        folder.finish(out, page)
    return Review(out, folder.path, len(sheet.names), sheet.left_out, len(made))
