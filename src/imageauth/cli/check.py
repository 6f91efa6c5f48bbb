"""``imageauth check``"""

import json
import sys
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
    from imageauth.cli.inputs import expand, source
    from imageauth.detector import Detector
    from imageauth.rendering.progress import progress
    from imageauth.report import Failure

    detector = Detector(None if no_pixels else model)
    items = list(expand(paths))
    failed = done = 0
    try:
        with progress("checking", len(items), shown=len(items) >= _MANY) as advance:
            good = [item for item in items if not isinstance(item, Failure)]
            answers = detector.check_many((source(item) for item in good), names=good)
            for item in items:
                answer = item if isinstance(item, Failure) else next(answers)
                failed += isinstance(answer, Failure)
                done += 1
                _show(answer, as_json=as_json, explain=explain)
                advance()
    except KeyboardInterrupt:
        print(f"imageauth: stopped after {done} of {len(items)} files", file=sys.stderr)
        raise typer.Exit(130) from None
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
