"""Errors of requests as RFC 9457 problem details."""

import http
import json
from collections.abc import Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

MEDIA_TYPE = "application/problem+json"
# Of a request's address and headers.
MAX_HEAD_BYTES = 16 * 2**10


class ProblemError(Exception):
    """A request cannot be answered.

    Attributes:
        status: of the HTTP answer.
        code: stable and machine-readable.
        detail: one plain sentence.
        headers: further ones of the answer.
    """

    def __init__(self, status: int, code: str, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail
        self.headers = dict(headers or {})

    def to_json(self, request_id: str | None) -> dict[str, Any]:
        """The problem details object."""
        return {
            "type": f"urn:imageauth:problem:{self.code}",
            "title": http.HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "request_id": request_id,
        }

    def response(self, scope: Scope) -> Response:
        """The HTTP answer to a request. Below ``/v2`` it has the form of the Open Inference Protocol."""
        request_id = scope.get("state", {}).get("request_id")
        inference = (scope["path"] + "/").startswith("/v2/")
        body = {"error": self.detail} if inference else self.to_json(request_id)
        headers = {**self.headers, "Cache-Control": "no-store"}
        return Response(json.dumps(body), self.status, headers, "application/json" if inference else MEDIA_TYPE)


def busy(code: str, detail: str, seconds: int) -> ProblemError:
    """There is too much to do; the same request will do later.

    Args:
        code, detail: as for :class:`ProblemError`.
        seconds: after which it is worth another try.
    """
    return ProblemError(429, code, detail, {"Retry-After": str(seconds)})


def head_too_large() -> ProblemError:
    """A request's address and headers are larger than :data:`MAX_HEAD_BYTES`."""
    detail = f"The address and headers are larger than {MAX_HEAD_BYTES // 1024} KiB."
    return ProblemError(431, "head-too-large", detail, {"Connection": "close"})


REASONS = {
    401: "There is no valid API key.",
    403: "Pages of other sites may not use this service.",
    408: "The body arrives too slowly.",
    429: "The queue or the memory for uploads is full, or the rate limit is reached; "
    "Retry-After says when to try again.",
    503: "Not ready, stopping, or the request took too long.",
}
"""Why requests are refused, by status, for the API's description; routes have further ones of their own."""


_USUAL = {
    400: ("bad-request", "The request cannot be understood."),
    404: ("not-found", "There is nothing at this address."),
    405: ("method-not-allowed", "This address does not know that method."),
}


def of_http_exception(error: HTTPException) -> ProblemError:
    """What the framework raises, in our form."""
    code, detail = _USUAL.get(error.status_code, ("error", str(error.detail)))
    return ProblemError(error.status_code, code, detail, error.headers)


def answer(request: Request, error: Exception) -> Response:
    """Exception handler for problems and for what the framework raises."""
    problem = error if isinstance(error, ProblemError) else ProblemError(500, "internal", "Something went wrong here.")
    if isinstance(error, HTTPException):
        problem = of_http_exception(error)
    request.scope.setdefault("state", {})["code"] = problem.code
    return problem.response(request.scope)
