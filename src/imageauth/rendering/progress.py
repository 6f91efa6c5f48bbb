"""Progress bars on standard error, and only where a person watches."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress(what: str, total: int | None, *, shown: bool = True) -> Iterator[Callable[..., None]]:
    """A bar with count and time left; yields ``tell(done, total=None, note="")``.

    Args:
        what: is being done.
        total: steps in all, if known.
        shown: False, or a standard error that is no terminal, makes it do nothing.
    """
    if not shown or not sys.stderr.isatty():
        yield lambda done, total=None, note="": None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    # What is printed meanwhile must go above the bar, unless standard output leads elsewhere.
    with Progress(
        *columns,
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=sys.stdout.isatty(),
        redirect_stderr=True,
    ) as bar:
        task = bar.add_task(what, total=total, note="")

        def tell(done: float, total: int | None = None, note: str = "") -> None:
            bar.update(task, completed=done, note=note, total=total)

        yield tell
