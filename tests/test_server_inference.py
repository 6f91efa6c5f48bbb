"""The Open Inference Protocol over HTTP, with Triton's own client."""

import itertools
import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tritonclient.http as triton
from PIL import Image
from starlette.testclient import TestClient
from tritonclient.utils import InferenceServerException

from imageauth import Detector
from imageauth.pixels import model as pixel_model
from imageauth.pixels.model import PixelModel
from imageauth.server.app import create_app
from imageauth.server.inference_tensors import MOST_JSON
from imageauth.server.keys import hash_key
from tests.conftest import drawn
from tests.serving import Serving, serving

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("service")) as running:
        yield running


@pytest.fixture
def client(service: Serving) -> Iterator[triton.InferenceServerClient]:
    with triton.InferenceServerClient(f"127.0.0.1:{service.port}") as connected:
        yield connected


def views_of(model: PixelModel, count: int) -> np.ndarray:
    """Views of drawn pictures, uint8 [count or a few more, S, S, 3]."""
    side = model.card.domain.short_side[0] + 8
    seeds = itertools.count()
    views: list[np.ndarray] = []
    while len(views) < count:
        views.extend(model.views(drawn(side, side, seed=next(seeds))).pixels)
    return np.stack(views[:count])


def test_the_server_tells_what_it_is(client: triton.InferenceServerClient) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    told = client.get_server_metadata()
    assert told["name"] == "imageauth"
    assert told["extensions"] == ["binary_tensor_data"]
    assert {each["name"]: each["state"] for each in client.get_model_repository_index()} == {
        "cifake": "READY", "photo": "READY",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["cifake", "photo"])
def test_metadata_describe_the_tensors_that_the_network_has(client: triton.InferenceServerClient, name: str) -> None:
    model = PixelModel.load(name)
    told = client.get_model_metadata(name)
    assert told["versions"] == [model.card.version]
    side = model.card.layout.side
    assert told["inputs"] == [{"name": "pixels", "datatype": "FP32", "shape": [-1, side, side, 3]}]
    columns = sum(int(np.prod(output["shape"][1:])) for output in told["outputs"])
    assert columns == model.card.answers.columns
    assert told["properties"]["sha256"] == model.card.sha256
    for tensor in (*told["inputs"], *told["outputs"]):
        assert told["properties"][f"{tensor['name']}.holds"]
    assert client.is_model_ready(name)
    assert client.is_model_ready(name, model.card.version)
    assert not client.is_model_ready(name, "none")
    assert not client.is_model_ready("none")


@pytest.mark.parametrize("name", ["cifake", "photo"])
@pytest.mark.parametrize("datatype", ["FP32", "UINT8"])
@pytest.mark.parametrize("binary", [True, False], ids=["bytes", "json"])
def test_answers_are_exactly_those_of_the_pixel_model(
    client: triton.InferenceServerClient, name: str, datatype: str, binary: bool
) -> None:
    model = PixelModel.load(name)
    views = views_of(model, 70 if name == "cifake" else 2)
    if not binary and name == "photo":
        views = views[:1]
    asked = triton.InferInput("pixels", list(views.shape), datatype)
    asked.set_data_from_numpy(views if datatype == "UINT8" else views.astype(np.float32), binary_data=binary)
    names = [output["name"] for output in client.get_model_metadata(name)["outputs"]]
    outputs = [triton.InferRequestedOutput(each, binary_data=binary) for each in names]
    answer = client.infer(name, [asked], outputs=outputs, request_id="seven")
    assert answer.get_response()["id"] == "seven"
    assert answer.get_response()["model_version"] == model.card.version
    said = np.concatenate([answer.as_numpy(each).reshape(len(views), -1) for each in names], axis=1)
    # The columns in the order of their outputs, as both cards number them.
    expected = model.ask(views)[:, : model.card.answers.columns].astype(np.float32)
    assert (said == expected).all()


