"""``POST /v1/checks``: what is sent, and what comes back."""

import base64
import io
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from imageauth import Detector, Report
from imageauth.rendering.heatmap import AI, REAL
from imageauth.server import examples
from imageauth.server.settings import Limits
from tests.conftest import drawn
from tests.serving import in_process

URL = "/v1/checks"


@pytest.fixture(scope="module")
def client(detector: Detector) -> Iterator[TestClient]:
    with in_process(detector) as client:
        yield client


def encoded(pixels: np.ndarray, form: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, form)
    return out.getvalue()


def test_reports_are_those_of_check_in_the_order_of_the_files(client: TestClient, detector: Detector) -> None:
    pictures = [encoded(drawn(40 + index, 48, seed=index)) for index in range(5)]
    sent = [("files", (f"{index}.png", data, "image/png")) for index, data in enumerate(pictures)]
    answer = client.post(URL, files=sent)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert body["schema"] == "imageauth/checks/1"
    assert [each["file"] for each in body["results"]] == [f"{index}.png" for index in range(5)]
    for data, result in zip(pictures, body["results"], strict=True):
        expected = detector.check(data, name=result["file"])
        assert Report.from_json(result).verdict == expected.verdict
        assert result["sha256"] == expected.sha256
        assert result["probability"] == pytest.approx(expected.probability, abs=2e-3)


def test_a_bad_file_does_not_stop_the_others(client: TestClient) -> None:
    sent = [
        ("files", ("a.jpg", b"only text", "image/jpeg")),
        ("files", ("b.png", encoded(drawn()), "image/png")),
        ("files", ("c.png", b"", "image/png")),
        ("files", ("d.png", encoded(drawn())[:300], "image/png")),
    ]
    results = client.post(URL, files=sent).json()["results"]
    codes = [each.get("error", {}).get("code") for each in results]
    assert codes == ["unsupported-format", None, "empty", "corrupt"]
    assert "message" in results[0]["error"]
    assert "verdict" in results[1]


def test_any_field_with_a_file_is_taken_and_other_fields_are_passed_over(client: TestClient) -> None:
    sent = {"photo": ("x.png", encoded(drawn()), "image/png")}
    results = client.post(URL, data={"comment": "hello", "lang": "de"}, files=sent).json()["results"]
    assert [each["file"] for each in results] == ["x.png"]


@pytest.mark.parametrize("kind", ["image/png", "application/octet-stream", "IMAGE/PNG; x=y"])
def test_a_bare_picture_is_one_file(client: TestClient, kind: str) -> None:
    answer = client.post(URL, content=encoded(drawn()), headers={"Content-Type": kind})
    (result,) = answer.json()["results"]
    assert result["file"] == "picture"
    assert result["format"] == "png"
    named = {"Content-Type": kind, "Content-Disposition": 'attachment; filename="mine.png"'}
    assert client.post(URL, content=encoded(drawn()), headers=named).json()["results"][0]["file"] == "mine.png"


