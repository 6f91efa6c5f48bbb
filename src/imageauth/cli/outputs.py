"""``--json F`` and ``--html F``: checked before the long work, written after it."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from imageauth.evaluation.dataset import DataSet


def check_outputs(json_to: str | None, html_to: Path | None) -> Path | None:
    """Make sure that both can be written, and that a page can be drawn.

    Args:
        json_to: a path, ``-`` for standard output, or None.
        html_to: a path, or None.

    Returns:
        Where the JSON goes; None for standard output, or where none is asked for.

    Raises:
        ImageAuthError: one cannot be written, or both are the same.
        MissingExtraError: matplotlib is not installed.
    """
    from imageauth import files
    from imageauth.errors import ImageAuthError
    from imageauth.evaluation import plots

    json_path = None if json_to in (None, "-") else Path(str(json_to))
    for path in (json_path, html_to):
        if path is not None:
            files.check_writable(path)
    if json_path and html_to and json_path.resolve() == html_to.resolve():
        raise ImageAuthError("--json and --html name the same file")
    if html_to:
        plots.require_matplotlib()
    return json_path


def described(found: "DataSet", limit: int | None) -> tuple[dict[str, Any], dict[str, str]]:
    """Which pictures were looked at: for the JSON, and for the page.

    Args:
        found: the pictures.
        limit: how many of each class at most; None for all.
    """
    from imageauth.escaping import printable

    folder = printable(str(found.folder))
    about = {"Data": folder + (f", split {found.split}" if found.split else "")}
    if limit:
        about["Sample"] = f"at most {limit:,} images of each class, drawn with a fixed seed"
    return {"folder": folder, "split": found.split, "limit": limit, "skipped": found.skipped}, about


def write_json(path: Path | None, figures: Mapping[str, Any]) -> None:
    """To a file, or to standard output.

    Raises:
        ImageAuthError: it cannot be written.
    """
    import json
    import sys

    from imageauth import files

    text = json.dumps(figures, indent=2, allow_nan=False) + "\n"
    if path:
        files.write_text(path, text)
    else:
        sys.stdout.write(text)
