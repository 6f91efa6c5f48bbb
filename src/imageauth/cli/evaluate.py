"""``imageauth evaluate``"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from imageauth.cli.options import HtmlFile, JsonFile, Limit, Split
from imageauth.models import DEFAULT_MODEL

if TYPE_CHECKING:
    from imageauth.evaluation.protocol import Evaluation


MISTAKES = 24


def evaluate(
    data: Annotated[Path, typer.Argument(metavar="DATA_DIR", help="A folder with REAL/ and FAKE/ in it.")],
    model: Annotated[str, typer.Option(help="A shipped or plugged-in model, or a model folder.")] = DEFAULT_MODEL,
    predictions: Annotated[
        Path | None,
        typer.Option(metavar="F.csv", help="Measure another tool instead, by what it said of these images."),
    ] = None,
    split: Split = None,
    json_to: JsonFile = None,
    html_to: HtmlFile = None,
    mistakes: Annotated[
        int, typer.Option(min=0, max=500, metavar="N", help="How many of the most wrong images the page shows.")
    ] = MISTAKES,
    degradations: Annotated[
        bool, typer.Option("--degradations", help="Also measure under compression, blur, scaling, noise and cropping.")
    ] = False,
    shortcut_probe: Annotated[
        bool, typer.Option("--shortcut-probe", help="Also measure how far file headers alone tell the classes apart.")
    ] = False,
    limit: Limit = None,
) -> None:
    """Measure a model on labelled images, by the protocol of the documentation.

    Exit code: 0 all measured, 1 at least one file could not be read, 2 wrong usage.
    """
    import sys

    from imageauth import files
    from imageauth.cli.outputs import check_outputs, described, write_json
    from imageauth.errors import ImageAuthError
    from imageauth.evaluation import html, protocol, shortcut
    from imageauth.evaluation.dataset import find_images
    from imageauth.evaluation.predictions import Predictions, read_predictions
    from imageauth.pixels.model import PixelModel
    from imageauth.rendering.progress import progress
    from imageauth.rendering.text import failure_line

    # Everything that can stop the run comes before its long part.
    json_path = check_outputs(json_to, html_to)
    if mistakes != MISTAKES and not html_to:
        raise ImageAuthError("--mistakes is about the page: add --html")
    if predictions and degradations:
        raise ImageAuthError("--degradations needs a model: a file of predictions knows the images as they are only")
    if shortcut_probe:
        shortcut.require_sklearn()
    subject = read_predictions(predictions) if predictions else PixelModel.load(model)
    found = find_images(data, split)
    if limit:
        found = found.limited(limit)

    if trained := found.trained_on():
        print(
            f"imageauth: warning: {trained:,} of these images are training images of a prepared data set; figures on "
            "them say nothing about others (evaluate the prepared folder itself, with --split)",
            file=sys.stderr,
        )
    heatmap = None
    if isinstance(subject, Predictions):
        result = protocol.evaluate_predictions(subject, found.items, found.folder)
    else:
        heatmap = subject.heatmap
        with progress("evaluating", len(found.items)) as tell:
            result = protocol.evaluate(subject, found.items, degradations=degradations, progress=tell)
    probe = shortcut.header_probe(found.items) if shortcut_probe else None

    facts, about = described(found, limit)
    if json_to:
        facts["digest"] = found.digest()
        write_json(json_path, {**result.to_json(), "data": facts, **({"shortcut_probe": probe} if probe else {})})
    if html_to:
        if found.skipped:
            about["Skipped"] = f"{found.skipped:,} files that are not images by their extension"
        files.write_text(html_to, html.render_page(result, about, probe, mistakes, heatmap))
    if json_to != "-":
        _show(result, probe, found.skipped)
    for failure in result.failures:
        print(failure_line(failure), file=sys.stderr)
    if result.failures:
        raise typer.Exit(1)


def _show(result: "Evaluation", probe: Mapping[str, Any] | None, skipped: int) -> None:
    from imageauth.cli.terminal import console
    from imageauth.evaluation.console import tables

    shown = console()
    for table in tables(result, probe):
        shown.print(table)
    if result.outside_domain:
        shown.print(f"Images that the model was not made for: {result.outside_domain:,}", highlight=False)
    if skipped:
        shown.print(f"Files skipped, not images by their extension: {skipped:,}", highlight=False)
