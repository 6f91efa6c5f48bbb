"""A document → its JSON, whoever wrote it: size, structure and time are bounded, and nothing in it is run."""

import io
import json
import logging
import os
import re
from typing import Any, Literal

from imageauth.errors import ImageAuthError, MissingExtraError
from imageauth.escaping import one_line
from imageauth.files import read_bounded
from imageauth.rendering.document.contents import ATTACHMENT, ELEMENT, MOST_JSON_BYTES, MOST_PICTURES, SCHEMA

MAX_BYTES = 256 * 2**20
_START = re.compile(rb'<script type="application/json" id="' + ELEMENT.encode() + rb'">')
_END = b"</script>"


def read_document(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The JSON that a document carries: of a PDF the attachment, of HTML the element, or a JSON file itself.

    Its outer shape is checked, not what the reports say. Whether the visible text says the same nobody can tell from
    it; a signature over the whole file can.

    Args:
        path: of the document; what it is, its first bytes tell.

    Returns:
        The object of schema ``imageauth/document/1``; ``reports`` holds objects.

    Raises:
        MissingExtraError: of a PDF, if pypdf is not installed.
        ImageAuthError: it cannot be read, is too large, or carries no such object; the message says which.
    """
    data = read_report_bytes(path)
    try:
        return parse_document(data)
    except MissingExtraError:
        raise
    except ImageAuthError as error:
        raise ImageAuthError(f"{os.fspath(path)} {error}") from error


def read_report_bytes(path: str | os.PathLike[str]) -> bytes:
    """The bytes of a report's file, at most :data:`MAX_BYTES`.

    Raises:
        ImageAuthError: it cannot be read, or is too large.
    """
    return read_bounded(path, MAX_BYTES, beyond=", which no report is")


def form_of(data: bytes) -> Literal["pdf", "html", "json"]:
    """What a report's file is, by its first bytes."""
    start = data[:1024].lstrip()
    return "pdf" if start.startswith(b"%PDF-") else "html" if start.startswith(b"<") else "json"


def parse_document(data: bytes) -> dict[str, Any]:
    """The same of a document's bytes.

    Raises:
        MissingExtraError: as :func:`read_document`.
        ImageAuthError: as :func:`read_document`; to follow the document's name.
    """
    form = form_of(data)
    text = _of_pdf(data) if form == "pdf" else _of_html(data) if form == "html" else data
    if len(text) > MOST_JSON_BYTES:
        raise ImageAuthError(f"carries more than {MOST_JSON_BYTES // 2**20} MiB of JSON, which no report does")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ImageAuthError("is no report: its JSON cannot be read") from error
    return checked_document(found)


def _of_html(data: bytes) -> bytes:
    starts = list(_START.finditer(data))
    if len(starts) != 1:
        raise ImageAuthError(f"is no report: it has {len(starts) or 'no'} element{'s'[: len(starts)]} #{ELEMENT}")
    end = data.find(_END, starts[0].end())
    if end < 0:
        raise ImageAuthError("is no whole report: it is cut short")
    return data[starts[0].end() : end]


def _of_pdf(data: bytes) -> bytes:
    try:
        import pypdf
    except ImportError:
        raise MissingExtraError("reading a PDF", "report") from None
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # its remarks on damaged files are for programmers
    try:
        reader = pypdf.PdfReader(io.BytesIO(data))
        found = [entry for entry in reader.attachment_list if entry.name == ATTACHMENT]
        contents = [entry.content for entry in found[:2]]
    except Exception as error:  # parsers raise anything on hostile input
        raise ImageAuthError(f"is a PDF that cannot be read ({one_line(error)})") from error
    if len(contents) != 1:
        raise ImageAuthError(f"is no report: it has {len(found) or 'no'} attachment {ATTACHMENT}")
    return bytes(contents[0])


def checked_document(found: Any) -> dict[str, Any]:
    """JSON that was parsed, if it has the outer shape of a document.

    Raises:
        ImageAuthError: it has not; to follow the document's name.
    """
    if not isinstance(found, dict) or found.get("schema") != SCHEMA:
        raise ImageAuthError(f"is no report of schema {SCHEMA}")
    reports = found.get("reports")
    if not isinstance(reports, list) or not all(isinstance(item, dict) for item in reports):
        raise ImageAuthError("is no whole report: it lists no reports")
    if len(reports) > MOST_PICTURES:
        raise ImageAuthError(f"lists more than {MOST_PICTURES} reports, which no document does")
    return found
