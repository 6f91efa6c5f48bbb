"""What the page makes of an answer, for every reader: verdicts, languages, keyboards, large and small screens."""

import itertools
import json

import pytest
from PIL import Image

from imageauth import __version__
from imageauth.report import Evidence, Report, Verdict
from imageauth.server.app import create_app
from imageauth.verdict import decide
from tests.browsing import Visit, axe
from tests.conftest import drawn
from tests.live import serving
from tests.metadata_files import CAMERA, exif, png, saved

pytestmark = pytest.mark.browser
PICTURE = saved("JPEG", image=Image.fromarray(drawn(320, 240, 5)), quality=90)
SIGNED = {
    "state": "trusted", "origin": "embedded", "claim_generator": "Camera 1", "signer": "Example Cam Ltd",
    "time_stamp": "trusted", "trust_list": "c2pa", "signer_could_be_checked": True, "manifests": 1,
    "actions": ["c2pa.created"], "source_types": [{"term": "digitalCapture", "action": "c2pa.created", "stated": True}],
}  # fmt: skip


def pixels(probability: float, points_to: str = "none") -> Evidence:
    code = {"ai": "pixels-ai", "real": "pixels-real", "none": "pixels-undecided"}[points_to]
    strength = "none" if points_to == "none" else "statistical"
    detail = {"model": "photo", "model_version": "1", "in_domain": True}
    detail |= {"probability": probability, "thresholds": [0.18, 0.93], "kinds": {"photo": 0.9, "drawn": 0.1}}
    return Evidence("pixels", code, f"The pixels: {round(100 * probability)} of 100.", points_to, strength, detail)


def credentials(kind: str, points_to: str) -> Evidence:
    finding = f"Content Credentials signed by Example Cam Ltd say so. Signature and hashes hold ({kind})."
    return Evidence("credentials", f"credentials-{kind}", finding, points_to, "proof", SIGNED)


def report(*evidence: Evidence, file: str = "picture.jpg") -> dict:
    """A report that the policy makes of findings."""
    decision = decide(evidence)
    probability = next((each.detail["probability"] for each in evidence if "probability" in each.detail), None)
    made = Report(
        file=file, sha256="5e" * 32, format="jpeg", width=320, height=240, verdict=decision.verdict,
        reason=decision.reason, probability=probability, summary=decision.summary, evidence=evidence,
        limits=("A missing mark or credential is no sign of a real photograph.",),
        produced_by={"imageauth": __version__, "model": "photo 1", "model_sha256": "a0" * 32, "policy": "standard",
                     "policy_sha256": None},
    )  # fmt: skip
    return made.to_json()


FIVE = {
    Verdict.AI_GENERATED: [credentials("ai", "ai"), pixels(0.99, "ai")],
    Verdict.LIKELY_AI: [pixels(0.97, "ai")],
    Verdict.INCONCLUSIVE: [pixels(0.55)],
    Verdict.LIKELY_REAL: [pixels(0.04, "real")],
    Verdict.CAMERA_VERIFIED: [credentials("capture", "real"), pixels(0.04, "real")],
}


@pytest.fixture(scope="module")
def site(detector):
    with serving(create_app(detector)) as url:
        yield url


def answered(visit: Visit, *reports: dict) -> None:
    """Let the server answer with these, in turn, and again from the first."""
    turns = itertools.cycle(reports)
    visit.page.route(
        "**/v1/checks*",
        lambda route: route.fulfill(json={"schema": "imageauth/checks/1", "results": [next(turns)]}),
    )


def open_all(visit: Visit) -> None:
    """Open every report, and all that opens in it."""
    closed = visit.page.locator("[data-key=toggle][aria-expanded=false]")
    while closed.count():
        closed.first.click()
    for summary in visit.page.locator("summary").all():
        summary.click()


