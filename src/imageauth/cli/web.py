"""``imageauth web``"""

from pathlib import Path
from typing import Annotated

import typer

from imageauth.cli.guard import guarded

app = typer.Typer(
    rich_markup_mode=None,
    no_args_is_help=True,
    help="The page with its private mode, which runs the models in the browser.",
)


def runtime(
    from_files: Annotated[
        list[Path] | None,
        typer.Option(
            "--from",
            metavar="FILE_OR_FOLDER",
            help="Archives that `npm pack` made, or a folder of them; repeatable. Default: ask npm.",
        ),
    ] = None,
    to: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where to put the files. Default: the user's data folder.")
    ] = None,
) -> None:
    """Bring what private mode runs in the browser: LiteRT.js, Pyodide and the C2PA library.

    They come from npm, at pinned versions whose SHA-512 is checked, and are kept; `imageauth serve` and `imageauth web
    build` find them. Nothing is sent but the request for these packages.
    """
    from imageauth.server.packages import PACKAGES
    from imageauth.server.runtime import install

    folder = install(to, source=from_files)
    for package in PACKAGES:
        print(f"{package.name} {package.version} ({package.licence})")
    print(f"Kept in {folder}")


def build(
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="A new or empty folder, or an older site, which is replaced.")
    ],
    readers: Annotated[
        bool, typer.Option(help="Include what reads metadata and Content Credentials: some 22 MB, loaded when needed.")
    ] = True,
) -> None:
    """Write the page as a static site: any host of files can serve it, and it works offline after the first visit.

    Everything runs in the visitor's browser; there is no server of ours. Lists of signers that `imageauth trust` keeps
    on this machine go with it.
    """
    from imageauth.provenance.trust import load
    from imageauth.server.site import build as write_site

    written = write_site(out, trust=load(), readers=readers)
    print(f"{out}: {written['files']} files, {written['bytes'] / 1e6:.1f} MB")
    print(f"Try it: python -m http.server --directory {out} 8080")


app.command()(guarded(runtime, when_stopped="nothing was changed"))
app.command()(guarded(build, when_stopped="nothing was written"))
