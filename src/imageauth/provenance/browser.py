"""What the file says, where Python itself runs in a browser: the same readers, without a decoder and the C2PA library.

The page's worker calls the three functions below by Pyodide. What only the browser can do, it does in between: it asks
the WebAssembly build of the C2PA library, which answers later, and decodes a picture in whose pixels parameters hide.
"""

import json
from functools import partial
from typing import Any

from imageauth.formats import format_of
from imageauth.imagefile import ImageFile
from imageauth.provenance import metadata, sources
from imageauth.provenance.credentials import carriers, evidence, library
from imageauth.provenance.credentials.reading import read as read_credentials
from imageauth.provenance.metadata.generators.hidden import Raster, magic_word
from imageauth.provenance.metadata.ifd import Tiff
from imageauth.provenance.trust import TrustLists
from imageauth.report import Evidence

_DNG_VERSION = 50706
_NOT_READ = (
    "The file may carry Content Credentials, which could not be checked in this browser; they count for nothing here."
)


def plan(data: bytes) -> str:
    """What must be done in the browser before :func:`read`.

    Args:
        data: the file.

    Returns:
        JSON: ``format`` (null: none that is read), ``credentials``: what to tell the C2PA library that the file is,
        null where it need not be asked, ``pixels``: whether parameters may hide in them.
    """
    form = _format(data)
    asked = form in carriers.MEDIA_TYPES and carriers.may_carry(data, form) and not carriers.excess(data, form)
    media_type = carriers.MEDIA_TYPES[form] if form and asked else None
    pixels = form is not None and magic_word(data, form) is not None
    return json.dumps({"format": form, "credentials": media_type, "pixels": pixels})


def settings() -> str:
    """The C2PA library's settings, as JSON. No lists of signers reach a browser, so it trusts nobody."""
    return json.dumps(library.settings(TrustLists()))


def read(data: bytes, width: int, height: int, store: str | None = None, pixels: Raster | None = None) -> str:
    """All evidence in a file.

    Args:
        data: the file.
        width, height: of the picture, upright; 0 where nobody knows.
        store: what the C2PA library said, JSON with ``report`` (its own JSON, as text), ``error`` (its complaint) or
            ``none`` (there is no manifest); None where it was not asked.
        pixels: decoded, where :func:`plan` wants them.

    Returns:
        JSON: a list of objects as :meth:`imageauth.report.Evidence.to_json` gives them.
    """
    form = _format(data)
    if form is None:
        return "[]"
    image = ImageFile(data=data, format=form, width=width, height=height)
    known: dict[str, sources.FileSource] = {
        "credentials": partial(_credentials, store=store),
        "metadata": partial(metadata.ask, decoder=lambda _: pixels),
    }
    return json.dumps([item.to_json() for item in sources.ask(image, known)], allow_nan=False)


def _format(data: bytes) -> str | None:
    form = format_of(data)
    try:
        return "dng" if form == "tiff" and _DNG_VERSION in Tiff(data).first else form
    except ValueError:
        return form


def _credentials(image: ImageFile, *, store: str | None) -> tuple[Evidence, ...]:
    if store is None and carriers.may_carry(image.data, image.format) and not carriers.excess(image.data, image.format):
        if not carriers.holds_store(image.data, image.format):
            return ()
        return (Evidence("credentials", "credentials-not-read", _NOT_READ),)

    def answer(*_: object) -> dict[str, Any]:
        said = json.loads(store or "{}")
        if "report" in said:
            return library.report_of(said["report"])
        if "error" in said:
            raise library.failure_of(said["error"])
        raise library.NoManifestError

    return evidence(read_credentials(image, trust=TrustLists(), store_reader=answer))
