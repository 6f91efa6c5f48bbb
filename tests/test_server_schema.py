"""The service against its own OpenAPI description: what schemathesis makes up from it is answered as promised."""

import re
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from imageauth import Detector
from imageauth.server.app import create_app
from tests.serving import Serving, serving

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]


def described() -> dict[str, Any]:
    """The description, with names of models narrowed so that some of those made up exist."""
    description = create_app(Detector(None)).openapi()
    names = {"name": ["cifake", "nothing"], "version": ["3", "0"]}
    for item in description["paths"].values():
        for operation in item.values():
            for parameter in operation.get("parameters", ()):
                if parameter["in"] == "path":
                    parameter["schema"]["enum"] = names[parameter["name"]]
    return description


SCHEMA = schemathesis.openapi.from_dict(described())


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("service"), "cifake") as running:
        yield running
        went_deep_enough(running)


def went_deep_enough(service: Serving) -> None:
    """Answers of every kind came to what was made up, not refusals alone."""
    with service.client() as client:
        counted = client.get("metrics").text
    for route, statuses in {
        "/v1/checks": {"200", "400", "405", "415", "422"},
        "/v2/models/{name}": {"200", "404"},
        "/v2/models/{name}/infer": {"200", "400", "404"},
    }.items():
        line = rf'imageauth_requests_total{{method="\w+",route="{re.escape(route)}",status="(\d+)"}}'
        assert statuses <= set(re.findall(line, counted)), route


@SCHEMA.parametrize()
@hypothesis.settings(
    max_examples=12,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(hypothesis.HealthCheck),
)
def test_every_operation_answers_as_described(case: schemathesis.Case, service: Serving) -> None:
    case.call_and_validate(base_url=service.url.rstrip("/"), checks=CHECKS)


def test_the_description_is_sound_and_whole(service: Serving) -> None:
    """Every route of the service is described, and the description is one that others can read."""
    with service.client() as client:
        description = client.get("openapi.json").json()
    assert description["openapi"].startswith("3.")
    for route in ("/v1/checks", "/v1/models", "/healthz", "/readyz", "/metrics", "/v2", "/v2/models/{name}/infer"):
        assert route in description["paths"]
    for path, item in description["paths"].items():
        for method, operation in item.items():
            assert operation["summary"], f"{method} {path}"
            assert operation["responses"], f"{method} {path}"