@pytest.mark.parametrize("verdict", FIVE)
def test_every_verdict_has_its_words_and_shape(browser, site, verdict):
    visit = Visit(browser, site)
    answered(visit, report(*FIVE[verdict]))
    visit.open().drop({"picture.jpg": PICTURE})
    visit.settled(1)
    card = visit.page.locator(".card")
    assert card.get_attribute("data-verdict") == verdict
    assert card.locator(f"h3 .shape-{verdict}").count() == 1
    proof = verdict in (Verdict.AI_GENERATED, Verdict.CAMERA_VERIFIED)
    assert card.locator("h3 .tick").count() == proof, "a tick stands for proof and nothing else"
    assert ("with proof" in card.locator("h3").inner_text()) == proof
    assert card.locator(".lead").inner_text() != ""
    # Not by colour alone, and an answer without a side is one too.
    if verdict == Verdict.INCONCLUSIVE:
        assert "That is an answer, not an error: of 100 pictures" in card.inner_text()
        assert "about 29 get it" in card.inner_text()
    first = card.locator(".evidence summary").first
    first.click()
    told = "Example Cam Ltd" if proof else "0.18, 0.93"
    card.locator(".evidence-detail").first.get_by_text(told).first.wait_for()
    visit.shoot(f"page-verdict-{verdict}")
    assert visit.complaints == []
    visit.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser, site, scheme):
    visit = Visit(browser, site, color_scheme=scheme)
    answered(visit, *(report(*evidence) for evidence in FIVE.values()))
    page = visit.open().page
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == ("rgb(246, 244, 240)" if scheme == "light" else "rgb(20, 21, 25)")
    visit.shoot(f"page-start-{scheme}")
    assert axe(page) == []
    visit.drop({f"{index}.jpg": PICTURE for index in range(5)} | {"none.jpg": b""})
    visit.settled(6)
    visit.shoot(f"page-five-{scheme}")
    assert axe(page) == []
    open_all(visit)
    visit.shoot(f"page-five-open-{scheme}")
    assert axe(page) == []
    assert visit.complaints == []
    visit.context.close()


@pytest.mark.parametrize(("language", "width"), [("en", 375), ("de", 320)])
def test_small_screens(browser, site, language, width):
    size = {"width": width, "height": 700}
    visit = Visit(browser, site, viewport=size, is_mobile=True, has_touch=True, locale=language)
    name = f"{'a-very-long-name' * 9}.jpg"
    answered(visit, *(report(*evidence, file=name) for evidence in FIVE.values()))
    page = visit.open().page
    photo = {"en": "Take a photo", "de": "Foto aufnehmen"}[language]
    assert page.get_by_role("button", name=photo).is_visible()
    assert page.locator("input[capture]").get_attribute("accept") == "image/*"
    visit.shoot(f"page-mobile-start-{language}-{width}")
    visit.drop({f"{index}{name}": PICTURE for index in range(5)})
    visit.settled(5)
    open_all(visit)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.evaluate("scrollTo(0, 0)")
    visit.shoot(f"page-mobile-{language}-{width}")
    for _ in FIVE:
        page.locator("[data-key=toggle][aria-expanded=true]").first.click()
    visit.shoot(f"page-mobile-list-{language}-{width}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    small = page.evaluate(
        "[...document.querySelectorAll('button, select, summary, .switch')].filter(e => e.offsetParent)"
        ".map(e => [e.textContent, e.getBoundingClientRect().height]).filter(([, height]) => height < 24)"
    )
    assert small == [], "fingers need 24 pixels at the least (WCAG 2.2, 2.5.8)"
    assert visit.complaints == []
    visit.context.close()