def test_all_outputs_come_unless_some_are_named(client: triton.InferenceServerClient) -> None:
    model = PixelModel.lazy("cifake")
    views = views_of(model, 1)
    asked = triton.InferInput("pixels", list(views.shape), "UINT8")
    asked.set_data_from_numpy(views)
    every = client.infer("cifake", [asked], model_version=model.card.version)
    assert [each["name"] for each in every.get_response()["outputs"]] == ["logit", "unfamiliarity"]
    one = client.infer("cifake", [asked], outputs=[triton.InferRequestedOutput("unfamiliarity")])
    assert one.as_numpy("logit") is None
    assert one.as_numpy("unfamiliarity") == every.as_numpy("unfamiliarity")


def test_bad_requests_are_told_in_the_protocols_form(client: triton.InferenceServerClient) -> None:
    version = PixelModel.lazy("photo").card.version
    asked = triton.InferInput("pixels", [1, 224, 224, 3], "UINT8")
    asked.set_data_from_numpy(np.zeros((1, 224, 224, 3), np.uint8))
    for call, says in (
        (lambda: client.infer("cifake", [asked]), r"must be \[N, 32, 32, 3\]"),
        (lambda: client.infer("none", [asked]), "no such model; models are: cifake, photo"),
        (lambda: client.infer("photo", [asked], model_version="none"), f"has version {version} only"),
        (lambda: client.infer("photo", [asked], outputs=[triton.InferRequestedOutput("verdict")]), "outputs may name"),
        (
            lambda: client.infer("photo", [asked], outputs=[triton.InferRequestedOutput("kinds", class_count=1)]),
            "not known",
        ),
        (lambda: client.get_model_metadata("none"), "no such model"),
        (lambda: client.infer("photo", [asked], request_compression_algorithm="gzip"), "Compressed"),
        (lambda: client.load_model("photo"), "nothing at this address"),
    ):
        with pytest.raises(InferenceServerException, match=says):
            call()


def test_a_batch_is_bounded_and_so_is_a_body(service: Serving) -> None:
    views = views_of(PixelModel.lazy("cifake"), 3)
    many = np.repeat(views, 100, axis=0)
    with triton.InferenceServerClient(f"127.0.0.1:{service.port}") as client:
        asked = triton.InferInput("pixels", list(many.shape), "UINT8")
        asked.set_data_from_numpy(many)
        with pytest.raises(InferenceServerException, match="from 1 to 256") as caught:
            client.infer("cifake", [asked])
        assert caught.value.status() == "413"
    with service.client() as plain:
        for body in (b" " * (MOST_JSON + 1), b"\0" * 20_000_000):
            answer = plain.post("v2/models/cifake/infer", content=body)
            assert answer.status_code == 413
            assert list(answer.json()) == ["error"]


def test_json_without_any_client(service: Serving) -> None:
    """The specification's example, as curl would send it."""
    pixels = {"name": "pixels", "shape": [1, 32, 32, 3], "datatype": "UINT8", "data": [128] * 3072}
    with service.client() as client:
        version = PixelModel.lazy("cifake").card.version
        answer = client.post(f"v2/models/cifake/versions/{version}/infer", json={"id": "42", "inputs": [pixels]})
        assert answer.headers["content-type"] == "application/json"
        assert answer.json()["id"] == "42"
        assert answer.json()["outputs"][0]["shape"] == [1, 1]
        for method, path, status in (
            ("GET", "v2/nothing", 404),
            ("PUT", "v2", 405),
            ("GET", "v2/models/cifake/infer", 405),
            ("GET", "v2/", 200),
        ):
            told = client.request(method, path)
            assert told.status_code == status
            assert status == 200 or list(told.json()) == ["error"]
        assert client.get("v1/nothing").headers["content-type"] == "application/problem+json"


