"""The Open Inference Protocol's objects as OpenAPI describes them, after its own ``open_inference_rest.yaml``."""

from typing import Any

from imageauth.server.problems import REASONS

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_FLAG: Schema = {"type": "boolean"}
_SHAPE: Schema = {"type": "array", "items": {"type": "integer"}}
_PARAMETERS: Schema = {"type": "object"}
_NUMBERS: Schema = {"type": "array", "items": {"type": "number"}}


def _object(required: str, **properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "required": required.split()}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


_TENSOR = _object("name datatype shape", name=_TEXT, datatype=_TEXT, shape=_SHAPE)
ERROR = _object("error", error=_TEXT)
SERVER = _object("name version extensions", name=_TEXT, version=_TEXT, extensions=_list(_TEXT))
LIVE = _object("live", live=_FLAG)
READY = _object("live ready", live=_FLAG, ready=_FLAG)
MODEL_READY = _object("name ready", name=_TEXT, ready=_FLAG)
INDEX = _list(_object("name version state", name=_TEXT, version=_TEXT, state=_TEXT, reason=_TEXT))
MODEL = _object(
    "name versions platform inputs outputs properties",
    name=_TEXT,
    versions=_list(_TEXT),
    platform=_TEXT,
    inputs=_list(_TENSOR),
    outputs=_list(_TENSOR),
    properties={"type": "object", "additionalProperties": _TEXT},
)
_REQUEST = _object(
    "inputs",
    id=_TEXT,
    parameters=_object("", binary_data_output=_FLAG),
    inputs=_list(
        _object(
            "name shape datatype",
            name={"type": "string", "enum": ["pixels"]},
            shape=_SHAPE,
            datatype={"type": "string", "enum": ["FP32", "UINT8"]},
            parameters=_PARAMETERS,
            data={"type": "array", "description": "Values 0..255, flat or nested as the shape is.", "items": {}},
        )
    ),
    outputs=_list(_object("name", name=_TEXT, parameters=_PARAMETERS)),
)
_OUTPUT = _object(
    "name shape datatype", name=_TEXT, shape=_SHAPE, datatype=_TEXT, parameters=_PARAMETERS, data=_NUMBERS
)
_RESPONSE = _object(
    "model_name model_version outputs", model_name=_TEXT, model_version=_TEXT, id=_TEXT, outputs=_list(_OUTPUT)
)
_REASONS = REASONS | {
    400: "The request is malformed, or does not fit the model.",
    404: "There is no such model or version.",
    413: "The request is too large.",
    415: "The body is compressed.",
}


def answers(schema: Schema, *errors: int) -> dict[int | str, dict[str, Any]]:
    """What a route may answer, for FastAPI's ``responses``.

    Args:
        schema: of the answer with status 200.
        errors: statuses of others. 503 has the same form, where health is asked about.
    """
    found: dict[int | str, dict[str, Any]] = {200: _answer("Well.", schema)}
    for status in errors:
        found[status] = _answer(_REASONS[status], schema if status == 503 else ERROR)
    return found


def _answer(text: str, schema: Schema) -> dict[str, Any]:
    return {"description": text, "content": {"application/json": {"schema": schema}}}


INFERENCE_ANSWERS = answers(_RESPONSE, 400, 401, 403, 404, 408, 413, 415, 429) | {503: _answer(_REASONS[503], ERROR)}
INFERENCE_ANSWERS[200]["content"]["application/octet-stream"] = {
    "schema": {
        "type": "string",
        "format": "binary",
        "description": "The same JSON, then bytes of tensors; Inference-Header-Content-Length says where they begin.",
    }
}
INFERENCE_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": _REQUEST,
                "example": {
                    "id": "grey",
                    "inputs": [{"name": "pixels", "shape": [1, 32, 32, 3], "datatype": "UINT8", "data": [128] * 3072}],
                    "outputs": [{"name": "logit"}],
                },
            },
            "application/octet-stream": {
                "schema": {
                    "type": "string",
                    "format": "binary",
                    "description": "JSON, then the bytes of tensors, with the header Inference-Header-Content-Length.",
                }
            },
        },
    },
    "parameters": [
        {
            "name": "Inference-Header-Content-Length",
            "in": "header",
            "required": False,
            "description": "How many bytes of the body are JSON; needed where bytes of tensors follow.",
            "schema": {"type": "integer", "minimum": 1},
        }
    ],
}
