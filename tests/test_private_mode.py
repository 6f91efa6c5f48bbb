"""Private mode in a real browser: on the page, as a static site, without a net, and when something is wrong."""

import base64
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from imageauth import Detector
from imageauth.models import find_model
from imageauth.server import site as static
from imageauth.server.app import create_app
from imageauth.server.folders import STATIC
from tests.browsing import Visit
from tests.conftest import drawn
from tests.live import hosted, serving
from tests.metadata_files import A1111, png, saved
from tests.private_page import ModulePage, module_page
from tests.private_site import runtime_folder

pytestmark = pytest.mark.browser

SMALL = saved("PNG", image=Image.fromarray(drawn(40, 36, 5)))
LARGE = saved("JPEG", image=Image.fromarray(drawn(256, 200, 7)), quality=90)
LABELLED = png(parameters=A1111, image=Image.fromarray(drawn(64, 64, 2)))

READY = """async () => {
  const { privateChecker } = await import("./js/checkers/private.js");
  window.checker = privateChecker();
  window.stages = [];
  window.progress = (stage, share) => stages.push([stage, share]);
  try {
    await checker.prepare({ signal: new AbortController().signal, progress });
    return "ready";
  } catch (error) {
    return error.message;
  }
}"""
CHECK = """async (data, name) => {
  const signal = new AbortController().signal;
  return checker.check(new File([bytes(data)], name), { heatmap: true, signal, progress });
}"""


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def until(condition: Callable[[], object], seconds: float = 60) -> None:
    """Wait until it holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def poked(page: ModulePage) -> Any:
    """Playwright's page, which learns what happened while it waits."""
    page.page.wait_for_timeout(1)
    return page.page


def verdict(visit: Visit, name: str) -> str:
    """That the page gives a picture."""
    card = visit.page.locator(".card", has_text=name)
    found: str = card.get_attribute("data-verdict")
    return found


def private_switch(visit: Visit) -> Any:
    return visit.page.get_by_role("switch").or_(visit.page.locator("input[type=checkbox]")).first


