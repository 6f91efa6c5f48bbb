"""The reports that ``imageauth check`` writes: what can be known before the work, and the writing."""

import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from imageauth.cli.signing import Signing, without_signing
from imageauth.errors import ImageAuthError

if TYPE_CHECKING:
    from imageauth.cli.inputs import Named
    from imageauth.detector import Detector
    from imageauth.rendering.document import Entry
    from imageauth.signing import Signer


@dataclass(frozen=True, slots=True)
class Wanted:
    """Documents to write.

    Attributes:
        html, pdf: where to; None: not in that form.
        made: the time that they say.
        signer: who signs them, if anybody does.
    """

    html: Path | None
    pdf: Path | None
    made: datetime
    signer: "Signer | None" = None

    def __bool__(self) -> bool:
        return bool(self.html or self.pdf)

    def write(self, detector: "Detector", entries: "Sequence[Entry]") -> None:
        """Write them, each whole or not at all, and the signature beside each.

        Raises:
            ImageAuthError: one cannot be made or written.
        """
        from imageauth.documents import Document, contents_of
        from imageauth.files import write_bytes

        command = ["imageauth", *without_signing(sys.argv[1:])]  # a signed report is the same to the last byte
        document = Document(contents_of(detector, entries, made=self.made, command=command))
        # All are made before any is written.
        html = document.to_html().encode() if self.html else b""
        pdf = document.to_pdf() if self.pdf else b""
        files = {path: data for path, data in ((self.html, html), (self.pdf, pdf)) if path}
        if self.signer:
            from imageauth.signing import sidecar_of, sign

            files |= {sidecar_of(path): sign(data, self.signer) for path, data in files.items()}
        for path, data in files.items():
            write_bytes(path, data)


def wanted(
    html: Path | None,
    pdf: Path | None,
    time: str | None,
    signing: Signing,
    others: Iterable[Path | None],
) -> Wanted:
    """What the options ask for.

    Args:
        html, pdf, time: as they were given.
        signing: what was given on who signs.
        others: further files that the command writes.

    Raises:
        MissingExtraError: what a form needs is not installed.
        ImageAuthError: a name does not fit, two are the same, one cannot be written, the time is none, or a signature
            would be worth nothing.
    """
    from imageauth.files import check_writable

    given = [path for path in (html, pdf) if path]
    if time is not None and not given:
        raise ImageAuthError("--time is about a report: add --html or --pdf")
    made = _time(time) if time is not None else datetime.now(UTC)
    if html and html.suffix.lower() not in (".html", ".htm"):
        raise ImageAuthError(f"--html writes a page: name it {html.stem or 'report'}.html")
    if pdf and pdf.suffix.lower() != ".pdf":
        raise ImageAuthError(f"--pdf writes a PDF: name it {pdf.stem or 'report'}.pdf")
    if pdf:
        from imageauth.rendering.document.pdf import require_library

        require_library()
    signer = signing.load(given)
    if given:
        from imageauth.signing import sidecar_of

        sidecars = [sidecar_of(path) for path in given]
        if signer:
            given += sidecars
        elif stale := next((path for path in sidecars if path.exists()), None):
            raise ImageAuthError(f"{stale} is the signature of the report that lies there: remove it, or add --sign")
    places = [os.path.realpath(path) for path in (*given, *filter(None, others))]
    if len(set(places)) < len(places):
        raise ImageAuthError("two of the files to write are the same")
    for path in given:
        check_writable(path)
    return Wanted(html, pdf, made, signer)


def check_inputs(items: "Sequence[Named]", outputs: Iterable[tuple[str, Path | None]]) -> None:
    """See that nothing that is checked would be overwritten.

    Args:
        items: what is checked.
        outputs: an option, and the file that it writes, if it was given.

    Raises:
        ImageAuthError: it would.
    """
    for option, path in outputs:
        if path is None or not path.exists():
            continue
        for item in items:
            if isinstance(item.source, str) and os.path.exists(item.source) and os.path.samefile(item.source, path):
                raise ImageAuthError(f"{option} would overwrite the image itself, {path}")


def _time(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
        # Without a zone it is UTC, so that the same words mean the same everywhere.
        found = (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ImageAuthError(f"--time takes a time such as 2026-11-26T18:00:00Z, not {text!r}") from error
    if not 1980 <= found.year <= 2200:
        raise ImageAuthError("--time takes a time between 1980 and 2200")
    return found
