"""Files that the service gives out, and its answers to addresses that it does not have."""

import gzip
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from imageauth import Detector
from imageauth.server.assets import Assets, below
from tests.browsing import Visit
from tests.serving import in_process, serving
from tests.test_page_answers import axe


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


def test_a_file_is_compressed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[int] = []
    compress = gzip.compress
    monkeypatch.setattr(gzip, "compress", lambda data, *rest, **more: done.append(1) or compress(data, *rest, **more))
    (tmp_path / "a.js").write_text("x" * 1000)
    app = Starlette()
    app.router.default = Assets(below(tmp_path))
    client = TestClient(app)
    with ThreadPoolExecutor(4) as pool:
        assert {answer.text for answer in pool.map(client.get, ["/a.js"] * 12)} == {"x" * 1000}
    assert len(done) == 1


@pytest.mark.parametrize(
    ("accepted", "gzipped"), [("gzip", True), ("gzip;q=0", False), ("br, GZIP;q=0.5", True), ("gzip;q=0.0, br", False)]
)
def test_compression_is_what_the_client_takes(site: tuple[Path, TestClient], accepted: str, gzipped: bool) -> None:
    answer = site[1].get("/js/app.js", headers={"Accept-Encoding": accepted})
    assert ("content-encoding" in answer.headers) == gzipped
    assert answer.headers["etag"].endswith('-gzip"') == gzipped


def test_parts_of_files_are_not_given(site: tuple[Path, TestClient]) -> None:
    root, client = site
    answer = client.get("/model.tflite", headers={"Range": "bytes=5-1"})
    assert (answer.status_code, answer.content) == (200, (root / "model.tflite").read_bytes())


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
