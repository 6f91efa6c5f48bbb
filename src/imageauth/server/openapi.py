"""The API's description, and the page that shows it."""

from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from imageauth.server.assets import Find, below
from imageauth.server.folders import API_PAGE
from imageauth.server.schemas import Problem

DESCRIPTION = (
    "Send pictures, get reports: a verdict, a calibrated probability, all evidence and its limits. Pictures are kept "
    "in memory while they are checked and nowhere else. Pictures are not fetched by address."
)


def describe(app: FastAPI) -> None:
    """Let an application describe itself, with what FastAPI cannot know."""

    def description() -> dict[str, Any]:
        if not app.openapi_schema:
            found = get_openapi(
                title=app.title, version=app.version, summary=app.summary, description=DESCRIPTION, routes=app.routes
            )
            parts = found.setdefault("components", {})
            parts.setdefault("schemas", {})["Problem"] = Problem.model_json_schema()
            parts["securitySchemes"] = {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API key, where one is asked for.",
                },
                "header": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "The same."},
            }
            found["security"] = [{}, {"bearer": []}, {"header": []}]
            app.openapi_schema = found
        return app.openapi_schema

    app.openapi = description  # type: ignore[method-assign]


def page() -> Find:
    """Finds the files of the page at ``docs``."""
    find = below(API_PAGE)
    return lambda path: find(path.removeprefix("docs/")) if path.startswith("docs/") else _index(find, path)


def _index(find: Find, path: str) -> Path | None:
    return find("index.html") if path == "docs" else None
