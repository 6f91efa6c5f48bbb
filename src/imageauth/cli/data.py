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


def photos(
    to: Annotated[Path, typer.Option("--to", metavar="DIR", help="Folder to prepare; an unfinished one is finished.")],
    sources: Annotated[
        list[Path],
        typer.Option(
            "--from",
            metavar="PATH",
            help="A folder with tables (.tsv), packs (.tar.xz) or native files named by their SHA-256; or a single "
            "table or pack. Give it several times.",
        ),
    ],
    probes: Annotated[
        bool, typer.Option("--probes/--no-probes", help="Run the shortcut probes, too (ten minutes).")
    ] = True,
) -> None:
    """Prepare labelled pictures from public repositories for the model photo and for imageauth evaluate.

    The tables say which picture is whose. REAL/ and FAKE/ get the native file where it is there, else the pack's view
    of 256 pixels. Families of generators, owners and sources each stay in one fold, and no near-copy stands in two.
    Writes photos.tsv, SUMMARY.md and probes.json; docs/photos.md says more.
    Exit code 1: lines or files were left out.
    """
    import sys

    from imageauth.files import write_atomically
    from imageauth.rendering.progress import progress
    from imageauth.training.photos.prepare import prepare
    from imageauth.training.photos.probes import probe
    from imageauth.training.photos.summary import FILE_NAME, summarise
    from imageauth.training.photos.tables import save
    from imageauth.training.storing import writing

    with progress("preparing", None) as tell:
        prepared = prepare(to, sources, progress=lambda what, done, total: tell(done, total, what))
        with writing(to):
            write_atomically(to / FILE_NAME, summarise(prepared, None).encode())
            save(to, prepared.photos)  # the pictures are usable from here on
        if probes:
            found = probe(to, prepared.photos, progress=lambda done, total: tell(done, total, "probing"))
            with writing(to):
                write_atomically(to / FILE_NAME, summarise(prepared, found).encode())
    print((to / FILE_NAME).read_text(encoding="utf-8"), end="")
    print(f"\n{len(prepared.photos):,} files are ready in {to}")
    for line in prepared.left_out:
        print(f"imageauth: left out {line}", file=sys.stderr)
    if prepared.left_out:
        raise typer.Exit(1)


app.command()(guarded(cifake, when_stopped="the same command goes on"))
app.command()(guarded(photos, when_stopped="the same command goes on"))
