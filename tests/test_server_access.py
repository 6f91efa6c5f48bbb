"""Who may ask, how often, and from where."""

import io
import json
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image
from starlette.testclient import TestClient

from imageauth import Detector
from imageauth.errors import ImageAuthError, ModelError
from imageauth.server import logs
from imageauth.server.app import create_app
from imageauth.server.batching import QueueFullError
from imageauth.server.headers import SECURITY_HEADERS
from imageauth.server.keys import Keys, hash_key, new_key
from imageauth.server.rates import MOST_CLIENTS, Rates, client_of, read_rate
from tests.conftest import drawn
from tests.serving import in_process

CHECKS = "/v1/checks"
FILE = {"files": ("a.txt", b"no picture")}


@pytest.fixture(scope="module")
def quick() -> Detector:
    """Without models: access is all that is looked at here."""
    return Detector(None)


def problem(answer: object, status: int, code: str) -> dict:
    body = answer.json()  # type: ignore[attr-defined]
    assert (answer.status_code, body["code"]) == (status, code)  # type: ignore[attr-defined]
    assert answer.headers["content-type"] == "application/problem+json"  # type: ignore[attr-defined]
    assert body["request_id"] == answer.headers["x-request-id"]  # type: ignore[attr-defined]
    assert body.keys() == {"type", "title", "status", "detail", "code", "request_id"}
    return body


def test_with_keys_only_their_holders_may_ask(quick: Detector, tmp_path: Path) -> None:
    ours, other = new_key(), new_key()
    keys = tmp_path / "keys"
    keys.write_text(f"# the newsroom\n\nnewsroom:{hash_key(ours)}\narchive:{hash_key(other)}\n")
    with in_process(quick, api_keys=keys) as client:
        assert client.get("/config.json").json()["key_required"] is True
        refused = client.post(CHECKS, files=FILE)
        problem(refused, 401, "key-required")
        assert refused.headers["www-authenticate"] == "Bearer"
        for headers in (
            {"Authorization": "Bearer wrong"},
            {"Authorization": f"Basic {ours}"},
            {"X-API-Key": ours[:-1]},
            {"Authorization": "Bearer "},
            {"X-API-Key": hash_key(ours)},
        ):
            assert client.post(CHECKS, files=FILE, headers=headers).status_code == 401
        for headers in ({"Authorization": f"Bearer {ours}"}, {"authorization": f"bearer {other}"}, {"X-API-Key": ours}):
            assert client.post(CHECKS, files=FILE, headers=headers).status_code == 200
        problem(client.get("/metrics"), 401, "key-required")
        assert client.get("/metrics", headers={"Authorization": f"Bearer {ours}"}).status_code == 200
        assert client.get("/healthz").status_code == client.get("/readyz").status_code == 200


def test_a_key_is_refused_before_the_body_is_read(quick: Detector, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text(f"a:{hash_key('k')}\n")
    with in_process(quick, api_keys=keys) as client:
        problem(
            client.post(CHECKS, content=b"nonsense", headers={"Content-Type": "multipart/form-data"}),
            401,
            "key-required",
        )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "no key"),
        ("# nothing\n", "no key"),
        ("name:key", "line 1"),
        (f"a:{'0' * 64}\nb {'0' * 64}\n", "line 2"),
        (f"a:{'0' * 64}\na:{'1' * 64}\n", "a second time"),
        (b"\xff\xfe\x00", "not text"),
        ("x" * (2**20 + 2), "larger"),
        (None, "No such file"),
    ],
)
def test_a_file_of_keys_that_is_not_usable(tmp_path: Path, content: str | bytes | None, said: str) -> None:
    path = tmp_path / "keys"
    if content is not None:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(ImageAuthError, match=said) as caught:
        Keys.read(path)
    assert "\n" not in str(caught.value)


def test_a_rate_is_counted_by_picture_and_by_client() -> None:
    now = 0.0
    rates = Rates((6, 60.0), lambda: now)
    assert rates.wait("a") == 0
    rates.spend("a", 4)
    assert rates.wait("a") == 0
    rates.spend("a", 4)  # one request with more pictures than are left
    assert rates.wait("a") == pytest.approx(30)
    assert rates.wait("b") == 0
    now = 29
    assert rates.wait("a") == pytest.approx(1)
    now = 30
    assert rates.wait("a") == 0
    now = 10_000
    rates.spend("a", 6)  # no more than a period's were saved up
    assert rates.wait("a") == pytest.approx(10)


