"""``/v2``: the raw networks by the Open Inference Protocol, version 2 (REST), for KServe's and Triton's clients.

Source: kserve/open-inference-protocol, ``specification/protocol/inference_rest.md``, and of Triton the binary tensor
data extension and the index of the model repository extension. The networks are those of the detector, and requests
wait on its queue; keys and rate limit are those of ``/v1``.
"""

import time
from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from imageauth import __version__
from imageauth.pixels.model import PixelModel
from imageauth.server import inference_schemas as schemas
from imageauth.server.batching import QueueFullError
from imageauth.server.inference_models import ServedModel, find
from imageauth.server.inference_tensors import MOST_JSON, InferenceError, InferenceRequest, read_request, write_response
from imageauth.server.problems import ProblemError
from imageauth.server.receiving import pieces, unless_gone
from imageauth.server.service import Service, queue_full, service_of
from imageauth.server.uploads import Upload

EXTENSIONS = ("binary_tensor_data",)
HEADER = "Inference-Header-Content-Length"

router = APIRouter(prefix="/v2", tags=["Open Inference Protocol"])


@router.get("", responses=schemas.answers(schemas.SERVER))
@router.get("/", include_in_schema=False)
async def server_metadata() -> JSONResponse:
    """What this server is."""
    return JSONResponse({"name": "imageauth", "version": __version__, "extensions": list(EXTENSIONS)})


@router.get("/health/live", responses=schemas.answers(schemas.LIVE))
async def live() -> JSONResponse:
    """The process answers."""
    return JSONResponse({"live": True})


@router.get("/health/ready", responses=schemas.answers(schemas.READY, 503))
async def ready(request: Request) -> JSONResponse:
    """All models are loaded. The protocol's text calls the answer ``live``, its servers ``ready``; here it is both."""
    is_ready = not service_of(request).not_ready
    return JSONResponse({"live": True, "ready": is_ready}, 200 if is_ready else 503)


@router.post("/repository/index", responses=schemas.answers(schemas.INDEX))
async def index(request: Request) -> JSONResponse:
    """The models, and whether they are ready. They are fixed: none can be loaded or unloaded."""
    service = service_of(request)
    state = {"state": "UNAVAILABLE", "reason": service.not_ready} if service.not_ready else {"state": "READY"}
    models = [{"name": each.card.name, "version": each.card.version, **state} for each in served(service)]
    return JSONResponse(models)


@router.get("/models/{name}", responses=schemas.answers(schemas.MODEL, 404))
async def model_metadata(request: Request, name: str) -> JSONResponse:
    """A model's tensors; its ``properties`` say in words what they hold."""
    return _metadata(request, name, None)


@router.get("/models/{name}/versions/{version}", responses=schemas.answers(schemas.MODEL, 404))
async def version_metadata(request: Request, name: str, version: str) -> JSONResponse:
    """The same, of one version."""
    return _metadata(request, name, version)


@router.get("/models/{name}/ready", responses=schemas.answers(schemas.MODEL_READY, 404, 503))
async def model_ready(request: Request, name: str) -> JSONResponse:
    """Whether a model is loaded."""
    return _readiness(request, name, None)


@router.get("/models/{name}/versions/{version}/ready", responses=schemas.answers(schemas.MODEL_READY, 404, 503))
async def version_ready(request: Request, name: str, version: str) -> JSONResponse:
    """The same, of one version."""
    return _readiness(request, name, version)


@router.post("/models/{name}/infer", responses=schemas.INFERENCE_ANSWERS, openapi_extra=schemas.INFERENCE_BODY)
async def infer(request: Request, name: str) -> Response:
    """What a network says of views, raw: neither weighed nor calibrated. ``POST /v1/checks`` takes pictures."""
    return await _infer(request, name, None)


@router.post(
    "/models/{name}/versions/{version}/infer",
    responses=schemas.INFERENCE_ANSWERS,
    openapi_extra=schemas.INFERENCE_BODY,
)
async def version_infer(request: Request, name: str, version: str) -> Response:
    """The same, of one version."""
    return await _infer(request, name, version)


def served(service: Service) -> list[ServedModel]:
    """The detector's models as clients see them."""
    return [ServedModel.of(model.card) for model in service.detector.models]


def _metadata(request: Request, name: str, version: str | None) -> JSONResponse:
    return JSONResponse(_find(served(service_of(request)), name, version).to_json())


def _readiness(request: Request, name: str, version: str | None) -> JSONResponse:
    service = service_of(request)
    found = _find(served(service), name, version)
    is_ready = not service.not_ready
    return JSONResponse({"name": found.card.name, "ready": is_ready}, 200 if is_ready else 503)


async def _infer(request: Request, name: str, version: str | None) -> Response:
    service = service_of(request)
    client, start = service.admit(request), time.monotonic()
    models, upload = served(service), None
    try:
        with service.charging_faults(client):
            model = _find(models, name, version)
            # Its bytes count as an upload's do until the network has answered: till then the tensor waits with them.
            upload = Upload("tensors", service.budget.of(client), MOST_JSON + model.most_bytes)
            asked = await _read(request, service, model, upload)
        service.uploaded(request, [upload], time.monotonic() - start)
        network = service.detector.models[models.index(model)]
        said = await _ask(request, service, network, asked, client)
    finally:
        if upload:
            upload.release()
    head = {"model_name": model.card.name, "model_version": model.card.version}
    if asked.id is not None:
        head["id"] = asked.id
    try:
        body, length = write_response(head, model.answer(said, asked.binary))
    except InferenceError as error:
        raise _problem(error) from None
    if length is None:
        return Response(body, media_type="application/json")
    return Response(body, headers={HEADER: str(length)}, media_type="application/octet-stream")


async def _read(request: Request, service: Service, model: ServedModel, upload: Upload) -> InferenceRequest:
    """The request, read within its bounds."""
    try:
        async for piece in pieces(request, service.settings.limits, upload.most):
            upload.write(piece)
        header, gives = request.headers.get(HEADER), [output.spec for output in model.outputs]
        # One at a time: as objects of Python, numbers in JSON take many times their bytes.
        async with service.reading:
            return await run_in_threadpool(read_request, upload.take(), header, model.takes, gives, most=model.most)
    except InferenceError as error:
        raise _problem(error) from None


async def _ask(request: Request, service: Service, network: PixelModel, asked: InferenceRequest, client: str) -> Any:
    """All that the network says of a batch, float64 [N, C]; the client pays once it is on the queue."""
    try:
        call = service.batcher.call(lambda: network.ask(asked.batch))
    except QueueFullError as full:
        raise queue_full(full) from None
    service.charge(client, len(asked.batch))
    (said,) = await unless_gone(request, [call])
    if isinstance(said, BaseException):
        raise said
    return said


def _find(models: Sequence[ServedModel], name: str, version: str | None) -> ServedModel:
    try:
        return find(models, name, version)
    except InferenceError as error:
        raise _problem(error) from None


def _problem(error: InferenceError) -> ProblemError:
    code = {404: "not-found", 413: "request-too-large", 500: "internal"}.get(error.status, "inference")
    return ProblemError(error.status, code, str(error))
