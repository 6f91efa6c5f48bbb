"""How OpenAPI describes the answers. These models only describe: the reports come from :mod:`imageauth.report`."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from imageauth.errors import ErrorCode
from imageauth.report import PointsTo, Source, Strength, Verdict
from imageauth.server.examples import FAILURE, PROBLEM, REPORT
from imageauth.server.problems import MEDIA_TYPE, REASONS
from imageauth.server.uploads import FIELD

_SHA256 = Field(pattern="^[0-9a-f]{64}$")


class Evidence(BaseModel):
    """One source's finding about one picture."""

    source: Source = Field(description="Who says it.")
    code: str = Field(description="The kind of finding; stable.")
    finding: str = Field(description="The same as a sentence.")
    points_to: PointsTo
    strength: Strength = Field(
        description="`proof`: checked cryptographically; `declared`: said by the file, could be forged; "
        "`statistical`: measured, with known error rates."
    )
    detail: dict[str, Any] = Field(description="Further plain data, by source.")


class Heatmap(BaseModel):
    """Where the evidence of the pixels sits: orange speaks for AI, blue for a photograph, transparent for neither."""

    media_type: Literal["image/png"]
    width: int = Field(ge=1, le=512)
    height: int = Field(ge=1, le=512)
    data: str = Field(
        description="An RGBA picture to lay over the checked one, stretched to its size; base64.",
        json_schema_extra={"contentEncoding": "base64", "contentMediaType": "image/png"},
    )


class Report(BaseModel):
    """The answer about one picture, and what it rests on."""

    model_config = ConfigDict(json_schema_extra={"examples": [REPORT]})

    format_version: Literal["imageauth/report/1"] = Field(alias="schema")
    file: str = Field(description="The name that came with it, without folders.")
    sha256: str = _SHA256
    format: str = Field(description="`jpeg`, `png`, …")
    width: int = Field(ge=0, description="Pixels, upright.")
    height: int = Field(ge=0)
    verdict: Verdict = Field(description="`ai-generated` and `camera-verified` rest on proof; pixels say `likely-…`.")
    reason: str = Field(description="The rule of the policy that decided.")
    probability: float | None = Field(
        ge=0, le=1, description="The calibrated chance of being AI-made; null where no calibrated answer exists."
    )
    summary: str = Field(description="One plain sentence.")
    evidence: list[Evidence]
    limits: list[str] = Field(description="What this answer cannot tell.")
    produced_by: dict[str, str | None] = Field(description="Versions and hashes.")
    heatmap: Heatmap | None = Field(
        default=None, description="With `heatmap=true`, where the pixels gave a calibrated answer; absent otherwise."
    )


class Error(BaseModel):
    """Why a file could not be checked."""

    code: ErrorCode | Literal["internal"] = Field(
        description="`internal`: a fault of the service, which other files of the request did not meet."
    )
    message: str = Field(description="One line, to follow the file's name.")


class Failure(BaseModel):
    """A file that could not be checked; the others of its request were."""

    model_config = ConfigDict(json_schema_extra={"examples": [FAILURE]})

    format_version: Literal["imageauth/report/1"] = Field(alias="schema")
    file: str
    error: Error


class Checks(BaseModel):
    """An answer for each file, in the order in which they came."""

    format_version: Literal["imageauth/checks/1"] = Field(alias="schema")
    results: list[Report | Failure]


class Models(BaseModel):
    """The cards of the models that look at pictures here."""

    format_version: Literal["imageauth/models/1"] = Field(alias="schema")
    models: list[dict[str, Any]] = Field(description="As `imageauth models --json` prints them.")


class Status(BaseModel):
    """How the service is."""

    status: Literal["ok", "ready"]


class Problem(BaseModel):
    """A request that cannot be answered (RFC 9457)."""

    model_config = ConfigDict(json_schema_extra={"examples": [PROBLEM]})

    type: str = Field(description="`urn:imageauth:problem:` and the code.")
    title: str = Field(description="The phrase of the status.")
    status: int = Field(ge=400, le=599)
    detail: str = Field(description="One plain sentence.")
    code: str = Field(description="Stable and machine-readable.")
    request_id: str | None = Field(description="As in the header `X-Request-ID` and in the service's log.")


_REASONS = REASONS | {
    400: "The body is broken, cut short, or holds no file.",
    413: "The request is larger, or has more files, than one may have.",
    415: "The body is of a kind that is not read: compressed, or an address instead of a file.",
    422: "The query does not fit.",
    501: "The form that was asked for is not installed here.",
}
_RETRY_AFTER = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer", "minimum": 1}}}

Responses = dict[int | str, dict[str, Any]]


def problems(*statuses: int) -> Responses:
    """Refusals of a route, for FastAPI's ``responses``."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    found: Responses = {}
    for status in statuses:
        found[status] = {"description": _REASONS[status], "content": content}
        if status in (429, 503):
            found[status]["headers"] = _RETRY_AFTER
    return found


UPLOAD: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "A form with one or more files, or one picture as the body itself.",
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": [FIELD],
                    "properties": {
                        FIELD: {
                            "type": "array",
                            "minItems": 1,
                            "items": {"type": "string", "format": "binary"},
                            "description": "Any field with a file name is taken.",
                        }
                    },
                }
            },
            "image/*": {"schema": {"type": "string", "format": "binary"}},
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}
