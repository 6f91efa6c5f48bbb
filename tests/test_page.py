"""The page in a real browser: pictures come in, answers come back, and everything that can go wrong on the way."""

import hashlib
import io
import json
import time

import pytest
from PIL import Image

from imageauth.server.app import create_app
from imageauth.server.settings import Limits, Settings
from tests.browsing import Visit
from tests.conftest import drawn
from tests.live import Line, serving
from tests.metadata_files import A1111, png, saved

pytestmark = pytest.mark.browser
CARDS = ".card:not([hidden])"


def jpeg(seed: int, side: int = 192) -> bytes:
    return saved("JPEG", image=Image.fromarray(drawn(side, side, seed)), quality=90)


@pytest.fixture(scope="module")
def site(detector):
    with serving(create_app(detector)) as url:
        yield url


@pytest.fixture
def visit(browser, site):
    """A visit that must end without any complaint."""
    visit = Visit(browser, site).open()
    yield visit
    visit.context.close()
    assert visit.complaints == []


def headings(page) -> list[str]:
    return page.locator(f"{CARDS} h3").all_text_contents()


def test_one_picture_dropped(visit, detector):
    picture = jpeg(3, 256)
    visit.drop({"garden.jpg": picture})
    visit.settled(1)
    expected = detector.explain(picture, name="garden.jpg")
    words = json.loads(visit.page.evaluate("fetch('strings/en.json').then(answer => answer.text())"))
    card = visit.page.locator(".card")
    assert card.locator("h3").inner_text() == words[f"verdict.{expected.report.verdict}"]
    assert card.get_attribute("data-verdict") == expected.report.verdict
    for evidence in expected.report.evidence:
        assert card.get_by_text(evidence.finding).count() == 1
    for limit in expected.report.limits:
        assert card.get_by_text(limit).count() == 1
    assert f"about {round(100 * expected.report.probability)} are AI-made" in card.locator(".chance").inner_text()
    assert card.locator("code").filter(has_text=hashlib.sha256(picture).hexdigest()).count() == 1
    assert visit.page.locator("#announcer").inner_text().startswith(card.locator("h3").inner_text())
    # The map of its evidence came with it, and a slider lays it over the picture.
    slider, over = card.get_by_role("slider"), card.locator("img.heat")
    assert over.evaluate("image => image.naturalWidth") == 256
    assert over.evaluate("image => getComputedStyle(image).opacity") == "0"
    slider.fill("60")
    assert over.evaluate("image => getComputedStyle(image).opacity") == "0.6"
    assert slider.get_attribute("aria-valuetext") == "shown at 60 %"
    box, under = over.bounding_box(), card.locator(".frame > img").first.bounding_box()
    assert box == pytest.approx(under, abs=1)


