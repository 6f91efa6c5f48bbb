"""Uploaded files, parsed while they arrive and kept in memory alone. Nothing here ever touches the disk.

The multipart form (RFC 7578) is taken apart by python-multipart's parser, driven by hand: the form readers above it,
Starlette's too, put large files into temporary ones.
"""

import io
import logging
import re
import threading

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from imageauth.server.budget import Memory
from imageauth.server.problems import ProblemError, busy
from imageauth.server.receiving import pieces
from imageauth.server.settings import Limits

FIELD = "files"
UNNAMED = "picture"
# Of a form's other fields, which are not read, and of the head of a part.
MAX_FIELDS, MAX_FIELD_BYTES = 16, 64 * 2**10
MAX_PART_HEADERS, MAX_PART_HEADER_BYTES = 8, 4 * 2**10
MAX_NAME = 255

logging.getLogger("python_multipart").setLevel(logging.CRITICAL)


class Upload:
    """One file.

    Attributes:
        name: what its sender calls it, without folders; a client's word, to be shown as text only.
        size: bytes that came.
        most: that it may have.
        too_large: they were more than a file may have; none of them is kept.
    """

    def __init__(self, name: str, budget: Memory, most: int) -> None:
        self.name, self.size, self.too_large = name, 0, False
        self.most = most
        self._budget, self._held = budget, 0
        self._lock = threading.Lock()
        self._bytes = io.BytesIO()

    def write(self, data: bytes | memoryview) -> None:
        """Add a piece.

        Raises:
            ProblemError: all uploads together hold as much as they may.
        """
        self.size += len(data)
        if self.too_large:
            return
        if self.size > self.most:
            self.too_large = True
            self.release()
            return
        if not self._budget.take(len(data)):
            raise busy("memory", "The service holds as many uploads as it may; try again.", 2)
        self._held += len(data)
        self._bytes.write(data)

    def take(self) -> bytes:
        """Its bytes, which it keeps no longer; they still count until :meth:`release`."""
        data = self._bytes.getvalue()
        self._bytes = io.BytesIO()
        return data

    def release(self) -> None:
        """Forget the bytes, and give back the memory that they were allowed."""
        with self._lock:  # the event loop and a preparing thread may both be done with it
            self._bytes = io.BytesIO()
            held, self._held = self._held, 0
        self._budget.give(held)


async def read_files(request: Request, limits: Limits, budget: Memory) -> list[Upload]:
    """The files of a request: a multipart form, or one bare image.

    Raises:
        ProblemError: the body is of another kind, broken, too large or too slow, or there is no room for it now.
        ClientDisconnect: the client is gone.
    """
    kind, options = parse_options_header(request.headers.get("content-type"))
    if kind == b"multipart/form-data":
        return await _read_form(request, options.get(b"boundary", b""), limits, budget)
    if kind.startswith(b"image/") or kind == b"application/octet-stream":
        _, disposition = parse_options_header(request.headers.get("content-disposition"))
        name = disposition.get(b"filename", b"").decode(errors="replace")
        return [await _read_body(request, limits, budget, clean_name(name))]
    if kind == b"application/json":
        raise ProblemError(
            415,
            "by-url-not-offered",
            "Pictures are not fetched by address, so that nobody can make this service visit others; "
            "send the file itself.",
        )
    raise ProblemError(415, "media-type", "Send multipart/form-data with one or more files, or one bare image/* body.")


async def _read_body(request: Request, limits: Limits, budget: Memory, name: str) -> Upload:
    """A request's whole body as one file; an empty body is a file of no bytes."""
    upload = Upload(name, budget, limits.file_bytes)
    try:
        async for piece in pieces(request, limits):
            upload.write(piece)
    except BaseException:
        upload.release()
        raise
    return upload


async def _read_form(request: Request, boundary: bytes, limits: Limits, budget: Memory) -> list[Upload]:
    if not boundary:
        raise ProblemError(400, "multipart", "The multipart form names no boundary.")
    form = _Form(limits, budget)
    try:
        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": form.part_begin,
                "on_header_field": form.header_field,
                "on_header_value": form.header_value,
                "on_header_end": form.header_end,
                "on_headers_finished": form.headers_finished,
                "on_part_data": form.part_data,
                "on_end": form.end,
            },
            max_header_count=MAX_PART_HEADERS,
            max_header_size=MAX_PART_HEADER_BYTES,
        )
        async for piece in pieces(request, limits):
            if not form.ended:  # what follows the last boundary says nothing
                parser.write(piece)
        if not form.ended:
            raise ProblemError(400, "multipart", "The multipart form is cut short.")
        if not form.files:
            raise ProblemError(400, "no-files", f"The form holds no file; send at least one, as {FIELD!r}.")
    except FormParserError as error:
        form.release()
        raise ProblemError(400, "multipart", "The multipart form is broken.") from error
    except BaseException:
        form.release()
        raise
    return form.files


class _Form:
    """What the parser calls; it gathers files and lets other fields pass."""

    def __init__(self, limits: Limits, budget: Memory) -> None:
        self.files: list[Upload] = []
        self.ended = False
        self._limits, self._budget = limits, budget
        self._fields = self._field_bytes = 0
        self._file: Upload | None = None
        self._head: dict[bytes, bytes] = {}
        self._field, self._value = bytearray(), bytearray()

    def release(self) -> None:
        for file in self.files:
            file.release()

    def part_begin(self) -> None:
        self._file, self._head = None, {}

    def header_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def header_end(self) -> None:
        self._head[bytes(self._field).lower()] = bytes(self._value)
        self._field, self._value = bytearray(), bytearray()

    def headers_finished(self) -> None:
        kind, options = parse_options_header(self._head.get(b"content-disposition", b"").decode("latin-1"))
        if kind != b"form-data":
            raise ProblemError(400, "multipart", "A part of the form has no Content-Disposition: form-data.")
        if b"filename" not in options and options.get(b"name") != FIELD.encode():
            self._fields += 1
            if self._fields > MAX_FIELDS:
                raise ProblemError(413, "too-many-fields", f"The form has more than {MAX_FIELDS} fields without files.")
            return
        if len(self.files) == self._limits.files:
            detail = f"The request has more than {self._limits.files} files; send fewer at a time."
            raise ProblemError(413, "too-many-files", detail)
        name = options.get(b"filename", b"").decode(errors="replace")
        self._file = Upload(clean_name(name), self._budget, self._limits.file_bytes)
        self.files.append(self._file)

    def part_data(self, data: bytes, start: int, end: int) -> None:
        if self._file:
            self._file.write(memoryview(data)[start:end])
            return
        self._field_bytes += end - start
        if self._field_bytes > MAX_FIELD_BYTES:
            raise ProblemError(413, "fields-too-large", "The form's fields without files are too large.")

    def end(self) -> None:
        self.ended = True


def clean_name(name: str) -> str:
    """A file's name without folders, of a length fit for a report; :data:`UNNAMED` where nothing is left."""
    return re.split(r"[/\\\0]", name)[-1].strip()[:MAX_NAME] or UNNAMED
