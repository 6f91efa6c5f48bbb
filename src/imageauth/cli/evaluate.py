"""``imageauth evaluate``"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from imageauth.models import DEFAULT_MODEL

if TYPE_CHECKING:
    from imageauth.evaluation.protocol import Evaluation


MISTAKES = 24


def evaluate(
    data: Annotated[Path, typer.Argument(metavar="DATA_DIR", help="A folder with REAL/ and FAKE/ in it.")],
    model: Annotated[str, typer.Option(help="A shipped or plugged-in model, or a model folder.")] = DEFAULT_MODEL,
    split: Annotated[
        str | None, typer.Option(help="Which split of a folder made by imageauth data (default: test).")
    ] = None,
    json_to: Annotated[
        str | None, typer.Option("--json", metavar="F", help="Write the figures as JSON; - for standard output.")
    ] = None,
    html_to: Annotated[Path | None, typer.Option("--html", metavar="F", help="Write a page with plots.")] = None,
    mistakes: Annotated[
        int, typer.Option(min=0, max=500, metavar="N", help="How many of the most wrong images the page shows.")
    ] = MISTAKES,
    degradations: Annotated[
        bool, typer.Option("--degradations", help="Also measure under compression, blur, scaling, noise and cropping.")
    ] = False,
    shortcut_probe: Annotated[
        bool, typer.Option("--shortcut-probe", help="Also measure how far file headers alone tell the classes apart.")
    ] = False,
    limit: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="At most N images of each class, always the same ones.")
    ] = None,
) -> None:
    """Measure a model on labelled images, by the protocol of the documentation.

    Exit code: 0 all measured, 1 at least one file could not be read, 2 wrong usage.
    """
    import json
    import sys

    from imageauth import files
    from imageauth.errors import ImageAuthError
    from imageauth.escaping import printable
    from imageauth.evaluation import html, plots, protocol, shortcut
    from imageauth.evaluation.dataset import find_images
    from imageauth.pixels.model import PixelModel
    from imageauth.rendering.progress import progress
    from imageauth.rendering.text import failure_line

    # Everything that can stop the run comes before its long part.
    json_path = None if json_to in (None, "-") else Path(str(json_to))
    for path in (json_path, html_to):
        if path is not None:
            files.check_writable(path)
    if mistakes != MISTAKES and not html_to:
        raise ImageAuthError("--mistakes is about the page: add --html")
    if json_path and html_to and json_path.resolve() == html_to.resolve():
        raise ImageAuthError("--json and --html name the same file")
    if html_to:
        plots.require_matplotlib()
    if shortcut_probe:
        shortcut.require_sklearn()
    network = PixelModel.load(model)
    found = find_images(data, split)
    if limit:
        found = found.limited(limit)

    if trained := found.trained_on():
        print(
            f"imageauth: warning: {trained:,} of these images are training images of a prepared data set; figures on "
            "them say nothing about others (evaluate the prepared folder itself, with --split)",
            file=sys.stderr,
        )
    with progress("evaluating", len(found.items)) as tell:
        result = protocol.evaluate(network, found.items, degradations=degradations, progress=tell)
    probe = shortcut.header_probe(found.items) if shortcut_probe else None

    folder = printable(str(data))
    if json_to:
        facts = {"folder": folder, "split": found.split, "limit": limit, "skipped": found.skipped}
        everything = {**result.to_json(), "data": facts, **({"shortcut_probe": probe} if probe else {})}
        text = json.dumps(everything, indent=2, allow_nan=False) + "\n"
        if json_path:
            files.write_text(json_path, text)
        else:
            sys.stdout.write(text)
    if html_to:
        about = {"Data": folder + (f", split {found.split}" if found.split else "")}
        if limit:
            about["Sample"] = f"at most {limit:,} images of each class, drawn with a fixed seed"
        if found.skipped:
            about["Skipped"] = f"{found.skipped:,} files that are not images by their extension"
        files.write_text(html_to, html.render_page(result, about, probe, mistakes, network.heatmap))
    if json_to != "-":
        _show(result, probe, found.skipped)
    for failure in result.failures:
        print(failure_line(failure), file=sys.stderr)
    if result.failures:
        raise typer.Exit(1)


def _show(result: "Evaluation", probe: Mapping[str, Any] | None, skipped: int) -> None:
    from rich.console import Console

    from imageauth.evaluation.console import tables

    # A pipe or a file has no width of its own, and a table squeezed into 80 columns cannot be read.
    console = Console() if Console().is_terminal else Console(width=140)
    for table in tables(result, probe):
        console.print(table)
    if result.outside_domain:
        console.print(f"Images that the model was not made for: {result.outside_domain:,}", highlight=False)
    if skipped:
        console.print(f"Files skipped, not images by their extension: {skipped:,}", highlight=False)
