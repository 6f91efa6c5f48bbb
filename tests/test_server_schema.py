"""The service against its own OpenAPI description: what schemathesis makes up from it is answered as it promises."""

import os
import time
from typing import Any

import hypothesis
import pytest
import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)
from starlette.testclient import TestClient

from imageauth import Detector
from imageauth.server.app import create_app

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]
APP = create_app(Detector("cifake"))
EXAMPLES = int(os.environ.get("IMAGEAUTH_SCHEMA_EXAMPLES", "8"))
SCHEMA = schemathesis.openapi.from_asgi("/openapi.json", APP)


@pytest.fixture(scope="module", autouse=True)
def started() -> Any:
    with TestClient(APP) as client:
        while client.get("/readyz").status_code != 200:
            time.sleep(0.02)
        yield


@SCHEMA.parametrize()
@hypothesis.settings(max_examples=EXAMPLES, derandomize=True, database=None, deadline=None)
def test_every_operation_answers_as_described(case: schemathesis.Case) -> None:
    case.call_and_validate(checks=CHECKS)
