"""``POST /v1/reports``: documents to keep, over HTTP, and from the page."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from starlette.testclient import TestClient

from imageauth import Detector, Document
from imageauth.errors import ImageAuthError, ModelError
from imageauth.rendering.document.reading import parse_document
from imageauth.server import reports
from imageauth.server import service as services
from imageauth.server.settings import Limits
from tests.browsing import Visit
from tests.conftest import drawn
from tests.golden import as_png
from tests.serving import Serving, in_process, serving

URL = "/v1/reports"


@pytest.fixture(scope="module")
def client(detector: Detector) -> Iterator[TestClient]:
    with in_process(detector) as client:
        yield client


@pytest.mark.parametrize("form", ["html", "pdf"])
def test_a_report_on_several_files_holds_all_of_them(client: TestClient, detector: Detector, form: str) -> None:
    picture = as_png(drawn(300, 200, seed=3))
    sent = [("files", ("a.png", picture)), ("files", ("b.jpg", b"text")), ("files", ("c.png", b""))]
    answer = client.post(URL, params={"format": form}, files=sent)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == reports.MEDIA_TYPES[form]
    # Never shown as a page of the service.
    assert answer.headers["content-disposition"] == f'attachment; filename="imageauth-report.{form}"'
    found = parse_document(answer.content)
    first, second, third = found["reports"]
    expected = detector.check(picture, name="a.png").to_json()
    assert {key: value for key, value in first.items() if key in ("file", "sha256", "verdict", "reason", "limits")} == {
        key: expected[key] for key in ("file", "sha256", "verdict", "reason", "limits")
    }
    assert first["identity"]["bytes"] == len(picture)
    assert second["error"]["code"] == "unsupported-format"
    assert second["identity"]["bytes"] == 4
    assert third["error"]["code"] == "empty"
    assert found["command"] is None


def test_refusals_are_those_of_checks(detector: Detector) -> None:
    with in_process(detector, limits=Limits(files=1, file_bytes=2000)) as client:
        two = [("files", ("a.png", b"x")), ("files", ("b.png", b"x"))]
        assert client.post(URL, files=two).json()["code"] == "too-many-files"
        assert client.post(URL, json={"url": "http://127.0.0.1/a.png"}).json()["code"] == "by-url-not-offered"
        assert client.post(URL, params={"format": "docx"}, files=two[:1]).status_code == 422
        large = client.post(URL, files={"files": ("a.png", b"x" * 2001)})
        assert parse_document(large.content)["reports"][0]["error"]["code"] == "too-large"
        assert client.app.state.service.budget.held == 0  # type: ignore[attr-defined]


def test_a_report_that_cannot_be_written_is_told_by_its_reason(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Too large: send fewer. Anything else is a fault here, and names no file of this machine."""
    sent = {"files": ("a.png", as_png(drawn()))}
    monkeypatch.setattr("imageauth.rendering.document.contents.MOST_JSON_BYTES", 100)
    answer = client.post(URL, files=sent)
    assert (answer.status_code, answer.json()["code"]) == (413, "report-too-large")
    for error in (ModelError("/models/ours is damaged"), ImageAuthError("the PDF cannot be set")):
        monkeypatch.setattr(Document, "to_html", Mock(side_effect=error))
        answer = client.post(URL, files=sent)
        assert (answer.status_code, answer.json()["code"]) == (500, "internal")
        assert str(error) not in answer.text


def test_without_typst_the_page_is_told_and_a_pdf_is_refused(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert client.get("/config.json").json()["exports"] == ["json", "html", "pdf"]
    monkeypatch.setattr(services, "find_spec", lambda name: None)
    assert client.get("/config.json").json()["exports"] == ["json", "html"]
    answer = client.post(URL, params={"format": "pdf"}, files={"files": ("a.png", as_png(drawn()))})
    assert (answer.status_code, answer.json()["code"]) == (501, "format-not-installed")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("reports"), "cifake") as running:
        yield running


@pytest.mark.browser
def test_the_page_saves_reports_and_not_of_private_pictures(browser: Any, service: Serving, tmp_path: Path) -> None:
    visit = Visit(browser, service.url).open()
    visit.drop({"mine.png": as_png(drawn(40, 40))})
    visit.settled(1)
    for form in ("html", "pdf"):
        with visit.page.expect_download() as download:
            visit.page.click(f'.card [data-key="card.{form}"]')
        assert download.value.suggested_filename == f"mine.png.report.{form}"
        download.value.save_as(tmp_path / "report")
        (report,) = parse_document((tmp_path / "report").read_bytes())["reports"]
        assert report["file"] == "mine.png"
        visit.page.wait_for_selector(f'.card [data-key="card.{form}"]:has-text("Saved")')
    visit.drop({"other.png": as_png(drawn(40, 40, seed=2))})
    visit.settled(2)
    with visit.page.expect_download() as download:
        visit.page.click('.bar [data-key="html.all"]')
    download.value.save_as(tmp_path / "report")
    assert len(parse_document((tmp_path / "report").read_bytes())["reports"]) == 2
    assert [url.rpartition("/")[2].partition("?")[0] for url in visit.posts()] == [
        *("checks", "reports", "reports", "checks", "reports"),
    ]
    visit.page.check(".mode input", force=True)
    assert visit.page.locator('[data-key="html.all"], [data-key="card.html"]').count() == 0
    assert not visit.complaints
    visit.context.close()