def test_a_mistake_of_ours_about_one_file_does_not_spoil_the_others(
    client: TestClient, detector: Detector, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare = client.app.state.service.detector.prepare  # type: ignore[attr-defined]

    def broken(data: bytes, *, name: str, seen: object) -> object:
        if name == "bad.png":
            raise ZeroDivisionError("a bug")
        return prepare(data, name=name, seen=seen)

    monkeypatch.setattr(detector, "prepare", broken)
    picture = encoded(drawn())
    answer = client.post(URL, files=[("files", ("bad.png", picture)), ("files", ("good.png", picture))])
    assert answer.status_code == 200
    bad, good = answer.json()["results"]
    assert bad["error"]["code"] == "internal"
    assert "a bug" not in answer.text
    assert good["verdict"]
    alone = client.post(URL, files={"files": ("bad.png", picture)})
    assert (alone.status_code, alone.json()["code"]) == (500, "internal")


def test_a_heatmap_is_an_overlay_shaped_like_the_picture(client: TestClient) -> None:
    sent = {"files": ("a.png", encoded(drawn(700, 350, seed=3)), "image/png")}
    assert "heatmap" not in client.post(URL, files=sent).json()["results"][0]
    (result,) = client.post(URL, params={"heatmap": "true"}, files=sent).json()["results"]
    if result["probability"] is None:
        assert "heatmap" not in result
        pytest.fail("this picture should be inside the domain of photo")
    heatmap = result["heatmap"]
    assert heatmap["media_type"] == "image/png"
    assert (heatmap["width"], heatmap["height"]) == (512, 256)
    overlay = np.asarray(Image.open(io.BytesIO(base64.b64decode(heatmap["data"]))))
    assert overlay.shape == (256, 512, 4)
    assert overlay[..., 3].max() <= 192  # three quarters: the picture stays visible
    assert {tuple(colour) for colour in overlay[..., :3].reshape(-1, 3)} <= {AI, REAL}


def test_a_small_picture_has_a_heatmap_of_its_own_size_and_one_outside_the_domain_none(client: TestClient) -> None:
    small = {"files": ("a.png", encoded(drawn(32, 32)), "image/png")}
    (result,) = client.post(URL, params={"heatmap": "1"}, files=small).json()["results"]
    assert result["probability"] is not None
    assert (result["heatmap"]["width"], result["heatmap"]["height"]) == (32, 32)
    flat = {"files": ("b.png", encoded(np.full((32, 32, 3), 9, np.uint8)), "image/png")}
    (result,) = client.post(URL, params={"heatmap": "1"}, files=flat).json()["results"]
    assert result["probability"] is None
    assert "heatmap" not in result


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        (r"C:\Users\me\cat.png", "cat.png"),
        ("/absolute/path.png", "path.png"),
        ("ordinary.png", "ordinary.png"),
        ("schön 猫.png", "schön 猫.png"),
        ("evil\u202egnp.exe", "evil\u202egnp.exe"),
        ("<script>alert(1)<script>.png", "<script>alert(1)<script>.png"),
        ("a" * 4000, "a" * 255),
        ("folder/", "picture"),
    ],
)
def test_names_are_echoed_without_folders_and_escaped(client: TestClient, given: str, shown: str) -> None:
    body = (
        b'--x\r\nContent-Disposition: form-data; name="files"; filename="' + given.encode() + b'"\r\n\r\n'
        b"text\r\n--x--\r\n"
    )
    answer = client.post(URL, content=body, headers={"Content-Type": "multipart/form-data; boundary=x"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["results"][0]["file"] == shown
    assert answer.text.isascii()


def test_by_address_is_not_offered_and_the_answer_says_so(client: TestClient) -> None:
    answer = client.post(URL, json={"url": "http://127.0.0.1/picture.jpg"})
    problem = answer.json()
    assert answer.status_code == problem["status"] == 415
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["code"] == "by-url-not-offered"
    assert "not fetched by address" in problem["detail"]


def test_a_file_beyond_the_limit_fails_alone(detector: Detector) -> None:
    with in_process(detector, limits=Limits(file_bytes=2000)) as client:
        sent = [
            ("files", ("large.png", b"x" * 2001, "image/png")),
            ("files", ("small.png", encoded(drawn(20, 20)), "image/png")),
        ]
        large, small = client.post(URL, files=sent).json()["results"]
        assert large["error"]["code"] == "too-large"
        assert "verdict" in small
        assert client.app.state.service.budget.held == 0


def test_a_picture_with_more_pixels_than_the_operator_allows_fails_alone(detector: Detector) -> None:
    with in_process(detector, limits=Limits(pixels=1000)) as client:
        sent = {"files": ("a.png", encoded(drawn(40, 30)), "image/png")}
        (result,) = client.post(URL, files=sent).json()["results"]
        assert result["error"] == {
            "code": "too-large",
            "message": "has 40×30 pixels; the limit is 0.001 megapixels",
        }


def test_a_query_that_does_not_fit_is_a_problem(client: TestClient) -> None:
    answer = client.post(URL, params={"heatmap": "perhaps"}, files={"files": ("a.png", b"x")})
    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid"
    assert "heatmap" in answer.json()["detail"]


def test_the_examples_of_the_description_have_the_shape_of_real_answers(client: TestClient, detector: Detector) -> None:
    real = detector.check(encoded(drawn()), name="x.png").to_json()
    assert examples.REPORT.keys() == real.keys()
    assert examples.REPORT["produced_by"].keys() == real["produced_by"].keys()
    assert Report.from_json(examples.REPORT).verdict == "likely-ai"
    failure = client.post(URL, files={"files": ("notes.jpg", b"text")}).json()["results"][0]
    assert failure == examples.FAILURE


def test_hostile_samples_are_answered(client: TestClient, shared: Path) -> None:
    files = sorted((shared / "samples" / "hostile").iterdir())
    for start in range(0, len(files), 16):
        sent = [("files", (file.name, file.read_bytes())) for file in files[start : start + 16]]
        answer = client.post(URL, params={"heatmap": "true"}, files=sent)
        assert answer.status_code == 200, answer.text
        results = json.loads(answer.text, parse_constant=lambda name: pytest.fail(f"{name} in JSON"))["results"]
        assert len(results) == len(sent)
        assert all("verdict" in each or each["error"]["code"] for each in results)