def test_keyboard_alone(browser, site, tmp_path):
    visit = Visit(browser, site).open()
    page, keys = visit.page, visit.page.keyboard
    focused = "document.activeElement?.textContent + '|' + document.activeElement?.getAttribute('data-key')"

    def tab_to(key: str) -> None:
        for _ in range(60):
            keys.press("Tab")
            if page.evaluate("document.activeElement.getAttribute('data-key')") == key:
                outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
                assert outline == "solid", f"the focus shows on {key}"
                return
        pytest.fail(f"the tabulator does not reach {key}; it stands on {page.evaluate(focused)}")

    keys.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    path = tmp_path / "one.jpg"
    path.write_bytes(PICTURE)
    tab_to("pick")
    with page.expect_file_chooser() as chooser:
        keys.press("Enter")
    chooser.value.set_files(path)
    visit.settled(1)
    tab_to("toggle")
    keys.press("Enter")
    assert page.locator(".card-body").is_hidden()
    assert page.evaluate("document.activeElement.getAttribute('data-key')") == "toggle", "the focus stays"
    keys.press("Space")
    assert page.locator(".card-body").is_visible()
    tab_to("strength")
    keys.press("ArrowRight")
    keys.press("ArrowRight")
    assert page.locator("img.heat").evaluate("image => image.style.opacity") == "0.1"
    keys.press("Tab")
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
    keys.press("Enter")
    assert page.locator(".evidence details[open]").count() == 1
    for _ in range(40):
        keys.press("Shift+Tab")
        if page.evaluate("document.activeElement.getAttribute('data-key')") == "remove":
            break
    keys.press("Enter")
    assert page.locator(".card").count() == 0
    assert page.evaluate("document.activeElement.getAttribute('data-key')") == "pick", "the focus is not lost"
    assert visit.complaints == []
    visit.context.close()


def test_german(browser, site, detector):
    visit = Visit(browser, site, locale="de-AT")
    page = visit.open().page
    assert page.evaluate("document.documentElement.lang") == "de"
    assert page.title() == "imageauth – stammt dieses Bild von einer KI?"
    # A real report: camera data, and a prompt.
    file = saved("JPEG", image=Image.fromarray(drawn(256, 192, 2)), exif=exif(CAMERA), quality=60)
    visit.drop({"kamera.jpg": file})
    visit.settled(1)
    card = page.locator(".card")
    assert (
        "EXIF beschreibt ein Foto mit NIKON CORPORATION NIKON D90; EXIF kann jeder hineinschreiben."
        in card.inner_text()
    )
    card.locator(".evidence summary").first.click()
    card.get_by_text("Im Wortlaut des Berichts:").wait_for()
    page.wait_for_function("() => !document.querySelector('.limits li[lang=en]')")
    for sentence in card.locator(".evidence-finding").all():
        assert sentence.get_attribute("lang") == "de"
    visit.shoot("page-german")
    text = page.locator("body").inner_text()
    words = json.loads(page.evaluate("fetch('strings/de.json').then(answer => answer.text())"))
    raw = [key for key in words if f" {key} " in f" {text} ".replace("\n", " ") and "." in key]
    assert raw == [], "no key shows where its words should"
    page.get_by_label("Sprache").select_option("en")
    page.get_by_role("heading", name="What this rests on").wait_for()
    assert page.evaluate("document.documentElement.lang") == "en"
    assert card.get_by_text(detector.check(file).evidence[0].finding).count() == 1
    page.reload()
    assert page.get_by_role("heading", level=1).inner_text() == "Was this picture made by AI?", "it is remembered"
    assert visit.complaints == []
    visit.context.close()


def test_a_browser_that_keeps_nothing(browser, site):
    visit = Visit(browser, site)
    for name in ("localStorage", "sessionStorage"):
        visit.page.add_init_script(f"Object.defineProperty(window, '{name}', {{get() {{ throw new Error('off'); }}}})")
    visit.open().drop({"picture.jpg": PICTURE})
    visit.settled(1)
    visit.page.get_by_label("Language").select_option("de")
    visit.page.get_by_role("heading", name="Worauf das beruht").wait_for()
    assert visit.complaints == []
    visit.context.close()


