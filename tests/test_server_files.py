"""Files that the service gives out, and its answers to addresses that it does not have."""

import gzip
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from imageauth import Detector
from imageauth.server import assets
from imageauth.server.assets import Assets, below
from imageauth.server.metrics import Metrics
from imageauth.server.middleware import Guard
from tests.browsing import Visit, axe
from tests.serving import in_process, serving


@pytest.fixture
def site(tmp_path: Path) -> tuple[Path, TestClient]:
    root = tmp_path / "site"
    (root / "js").mkdir(parents=True)
    (root / "index.html").write_text("<!doctype html>" + "<p>hello</p>" * 100)
    (root / "js" / "app.js").write_text("export const x = 1;\n" * 100)
    (root / "strings.json").write_text("{}")
    (root / "model.tflite").write_bytes(bytes(range(256)) * 100)
    (root / ".hidden").write_text("secret")
    (tmp_path / "outside.txt").write_text("secret")
    (root / "link.txt").symlink_to(tmp_path / "outside.txt")
    app = Starlette()
    app.router.default = Assets(below(root))
    return root, TestClient(app, raise_server_exceptions=False)


def test_files_have_types_and_are_compressed_where_it_helps(site: tuple[Path, TestClient]) -> None:
    root, client = site
    page = client.get("/")
    assert page.text == (root / "index.html").read_text()
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["content-encoding"] == "gzip"
    assert page.headers["vary"] == "Accept-Encoding"
    assert int(page.headers["content-length"]) < 200
    script = client.get("/js/app.js", headers={"Accept-Encoding": "identity"})
    assert script.headers["content-type"].startswith("text/javascript")
    assert "content-encoding" not in script.headers
    assert script.content == (root / "js" / "app.js").read_bytes()
    assert "content-encoding" not in client.get("/strings.json").headers  # two bytes would become more
    model = client.get("/model.tflite")
    assert model.content == (root / "model.tflite").read_bytes()
    assert "content-encoding" not in model.headers


@pytest.mark.parametrize("path", ["/", "/js/app.js", "/model.tflite"])
def test_what_a_browser_has_already_is_not_sent_again(site: tuple[Path, TestClient], path: str) -> None:
    _, client = site
    first = client.get(path)
    assert first.headers["cache-control"] == "no-cache"
    tag = first.headers["etag"]
    for given in (tag, f'"other", {tag}', f"W/{tag}", "*"):
        again = client.get(path, headers={"If-None-Match": given})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert client.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


def test_a_changed_file_is_sent_anew(site: tuple[Path, TestClient]) -> None:
    root, client = site
    tag = client.get("/").headers["etag"]
    (root / "index.html").write_text("new")
    os.utime(root / "index.html", (1, 1))
    assert client.get("/", headers={"If-None-Match": tag}).text == "new"


@pytest.mark.parametrize(
    "path",
    [
        "/.hidden",
        "/link.txt",
        "/../outside.txt",
        "/%2e%2e/outside.txt",
        "/js/..%2f..%2foutside.txt",
        "/js//app.js",
        "/js",
        "/js/",
        "/%5c..%5coutside.txt",
        "/index.html%00.js",
        "/" + "a" * 5000,
        "//etc/passwd",
    ],
)
def test_nothing_outside_the_folder_is_given(site: tuple[Path, TestClient], path: str) -> None:
    _, client = site
    answer = client.get(path)
    assert answer.status_code == 404
    assert "secret" not in answer.text


def test_a_file_is_compressed_once_for_all_who_ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Path] = []
    compress = assets._compress

    def counted(path: Path) -> bytes | None:
        made.append(path)
        time.sleep(0.1)
        return compress(path)

    monkeypatch.setattr(assets, "_compress", counted)
    files = [tmp_path / f"{index}.wasm" for index in range(3)]
    for file in files:
        file.write_bytes(b"wasm" * 300_000)
    app = Starlette()
    app.router.default = Assets(below(tmp_path))
    with TestClient(app) as client, ThreadPoolExecutor(8) as threads:
        asked = [f"/{file.name}" for file in files] * 8
        answers = list(threads.map(client.get, asked))
        assert all(answer.content == b"wasm" * 300_000 for answer in answers)
        assert {answer.headers["content-encoding"] for answer in answers} == {"gzip"}
        assert sorted(made) == files
        os.utime(files[0], (1, 1))  # another file, as far as one can tell
        client.get("/0.wasm")
        client.get("/0.wasm")
        assert made.count(files[0]) == 2
        tag = client.get("/1.wasm").headers["etag"]
        made.clear()
    again = Starlette()
    again.router.default = Assets(below(tmp_path))
    with TestClient(again) as client:  # as after a restart: to say that nothing changed, nothing is compressed
        assert client.get("/1.wasm", headers={"If-None-Match": tag}).status_code == 304
        assert made == []


