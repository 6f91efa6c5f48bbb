"""The application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import JSONResponse, Response

from imageauth import __version__
from imageauth.detector import Detector
from imageauth.errors import ModelError
from imageauth.server import checks, inference, reports, status
from imageauth.server.assets import Assets, below
from imageauth.server.folders import STATIC
from imageauth.server.kept import Kept
from imageauth.server.middleware import Guard
from imageauth.server.openapi import describe, page
from imageauth.server.problems import ProblemError, answer
from imageauth.server.service import Service, service_of, unusable
from imageauth.server.settings import Settings


def create_app(detector: Detector | None = None, settings: Settings | None = None) -> FastAPI:
    """The service as an ASGI application.

    Args:
        detector: that answers; default: with the shipped models.
        settings: default: those of a laptop.

    Raises:
        ImageAuthError: the settings name something that is not usable.
    """
    settings = settings or Settings()
    service = Service(detector or Detector(), settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        service.start()
        yield
        await run_in_threadpool(service.stop)

    app = FastAPI(
        title="imageauth",
        version=__version__,
        summary="Tells whether an image was made by AI, and why.",
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        lifespan=lifespan,
        redirect_slashes=False,
    )
    app.state.service = service
    app.add_exception_handler(ProblemError, answer)
    app.add_exception_handler(HTTPException, answer)
    app.add_exception_handler(ModelError, unusable)
    app.add_exception_handler(RequestValidationError, _invalid)
    cors = _cors(settings.allow_origins)
    if cors:
        app.add_middleware(CORSMiddleware, **cors)
    app.add_middleware(Guard, metrics=service.metrics, seconds=settings.limits.request_seconds, cors=cors)
    app.include_router(checks.router)
    app.include_router(reports.router)
    app.include_router(status.router)
    app.include_router(inference.router)
    describe(app)
    app.add_api_route("/config.json", _config, methods=["GET"], include_in_schema=False)
    # Not a mount at /: that would answer for every path, and 405 and 404 of the routes above would be lost.
    private = service.private
    app.router.default = Kept(private.made, Assets(below(STATIC), private.find, page()))
    return app


def _cors(origins: tuple[str, ...]) -> dict[str, Any] | None:
    """What pages of other sites may send and see; None where there are none."""
    if not origins:
        return None
    return {
        "allow_origins": origins,
        "allow_methods": ["GET", "POST"],
        "allow_headers": [
            *("Authorization", "X-API-Key", "X-Request-ID"),
            *("Content-Type", "Content-Disposition", inference.HEADER),
        ],
        "expose_headers": ["Retry-After", "X-Request-ID", inference.HEADER],
    }


async def _config(request: Request) -> JSONResponse:
    return JSONResponse(service_of(request).config())


def _invalid(request: Request, error: Any) -> Response:
    """A query that does not fit, in a sentence."""
    first = error.errors()[0]
    where = " ".join(str(part) for part in first["loc"])
    return answer(request, ProblemError(422, "invalid", f"{where}: {first['msg']}."))
