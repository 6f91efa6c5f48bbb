"""``--json F`` and ``--html F``: checked before the long work."""

from pathlib import Path


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
