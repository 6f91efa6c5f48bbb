"""``imageauth compare``"""

from pathlib import Path
from typing import Annotated

import typer

from imageauth.cli.options import HtmlFile, JsonFile, Limit, Split


def compare(
    a: Annotated[str, typer.Argument(metavar="A", help="A shipped model, a model folder, or predictions (F.csv).")],
    b: Annotated[str, typer.Argument(metavar="B", help="The other, such as a newer version, or another tool's.")],
    data: Annotated[Path, typer.Option(help="A folder with REAL/ and FAKE/ in it.")],
    split: Split = None,
    json_to: JsonFile = None,
    html_to: HtmlFile = None,
    limit: Limit = None,
) -> None:
    """Compare two models on the same labelled images, and say whether chance would part them as far.

    Either may be a file of predictions: CSV or JSON lines (.jsonl) with file, probability and perhaps verdict, so that
    other tools can be measured; results of imageauth scan are such files.

    Exit code: 0 all compared, 1 at least one file could not be read or had no prediction, 2 wrong usage.
    """
    import json
    import sys

    from rich.console import Console

    from imageauth import files
    from imageauth.cli.outputs import check_outputs
    from imageauth.escaping import printable
    from imageauth.evaluation.compared import sentences, tables
    from imageauth.evaluation.compared_page import render_comparison
    from imageauth.evaluation.comparison import compare as compared
    from imageauth.evaluation.dataset import find_images
    from imageauth.evaluation.judging import answers, contender
    from imageauth.rendering.progress import progress
    from imageauth.rendering.text import failure_line

    json_path = check_outputs(json_to, html_to)
    first, second = contender(a), contender(b)
    found = find_images(data, split)
    if limit:
        found = found.limited(limit)
    said = []
    for side, name in ((first, "A"), (second, "B")):
        with progress(f"asking {name}", len(found.items)) as tell:
            said.append(answers(side, found, tell))
    result = compared(first, second, said[0], said[1], found)

    folder = printable(str(data))
    if json_to:
        facts = {"folder": folder, "split": found.split, "limit": limit, "skipped": found.skipped}
        text = json.dumps({**result.to_json(), "data": facts}, indent=2, allow_nan=False) + "\n"
        if json_path:
            files.write_text(json_path, text)
        else:
            sys.stdout.write(text)
    if html_to:
        about = {"Data": folder + (f", split {found.split}" if found.split else "")}
        if limit:
            about["Sample"] = f"at most {limit:,} images of each class, drawn with a fixed seed"
        files.write_text(html_to, render_comparison(result, about))
    if json_to != "-":
        console = Console() if Console().is_terminal else Console(width=140)
        for table in tables(result):
            console.print(table)
        for sentence in sentences(result):
            print(sentence)
    for failure in result.failures:
        print(failure_line(failure), file=sys.stderr)
    if result.failures or result.missing:
        raise typer.Exit(1)