def test_hostile_files_are_shown_as_text(browser, site):
    visit = Visit(browser, site).open()
    page = visit.page
    script = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    prompt = f"{script}\u202egnp.exe\u2066 " + "long prompt " * 20_000
    parameters = f"{prompt}\nNegative prompt: {script}\nSteps: 20, Sampler: {script}, Seed: 1, Model: {script}"
    name = f"{script.replace('/', '')}\u202e\u0007.png"
    visit.drop({name: png(parameters=parameters, international=True, image=Image.fromarray(drawn(96, 96)))})
    visit.settled(1)
    card = page.locator(".card")
    assert "\\u202e\\x07.png" in card.locator(".card-name").text_content()
    finding = card.locator(".evidence details").filter(has_text="generator's parameters")
    finding.locator("summary").click()
    shown = finding.locator(".tree").inner_text()
    assert script in shown
    assert "\\u202egnp.exe" in shown
    assert "\u202e" not in page.content()
    folded = finding.get_by_role("button", name="Show all").first
    assert folded.get_attribute("aria-expanded") == "false"
    short = len(shown)
    folded.press("Enter")
    assert len(finding.locator(".tree").inner_text()) > short + 1000
    assert page.evaluate("document.activeElement.textContent") == "Show less"
    assert page.locator("main script, main img[src=x]").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    visit.shoot("page-hostile")
    assert visit.complaints == []
    visit.context.close()


def test_the_first_paint_is_light(browser, site):
    visit = Visit(browser, site)
    session = visit.context.new_cdp_session(visit.page)
    session.send("Network.enable")
    sizes: list[float] = []
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    visit.open()
    visit.page.wait_for_selector(".model")
    print(f"{sum(sizes) / 1000:.0f} kB in {len(sizes)} requests")
    assert sum(sizes) <= 150_000
    assert all(url.startswith(site) for _, url in visit.asked), "nothing comes from elsewhere"
    visit.context.close()


def test_what_it_looks_like_with_colours_of_the_readers_own(browser, site):
    visit = Visit(browser, site, forced_colors="active", reduced_motion="reduce")
    answered(visit, *(report(*evidence) for evidence in FIVE.values()))
    visit.open().drop({f"{index}.jpg": PICTURE for index in range(5)})
    visit.settled(5)
    visit.page.locator("[data-key=toggle]").first.click()
    visit.shoot("page-forced-colors")
    moving = visit.page.evaluate("document.getAnimations().length")
    assert moving == 0
    assert visit.complaints == []
    visit.context.close()


FAKE = """
export function privateChecker() {
  return {
    async prepare({ signal, progress }) {
      progress("models", 0.4);
      await new Promise((resolve, reject) => {
        globalThis.goOn = resolve;
        globalThis.breakDown = () => reject(new Error("this browser has no WebAssembly"));
        signal.addEventListener("abort", () => reject(signal.reason));
      });
    },
    async check(file, { heatmap, progress }) {
      progress("looking", 0.5);
      return REPORT;
    },
  };
}
"""


@pytest.fixture
def private(browser, site):
    """A visit to a page whose private mode is a fake: what it does once it runs is tested elsewhere."""
    visit = Visit(browser, site)
    config = {
        "schema": "imageauth/page/1", "version": "1", "server": True, "api": "v1/", "limits": None,
        "key_required": False, "private": {"available": True, "reason": ""},
    }  # fmt: skip
    fake = FAKE.replace("REPORT", json.dumps(report(*FIVE[Verdict.LIKELY_REAL])))
    visit.page.route(
        "**/js/checkers/private.js", lambda route: route.fulfill(body=fake, content_type="text/javascript")
    )
    visit.page.route("**/config.json", lambda route: route.fulfill(json=config))
    visit.config = config
    yield visit
    assert visit.complaints == []
    visit.context.close()


