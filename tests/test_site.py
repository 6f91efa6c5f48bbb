"""The documentation site: built once, with warnings as errors, and looked at in a browser."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest

from tests.browsing import axe
from tests.docs_pages import ROOT
from tests.live import hosted

# One of each sort: plain, with wide tables, with figures, made from docstrings, with output, made from --help.
SORTS = ["index", "error-rates", "how-it-works", "python", "tutorials/journalist", "cli", "search"]
DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("site") / "site"
    command = [sys.executable, str(ROOT / "scripts" / "site.py"), "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return out


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[str, str]:
    """Name → HTML."""
    return {
        path.relative_to(site).as_posix(): path.read_text(encoding="utf-8") for path in sorted(site.rglob("*.html"))
    }


@pytest.fixture(scope="module")
def url(site: Path) -> Iterator[str]:
    with hosted(site) as address:
        yield address


def test_every_page_is_in_the_navigation_and_reached_from_the_first(pages: dict[str, str]) -> None:
    assert ">More</" not in pages["index.html"], "name the page in docs/site.toml"
    found, todo = {"index.html"}, ["index.html"]
    while todo:
        here = todo.pop()
        for target in re.findall(r'<a [^>]*href="([^"#]+)', pages[here]):
            there = urlsplit(urljoin(f"/{here}", target)).path.lstrip("/")
            if there in pages and there not in found:
                found.add(there)
                todo.append(there)
    assert set(pages) - found <= {"search.html"}
    for page in (ROOT / "docs").rglob("*.md"):
        assert page.relative_to(ROOT / "docs").with_suffix(".html").as_posix() in found


def test_every_link_within_the_site_leads_somewhere(site: Path, pages: dict[str, str]) -> None:
    for name, text in pages.items():
        for target in re.findall(r'(?:href|src)="([^"]+)"', text):
            parts = urlsplit(target)
            if parts.scheme or not parts.path:
                continue
            assert (site / name).parent.joinpath(parts.path).resolve().exists(), f"{name}: {target}"


def test_pages_load_nothing_from_elsewhere(site: Path, pages: dict[str, str]) -> None:
    loads = re.compile(r'<(?:script|img|link|iframe|source)[^>]*(?:src|href)="(?:https?:)?//[^"]*"')
    for name, text in pages.items():
        assert not loads.search(text), name
    for path in site.rglob("*.css"):
        assert not re.search(r"url\([\"']?(https?:)?//|@import", path.read_text(encoding="utf-8")), path.name


@pytest.mark.browser
@pytest.mark.parametrize(("scheme", "viewport"), [("light", DESK), ("dark", PHONE)])
def test_sorts_of_pages_are_sound(browser: Any, url: str, scheme: str, viewport: dict[str, int]) -> None:
    context = browser.new_context(viewport=viewport, color_scheme=scheme)
    page = context.new_page()
    asked: list[str] = []
    wrong: list[str] = []
    problems = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    for name in SORTS:
        page.goto(f"{url}{name}.html")
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, f"{name} is {wide} pixels wider than the window"
        problems += [f"{name}: {problem}" for problem in axe(page, "serious", "critical")]
    assert not wrong
    assert not problems
    assert all(address.startswith((url, "data:")) for address in asked)
    context.close()


@pytest.mark.browser
def test_search_finds_offline(browser: Any, url: str) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{url}search.html?q=watermark")
    page.wait_for_selector("#search-results li a")
    assert any("watermarks.html" in link.get_attribute("href") for link in page.locator("#search-results li a").all())
    context.close()
