"""``POST /v1/checks``."""

import base64
import io
import json
import logging
import time
from asyncio import CancelledError
from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

from fastapi import APIRouter, Request
from starlette.responses import Response

from imageauth.detector import Answer, failure_of
from imageauth.errors import ModelError
from imageauth.images import too_many_bytes
from imageauth.rendering.heatmap import transparent_overlay
from imageauth.report import Failure, Report
from imageauth.server import examples, schemas
from imageauth.server.batching import Job, QueueFullError
from imageauth.server.logs import log
from imageauth.server.receiving import unless_gone
from imageauth.server.service import Service, queue_full, service_of
from imageauth.server.uploads import Upload, read_files

SCHEMA = "imageauth/checks/1"
_OURS = "could not be checked, by a fault of the service; its log says where"
router = APIRouter()


class _Explained(NamedTuple):
    """A report, and the heatmap that goes with it, if there is one."""

    report: Report
    heatmap: dict[str, Any] | None


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
    with service.charging_faults(client):
        uploads = await read_files(request, service.settings.limits, service.budget.of(client))
    jobs: list[Job] = []
    try:
        service.uploaded(request, uploads, time.monotonic() - start)
        request.state.files = len(uploads)
        asked = [_job(service, upload, explained=heatmap) for upload in uploads]
        jobs = [each for each in asked if isinstance(each, Job)]
        try:
            service.batcher.submit(jobs)
        except QueueFullError as full:
            raise queue_full(full) from None
        service.charge(client, len(uploads))
        answers = iter(_each(await unless_gone(request, [job.answer for job in jobs]), jobs, request))
        found = [next(answers) if isinstance(each, Job) else each for each in asked]
        results = [_result(service, each) for each in found]
    finally:
        for job in jobs:
            job.answer.cancel()
        for upload in uploads:
            upload.release()
    # In ASCII, as `check --json` writes it: names and texts in files may be anything, unpaired surrogates too.
    return Response(json.dumps({"schema": SCHEMA, "results": results}), media_type="application/json")


def _job(service: Service, upload: Upload, *, explained: bool) -> Job | Failure:
    if upload.too_large:
        return failure_of(upload.name, too_many_bytes(upload.most))
    job = Job(upload.name, upload.take, upload.release)
    if explained:
        job.finish = partial(_explained, service)
    return job


def _each(answers: Sequence[Any], jobs: Sequence[Job], request: Request) -> list[Any]:
    """An answer for each picture. A mistake of ours about one costs the others nothing.

    Raises:
        Exception: there is no answer about any, a model cannot be loaded, or the service stops.
    """
    errors = [each for each in answers if isinstance(each, BaseException)]
    whole = [each for each in errors if isinstance(each, CancelledError | ModelError)]
    if whole or (errors and len(errors) == len(answers)):
        raise (whole or errors)[0]
    for error in errors:
        log("internal-error", logging.ERROR, error, request_id=request.state.request_id)
    return [
        Failure(job.name, "internal", _OURS) if isinstance(each, BaseException) else each
        for job, each in zip(jobs, answers, strict=True)
    ]


def _result(service: Service, answer: Report | Failure | _Explained) -> dict[str, Any]:
    if isinstance(answer, Failure):
        service.metrics.failures.labels(answer.code).inc()
        return answer.to_json()
    report, heatmap = answer if isinstance(answer, _Explained) else (answer, None)
    service.metrics.verdicts.labels(str(report.verdict)).inc()
    return report.to_json() | ({"heatmap": heatmap} if heatmap else {})


def _explained(service: Service, answer: Answer) -> _Explained:
    start = time.monotonic()
    drawn = _heatmap(answer)
    service.metrics.stage("heatmap", time.monotonic() - start)
    return _Explained(answer.report, drawn)


def _heatmap(answer: Answer) -> dict[str, Any] | None:
    heat = answer.heatmap()
    if heat is None:
        return None
    picture = transparent_overlay(heat, answer.report.width, answer.report.height)
    png = io.BytesIO()
    picture.save(png, "PNG")
    data = base64.b64encode(png.getvalue()).decode()
    return {"media_type": "image/png", "width": picture.width, "height": picture.height, "data": data}
