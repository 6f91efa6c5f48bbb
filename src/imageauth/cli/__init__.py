"""The ``imageauth`` command. One file a command; each parses, calls one function and renders."""

import os
import sys
import warnings

import typer

from imageauth.cli import check, data, evaluate, models, train

app = typer.Typer(
    name="imageauth",
    help="Was this image made by AI? Checks files on this machine and says what the answer rests on.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(check.check)
app.command()(evaluate.evaluate)
app.command()(models.models)
app.add_typer(data.app, name="data")
app.add_typer(train.app, name="train")


@app.callback(invoke_without_command=True)
def root(version: bool = typer.Option(False, "--version", help="Print the version and exit.", is_eager=True)) -> None:
    if version:
        from imageauth import __version__

        typer.echo(f"imageauth {__version__}")
        raise typer.Exit


def main() -> None:
    """Run the command line; no error reaches the user as a traceback unless IMAGEAUTH_TRACEBACK is set."""
    from imageauth.errors import ImageAuthError

    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    # Pillow's remarks about odd files are for programmers; what matters of them becomes an error or a limit.
    warnings.filterwarnings("ignore", module="PIL")
    _quiet_native_libraries()
    try:
        app()
    except ImageAuthError as error:
        print(f"imageauth: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("imageauth: stopped", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:
        # The reader (head, less) has seen enough; a flush at exit would complain again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.exit(141)
    except Exception as error:
        if os.environ.get("IMAGEAUTH_TRACEBACK"):
            raise
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        print(
            f"imageauth: internal error, please report it: {reason} (IMAGEAUTH_TRACEBACK=1 shows more)", file=sys.stderr
        )
        sys.exit(70)


def _quiet_native_libraries() -> None:
    """Keep Python's standard error on the terminal, but send what C++ libraries print there to nowhere.

    LiteRT announces itself on file descriptor 2 and offers no switch for it from Python.
    """
    if os.environ.get("IMAGEAUTH_TRACEBACK") or sys.stderr is None:
        return
    try:
        ours = os.dup(sys.stderr.fileno())
        sys.stderr = os.fdopen(ours, "w", buffering=1, encoding=sys.stderr.encoding, errors="backslashreplace")
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    except (OSError, ValueError):  # no real file behind it, as under a test runner
        return
