"""What stands between a command and its user: every way to end is one line and an exit code, never a traceback."""

import functools
import os
import sys
from collections.abc import Callable
from typing import Any, NoReturn, ParamSpec

import typer

from imageauth.silence import silenced

P = ParamSpec("P")

CODE_USAGE, CODE_INTERNAL, CODE_INTERRUPTED, CODE_PIPE = 2, 70, 130, 141


def guarded(command: Callable[P, None], *, when_stopped: str = "") -> Callable[P, None]:
    """Wrap a command. Errors that we raise and errors of the file system become one line and exit code 2; Ctrl-C ends
    with 130 and a closed pipe with 141, as shells expect; anything else is a bug of ours and says so, with 70.

    Args:
        command: to wrap; its signature stays visible to Typer.
        when_stopped: what to tell a user who pressed Ctrl-C.
    """

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        from imageauth.errors import ImageAuthError

        try:
            command(*args, **kwargs)
            sys.stdout.flush()
        except ImageAuthError as error:
            _end(CODE_USAGE, str(error))
        except KeyboardInterrupt as stop:
            stopped = f"stopped {stop}".strip()
            _end(CODE_INTERRUPTED, "; ".join(filter(None, (stopped, when_stopped))), at_once=True)
        except BrokenPipeError:
            # The reader (head, less) has seen enough; flushing at exit would only complain again.
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            _end(CODE_PIPE, at_once=True)
        except OSError as error:
            if os.environ.get("IMAGEAUTH_TRACEBACK"):
                raise
            _end(CODE_USAGE, ": ".join(filter(None, (str(error.filename or ""), error.strerror or str(error)))))
        except (typer.Exit, typer.BadParameter, typer.Abort):
            raise
        except Exception as error:
            if os.environ.get("IMAGEAUTH_TRACEBACK"):
                raise
            reason = " ".join(f"{type(error).__name__}: {error}".split())[:300]
            _end(CODE_INTERNAL, f"internal error, please report it: {reason} (IMAGEAUTH_TRACEBACK=1 shows more)")

    return run


def quiet(command: Callable[P, None]) -> Callable[P, None]:
    """Wrap a command in :func:`silenced`."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        with silenced():
            command(*args, **kwargs)

    return run


def _end(code: int, message: str = "", *, at_once: bool = False) -> NoReturn:
    """Say why and exit; ``at_once`` does not wait for threads that still decode."""
    if message:
        print(f"imageauth: {message}", file=sys.stderr)
    if at_once:
        _flush(sys.stdout)
        _flush(sys.stderr)
        os._exit(code)
    raise typer.Exit(code)


def _flush(stream: Any) -> None:
    try:
        stream.flush()
    except (AttributeError, OSError, ValueError):
        return
