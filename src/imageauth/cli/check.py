"""``imageauth check``"""

import json
import sys
from collections.abc import Iterable
from itertools import tee
from typing import TYPE_CHECKING, Annotated

import typer

from imageauth.models import DEFAULT_MODEL

if TYPE_CHECKING:
    from imageauth.report import Failure, Report

# From how many files on a progress bar helps more than it distracts.
_MANY = 20


def check(
    paths: Annotated[
        list[str],
        typer.Argument(metavar="PATH…|-", help="Files, folders, globs, or - for one image on standard input."),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a file, one a line.")] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show the evidence and the limits under each verdict.")
    ] = False,
    model: Annotated[str, typer.Option(help="A shipped model, or a path to a model folder.")] = DEFAULT_MODEL,
    no_pixels: Annotated[
        bool, typer.Option("--no-pixels", help="Leave the pixels out; ask only what the file says.")
    ] = False,
) -> None:
    """Check images and say whether they were made by AI, and why.

    Exit code: 0 all checked, 1 at least one file could not be checked, 2 wrong usage.
    """
    from imageauth.cli.inputs import Named, expand
    from imageauth.detector import Detector
    from imageauth.rendering.progress import progress
    from imageauth.report import Failure

    detector = Detector(None if no_pixels else model)
    items: Iterable[Named] = expand(paths)
    total = None
    if sys.stderr.isatty():  # a bar needs to know how many; otherwise begin before a large folder was walked through
        items = list(items)
        total = len(items)
    first, second = tee(items)
    answers = detector.check_many((item.source for item in first), names=(item.name for item in second))
    failed = done = 0
    try:
        with progress("checking", total, shown=total is not None and total >= _MANY) as tell:
            for answer in answers:
                failed += isinstance(answer, Failure)
                done += 1
                _show(answer, as_json=as_json, explain=explain)
                tell(done)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"after {done} files" if total is None else f"after {done} of {total} files") from None
    if failed:
        raise typer.Exit(1)


def _show(answer: "Report | Failure", *, as_json: bool, explain: bool) -> None:
    from imageauth.rendering.text import explanation, failure_line, headline
    from imageauth.report import Failure

    if as_json:
        print(json.dumps(answer.to_json()), flush=True)
    if isinstance(answer, Failure):
        print(failure_line(answer), file=sys.stderr)
    elif not as_json:
        colour, width = _terminal()
        print(headline(answer, colour=colour, width=width), flush=True)
        if explain:
            print(explanation(answer))


def _terminal() -> tuple[bool, int | None]:
    """Whether to use colour, and the width to fit; nothing is coloured or shortened for a pipe or a file."""
    import os
    import shutil

    if not sys.stdout.isatty():
        return False, None
    return "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb", shutil.get_terminal_size().columns
