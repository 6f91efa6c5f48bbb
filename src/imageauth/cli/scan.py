"""``imageauth scan``"""

import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from imageauth.cli.options import CODE_FOUND, FailOn, Model, Online, PolicyFile
from imageauth.models import AUTO

if TYPE_CHECKING:
    from imageauth.scan.rows import Row

# Different notes about sidecars that are shown.
_NOTES = 5


def scan(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH…|-",
            help="Files, folders, globs, archives, tables, addresses; - for a list of names on standard input.",
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(metavar="F.{jsonl,csv,parquet}", help="The results; .parquet is a folder of part files."),
    ],
    include: Annotated[
        list[str] | None, typer.Option(metavar="GLOB", help="Take only what this matches; can be given repeatedly.")
    ] = None,
    exclude: Annotated[
        list[str] | None, typer.Option(metavar="GLOB", help="Leave out what this matches; can be given repeatedly.")
    ] = None,
    column: Annotated[str | None, typer.Option(metavar="NAME", help="Of the images in tables.")] = None,
    null: Annotated[
        bool, typer.Option("--null", help="Names on standard input end with a zero byte, not with a line.")
    ] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with results that are there.")] = False,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="With --resume: try files again that could not be checked.")
    ] = False,
    redo: Annotated[
        bool,
        typer.Option("--redo", help="With --resume: check again what other models, policies or plug-ins did."),
    ] = False,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; as many as cores by default.")] = None,
    ray: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS|local", help="Check on a Ray cluster, or on one started on this machine."),
    ] = None,
    model: Model = AUTO,
    no_pixels: Annotated[
        bool, typer.Option("--no-pixels", help="Leave the pixels out; ask only what the files say.")
    ] = False,
    policy: PolicyFile = None,
    near_duplicates: Annotated[
        bool,
        typer.Option("--near-duplicates", help="Keep a hash of what each picture looks like, for review."),
    ] = False,
    sidecars: Annotated[
        bool, typer.Option("--write-sidecar", help="Write an XMP file with the verdict beside each picture.")
    ] = False,
    fail_on: FailOn = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
    online: Online = False,
) -> None:
    """Check many files and write a row of each into a table; after any stop, --resume goes on.

    Exit code: 0 all checked, 1 at least one file could not be checked, 2 wrong usage, 3 a verdict of --fail-on.
    """
    from imageauth.escaping import printable
    from imageauth.policy import read_policy
    from imageauth.scan.console import told, watched
    from imageauth.scan.inputs import Options, items_of
    from imageauth.scan.scanning import Again, scan
    from imageauth.scan.settings import Checking
    from imageauth.scan.sidecars import write_sidecar
    from imageauth.verdict import STANDARD

    rules = read_policy(policy) if policy else STANDARD
    checking = Checking(None if no_pixels else model, policy=rules, online=online, hashes=near_duplicates)
    if resume and not out.exists():
        print(f"imageauth: there is no {out} to go on with; beginning it", file=sys.stderr)
    items = items_of(paths, Options(tuple(include or ()), tuple(exclude or ()), column, null))
    again = Again(resume=resume, failed=retry_failed, otherwise=redo)
    begun, rows = time.monotonic(), 0
    unwritten: Counter[str] = Counter()
    with watched(quiet=quiet) as tell:

        def added(row: "Row") -> None:
            nonlocal rows
            rows += 1
            if sidecars and (note := write_sidecar(row["file"], row)):
                unwritten[note] += 1
            tell(row)

        try:
            summary = scan(items, out, checking=checking, workers=workers, ray=ray, again=again, added=added)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(f"after {rows:,} images; --resume goes on") from None
    for note, count in unwritten.most_common(_NOTES):
        print(f"imageauth: {count:,} ×: {printable(note)}", file=sys.stderr)
    if not quiet:
        print(told(summary, str(out), rows=rows, seconds=time.monotonic() - begun))
    if any(summary.verdicts[verdict] for verdict in fail_on or ()):
        raise typer.Exit(CODE_FOUND)
    if summary.failed:
        raise typer.Exit(1)
