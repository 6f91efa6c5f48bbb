"""``imageauth recalibrate``"""

from pathlib import Path
from typing import Annotated

import typer

from imageauth.cli.options import HtmlFile, Split

_SHOWN = 5  # of the images that are left out


def recalibrate(
    data: Annotated[Path, typer.Option(help="A folder with REAL/ and FAKE/ in it, such as you meet them.")],
    out: Annotated[Path, typer.Option(help="The model folder to write, new or empty.")],
    model: Annotated[str, typer.Option(help="A shipped model, or a path to a model folder.")] = "photo",
    prior: Annotated[
        float | None,
        typer.Option(
            metavar="P",
            help="Share of AI-made images where the model will be used, 0 to 1 (default: as in the folder).",
        ),
    ] = None,
    split: Split = None,
    html_to: HtmlFile = None,
) -> None:
    """Fit a model's calibration and thresholds anew on your own labelled images; the network stays as it is.

    Some hundred images take minutes. The folder that it writes is a model: imageauth check --model DIR.
    """
    import shlex
    import sys

    from rich.markup import escape
    from rich.table import Table

    from imageauth import files
    from imageauth.cli.outputs import check_outputs
    from imageauth.cli.terminal import console
    from imageauth.errors import ImageAuthError
    from imageauth.escaping import printable
    from imageauth.evaluation import recalibrated
    from imageauth.evaluation.dataset import find_images
    from imageauth.evaluation.own_pictures import choose
    from imageauth.evaluation.own_splits import split as split_of
    from imageauth.evaluation.recalibrated_page import render_recalibration
    from imageauth.evaluation.recalibration import recalibrate as fitted
    from imageauth.evaluation.scoring import score_items
    from imageauth.models import find_model
    from imageauth.pixels.model import PixelModel
    from imageauth.rendering.progress import progress

    if prior is not None and not 0 < prior < 1:
        raise ImageAuthError(f"--prior is a share between 0 and 1, such as 0.05, not {prior:g}")
    check_outputs(None, html_to)
    files.check_empty(out)
    network = PixelModel.load(model)
    found = find_images(data, split)
    if trained := found.trained_on():
        print(
            f"imageauth: warning: {trained:,} of these images are training images of a prepared data set; figures on "
            "them say nothing about others",
            file=sys.stderr,
        )
    with progress("looking through the images", len(found.items)) as tell:
        chosen = choose(found.items, network.card.domain, tell)
    parts = split_of(chosen.pictures)
    with progress(f"asking {network.card.name}", len(chosen.pictures)) as tell:
        scored = score_items(network, [own.item for own in chosen.pictures], progress=tell)
    if scored.failures:
        raise ImageAuthError(f"{scored.failures[0].file} changed while it was looked at; start again")
    result = fitted(network.card, scored, parts, prior=prior)
    card = recalibrated.new_card(network.card, result, chosen, parts)
    recalibrated.write_model(out, find_model(model), card)
    if html_to:
        files.write_text(html_to, render_recalibration(card, result, {"Data": printable(str(data))}))

    title = f"{network.card.name} {network.card.version} before, {card.version} after: {chosen.count(0):,} real and "
    table = Table(title=escape(title + f"{chosen.count(1):,} AI-made images"), title_justify="left")
    for head in ("", "before", "after", "change", "95 %"):
        table.add_column(head, justify="right" if head else "left")
    for cells in recalibrated.rows(result.figures):
        table.add_row(*cells)
    console().print(table)
    for out_of in chosen.left_out[:_SHOWN]:
        print(f"left out: {out_of.name} {out_of.reason}", file=sys.stderr)
    if len(chosen.left_out) > _SHOWN:
        print(f"left out: {len(chosen.left_out) - _SHOWN:,} more", file=sys.stderr)
    written = f"Written: {printable(str(out))}. To use it: imageauth check --model {shlex.quote(str(out))} FILE"
    for sentence in (*parts.lines, *recalibrated.needs(result, chosen), card.limits[-1], written):
        print(sentence)
