"""``POST /v1/checks``."""

import base64
import io
import json
import time
from functools import partial
from typing import Any, NamedTuple

from fastapi import APIRouter, Request
from starlette.responses import Response

from imageauth.detector import Answer
from imageauth.rendering.heatmap import transparent_overlay
from imageauth.report import Failure, Report
from imageauth.server import examples, schemas
from imageauth.server.asking import ask
from imageauth.server.batching import Job
from imageauth.server.service import Service, service_of
from imageauth.server.uploads import Upload

SCHEMA = "imageauth/checks/1"
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
    found = await ask(request, service, lambda uploads: [_job(service, each, explained=heatmap) for each in uploads])
    results = [_result(service, each) for each in found]
    # In ASCII, as `check --json` writes it: names and texts in files may be anything, unpaired surrogates too.
    return Response(json.dumps({"schema": SCHEMA, "results": results}), media_type="application/json")


def _job(service: Service, upload: Upload, *, explained: bool) -> Job:
    job = Job(upload.name, upload.take, upload.release)
    if explained:
        job.finish = partial(_explained, service)
    return job


def _result(service: Service, answer: Report | Failure | _Explained) -> dict[str, Any]:
    report, heatmap = answer if isinstance(answer, _Explained) else (answer, None)
    service.metrics.count(report)
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
