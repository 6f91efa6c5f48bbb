"""``POST /v1/checks``."""

import asyncio
import base64
import io
import time
from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse

from imageauth.detector import Answer
from imageauth.rendering.heatmap import transparent_overlay
from imageauth.report import Failure
from imageauth.server.batching import Job, QueueFullError
from imageauth.server.service import Service, queue_full, service_of
from imageauth.server.settings import MIB
from imageauth.server.uploads import Upload, read_files

SCHEMA = "imageauth/checks/1"
router = APIRouter()


@router.post("/v1/checks")
async def checks(request: Request, heatmap: bool = False) -> JSONResponse:
    """Check one or more pictures."""
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
        asked = [_job(upload) for upload in uploads]
        jobs = [each for each in asked if isinstance(each, Job)]
        try:
            service.batcher.submit(jobs)
        except QueueFullError as full:
            raise queue_full(full) from None
        answers = iter(await _unless_gone(request, jobs))
        found = [next(answers) if isinstance(each, Job) else each for each in asked]
        results = [await _result(service, each, heatmap=heatmap) for each in found]
    finally:
        for job in jobs:
            job.answer.cancel()
        for upload in uploads:
            upload.release()
    return JSONResponse({"schema": SCHEMA, "results": results})


def _job(upload: Upload) -> Job | Failure:
    if upload.too_large:
        return Failure(upload.name, "too-large", f"is larger than the limit of {upload.most / MIB:g} MiB")
    return Job(upload.name, upload.take, upload.release)


async def _unless_gone(request: Request, jobs: Sequence[Job]) -> list[Answer | Failure]:
    """The answers, in order.

    Raises:
        ClientDisconnect: nobody waits for them any more.
    """
    answers = asyncio.gather(*(asyncio.wrap_future(job.answer) for job in jobs))
    gone = asyncio.ensure_future(_gone(request))
    either: list[asyncio.Future[Any]] = [answers, gone]
    try:
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not answers.done():
            raise ClientDisconnect
        return answers.result()
    finally:
        gone.cancel()
        answers.cancel()


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _result(service: Service, answer: Answer | Failure, *, heatmap: bool) -> dict[str, Any]:
    if isinstance(answer, Failure):
        service.metrics.failures.labels(answer.code).inc()
        return answer.to_json()
    report = answer.report
    service.metrics.verdicts.labels(str(report.verdict)).inc()
    result = report.to_json()
    if heatmap:
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
