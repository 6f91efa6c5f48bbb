"""``POST /v1/reports``: files checked, and the answer as a document to keep."""

import logging
import time
from collections.abc import Sequence
from typing import Literal

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from imageauth.detector import Answer, Prepared
from imageauth.documents import Document, Sight, contents_of, side_for
from imageauth.errors import ImageAuthError, ReportTooLargeError
from imageauth.rendering.document import Entry
from imageauth.report import Failure
from imageauth.server import examples, schemas
from imageauth.server.asking import ask
from imageauth.server.batching import Job
from imageauth.server.logs import log
from imageauth.server.problems import ProblemError
from imageauth.server.service import Service, exports, service_of
from imageauth.server.uploads import Upload

Form = Literal["html", "pdf"]
MEDIA_TYPES = {"html": "text/html; charset=utf-8", "pdf": "application/pdf"}
router = APIRouter()


class _Picture:
    """What a request keeps of one file."""

    def __init__(self, service: Service, side: int) -> None:
        self.service, self.side = service, side
        self.sight: Sight | None = None

    def job(self, upload: Upload) -> Job:
        return Job(upload.name, upload.take, upload.release, self.finish, self.prepare)

    def prepare(self, data: bytes, name: str) -> Prepared:
        self.sight = Sight(data, self.side)
        return self.service.prepare(data, name, seen=self.sight.see)

    def finish(self, answer: Answer) -> Entry:
        assert self.sight
        start = time.monotonic()
        entry = self.sight.entry(answer.report, answer.heatmap())
        self.service.metrics.stage("heatmap", time.monotonic() - start)
        return entry

    def entry(self, found: Entry | Failure) -> Entry:
        if isinstance(found, Entry):
            return found
        return self.sight.entry(found) if self.sight else Entry(found)


@router.post(
    "/v1/reports",
    response_class=Response,
    responses={
        200: {
            "description": "The document: one self-contained page, or a tagged PDF with the JSON attached.",
            "content": {
                "text/html": {"schema": {"type": "string"}},
                "application/pdf": {"schema": {"type": "string", "format": "binary"}},
            },
        },
        **schemas.problems(400, 401, 403, 408, 413, 415, 422, 429, 501, 503),
    },
    openapi_extra=schemas.UPLOAD
    | {"x-codeSamples": [{"lang": "Shell", "label": "curl", "source": examples.CURL_REPORT}]},
    summary="Check pictures and get a report to keep",
    tags=["Checks"],
)
async def reports(request: Request, format: Form = "html") -> Response:
    """The same checks, with their heatmaps, as one document that explains itself, carries its own JSON and prints well.
    A file that cannot be checked is in it with its reason.
    """
    service = service_of(request)
    if format not in exports():
        raise ProblemError(501, "format-not-installed", "PDF reports need an optional part that is not installed here.")
    pictures: list[_Picture] = []

    def jobs_of(uploads: Sequence[Upload]) -> list[Job]:
        pictures.extend(_Picture(service, side_for(len(uploads))) for _ in uploads)
        return [picture.job(upload) for picture, upload in zip(pictures, uploads, strict=True)]

    found = await ask(request, service, jobs_of)
    entries = [picture.entry(each) for picture, each in zip(pictures, found, strict=True)]
    for entry in entries:
        service.metrics.count(entry.answer)
    start = time.monotonic()
    async with service.writing:
        try:
            data = await run_in_threadpool(_written, service, entries, format)
        except ReportTooLargeError as error:
            raise ProblemError(413, "report-too-large", f"No report can be written: {error}.") from error
        except ImageAuthError as error:  # its text names files of ours; a ModelError would promise that waiting helps
            log("internal-error", logging.ERROR, error, request_id=request.state.request_id)
            detail = "The report cannot be written; the log says why, by request_id."
            raise ProblemError(500, "internal", detail) from error
    service.metrics.stage("document", time.monotonic() - start)
    saved = {"Content-Disposition": f'attachment; filename="imageauth-report.{format}"'}
    return Response(data, headers=saved, media_type=MEDIA_TYPES[format])


def _written(service: Service, entries: Sequence[Entry], format: Form) -> bytes:
    document = Document(contents_of(service.detector, entries))
    return document.to_pdf() if format == "pdf" else document.to_html().encode()
