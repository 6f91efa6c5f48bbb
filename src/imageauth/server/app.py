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
from imageauth.server import checks, inference, status
from imageauth.server.assets import STATIC, Assets, below
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
    if settings.allow_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.allow_origins,
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type", "X-API-Key", "X-Request-ID"],
            expose_headers=["Retry-After", "X-Request-ID"],
        )
    app.add_middleware(Guard, metrics=service.metrics, seconds=settings.limits.request_seconds)
    app.include_router(checks.router)
    app.include_router(status.router)
    app.include_router(inference.router)
    describe(app)
    app.add_api_route("/config.json", _config, methods=["GET"], include_in_schema=False)
    # Not a mount at /: that would answer for every path, and 405 and 404 of the routes above would be lost.
    private = service.private
    app.router.default = Kept(private.made, Assets(below(STATIC), private.find, page()))
    return app


async def _config(request: Request) -> JSONResponse:
    return JSONResponse(service_of(request).config(["json"]))


def _invalid(request: Request, error: Any) -> Response:
    """A query that does not fit, in a sentence."""
    first = error.errors()[0]
    where = " ".join(str(part) for part in first["loc"])
    return answer(request, ProblemError(422, "invalid", f"{where}: {first['msg']}."))
