"""``imageauth check``"""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import tee
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from imageauth.cli.options import CODE_FOUND, FailOn, Model, Online, PolicyFile
from imageauth.cli.signing import Certificate, PassphraseFile, Sign, Signing
from imageauth.cli.terminal import terminal
from imageauth.models import AUTO

if TYPE_CHECKING:
    from imageauth.cli.inputs import Named
    from imageauth.detector import Detector, Explanation
    from imageauth.rendering.document import Entry
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
    html: Annotated[
        Path | None, typer.Option(metavar="F.html", help="Write a report on all of it, as one page to open or print.")
    ] = None,
    pdf: Annotated[
        Path | None, typer.Option(metavar="F.pdf", help='The same as a PDF; needs pip install "imageauth[report]".')
    ] = None,
    time: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="The time that a report says, as ISO 8601; the same gives the same bytes."),
    ] = None,
    sign: Sign = None,
    certificate: Certificate = None,
    passphrase_file: PassphraseFile = None,
    model: Model = AUTO,
    heatmap: Annotated[
        Path | None,
        typer.Option(metavar="F.png", help="For one image: write a picture of where the evidence of its pixels sits."),
    ] = None,
    no_pixels: Annotated[
        bool, typer.Option("--no-pixels", help="Leave the pixels out; ask only what the file says.")
    ] = False,
    render: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME:F", help="Have a plug-in write the reports into a file; can be given repeatedly."),
    ] = None,
    policy: PolicyFile = None,
    fail_on: FailOn = None,
    online: Online = False,
) -> None:
    """Check images and say whether they were made by AI, and why.

    Exit code: 0 all checked, 1 at least one file could not be checked, or a plug-in failed to render, 2 wrong usage,
    3 a verdict of --fail-on.
    """
    from imageauth.cli.documents import check_inputs, wanted
    from imageauth.cli.inputs import Named, expand
    from imageauth.detector import Detector
    from imageauth.policy import read_policy
    from imageauth.rendering.plugin_renderers import Rendering, check_count, write_all
    from imageauth.rendering.progress import progress
    from imageauth.report import Failure, Report
    from imageauth.verdict import STANDARD

    if heatmap:
        _check_writable(heatmap, no_pixels=no_pixels)
    renderings = [Rendering.of(text) for text in render or ()]
    signing = Signing(sign, certificate, passphrase_file)
    documents = wanted(html, pdf, time, signing, others=[heatmap, *(one.path for one in renderings)])
    rules = read_policy(policy) if policy else STANDARD
    detector = Detector(None if no_pixels else model, policy=rules, online=online)
    items: Iterable[Named] = expand(paths)
    if heatmap or documents or renderings:
        items = list(items)
        check_inputs(
            items,
            (("--heatmap", heatmap), ("--html", html), ("--pdf", pdf), *(("--render", one.path) for one in renderings)),
        )
        if renderings:
            check_count(len(items))
    total = None
    if sys.stderr.isatty():  # a bar needs to know how many; otherwise begin before a large folder was walked through
        items = list(items)
        total = len(items)
    entries: list[Entry] = []
    if heatmap:
        answers = _explained(detector, list(items), heatmap, entries, kept=bool(documents))
    elif documents:
        answers = _looked(detector, list(items), entries)
    else:
        first, second = tee(items)
        answers = detector.check_many((item.source for item in first), names=(item.name for item in second))
    failed = done = found = 0
    kept: list[Report | Failure] = []
    try:
        with progress("checking", total, shown=total is not None and total >= _MANY) as tell:
            for answer in answers:
                failed += isinstance(answer, Failure)
                found += isinstance(answer, Report) and answer.verdict in (fail_on or ())
                done += 1
                _show(answer, as_json=as_json, explain=explain)
                if renderings:
                    kept.append(answer)
                tell(done)
        # Before the documents: one that cannot be made ends the command.
        for problem in write_all(renderings, kept):
            print(f"imageauth: {problem}", file=sys.stderr)
            failed += 1
        if documents:
            documents.write(detector, entries)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"after {done} files" if total is None else f"after {done} of {total} files") from None
    if found:
        raise typer.Exit(CODE_FOUND)
    if failed:
        raise typer.Exit(1)


def _check_writable(path: Path, *, no_pixels: bool) -> None:
    """What can be known before the work."""
    from imageauth.errors import ImageAuthError
    from imageauth.files import check_writable

    if no_pixels:
        raise ImageAuthError("--heatmap shows what the pixels say; leave out --no-pixels")
    if path.suffix.lower() != ".png":
        raise ImageAuthError(f"--heatmap writes a PNG: name it {path.stem or 'heatmap'}.png")
    check_writable(path)


def _looked(detector: "Detector", items: "Sequence[Named]", entries: "list[Entry]") -> "Iterator[Report | Failure]":
    """Check images, and keep what a document will say of them."""
    from imageauth.documents import check_count, look

    check_count(len(items))
    for entry in look(detector, [item.source for item in items], [item.name for item in items]):
        entries.append(entry)
        yield entry.answer


def _explained(
    detector: "Detector", items: "Sequence[Named]", path: Path, entries: "list[Entry]", *, kept: bool
) -> "Iterator[Report | Failure]":
    """Check the one image that was named, and draw its heatmap; keep what a document will say, if there will be one."""
    from imageauth.detector import failure_of, file_bytes
    from imageauth.documents import Sight
    from imageauth.errors import ImageAuthError, ImageError
    from imageauth.rendering.document import Entry
    from imageauth.report import Failure

    if len(items) != 1:
        raise ImageAuthError(f"--heatmap draws one image, and {len(items)} were named")
    name, source = items[0].name, items[0].source
    sight = None
    try:
        if isinstance(source, Failure):
            failure = source
        else:
            file = file_bytes(source)
            sight = Sight(file.data) if kept else None
            found = detector.explain(file, name=name)
            if sight:
                if found.pixels is not None:
                    sight.look_at(found.pixels)
                entries.append(sight.entry(found.report, found.heatmap))
            yield found.report
            _draw(found, name, path)
            return
    except (ImageError, MemoryError) as error:
        failure = failure_of(name, error)
    entries.append(sight.entry(failure) if sight else Entry(failure))
    yield failure


def _draw(found: "Explanation", name: str, path: Path) -> None:
    import io

    from imageauth.escaping import printable
    from imageauth.files import write_bytes
    from imageauth.rendering.heatmap import draw_heatmap
    from imageauth.rendering.text import percent

    if found.heatmap is None or found.pixels is None or found.report.probability is None:
        reason = "the pixels gave no answer, and nothing is written to"
        print(f"imageauth: no heatmap for {printable(name)}: {reason} {printable(str(path))}", file=sys.stderr)
        return
    headline = f"{found.report.verdict}, {percent(found.report.probability)} AI"
    png = io.BytesIO()
    draw_heatmap(found.pixels, found.heatmap, headline).save(png, "PNG")
    write_bytes(path, png.getvalue())


def _show(answer: "Report | Failure", *, as_json: bool, explain: bool) -> None:
    from imageauth.rendering.text import explanation, failure_line, headline
    from imageauth.report import Failure

    if as_json:
        print(json.dumps(answer.to_json()), flush=True)
    if isinstance(answer, Failure):
        print(failure_line(answer), file=sys.stderr)
    elif not as_json:
        colour, width = terminal()
        print(headline(answer, colour=colour, width=width), flush=True)
        if explain:
            print(explanation(answer))
