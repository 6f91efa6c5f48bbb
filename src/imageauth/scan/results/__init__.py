"""Files of results that survive anything: what was committed stays, and what was torn is cut off."""

from pathlib import Path

from imageauth.errors import ImageAuthError
from imageauth.scan.results.folder import folder_exists
from imageauth.scan.results.table import Results

FORMS = (".jsonl", ".csv", ".parquet")


def results_exist(path: Path) -> bool:
    """Whether there is something at ``path`` that a scan could go on with, or that is in its way."""
    return folder_exists(path) if path.suffix.lower() == ".parquet" else path.exists()


def open_results(path: Path) -> Results:
    """Results to go on with, or new ones where there are none.

    Args:
        path: ends with one of :data:`FORMS`.

    Raises:
        ImageAuthError: another ending, no results of ours, or damaged in the middle; or the extra is missing.
        OSError: it cannot be read or written.
    """
    suffix = path.suffix.lower()
    if suffix == ".jsonl":
        from imageauth.scan.results.jsonl import JsonLines

        return JsonLines(path)
    if suffix == ".csv":
        from imageauth.scan.results.comma import CommaSeparated

        return CommaSeparated(path)
    if suffix == ".parquet":
        from imageauth.scan.results.parquet import Parquet

        return Parquet(path)
    raise ImageAuthError(f"{path}: results are written to a file that ends with {', '.join(FORMS[:-1])} or {FORMS[-1]}")