def test_twenty_pictures_dropped(visit):
    files = {f"{index:02}.jpg": jpeg(index, 96) for index in range(18)}
    files["11 notes.jpg"] = b"These are no pixels."
    files["zz.png"] = png(parameters=A1111, image=Image.fromarray(drawn(96, 96)))
    flying, most = set(), [0]

    def begun(request):
        if request.method == "POST":
            flying.add(request)
            most[0] = max(most[0], len(flying))

    visit.page.on("request", begun)
    visit.page.on("requestfinished", lambda request: flying.discard(request))
    visit.drop(files)
    assert visit.page.locator(".card").count() == 20, "each is a card at once"
    visit.settled(20)
    assert len(visit.posts()) == 20, "one picture a request"
    assert most[0] == 2
    assert all("heatmap" not in url for url in visit.posts())
    page = visit.page
    assert page.locator(".all-progress").is_hidden()
    assert page.locator("#announcer").inner_text() == "All 20 pictures are done."
    counts = [int(text) for text in page.locator(".chip b").all_inner_texts()]
    assert counts[0] == 20
    assert sum(counts[1:]) == 20
    page.get_by_role("button", name="No answer").click()
    assert page.locator(CARDS).count() == 1
    assert "not a picture" in page.locator(CARDS).inner_text()
    page.get_by_role("button", name="No answer").click()
    assert page.locator(CARDS).count() == 20
    page.get_by_label("Order").select_option("name")
    names = page.locator(".card-name").all_text_contents()
    assert names.index("10.jpg") < names.index("11 notes.jpg") < names.index("12.jpg")
    page.get_by_label("Order").select_option("ai")
    assert "AI" in headings(page)[0]
    assert headings(page)[-1] == "No answer"
    visit.shoot("page-twenty-list")
    page.get_by_role("button", name="Cards").click()
    visit.shoot("page-twenty-cards")
    # A map is fetched when it is asked for.
    page.get_by_role("button", name="Details").first.click()
    opened = page.locator(".card.open")
    opened.locator(".evidence summary").first.click()
    opened.get_by_role("button", name="Show where the evidence sits").click()
    opened.get_by_role("slider").wait_for()
    assert opened.get_by_role("slider").evaluate("slider => slider === document.activeElement")
    assert opened.locator(".evidence details[open]").count() == 1, "what was opened stays open"
    assert visit.posts()[-1].endswith("?heatmap=true")
    page.get_by_role("button", name="Remove all").click()
    assert page.locator(".card").count() == 0


def test_a_text_file_named_jpg(visit):
    visit.drop({"photo.jpg": b"Dear diary, this is not a photo.\n" * 20})
    visit.settled(1)
    card = visit.page.locator(".card")
    assert card.locator("h3").inner_text() == "No answer"
    assert "This is not a picture, or not of a kind that can be read here." in card.inner_text()
    assert "The file is not a JPEG, PNG" in card.inner_text()
    assert card.get_by_role("button", name="Try again").count() == 0, "that would change nothing"
    visit.shoot("page-not-a-picture")


def test_a_file_of_70_mb_is_not_sent(visit):
    visit.drop({"large.png": 70_000_000})
    visit.settled(1)
    assert "This file is larger than 67 MB, the most that is taken. It was not sent." in (
        visit.page.locator(".card").inner_text()
    )
    assert visit.posts() == []


def test_an_empty_file(visit):
    visit.drop({"nothing.jpg": b""})
    visit.settled(1)
    visit.page.locator(".card").get_by_text("This file is empty.").wait_for()


def test_pasted_and_picked_pictures(visit, tmp_path):
    visit.drop({"image.png": jpeg(1, 64)}, how="paste")
    visit.settled(1)
    paths = [tmp_path / name for name in ("one.jpg", "two.jpg")]
    for index, path in enumerate(paths):
        path.write_bytes(jpeg(index, 64))
    with visit.page.expect_file_chooser() as chooser:
        visit.page.get_by_role("button", name="Choose pictures").click()
    chooser.value.set_files(paths)
    visit.settled(3)
    assert visit.page.locator(".card-name").all_text_contents() == ["image.png", "one.jpg", "two.jpg"]


def test_a_dropped_folder_gives_its_pictures(visit):
    names = visit.page.evaluate("""async () => {
      const { filesOf } = await import("./js/intake.js");
      const file = (name, path) => ({isFile: true, name, fullPath: path, file: done => done(new File(["x"], name))});
      const folder = (name, children) => ({isDirectory: true, name, createReader: () => {
        const parts = [children.slice(0, 2), children.slice(2), []];
        return {readEntries: done => done(parts.shift() ?? [])};
      }});
      const deep = folder("b", [file("3.webp", "/a/b/3.webp"), file("notes.txt", "/a/b/notes.txt")]);
      const top = folder("a", [file("1.JPG", "/a/1.JPG"), file(".DS_Store", "/a/.DS_Store"), deep]);
      const items = [top, file("loose.txt", "/loose.txt")].map(e => ({kind: "file", webkitGetAsEntry: () => e}));
      const {files, left, truncated} = await filesOf({items, files: []});
      return {names: files.map(f => f.path_in_drop), left, truncated};
    }""")
    assert names == {"names": ["a/1.JPG", "a/b/3.webp", "loose.txt"], "left": 2, "truncated": False}


