"""All evidence in a file, with what the browser finds out for Python."""

import json
from functools import partial

from imageauth.formats import format_of
from imageauth.imagefile import ImageFile
from imageauth.provenance import metadata, sources
from imageauth.provenance.browser.credentials import Answers, questions
from imageauth.provenance.credentials import carriers, evidence
from imageauth.provenance.credentials.reading import read as read_credentials
from imageauth.provenance.metadata.generators.hidden import Raster, magic_word
from imageauth.provenance.metadata.ifd import Tiff
from imageauth.provenance.trust import TrustLists
from imageauth.report import Evidence

_DNG_VERSION = 50706
_NOT_READ = (
    "The file may carry Content Credentials, which could not be checked in this browser; they count for nothing here."
)


class FileReader:
    """Reads files for the page's worker. What crosses to JavaScript is JSON text."""

    def __init__(self, trust: str | None = None) -> None:
        """Get ready.

        Args:
            trust: lists of signers that credentials are checked against, JSON as :meth:`TrustLists.to_json` gives it;
                None for none.

        Raises:
            ValueError: they are damaged.
        """
        self._trust = TrustLists() if trust is None else TrustLists.from_json(json.loads(trust))
        self.questions = json.dumps(questions(self._trust))

    def plan(self, data: bytes) -> str:
        """What must be done in the browser before :meth:`read`.

        Args:
            data: the file.

        Returns:
            JSON: ``format`` (null: none that is read), ``credentials``: what to tell the C2PA library that the file is,
            null where it need not be asked, ``pixels``: whether parameters may hide in them.
        """
        form = _format(data)
        asked = form is not None and _may_be_read(data, form)
        pixels = form is not None and magic_word(data, form) is not None
        return json.dumps(
            {"format": form, "credentials": carriers.MEDIA_TYPES[form] if form and asked else None, "pixels": pixels}
        )

    def read(
        self, data: bytes, width: int, height: int, answers: str | None = None, pixels: Raster | None = None
    ) -> str:
        """All evidence in a file.

        Args:
            data: the file.
            width, height: of the picture, upright; 0 where nobody knows.
            answers: of the C2PA library, JSON as :class:`~imageauth.provenance.browser.credentials.Answers` takes it;
                None where it was not asked.
            pixels: decoded, where :meth:`plan` wants them.

        Returns:
            JSON: a list of objects as :meth:`imageauth.report.Evidence.to_json` gives them.
        """
        form = _format(data)
        if form is None:
            return "[]"
        image = ImageFile(data=data, format=form, width=width, height=height)
        known: dict[str, sources.FileSource] = {
            "credentials": partial(self._credentials, answers=answers),
            "metadata": partial(metadata.ask, decoder=lambda _: pixels),
        }
        return json.dumps([item.to_json() for item in sources.ask(image, known)], allow_nan=False)

    def _credentials(self, image: ImageFile, *, answers: str | None) -> tuple[Evidence, ...]:
        if answers is None and _may_be_read(image.data, image.format):
            if not carriers.holds_store(image.data, image.format):
                return ()
            return (Evidence("credentials", "credentials-not-read", _NOT_READ),)
        said = Answers(json.loads(answers or "{}"), self._trust)
        return evidence(read_credentials(image, trust=self._trust, store_reader=said))


def _format(data: bytes) -> str | None:
    form = format_of(data)
    try:
        return "dng" if form == "tiff" and _DNG_VERSION in Tiff(data).first else form
    except ValueError:
        return form


def _may_be_read(data: bytes, form: str) -> bool:
    """Whether the C2PA library is asked: the file may carry credentials, and they would not take too long to check."""
    return form in carriers.MEDIA_TYPES and carriers.may_carry(data, form) and carriers.excess(data, form) is None
