"""What a file is opened as, by the end of its name."""

from typing import Literal

Kind = Literal["zip", "tar", "gz", "bz2", "xz", "zst", "table"]

_ENDINGS: dict[str, Kind] = {
    ".zip": "zip",
    ".tar": "tar",
    ".tar.gz": "gz",
    ".tgz": "gz",
    ".tar.bz2": "bz2",
    ".tbz2": "bz2",
    ".tbz": "bz2",
    ".tar.xz": "xz",
    ".txz": "xz",
    ".tar.zst": "zst",
    ".tzst": "zst",
    ".parquet": "table",
    ".arrow": "table",
    ".feather": "table",
}
_ALL = tuple(_ENDINGS)


def kind_of(name: str) -> Kind | None:
    """The kind of archive or table that a file of this name is; None for all others."""
    lower = name.lower()
    if not lower.endswith(_ALL):  # most names, told in one call
        return None
    return next((kind for ending, kind in _ENDINGS.items() if lower.endswith(ending)), None)
