"""What the file itself says. Each source is one module with one function, listed in :func:`file_sources`.

A further one can come from another package, through an entry point of group ``imageauth.sources``: a function that
takes an :class:`~imageauth.imagefile.ImageFile` and returns a sequence of :class:`~imageauth.report.Evidence`.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import get_args

from imageauth.escaping import printable
from imageauth.imagefile import ImageFile
from imageauth.provenance import metadata, watermarks
from imageauth.provenance.credentials import CredentialSource
from imageauth.provenance.trust import TrustLists
from imageauth.report import Evidence, Source

GROUP = "imageauth.sources"

FileSource = Callable[[ImageFile], Sequence[Evidence]]


def file_sources(*, trust: TrustLists, online: bool = False) -> dict[str, FileSource]:
    """All sources that look at a file, by name.

    Args:
        trust: lists of signers that credentials are checked against.
        online: whether credentials that lie elsewhere may be fetched.
    """
    known: dict[str, FileSource] = {
        "credentials": CredentialSource(trust, online=online),
        "metadata": metadata.ask,
        "watermark": watermarks.ask,
    }
    from importlib.metadata import entry_points  # only here: it costs more than the rest of this module

    for entry in entry_points(group=GROUP):
        known.setdefault(entry.name, partial(_from_elsewhere, entry.load))
    return known


def ask(image: ImageFile, known: dict[str, FileSource]) -> tuple[Evidence, ...]:
    """The findings of all sources. A source that fails is a finding itself, and the others are asked all the same.

    Args:
        image: the file.
        known: as :func:`file_sources` gives them.
    """
    found: list[Evidence] = []
    for name, source in known.items():
        try:
            items = list(source(image))
            if strange := [item for item in items if not isinstance(item, Evidence)]:
                raise TypeError(f"gave {type(strange[0]).__name__} instead of Evidence")
            found.extend(items)
        except Exception as error:  # parsers raise anything on hostile input
            kind: Source = name if name in get_args(Source) else "metadata"  # type: ignore[assignment]
            reason = printable(str(error))[:120] or type(error).__name__
            detail = {"source": name, "error": type(error).__name__}
            finding = f"The reader of {name} failed on this file ({reason})."
            found.append(Evidence(kind, f"{kind}-unreadable", finding, detail=detail))
    return tuple(found)


def _from_elsewhere(load: Callable[[], FileSource], image: ImageFile) -> Sequence[Evidence]:
    return load()(image)
