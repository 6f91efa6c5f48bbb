"""What a scan found in all, in a few lines for a person."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from imageauth.report import Verdict
from imageauth.scan.state import Count


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts over all rows of the results.

    Attributes:
        verdicts: verdict → rows.
        errors: code → rows that could not be checked.
        duplicates: rows whose bytes stand in another row.
        wrong: how many of the verdicts by pixels are expected to be wrong; None where no card says.
        judged: how many those are.
    """

    verdicts: Mapping[str, int]
    errors: Mapping[str, int]
    duplicates: int
    wrong: float | None
    judged: int

    @property
    def checked(self) -> int:
        """Rows with a verdict."""
        return sum(self.verdicts.values())

    @property
    def failed(self) -> int:
        """Rows without one."""
        return sum(self.errors.values())


def summarise(counts: Iterable[Count], error_rates: Mapping[str, float | None]) -> Summary:
    """Add up.

    Args:
        counts: of rows that are alike.
        error_rates: a row's :func:`~imageauth.scan.state.made_by` → the share of ``likely-…`` verdicts that were wrong
            when its model was measured (of pictures half of which are AI-made); None: nobody knows.
    """
    verdicts: dict[str, int] = dict.fromkeys(Verdict, 0)
    errors: dict[str, int] = {}
    duplicates = judged = 0
    wrong = 0.0
    for count in counts:
        if count.failed:
            errors[count.outcome] = errors.get(count.outcome, 0) + count.rows
            continue
        verdicts[count.outcome] = verdicts.get(count.outcome, 0) + count.rows
        duplicates += count.rows if count.duplicate else 0
        rate = error_rates.get(count.made)
        if count.outcome in (Verdict.LIKELY_AI, Verdict.LIKELY_REAL) and rate is not None:
            judged += count.rows
            wrong += count.rows * rate
    return Summary(verdicts, dict(sorted(errors.items())), duplicates, wrong if judged else None, judged)
