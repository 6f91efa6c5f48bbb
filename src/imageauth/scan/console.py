"""A scan as a person watches it: a bar on a terminal, a line now and then elsewhere; and what it found in all."""

import shlex
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from imageauth.escaping import printable
from imageauth.rendering.progress import progress
from imageauth.rendering.text import MARKS, percent
from imageauth.report import Verdict
from imageauth.scan.rows import Row
from imageauth.scan.summary import Summary

# Seconds between lines where no terminal can show a bar; redrawing a bar for each row would cost more than some checks.
_LINE, _REDRAW = 10.0, 0.1


@contextmanager
def watched(*, quiet: bool, total: int | None = None) -> Iterator[Callable[[Row], None]]:
    """Yields what is told of each row.

    Args:
        quiet: say nothing.
        total: rows to come, if known.
    """
    counts: Counter[str] = Counter()
    begun = said = time.monotonic()
    on_terminal = sys.stderr.isatty()
    with progress("checking", total, shown=not quiet) as tell:

        def added(row: Row) -> None:
            nonlocal said
            counts[row.get("verdict", "error")] += 1
            now = time.monotonic()
            if quiet or now - said < (_REDRAW if on_terminal else _LINE):
                return
            said = now
            done = counts.total()
            note = f"{done / (now - begun):,.0f}/s · {_counts(counts)}"
            if on_terminal:
                tell(done, note=note)
            else:
                print(f"imageauth: {done:,} checked, {note}", file=sys.stderr, flush=True)

        yield added


def _counts(counts: Counter[str]) -> str:
    verdicts = [f"{MARKS[verdict][0]} {counts[verdict]:,}" for verdict in Verdict if counts[verdict]]
    errors = counts["error"]
    return " ".join([*verdicts, *([f"{errors:,} failed"] if errors else [])])


def told(summary: Summary, out: str, *, rows: int, seconds: float) -> str:
    """What a scan found, in a few lines.

    Args:
        summary: of all rows.
        out: where they are.
        rows: how many of them this run added.
        seconds: that it took.
    """
    total = summary.checked + summary.failed
    rate = f", {rows / seconds:,.0f} a second" if rows and seconds > 1 else ""
    lines = [f"{rows:,} images checked in {_duration(seconds)}{rate}; {total:,} rows in {printable(out)}"]
    width = max(map(len, Verdict))
    for verdict, count in summary.verdicts.items():
        if count:
            lines.append(f"  {MARKS[Verdict(verdict)][0]} {verdict:<{width}} {count:>10,}  {percent(count / total):>5}")
    for code, count in summary.errors.items():
        lines.append(f"  ! {code:<{width}} {count:>10,}  could not be checked")
    if summary.duplicates:
        lines.append(f"{summary.duplicates:,} of them are copies of others, byte for byte.")
    if summary.wrong is not None and summary.judged:
        lines.append(
            f"About {max(1, round(summary.wrong)):,} of the {summary.judged:,} verdicts by pixels are expected to be "
            "wrong (as often as when the model was measured, half of the images being AI-made)."
        )
    if total:
        lines.append(f"To look through them: imageauth review {shlex.quote(printable(out))}")
    return "\n".join(lines)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"
