"""``imageauth data``"""

from pathlib import Path
from typing import Annotated

import typer

from imageauth.cli.guard import guarded

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Obtain and prepare data sets for training and evaluation."
)


@app.callback()
def root() -> None:
    """Obtain and prepare data sets for training and evaluation."""


def cifake(
    to: Annotated[Path, typer.Option("--to", metavar="DIR", help="Folder to prepare; an unfinished one is finished.")],
    source: Annotated[
        Path | None,
        typer.Option(
            "--from", metavar="ARCHIVE_OR_DIR", help="A folder, zip or tar with train/ and test/; default: Kaggle."
        ),
    ] = None,
) -> None:
    """Prepare CIFAKE: 60,000 CIFAR-10 photographs and 60,000 Stable Diffusion 1.4 images of 32×32 pixels.

    Checks that every file decodes, fixes the splits so that no picture, and no near-copy of one, stands in two of them,
    and writes manifest.tsv and SUMMARY.md.
    Exit code 1: damaged files were left out.
    """
    import sys

    from imageauth.rendering.progress import progress
    from imageauth.training.cifake import SUMMARY, prepare

    with progress("preparing", None) as tell:
        manifest, damaged = prepare(to, source, progress=lambda what, done, total: tell(done, total, what))
    print((to / SUMMARY).read_text(encoding="utf-8"), end="")
    print(f"\n{len(manifest):,} files are ready in {to}")
    for line in damaged:
        print(f"imageauth: left out {line}", file=sys.stderr)
    if damaged:
        raise typer.Exit(1)


app.command()(guarded(cifake, when_stopped="the same command goes on"))
