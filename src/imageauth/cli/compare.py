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
    import sys

    from imageauth import files
    from imageauth.cli.outputs import check_outputs, described, write_json
    from imageauth.cli.terminal import console
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

    facts, about = described(found, limit)
    if json_to:
        write_json(json_path, {**result.to_json(), "data": facts})
    if html_to:
        files.write_text(html_to, render_comparison(result, about))
    if json_to != "-":
        shown = console()
        for table in tables(result):
            shown.print(table)
        for sentence in sentences(result):
            print(sentence)
    for failure in result.failures:
        print(failure_line(failure), file=sys.stderr)
    if result.failures or result.missing:
        raise typer.Exit(1)
