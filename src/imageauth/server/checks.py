"""``POST /v1/checks``."""

import base64
import io
import json
import time
from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from imageauth.detector import Answer
from imageauth.rendering.heatmap import transparent_overlay
from imageauth.report import Failure, Report
from imageauth.server import examples, schemas
from imageauth.server.batching import Job, QueueFullError
from imageauth.server.receiving import unless_gone
from imageauth.server.service import Service, queue_full, service_of
from imageauth.server.settings import MIB
from imageauth.server.uploads import Upload, read_files

SCHEMA = "imageauth/checks/1"
router = APIRouter()


@router.post(
    "/v1/checks",
    response_model=schemas.Checks,
    responses=schemas.problems(400, 401, 403, 408, 413, 415, 422, 429, 503),
    openapi_extra=schemas.UPLOAD
    | {
        "x-codeSamples": [
            {"lang": "Shell", "label": "curl", "source": examples.CURL},
            {"lang": "Python", "label": "Python", "source": examples.PYTHON},
        ]
    },
    summary="Check one or more pictures",
    tags=["Checks"],
)
async def checks(request: Request, heatmap: bool = False) -> Response:
    """Each file gets a report, or an error of its own if it is not a picture that can be checked. With `heatmap=true`
    a report also shows where in the picture the evidence of its pixels sits.
    """
    service = service_of(request)
    client = service.admit(request)
    start = time.monotonic()
    uploads = await read_files(request, service.settings.limits, service.budget)
    jobs: list[Job] = []
    try:
        service.charge(client, len(uploads))
        service.metrics.stage("upload", time.monotonic() - start)
        request.state.files, request.state.bytes = len(uploads), sum(upload.size for upload in uploads)
        service.metrics.uploaded.inc(request.state.bytes)
        asked = [_job(upload, explained=heatmap) for upload in uploads]
        jobs = [each for each in asked if isinstance(each, Job)]
        try:
            service.batcher.submit(jobs)
        except QueueFullError as full:
            raise queue_full(full) from None
        answers = iter(await unless_gone(request, [job.answer for job in jobs]))
        found = [next(answers) if isinstance(each, Job) else each for each in asked]
        results = [await _result(service, each) for each in found]
    finally:
        for job in jobs:
            job.answer.cancel()
        for upload in uploads:
            upload.release()
    # In ASCII, as `check --json` writes it: names and texts in files may be anything, unpaired surrogates too.
    return Response(json.dumps({"schema": SCHEMA, "results": results}), media_type="application/json")


def _job(upload: Upload, *, explained: bool) -> Job | Failure:
    if upload.too_large:
        return Failure(upload.name, "too-large", f"is larger than the limit of {upload.most / MIB:g} MiB")
    return Job(upload.name, upload.take, upload.release, explained)


async def _result(service: Service, answer: Answer | Report | Failure) -> dict[str, Any]:
    if isinstance(answer, Failure):
        service.metrics.failures.labels(answer.code).inc()
        return answer.to_json()
    report = answer.report if isinstance(answer, Answer) else answer
    service.metrics.verdicts.labels(str(report.verdict)).inc()
    result = report.to_json()
    if isinstance(answer, Answer):
        start = time.monotonic()
        if drawn := await run_in_threadpool(_heatmap, answer):
            result["heatmap"] = drawn
        service.metrics.stage("heatmap", time.monotonic() - start)
    return result


def _heatmap(answer: Answer) -> dict[str, Any] | None:
    heat = answer.heatmap()
    if heat is None:
        return None
    picture = transparent_overlay(heat, answer.report.width, answer.report.height)
    png = io.BytesIO()
    picture.save(png, "PNG")
    data = base64.b64encode(png.getvalue()).decode()
    return {"media_type": "image/png", "width": picture.width, "height": picture.height, "data": data}
