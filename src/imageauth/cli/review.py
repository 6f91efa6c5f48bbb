"""``imageauth review``"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from imageauth.scan.limits import DISTANCE, MOST_DISTANCE, MOST_THUMBNAILS


def review(
    results: Annotated[
        Path, typer.Argument(metavar="RESULTS", help="What imageauth scan wrote: .jsonl, .csv, .parquet.")
    ],
    out: Annotated[
        Path | None, typer.Option(metavar="F.html", help="The page; by default beside the results, under their name.")
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="VERDICT", help="Show only rows with this verdict, or error; can be given repeatedly."),
    ] = None,
    thumbnails: Annotated[
        int, typer.Option(min=0, metavar="N", help="The most small pictures to make, AI first.")
    ] = MOST_THUMBNAILS,
    no_thumbnails: Annotated[bool, typer.Option("--no-thumbnails", help="Make no small pictures.")] = False,
    distance: Annotated[
        int, typer.Option(min=0, max=MOST_DISTANCE, metavar="BITS", help="How far near-copies may differ, of 256 bits.")
    ] = DISTANCE,
    open_it: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
) -> None:
    """Write a page to look through the results of a scan: pictures, sorted and filtered, copies together.

    Exit code: 0 written, 2 wrong usage.
    """
    from imageauth.errors import ImageAuthError
    from imageauth.escaping import printable
    from imageauth.files import check_writable
    from imageauth.rendering.progress import progress
    from imageauth.scan.reading import read_rows
    from imageauth.scan.review import write_review
    from imageauth.scan.review.sheet import OUTCOMES

    for outcome in only or ():
        if outcome not in OUTCOMES:
            raise ImageAuthError(f"--only takes {', '.join(OUTCOMES[:-1])} or {OUTCOMES[-1]}, not {outcome!r}")
    page = out or results.with_suffix(".html")
    if page.suffix.lower() not in (".html", ".htm"):
        raise ImageAuthError(f"the page is HTML: name it {page.stem or 'review'}.html")
    check_writable(page)

    def warn(sentence: str) -> None:
        print(f"imageauth: {printable(sentence)}", file=sys.stderr)

    with progress("making small pictures", None) as tell:
        written = write_review(
            read_rows(results, torn=warn),
            page,
            title=results.name,
            only=frozenset(only or ()),
            thumbnails=0 if no_thumbnails else thumbnails,
            distance=distance,
            progress=tell,
        )
    if written.left_out:
        warn(f"the page shows the first {written.rows:,} rows, without {written.left_out:,}; --only makes it smaller")
    pictures = f"{written.thumbnails:,} small pictures in {printable(written.folder.name)}/"
    print(f"{printable(str(page))}: {written.rows:,} rows, {pictures}")
    if open_it:
        import webbrowser

        webbrowser.open(page.resolve().as_uri())
