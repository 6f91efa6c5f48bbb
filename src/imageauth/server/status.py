"""What the service says of itself: ``/v1/models``, ``/healthz``, ``/readyz``, ``/metrics``."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from imageauth.server import metrics, schemas
from imageauth.server.service import service_of

router = APIRouter()


@router.get("/v1/models", response_model=schemas.Models, summary="Show the models", tags=["Checks"])
async def models(request: Request) -> JSONResponse:
    """The models that look at pictures here, as their cards describe them."""
    cards: list[dict[str, Any]] = [model.card.to_json() for model in service_of(request).detector.models]
    return JSONResponse({"schema": "imageauth/models/1", "models": cards})


@router.get("/healthz", response_model=schemas.Status, summary="Is it alive?", tags=["Service"])
async def healthz() -> JSONResponse:
    """The process answers."""
    return JSONResponse({"status": "ok"})


@router.get(
    "/readyz",
    response_model=schemas.Status,
    responses=schemas.problems(503),
    summary="Is it ready?",
    tags=["Service"],
)
async def readyz(request: Request) -> JSONResponse:
    """The models are loaded and have answered once."""
    service = service_of(request)
    if service.not_ready:
        raise service.unready()
    return JSONResponse({"status": "ready"})


@router.get(
    "/metrics",
    response_class=PlainTextResponse,
    responses=schemas.problems(401),
    summary="Measurements for Prometheus",
    tags=["Service"],
)
async def scrape(request: Request) -> Response:
    """Counts and times; no names, addresses or pictures."""
    service = service_of(request)
    service.identify(request)
    return Response(service.metrics.text(), media_type=metrics.MEDIA_TYPE)