@pytest.mark.parametrize(
    ("accepted", "compressed"),
    [
        ("gzip", True),
        ("br, gzip;q=0.5", True),
        ("*", True),
        ("GZIP", True),
        ("gzip;q=0", False),
        ("gzip; q=0.0, *", False),
        ("br", False),
        ("", False),
        ("gzip;q=x", False),
        ("notgzip", False),
    ],
)
def test_only_who_takes_gzip_gets_it(site: tuple[Path, TestClient], accepted: str, compressed: bool) -> None:
    _, client = site
    answer = client.get("/js/app.js", headers={"Accept-Encoding": accepted})
    assert answer.headers.get("content-encoding") == ("gzip" if compressed else None)
    assert answer.headers["vary"] == "Accept-Encoding"
    plain = client.get("/js/app.js", headers={"Accept-Encoding": "identity"})
    assert (answer.headers["etag"] == plain.headers["etag"]) is not compressed
    # What is kept is known again as what it is.
    for each in (answer, plain):
        given = {"If-None-Match": each.headers["etag"], "Accept-Encoding": "identity" if each is plain else accepted}
        assert client.get("/js/app.js", headers=given).status_code == 304


@pytest.mark.parametrize("given", ["bytes=0-9", "bytes=999999999-", "bytes=x", "lines=1"])
@pytest.mark.parametrize("path", ["/model.tflite", "/js/app.js"])
def test_files_are_given_whole(site: tuple[Path, TestClient], path: str, given: str) -> None:
    root, client = site
    answer = client.get(path, headers={"Range": given, "Accept-Encoding": "identity"})
    assert (answer.status_code, answer.content) == (200, (root / path[1:]).read_bytes())
    assert answer.headers["accept-ranges"] == "none"


def test_the_head_of_a_large_file_costs_no_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model.tflite").write_bytes(bytes(3 * 2**20))
    app = Guard(Assets(below(tmp_path)), metrics=Metrics(), seconds=10)

    def read(*_: object) -> None:
        raise AssertionError("it was opened")

    monkeypatch.setattr("starlette.responses.FileResponse._open_file", read)
    answer = TestClient(app).head("/model.tflite")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == str(3 * 2**20)


@pytest.mark.parametrize("path", ["/model.tflite", "/js/app.js"])
def test_a_file_that_is_gone_is_not_found(
    site: tuple[Path, TestClient], path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, client = site
    find = below(root)

    def found_and_gone(address: str) -> Path | None:
        found = find(address)
        if found:
            found.unlink()
        return found

    client.app.router.default = Assets(found_and_gone)
    assert client.get(path).status_code == 404


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with in_process(Detector(None)) as client:
        yield client


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("GET", "/nothing", 404, None),
        ("POST", "/nothing", 404, None),
        ("GET", "/v1/checks", 405, "POST"),
        ("DELETE", "/v1/models", 405, "GET"),
        ("POST", "/docs", 405, "GET, HEAD"),
        ("OPTIONS", "/v1/checks", 405, "POST"),
        ("GET", "/v1/checks/", 404, None),
        ("TRACE", "/healthz", 405, "GET"),
    ],
)
def test_addresses_and_methods_that_there_are_not(
    client: TestClient, method: str, path: str, status: int, allow: str | None
) -> None:
    answer = client.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers.get("allow") == allow
    assert answer.json()["code"] == ("not-found" if status == 404 else "method-not-allowed")


@pytest.mark.parametrize("path", ["/healthz", "/v1/models", "/docs", "/openapi.json", "/metrics"])
def test_head_is_answered_as_get_is_without_a_body(client: TestClient, path: str) -> None:
    head, get = client.head(path), client.get(path)
    assert head.status_code == get.status_code == 200
    assert head.content == b""
    assert head.headers["content-type"] == get.headers["content-type"]


def test_the_pages_configuration(client: TestClient) -> None:
    config = client.get("/config.json").json()
    assert config["schema"] == "imageauth/page/1"
    assert config["server"] is True
    assert config["api"] == "v1/"
    assert config["limits"] == {"max_bytes": 64 * 2**20, "max_pixels": 100_000_000, "max_files": 32}
    assert config["key_required"] is False


def test_the_description_tells_of_every_route(client: TestClient) -> None:
    described = client.get("/openapi.json").json()
    assert {"/v1/checks", "/v1/models", "/healthz", "/readyz", "/metrics"} <= described["paths"].keys()
    answers = described["paths"]["/v1/checks"]["post"]["responses"]
    assert answers["429"]["headers"]["Retry-After"]
    assert answers["429"]["content"].keys() == {"application/problem+json"}
    assert {"Report", "Failure", "Problem"} <= described["components"]["schemas"].keys()


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_of_the_api_works_offline_under_its_policy(browser: Any, tmp_path: Path, scheme: str) -> None:
    with serving(tmp_path, model=None) as running:
        visit = Visit(browser, running.url + "docs", color_scheme=scheme)
        visit.page.goto(visit.url)
        visit.page.wait_for_selector("#schema-Problem")
        assert visit.page.locator("h2", has_text="/v1/checks").is_visible()
        assert "curl -F files=@picture.jpg" in visit.page.inner_text("main")
        assert not visit.page.get_by_role("status").count()
        assert axe(visit.page) == []
        assert visit.complaints == []
        assert all(url.startswith(running.url) for _, url in visit.asked)
        visit.shoot(f"api-{scheme}")
        visit.context.close()


def test_what_is_compressed_is_what_was_there(site: tuple[Path, TestClient]) -> None:
    root, client = site
    with client.stream("GET", "/js/app.js") as answer:
        raw = b"".join(answer.iter_raw())
    assert gzip.decompress(raw) == (root / "js" / "app.js").read_bytes()