def test_a_dropped_address_is_not_followed(visit):
    visit.page.evaluate("""() => {
      const transfer = new DataTransfer();
      transfer.setData("text/uri-list", "https://pictures.example/cat.jpg");
      for (const kind of ["dragenter", "dragover", "drop"]) {
        const event = new DragEvent(kind, {dataTransfer: transfer, bubbles: true, cancelable: true});
        document.body.dispatchEvent(event);
        if (kind === "drop") window.stopped = event.defaultPrevented;
      }
    }""")
    assert visit.page.evaluate("stopped"), "the browser would leave the page"
    assert "That was an address, not a picture" in visit.page.locator("#intake").inner_text()
    assert not any("example" in url for _, url in visit.asked)
    visit.drop({"a.jpg": jpeg(1, 64)})
    assert visit.page.locator("#intake .notice").is_hidden()
    visit.settled(1)


def test_the_server_goes_away_in_mid_upload(browser, site):
    line = Line(site)
    visit = Visit(browser, line.url).open()
    line.cut_after = 300_000
    visit.drop({"noise.png": saved("PNG", image=Image.effect_noise((1200, 1200), 90))})
    visit.settled(1)
    card = visit.page.locator(".card")
    assert "did not answer" in card.inner_text()
    assert card.locator("h3").inner_text() == "No answer"
    visit.shoot("page-server-gone")
    # It is still gone: the same again, and nothing else breaks.
    card.get_by_role("button", name="Try again").click()
    visit.settled(1)
    assert "did not answer" in card.inner_text()
    line.mend()
    card.get_by_role("button", name="Try again").click()
    visit.page.wait_for_selector(".card[data-state=done]")
    assert all("Failed to load resource: net::ERR_" in text for text in visit.complaints)
    visit.context.close()
    line.cut()


def test_a_busy_server_is_asked_again_after_the_time_that_it_names(browser, site):
    visit = Visit(browser, site)
    times = []

    def busy_once(route):
        times.append(time.monotonic())
        if len(times) > 1:
            return route.fallback()
        problem = {"type": "about:blank", "title": "Too many", "status": 429, "code": "busy", "request_id": "r1"}
        return route.fulfill(
            status=429,
            headers={"Retry-After": "2"},
            content_type="application/problem+json",
            body=json.dumps(problem),
        )

    visit.page.route("**/v1/checks*", busy_once)
    visit.open().drop({"a.jpg": jpeg(1, 64)})
    visit.page.wait_for_selector(".card[data-state=paused]")
    assert "The server is busy. Next try in 2 seconds." in visit.page.locator(".card").inner_text()
    visit.settled(1)
    assert times[1] - times[0] >= 1.9
    assert [text for text in visit.complaints if "429" not in text] == []
    visit.context.close()


def test_a_key_is_asked_for_and_kept_in_the_tab_only(browser, detector, tmp_path):
    keys = tmp_path / "keys"
    keys.write_text(f"desk:{hashlib.sha256(b'open sesame please').hexdigest()}\n", encoding="utf-8")
    with serving(create_app(detector, Settings(api_keys=keys))) as url:
        visit = Visit(browser, url).open()
        page = visit.page
        page.wait_for_selector("#key")
        visit.drop({"a.jpg": jpeg(1, 64), "b.jpg": jpeg(2, 64)})
        page.wait_for_timeout(200)
        assert visit.posts() == [], "nothing is sent before there is a key"
        page.get_by_label("This server asks for a key").fill("wrong")
        page.get_by_role("button", name="Use key").click()
        page.wait_for_selector(".card[data-state=failed]")
        page.wait_for_selector("#key")
        visit.shoot("page-key")
        page.get_by_label("This server asks for a key").fill("open sesame please")
        page.get_by_role("button", name="Use key").click()
        visit.settled(2, state="done")
        assert page.locator("#key").count() == 0
        assert page.evaluate("JSON.stringify(localStorage)").find("sesame") == -1
        assert [text for text in visit.complaints if "401" not in text] == []
        visit.context.close()


