"""The ``imageauth`` command. One file a command; each parses, calls one function and renders."""

import io
import os
import sys
import warnings

import typer

from imageauth.cli import (
    check,
    compare,
    data,
    evaluate,
    export,
    inspect,
    models,
    plugins,
    recalibrate,
    review,
    scan,
    serve,
    train,
    trust,
    tune,
    verify_report,
    web,
)
from imageauth.cli.guard import guarded, quiet

app = typer.Typer(
    name="imageauth",
    help="Was this image made by AI? Checks files on this machine and says what the answer rests on.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(guarded(quiet(check.check)))
app.command()(guarded(scan.scan))
app.command()(guarded(review.review))
app.command()(guarded(quiet(inspect.inspect)))
app.command()(guarded(quiet(verify_report.verify_report)))
app.command()(guarded(quiet(evaluate.evaluate)))
app.command()(guarded(quiet(compare.compare)))
app.command()(guarded(quiet(recalibrate.recalibrate)))
app.command()(guarded(models.models))
app.command()(guarded(quiet(export.export)))
app.command()(guarded(quiet(plugins.plugins)))
app.command()(guarded(quiet(serve.serve)))
app.add_typer(data.app, name="data")
app.add_typer(train.app, name="train")
app.add_typer(tune.app, name="tune")
app.add_typer(trust.app, name="trust")
app.add_typer(web.app, name="web")


@app.callback(invoke_without_command=True)
def root(version: bool = typer.Option(False, "--version", help="Print the version and exit.", is_eager=True)) -> None:
    if version:
        from imageauth import __version__

        typer.echo(f"imageauth {__version__}")
        raise typer.Exit


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    # Pillow's remarks about odd files are for programmers; what matters of them becomes an error or a limit.
    warnings.filterwarnings("ignore", module="PIL")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    app()