def test_the_private_mode_is_loaded_when_it_is_asked_for(private):
    page = private.open().page
    assert not any("private" in url for _, url in private.asked)
    assert "they go to the program at 127.0.0.1" in page.locator(".mode").inner_text()
    switch = page.get_by_role("switch", name="Private mode")
    switch.check()
    page.get_by_role("progressbar").wait_for()
    assert "40%" in page.locator(".loading").inner_text()
    private.drop({"mine.jpg": PICTURE})
    page.wait_for_timeout(150)
    assert page.locator(".card").get_attribute("data-state") == "waiting"
    private.shoot("page-private-loading")
    page.evaluate("goOn()")
    private.settled(1)
    assert "sent to no one" in page.locator(".mode").inner_text()
    assert private.posts() == []
    page.locator(".produced summary").click()
    assert "inside this page" in page.locator(".produced").inner_text()
    private.shoot("page-private")
    switch.uncheck()
    private.drop({"shared.jpg": PICTURE})
    private.settled(2)
    assert len(private.posts()) == 1


def test_the_private_mode_can_be_stopped_and_can_fail(private):
    page = private.open().page
    switch = page.get_by_role("switch", name="Private mode")
    switch.check()
    page.get_by_role("button", name="Cancel").click()
    assert not switch.is_checked()
    switch.check()
    page.get_by_role("progressbar").wait_for()
    page.evaluate("breakDown()")
    page.get_by_text("Private mode could not be started. this browser has no WebAssembly").wait_for()
    assert not switch.is_checked()
    assert "they go to the program" in page.locator(".mode").inner_text()


@pytest.mark.parametrize("end", ["breaks", "stopped"])
def test_pictures_handed_in_for_the_private_mode_are_not_sent_when_it_ends(private, end):
    page = private.open().page
    page.get_by_role("switch").check()
    page.get_by_role("progressbar").wait_for()
    private.drop({"mine.jpg": PICTURE, "mine-too.jpg": PICTURE})
    if end == "breaks":
        page.evaluate("breakDown()")
    else:
        page.get_by_role("button", name="Cancel", exact=True).first.click()
    private.settled(2, state="failed")
    assert "was not sent to the server" in page.locator(".card").first.inner_text()
    assert page.get_by_role("button", name="Try failed ones again").count() == 0, "nothing sends them all at once"
    page.wait_for_timeout(200)
    assert private.posts() == []
    page.get_by_role("button", name="Try again").first.click()
    private.settled(1, state="done")
    assert len(private.posts()) == 1, "the reader said so of this one"


def test_what_the_server_saw_is_not_sent_again_once_the_mode_is_private(private):
    page = private.open().page
    private.drop({"one.jpg": PICTURE, "two.jpg": PICTURE})
    private.settled(2)
    assert len(private.posts()) == 2
    page.get_by_role("switch").check()
    page.get_by_role("progressbar").wait_for()
    page.evaluate("goOn()")
    page.get_by_text("sent to no one").wait_for()
    page.get_by_role("button", name="Details").first.click()
    page.get_by_role("button", name="Show where the evidence sits").click()
    page.get_by_text("There is no map of this picture’s evidence.").wait_for()
    assert len(private.posts()) == 2


def test_a_static_site_is_always_private(private):
    private.config |= {"server": False, "models": ["photo"]}
    private.page.route(
        "**/private/models/photo/card.json", lambda route: route.fulfill(json={"name": "photo", "version": "1"})
    )
    private.page.add_init_script(
        "navigator.serviceWorker.register = async url => { globalThis.registered = `${url}`; }"
    )
    page = private.open().page
    page.get_by_role("progressbar").wait_for()
    assert page.evaluate("registered") == f"{private.url}sw.js", "it is kept for use without a net"
    assert page.get_by_role("switch").count() == 0
    page.evaluate("goOn()")
    page.get_by_text("sent to no one").wait_for()
    private.drop({"mine.jpg": PICTURE})
    private.settled(1)
    assert private.posts() == []
    assert not any("/v1/" in url for _, url in private.asked)


def test_where_the_private_mode_is_not_to_be_had_it_says_why(private):
    private.config |= {"private": {"available": False, "reason": "Its runtime is not installed."}}
    page = private.open().page
    assert "can’t be checked inside this page here. Its runtime is not installed." in page.locator(".mode").inner_text()
    assert page.get_by_role("switch").count() == 0