def test_keys_are_asked_for_here_too(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text(f"alice:{hash_key('secret')}\n", encoding="utf-8")
    views = views_of(PixelModel.lazy("cifake"), 1)
    with (
        serving(tmp_path, "cifake", api_keys=str(keys), rate=[2, 3600.0]) as running,
        triton.InferenceServerClient(f"127.0.0.1:{running.port}") as client,
    ):
        asked = triton.InferInput("pixels", list(views.shape), "UINT8")
        asked.set_data_from_numpy(views)
        assert client.is_server_ready()  # for probes, which have no keys
        with pytest.raises(InferenceServerException, match="asks for an API key") as caught:
            client.infer("cifake", [asked])
        assert caught.value.status() == "401"
        # What is here is no secret, under /v1 as under /v2.
        assert client.get_model_metadata("cifake")["name"] == "cifake"
        assert [each["name"] for each in client.get_model_repository_index()] == ["cifake"]
        assert running.client().get("v1/models").status_code == 200
        mine = {"Authorization": "Bearer secret"}
        for _ in range(2):
            assert client.infer("cifake", [asked], headers=mine).as_numpy("logit").shape == (1, 1)
        with pytest.raises(InferenceServerException, match="as often as you may") as caught:
            client.infer("cifake", [asked], headers=mine)
        assert caught.value.status() == "429"


def test_the_networks_are_the_detectors_own(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = []
    load = pixel_model._network
    monkeypatch.setattr(pixel_model, "_network", lambda *args: loaded.append(args[1].name) or load(*args))
    app = create_app(Detector())
    pixels = {"name": "pixels", "shape": [1, 32, 32, 3], "datatype": "UINT8", "data": [128] * 3072}
    with TestClient(app) as client:
        while client.get("/v2/health/ready").status_code == 503:
            pass
        assert client.post("/v2/models/cifake/infer", json={"inputs": [pixels]}).status_code == 200
        service = app.state.service
        assert service.budget.held == service.batcher.count == 0
    assert sorted(loaded) == ["cifake", "photo"]


def test_tensors_that_wait_count_as_memory_in_use() -> None:
    app = create_app(Detector("cifake"))
    pixels = {"name": "pixels", "shape": [1, 32, 32, 3], "datatype": "UINT8", "data": [128] * 3072}
    body = json.dumps({"inputs": [pixels]})
    go_on, statuses = threading.Event(), []
    with TestClient(app) as client:
        while client.get("/v2/health/ready").status_code == 503:
            pass
        service = app.state.service
        service.batcher.call(lambda: go_on.wait(10))
        asking = threading.Thread(
            target=lambda: statuses.append(client.post("/v2/models/cifake/infer", content=body).status_code)
        )
        asking.start()
        until = time.monotonic() + 10
        while service.batcher.count < 2:
            assert time.monotonic() < until
            time.sleep(0.01)
        assert service.budget.held == len(body)
        go_on.set()
        asking.join(10)
        assert statuses == [200]
        assert service.budget.held == 0
        assert f"imageauth_uploaded_bytes_total {len(body)}.0" in client.get("/metrics").text


def test_a_full_queue_says_when_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    app = create_app(Detector("cifake"))
    pixels = {"name": "pixels", "shape": [1, 32, 32, 3], "datatype": "UINT8", "data": [128] * 3072}
    with TestClient(app) as client:
        service = app.state.service
        monkeypatch.setattr(service.batcher, "_count", service.settings.limits.queue)
        answer = client.post("/v2/models/cifake/infer", json={"inputs": [pixels]})
        monkeypatch.setattr(service.batcher, "_count", 0)
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) >= 1
    assert list(answer.json()) == ["error"]


def test_the_example_of_the_docs_runs(
    service: Serving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert "127.0.0.1:8000" in example
    monkeypatch.chdir(tmp_path)
    Image.fromarray(drawn()).save("picture.png")
    exec(example.replace("127.0.0.1:8000", f"127.0.0.1:{service.port}"), {})
    shown = np.array(json.loads(re.sub(r"\s*\n\s*", ",", capsys.readouterr().out.strip())))
    assert shown.shape[1] == 1
    assert np.isfinite(shown).all()


def test_the_commands_of_the_docs_ask_a_running_service(service: Serving, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    (script,) = (block for block in re.findall(r"```sh\n(.*?)```", page, re.DOTALL) if "curl" in block)
    script = script.replace("127.0.0.1:8000", f"127.0.0.1:{service.port}").replace("python -c", f"{sys.executable} -c")
    done = subprocess.run(["sh", "-euc", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["model_name"] == "cifake"
