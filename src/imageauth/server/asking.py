"""From an upload to what was found of each file: what the routes share that have pictures checked."""

import logging
import time
from asyncio import CancelledError
from collections.abc import Callable, Sequence
from typing import Any

from fastapi import Request

from imageauth.detector import failure_of
from imageauth.errors import ModelError
from imageauth.images import too_many_bytes
from imageauth.report import Failure
from imageauth.server.batching import Job, QueueFullError
from imageauth.server.logs import log
from imageauth.server.receiving import unless_gone
from imageauth.server.service import Service, queue_full
from imageauth.server.uploads import Upload, read_files

_OURS = "could not be checked, by a fault of the service; its log says where"


async def ask(request: Request, service: Service, jobs_of: Callable[[Sequence[Upload]], Sequence[Job]]) -> list[Any]:
    """Read the files of a request and have them checked, within the limits and the queue of the service.

    Args:
        request: with the files.
        service: that it came to.
        jobs_of: what to do about each file. Those that are too large are answered without.

    Returns:
        For each file what its job gave, or a :class:`~imageauth.report.Failure`.

    Raises:
        ProblemError: the request is refused.
        ClientDisconnect: the client is gone.
        ModelError: a model cannot be loaded.
    """
    client = service.admit(request)
    start = time.monotonic()
    with service.charging_faults(client):
        uploads = await read_files(request, service.settings.limits, service.budget.of(client))
    jobs: list[Job] = []
    try:
        service.uploaded(request, uploads, time.monotonic() - start)
        request.state.files = len(uploads)
        asked = [
            _too_large(upload) if upload.too_large else job
            for upload, job in zip(uploads, jobs_of(uploads), strict=True)
        ]
        jobs = [each for each in asked if isinstance(each, Job)]
        try:
            service.batcher.submit(jobs)
        except QueueFullError as full:
            raise queue_full(full) from None
        service.charge(client, len(uploads))
        answers = iter(_each(await unless_gone(request, [job.answer for job in jobs]), jobs, request))
        return [next(answers) if isinstance(each, Job) else each for each in asked]
    finally:
        for job in jobs:
            job.answer.cancel()
        for upload in uploads:
            upload.release()


def _too_large(upload: Upload) -> Failure:
    return failure_of(upload.name, too_many_bytes(upload.most))


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
