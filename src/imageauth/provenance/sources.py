"""What the file itself says. Each source is one module with one function, listed in :func:`file_sources`.

Those of other packages are in :mod:`imageauth.provenance.plugin_sources`.
"""

from collections.abc import Callable, Sequence
from typing import get_args

from imageauth.escaping import printable
from imageauth.imagefile import ImageFile
from imageauth.provenance import metadata, watermarks
from imageauth.provenance.credentials import CredentialSource
from imageauth.provenance.trust import TrustLists
from imageauth.report import Evidence, Source

FileSource = Callable[[ImageFile], Sequence[Evidence]]


def file_sources(*, trust: TrustLists, online: bool = False) -> dict[str, FileSource]:
    """All sources of ours that look at a file, by name.

    Args:
        trust: lists of signers that credentials are checked against.
        online: whether credentials that lie elsewhere may be fetched.
    """
    return {
        "credentials": CredentialSource(trust, online=online),
        "metadata": metadata.ask,
        "watermark": watermarks.ask,
    }


def ask(image: ImageFile, known: dict[str, FileSource]) -> tuple[Evidence, ...]:
    """The findings of all sources. A source that fails is a finding itself, and the others are asked all the same.

    Args:
        image: the file.
        known: as :func:`file_sources` gives them.
    """
    found: list[Evidence] = []
    for name, source in known.items():
        try:
            found.extend(source(image))
        except Exception as error:  # parsers raise anything on hostile input
            kind: Source = name if name in get_args(Source) else "metadata"  # type: ignore[assignment]
            reason = printable(str(error))[:120] or type(error).__name__
            detail = {"source": name, "error": type(error).__name__}
            finding = f"The reader of {name} failed on this file ({reason})."
            found.append(Evidence(kind, f"{kind}-unreadable", finding, detail=detail))
    return tuple(found)