def test_the_server_and_the_page_give_the_same_verdict(browser: Any, detector: Detector) -> None:
    runtime_folder()
    with serving(create_app(detector)) as url:
        visit = Visit(browser, url).open()
        pictures = {"small.png": SMALL, "large.jpg": LARGE, "labelled.png": LABELLED}
        visit.drop(pictures)
        visit.settled(3)
        by_server = {name: verdict(visit, name) for name in pictures}
        assert by_server["labelled.png"] == "likely-ai"
        posts = len(visit.posts())
        private_switch(visit).click()
        visit.drop({f"my-{name}": data for name, data in pictures.items()})
        visit.settled(6, seconds=120)
        assert {name: verdict(visit, f"my-{name}") for name in pictures} == by_server
        assert len(visit.posts()) == posts, "nothing was sent"
        visit.shoot("private-mode")
        visit.context.close()
        assert visit.complaints == []


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A static site below a path, on a host that sends no headers of ours."""
    runtime_folder()
    root = tmp_path_factory.mktemp("host")
    static.build(root / "some" / "where")
    with hosted(root) as url:
        yield f"{url}some/where/"


def test_a_static_site_works_offline_after_the_first_visit(browser: Any, site: str, detector: Detector) -> None:
    visit = Visit(browser, site).open()
    # The service worker isolates the page, for threads, by loading it once more.
    visit.page.wait_for_function("() => crossOriginIsolated && navigator.serviceWorker.controller", timeout=60_000)
    visit.page.wait_for_selector(".zone button")
    visit.drop({"one.png": SMALL, "two.png": LABELLED})
    visit.settled(2, seconds=120)
    expected = {name: str(detector.check(data).verdict) for name, data in (("one.png", SMALL), ("two.png", LABELLED))}
    assert {name: verdict(visit, name) for name in expected} == expected
    visit.shoot("private-static")
    kept = """async () => {
      const cache = await caches.open("imageauth");
      return (await cache.keys()).map(({ url }) => url).filter((url) => /python_stdlib|c2pa_bg/.test(url)).length === 2;
    }"""
    until(lambda: visit.page.evaluate(kept))
    visit.context.set_offline(True)
    visit.page.reload()
    visit.page.wait_for_selector(".zone button")
    visit.drop({"one.png": SMALL, "two.png": LABELLED, "three.jpg": LARGE})
    visit.settled(3, seconds=120)
    assert {name: verdict(visit, name) for name in expected} == expected
    assert visit.posts() == []
    assert all(url.startswith((site, "blob:", "data:")) for _, url in visit.asked)
    visit.context.close()
    assert visit.complaints == []


def test_an_update_replaces_what_changed(browser: Any, tmp_path: Path) -> None:
    """The service worker forgets files that no list names, and keeps those that stayed the same."""
    runtime_folder()
    static.build(tmp_path / "site", readers=False)
    with hosted(tmp_path / "site") as url:
        visit = Visit(browser, url).open()
        # The page loads itself once more to be isolated.
        visit.page.wait_for_function("() => navigator.serviceWorker.controller && crossOriginIsolated", timeout=60_000)
        keys = "async () => (await (await caches.open('imageauth')).keys()).map(({ url }) => url)"
        before = set(visit.page.evaluate(keys))
        page = tmp_path / "site" / "index.html"
        page.write_text(page.read_text(encoding="utf-8").replace("</body>", "<!-- newer --></body>"), encoding="utf-8")
        worker = tmp_path / "site" / "sw.js"
        text = worker.read_text(encoding="utf-8")
        unlisted = STATIC.joinpath("sw.js").read_text(encoding="utf-8")
        worker.write_text(unlisted, encoding="utf-8")
        static._list_assets(tmp_path / "site")
        assert worker.read_text(encoding="utf-8") != text
        visit.page.evaluate("async () => { await (await navigator.serviceWorker.getRegistration()).update(); }")
        until(lambda: before - set(visit.page.evaluate(keys)))
        after = set(visit.page.evaluate(keys))
        gone = {url.split("?")[0].rsplit("/", 1)[1] for url in before - after}
        assert "index.html" in gone
        assert any("policy.js" in url for url in before & after)
        visit.context.close()


@pytest.fixture
def page(browser: Any) -> Iterator[ModulePage]:
    with module_page(browser, files=False) as opened:
        yield opened


def test_pictures_one_after_the_other(page: ModulePage, detector: Detector) -> None:
    assert page.run(READY) == "ready"
    stages = page.run("async () => stages")
    assert {stage for stage, _ in stages} == {"models", "compiling"}
    shares = [share for _, share in stages if share is not None]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    ticks = page.run(
        """async (data) => {
          let ticks = 0;
          const timer = setInterval(() => ticks++, 10);
          const how = { heatmap: false, signal: new AbortController().signal, progress() {} };
          await checker.check(new File([bytes(data)], "a.jpg"), how);
          clearInterval(timer);
          return ticks;
        }""",
        encoded(LARGE),
    )
    assert ticks > 5, "the page stays smooth"
    for name, data, model in (("small.png", SMALL, "cifake"), ("large.jpg", LARGE, "photo")):
        expected = detector.explain(data, name=name)
        got = page.run(CHECK, encoded(data), name)
        assert got["verdict"] == expected.report.verdict
        assert got["produced_by"]["model"].split()[0] == model
        if expected.heatmap is not None:
            assert got["heatmap"]["media_type"] == "image/png"
            assert base64.b64decode(got["heatmap"]["data"]).startswith(b"\x89PNG")
    failed = page.run(CHECK, encoded(b"no picture"), "text.jpg")
    assert failed == {
        "schema": "imageauth/report/1",
        "file": "text.jpg",
        "error": {"code": "unsupported-format", "message": failed["error"]["message"]},
    }
    # An interrupted one ends at once, and those after it are answered.
    stopped = page.run(
        """async (data) => {
          const stop = new AbortController();
          const how = { heatmap: true, signal: stop.signal, progress() {} };
          const first = checker.check(new File([bytes(data)], "a.jpg"), how).catch((error) => error.name);
          setTimeout(() => stop.abort(), 50);
          const next = { ...how, signal: new AbortController().signal };
          return [await first, (await checker.check(new File([bytes(data)], "b.jpg"), next)).file];
        }""",
        encoded(LARGE),
    )
    assert stopped == ["AbortError", "b.jpg"]
    # Ended, it holds nothing; asked again, it starts again.
    assert len(page.page.workers) >= 1
    page.run("async () => checker.close()")
    until(lambda: not poked(page).workers)
    assert page.run(CHECK, encoded(SMALL), "again.png")["file"] == "again.png"
    assert page.complaints == []


def test_weights_that_are_not_the_cards_are_refused(page: ModulePage) -> None:
    weights = bytearray((find_model("cifake") / "model.tflite").read_bytes())
    weights[100_000] ^= 1
    page.site.extra["private/models/cifake/model.tflite"] = bytes(weights)
    said = page.run(READY)
    assert said == "cifake/model.tflite is not the file that its card describes: its SHA-256 differs."
    del page.site.extra["private/models/cifake/model.tflite"]
    assert page.run("async () => checker.prepare({ signal: new AbortController().signal, progress })") is None


@pytest.mark.parametrize(
    "path", ["private/models/photo/model.tflite", "private/runtime/litert_wasm_threaded_internal.wasm"]
)
def test_a_download_that_breaks_off_says_so_and_can_be_tried_again(page: ModulePage, path: str) -> None:
    page.site.cut.add(path)
    assert page.run(READY) == f"{path.rsplit('/', 1)[1]} was cut short on its way."
    page.site.cut.clear()
    assert page.run("async () => checker.prepare({ signal: new AbortController().signal, progress })") is None


def test_missing_files_and_strange_cards_are_told(page: ModulePage) -> None:
    card = json.loads((find_model("photo") / "card.json").read_text(encoding="utf-8"))
    card["input"]["layout"][0]["view"] = "from-behind"
    page.site.extra["private/models/photo/card.json"] = json.dumps(card).encode()
    assert "does not know: from-behind" in page.run(READY)
    page.site.extra["config.json"] = json.dumps({"private": {"available": False, "reason": "Not here."}}).encode()
    assert page.run(READY) == "Not here."


def test_it_works_without_threads(browser: Any, detector: Detector) -> None:
    """On a host that isolates no page, and under no service worker, one thread must do."""
    with module_page(browser, files=False, isolated=False) as page:
        assert page.run("async () => crossOriginIsolated") is False
        assert page.run(READY) == "ready"
        assert page.run(CHECK, encoded(SMALL), "small.png")["verdict"] == detector.check(SMALL).verdict
        assert page.complaints == []