def test_the_table_of_clients_is_bounded() -> None:
    rates = Rates((1, 60.0), lambda: 0.0)
    for index in range(MOST_CLIENTS + 50):
        rates.spend(str(index), 1)
    assert len(rates._buckets) == MOST_CLIENTS
    assert rates.wait(str(MOST_CLIENTS)) > 0
    assert rates.wait("0") == 0


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("unix", "unix"),
    ],
)
def test_who_counts_as_one_client(address: str, client: str) -> None:
    assert client_of(address) == client


@pytest.mark.parametrize("text", ["", "60", "0/minute", "60/day", "-1/minute", "1.5/second", "60/minute ", "1e9/hour"])
def test_a_rate_that_makes_no_sense(text: str) -> None:
    with pytest.raises(ImageAuthError, match="60/minute"):
        read_rate(text)


def test_who_asks_too_often_is_told_when_to_come_back(quick: Detector) -> None:
    with in_process(quick, rate=(3, 60.0)) as client:
        two = [("files", ("a", b"x")), ("files", ("b", b"x"))]
        assert client.post(CHECKS, files=two).status_code == 200
        assert client.post(CHECKS, files=two).status_code == 200
        refused = client.post(CHECKS, files=two)
        problem(refused, 429, "rate-limit")
        assert 35 <= int(refused.headers["retry-after"]) <= 41
        assert client.get("/v1/models").status_code == 200


def test_who_is_put_off_pays_nothing_and_who_sends_rubbish_does(
    quick: Detector, monkeypatch: pytest.MonkeyPatch
) -> None:
    two = [("files", ("a", b"x")), ("files", ("b", b"x"))]
    with in_process(quick, rate=(4, 3600.0)) as client:
        batcher = client.app.state.service.batcher  # type: ignore[attr-defined]
        with monkeypatch.context() as full:  # it fills while the body is being read
            full.setattr(batcher, "check_room", lambda: None)
            full.setattr(batcher, "submit", lambda jobs: (_ for _ in ()).throw(QueueFullError(3)))
            for _ in range(5):
                problem(client.post(CHECKS, files=two), 429, "queue-full")
        assert client.post(CHECKS, files=two).status_code == 200  # all four were left
        form = {"Content-Type": "multipart/form-data; boundary=x"}
        problem(client.post(CHECKS, content=b"nonsense", headers=form), 400, "multipart")
        problem(client.post(CHECKS, json={"url": "http://x/"}), 415, "by-url-not-offered")
        problem(client.post(CHECKS, files=FILE), 429, "rate-limit")


def test_malformed_tensors_cost_too(detector: Detector) -> None:
    with in_process(detector, rate=(2, 3600.0)) as client:
        for path, status in (("cifake", 400), ("none", 404), ("cifake", 429)):
            assert client.post(f"/v2/models/{path}/infer", content=b"nonsense").status_code == status


def test_other_sites_may_not_make_browsers_work_here(quick: Detector) -> None:
    foreign = {"Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site"}
    with in_process(quick) as client:
        problem(client.post(CHECKS, files=FILE, headers=foreign), 403, "cross-site")
        answer = client.get("/healthz", headers=foreign)
        assert "access-control-allow-origin" not in answer.headers
        asked = {**foreign, "Access-Control-Request-Method": "POST"}
        problem(client.options(CHECKS, headers=asked), 405, "method-not-allowed")
        own = {"Origin": "http://testserver", "Sec-Fetch-Site": "same-origin"}
        assert client.post(CHECKS, files=FILE, headers=own).status_code == 200
        # To http addresses other than localhost browsers send no Sec-Fetch-Site.
        for origin in ("http://elsewhere.example", "null", "http://testserver.elsewhere.example", "http://["):
            problem(client.post(CHECKS, files=FILE, headers={"Origin": origin}), 403, "cross-site")
        for origin in ("http://testserver", "https://TESTSERVER"):
            assert client.post(CHECKS, files=FILE, headers={"Origin": origin}).status_code == 200
        behind = {"Origin": "http://[2001:db8::1]:8000", "Host": "[2001:db8::1]:8000"}
        assert client.post(CHECKS, files=FILE, headers=behind).status_code == 200