def test_what_waits_can_be_cancelled_and_taken_up_again(browser, site):
    visit = Visit(browser, site)
    held = []
    visit.page.route("**/v1/checks*", lambda route: held.append(route) if len(held) < 2 else route.fallback())
    visit.open().drop({f"{index}.jpg": jpeg(index, 64) for index in range(6)})
    page = visit.page
    page.wait_for_selector(".all-progress progress")
    assert page.locator(".card[data-state=checking]").count() == 2
    page.locator(".card").last.get_by_role("button", name="Remove").wait_for(state="detached")
    page.get_by_role("button", name="Cancel all").click()
    visit.settled(6)
    assert headings(page) == ["Cancelled"] * 6
    page.get_by_role("button", name="Try failed ones again").click()
    visit.settled(6, state="done")
    assert visit.complaints == []
    visit.context.close()


def test_reports_leave_the_page(browser, site, detector):
    visit = Visit(browser, site, permissions=["clipboard-read", "clipboard-write"], accept_downloads=True).open()
    page = visit.page
    file = png(parameters=A1111, image=Image.fromarray(drawn(128, 128)))
    visit.drop({"fox.png": file})
    visit.settled(1)
    report = detector.check(file, name="fox.png")
    with page.expect_download() as download:
        page.get_by_role("button", name="Save JSON").click()
    assert download.value.suggested_filename == "fox.png.report.json"
    saved_report = json.loads(download.value.path().read_text(encoding="utf-8"))
    assert "heatmap" not in saved_report
    assert saved_report["verdict"] == report.verdict
    assert [item["code"] for item in saved_report["evidence"]] == [item.code for item in report.evidence]
    page.get_by_role("button", name="Copy as text").click()
    page.get_by_role("button", name="Copied").wait_for()
    text = page.evaluate("navigator.clipboard.readText()")
    assert text.startswith("▲ Probably made by AI (likely-ai)")
    for finding in report.evidence:
        assert finding.finding in text
    for limit in report.limits:
        assert f"! {limit}" in text
    assert hashlib.sha256(file).hexdigest() in text
    assert "://" not in text
    # Printed: the report alone, opened.
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator(".evidence details[open] .tree").count() >= 1
    assert page.get_by_role("button", name="Choose pictures").is_hidden()
    visit.shoot("page-print")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator(".evidence details[open]").count() == 0
    visit.drop({"more.jpg": jpeg(1, 64)})
    page.emulate_media(media="screen")
    visit.settled(2)
    with page.expect_download() as download:
        page.get_by_role("button", name="Save all as JSON").click()
    both = json.loads(download.value.path().read_text(encoding="utf-8"))
    assert both["schema"] == "imageauth/checks/1"
    assert [each["file"] for each in both["results"]] == ["fox.png", "more.jpg"]
    assert visit.complaints == []
    visit.context.close()


def test_a_picture_that_the_browser_cannot_show_is_checked_all_the_same(visit):
    file = io.BytesIO()
    Image.fromarray(drawn(128, 128)).save(file, "TIFF")
    visit.drop({"scan.tiff": file.getvalue()})
    visit.settled(1)
    # The browser finds that out in its own time, which can be after the answer.
    visit.page.locator(".card", has_text="This browser can’t show TIFF pictures.").wait_for()


def test_limits_that_the_operator_sets_are_told_before_sending(browser, detector):
    with serving(create_app(detector, Settings(limits=Limits(file_bytes=1000)))) as url:
        visit = Visit(browser, url).open()
        visit.drop({"a.jpg": jpeg(1, 128)})
        visit.settled(1)
        assert "larger than 1 kB" in visit.page.locator(".card").inner_text()
        assert visit.posts() == []
        visit.context.close()