def test_allowed_origins_may(quick: Detector) -> None:
    friend = {"Origin": "https://newsroom.example", "Sec-Fetch-Site": "cross-site"}
    with in_process(quick, allow_origins=("https://newsroom.example",)) as client:
        answer = client.post(CHECKS, files=FILE, headers=friend)
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == "https://newsroom.example"
        asked = {**friend, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-api-key"}
        assert client.options(CHECKS, headers=asked).status_code == 200
        foreign = {"Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site"}
        assert client.post(CHECKS, files=FILE, headers=foreign).status_code == 403
        assert client.post(CHECKS, files=FILE, headers={"Origin": "https://newsroom.example"}).status_code == 200
        assert client.post(CHECKS, files=FILE, headers={"Origin": "https://elsewhere.example"}).status_code == 403


def test_allowed_origins_can_read_errors_and_use_tensors(quick: Detector, monkeypatch: pytest.MonkeyPatch) -> None:
    origin = {"Origin": "https://newsroom.example", "Sec-Fetch-Site": "cross-site"}
    with in_process(quick, allow_origins=("https://newsroom.example",)) as client:
        for headers in ("inference-header-content-length, content-type", "content-disposition, x-api-key"):
            asked = {**origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": headers}
            answer = client.options("/v2/models/cifake/infer", headers=asked)
            assert answer.status_code == 200, answer.text
            assert answer.headers["x-request-id"]
        long = client.get("/healthz", headers={**origin, "X-Long": "x" * 17_000})

        def broken(*_: object) -> None:
            raise RuntimeError

        monkeypatch.setattr(client.app.state.service, "admit", broken)
        failed = client.post(CHECKS, files=FILE, headers=origin)
        foreign = client.post(CHECKS, files=FILE, headers={"Origin": "https://elsewhere.example"})
    for answer, status in ((long, 431), (failed, 500)):
        assert answer.status_code == status
        assert answer.headers["access-control-allow-origin"] == "https://newsroom.example"
        exposed = answer.headers["access-control-expose-headers"].lower().split(", ")
        assert {"retry-after", "x-request-id", "inference-header-content-length"} <= set(exposed)
    assert foreign.status_code == 500
    assert "access-control-allow-origin" not in foreign.headers


def test_every_answer_carries_the_security_headers(quick: Detector) -> None:
    with in_process(quick) as client:
        for answer in (client.get("/healthz"), client.get("/nothing"), client.post(CHECKS), client.get("/docs")):
            assert answer.headers["content-security-policy"].endswith("; frame-ancestors 'none'")
            assert {name: answer.headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS
            assert "server" not in answer.headers


def test_request_ids(quick: Detector) -> None:
    with in_process(quick) as client:
        assert client.get("/healthz", headers={"X-Request-ID": "job-17.a"}).headers["x-request-id"] == "job-17.a"
        for unfit in ("a b", "x" * 65, 'a"b', "{}", ""):
            made = client.get("/healthz", headers={"X-Request-ID": unfit}).headers["x-request-id"]
            assert made != unfit
            assert len(made) == 32


def test_forwarded_addresses_are_not_believed(quick: Detector) -> None:
    with in_process(quick, rate=(1, 3600.0)) as client:
        assert client.post(CHECKS, files=FILE, headers={"X-Forwarded-For": "192.0.2.1"}).status_code == 200
        refused = client.post(CHECKS, files=FILE, headers={"X-Forwarded-For": "192.0.2.2"})
        problem(refused, 429, "rate-limit")


def lines(caplog: pytest.LogCaptureFixture) -> list[dict]:
    return [
        json.loads(logs.JsonFormatter().format(record)) for record in caplog.records if record.name == logs.LOGGER.name
    ]


def test_the_log_says_what_happened_and_nothing_about_what_was_sent(
    quick: Detector, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = new_key()
    keys = tmp_path / "keys"
    keys.write_text(f"newsroom:{hash_key(key)}\n")
    caplog.set_level(logging.DEBUG, logger=logs.LOGGER.name)
    with in_process(quick, api_keys=keys) as client:
        headers = {"X-API-Key": key, "X-Request-ID": "r1"}
        client.post(
            CHECKS, params={"heatmap": "1"}, files={"files": ("secret-name.png", b"secret-bytes")}, headers=headers
        )
        client.post(CHECKS, content=b"secret-bytes", headers={**headers, "X-Request-ID": "r2"})
        client.get("/secret-path?secret-query")
        client.request("SECRET", "/healthz")

        def broken(*_: object) -> None:
            raise RuntimeError("secret-text")

        monkeypatch.setattr(client.app.state.service, "admit", broken)
        failed = client.post(CHECKS, files=FILE, headers={**headers, "X-Request-ID": "r3"})
        problem(failed, 500, "internal")
        assert "secret" not in failed.text
    written = lines(caplog)
    assert not any(word in json.dumps(written).lower() for word in ("secret", key.lower(), "testclient", "127.0.0.1"))
    by_id = {line.get("request_id"): line for line in written if line["event"] == "request"}
    first = by_id["r1"]
    assert first | {"seconds": 0, "time": ""} == {
        "time": "",
        "level": "info",
        "event": "request",
        "request_id": "r1",
        "method": "POST",
        "route": CHECKS,
        "status": 200,
        "seconds": 0,
        "client": "newsroom",
        "files": 1,
        "bytes": 12,
    }
    assert (by_id["r2"]["status"], by_id["r2"]["code"]) == (415, "media-type")
    (error,) = [line for line in written if line["event"] == "internal-error"]
    assert error["request_id"] == "r3"
    assert error["error"][0] == "RuntimeError"
    assert "test_server_access.py" in error["error"][-1]


def test_metrics_count(quick: Detector) -> None:
    with in_process(quick) as client:
        client.post(CHECKS, files=FILE)
        client.get("/nothing")
        text = client.get("/metrics").text
        for line in (
            'imageauth_requests_total{method="POST",route="/v1/checks",status="200"} 1.0',
            'imageauth_failures_total{code="unsupported-format"} 1.0',
            'imageauth_rejected_total{code="not-found"} 1.0',
            'imageauth_stage_duration_seconds_count{stage="prepare"} 1.0',
            "imageauth_uploaded_bytes_total 10.0",
            "imageauth_queue_pictures 0.0",
            "imageauth_upload_bytes 0.0",
            "imageauth_ready 1.0",
        ):
            assert line in text, line


def test_models_are_described(detector: Detector) -> None:
    with in_process(detector) as client:
        body = client.get("/v1/models").json()
        assert body["schema"] == "imageauth/models/1"
        assert [card["name"] for card in body["models"]] == ["cifake", "photo"]
        assert all(len(card["sha256"]) == 64 and card["figures"] for card in body["models"])


@pytest.mark.parametrize("error", [ModelError("/srv/secret/model.tflite is damaged"), RuntimeError("no such library")])
def test_not_ready_where_a_model_cannot_be_loaded(
    quick: Detector, error: Exception, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def damaged() -> None:
        raise error

    caplog.set_level(logging.ERROR, logger=logs.LOGGER.name)
    monkeypatch.setattr(quick, "warm_up", damaged)
    app = create_app(quick)
    with TestClient(app) as client:
        until = time.monotonic() + 10
        while "cannot be loaded" not in (answer := client.get("/readyz")).text:
            assert time.monotonic() < until
        problem(answer, 503, "not-ready")
        assert int(answer.headers["retry-after"]) >= 1
        assert client.get("/healthz").status_code == 200
        refused = client.post(CHECKS, files=FILE)
        problem(refused, 503, "not-ready")
        index = client.post("/v2/repository/index")
        for text in (answer.text, refused.text, index.text):  # what is wrong with it is for the operator
            assert str(error) not in text
    (line,) = [line for line in lines(caplog) if line["event"] == "not-ready"]
    assert line["reason"] == str(error)


def test_a_picture_that_needs_a_damaged_model_is_not_a_mistake_of_ours(
    quick: Detector, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged(images: object) -> None:
        raise ModelError("/srv/secret/model.tflite is damaged")

    monkeypatch.setattr(quick, "answer", damaged)
    with in_process(quick) as client:
        png = io.BytesIO()
        Image.fromarray(drawn()).save(png, "PNG")
        answer = client.post(CHECKS, files={"files": ("a.png", png.getvalue())})
        problem(answer, 503, "not-ready")
        assert "secret" not in answer.text


def test_pictures_wait_while_the_models_load(quick: Detector, monkeypatch: pytest.MonkeyPatch) -> None:
    """Side by side with them, the models would take long to be ready after a crash under load."""
    loaded, asked = threading.Event(), threading.Event()
    monkeypatch.setattr(quick, "warm_up", lambda: loaded.wait(30))
    prepare = quick.prepare
    monkeypatch.setattr(quick, "prepare", lambda *args, **named: (asked.set(), prepare(*args, **named))[1])
    with TestClient(create_app(quick)) as client, ThreadPoolExecutor(1) as other:
        answer = other.submit(client.post, CHECKS, files=FILE)
        assert not asked.wait(0.3)
        problem(client.get("/readyz"), 503, "not-ready")
        loaded.set()
        assert answer.result(10).json()["results"][0]["error"]["code"] == "unsupported-format"
        assert client.get("/readyz").status_code == 200
