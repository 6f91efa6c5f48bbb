"""Reports as documents: what they say, that they say it again, and that nothing in a file can break them."""

import io
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pypdf
import pypdfium2
import pytest
from PIL import Image

from imageauth import Detector, Document, make_document
from imageauth.documents import contents_of
from imageauth.errors import ImageAuthError
from imageauth.images import read_bytes
from imageauth.models import find_model
from imageauth.pixels.measured import read_measured
from imageauth.rendering.document import MOST_PICTURES, Contents, Entry, Identity, read_document
from imageauth.rendering.document.compose import compose
from imageauth.rendering.document.text import shown
from imageauth.rendering.document.words import Words
from imageauth.report import Evidence, Failure, Report, Verdict
from imageauth.verdict import STANDARD, Policy
from tests import document_files
from tests.browsing import Visit, axe
from tests.conftest import drawn
from tests.golden import as_png

MADE = datetime(2026, 11, 26, 18, 0, tzinfo=UTC)
SOURCES = Path(__file__).parent.parent / "src" / "imageauth" / "rendering" / "document"


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """A picture for each model, one outside of what they were measured on, and one that is none."""
    folder = tmp_path_factory.mktemp("pictures")
    Image.fromarray(drawn(500, 300, seed=3)).save(folder / "large.jpg")
    Image.fromarray(drawn(32, 32)).save(folder / "small.png")
    Image.fromarray(np.full((300, 300, 3), 128, np.uint8)).save(folder / "flat.png")
    (folder / "text.jpg").write_text("not a picture")
    return [str(folder / name) for name in ("large.jpg", "small.png", "flat.png", "text.jpg")]


@pytest.fixture(scope="module")
def document(detector: Detector, pictures: list[str]) -> Document:
    return make_document(
        [*pictures, "missing.png"], detector=detector, made=MADE, command=["imageauth", "check", "x y"]
    )


@pytest.fixture(scope="module")
def hostile(detector: Detector, tmp_path_factory: pytest.TempPathFactory) -> Document:
    paths = document_files.write(tmp_path_factory.mktemp("hostile"))
    return make_document(paths, detector=detector, made=MADE, command=["imageauth", "check", *paths])


def text_of(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)


class Seen(HTMLParser):
    """What a browser would make of a page, roughly: elements, and text outside of scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._silent = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._silent = tag if tag in ("script", "style") else ""

    def handle_endtag(self, tag: str) -> None:
        self._silent = ""

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.text += data


def test_the_json_holds_the_reports_as_check_gives_them_and_what_was_run(
    document: Document, detector: Detector, pictures: list[str]
) -> None:
    found = document.to_json()
    assert found["schema"] == "imageauth/document/1"
    assert found["made"] == "2026-11-26T18:00:00Z"
    assert found["command"] == ["imageauth", "check", "x y"]
    assert found["policy"]["name"] == "standard"
    assert {model["name"] for model in found["models"]} == {"photo", "cifake"}
    large, small, flat, text, missing = found["reports"]
    for report, path in ((large, pictures[0]), (small, pictures[1])):
        identity = report.pop("identity")
        assert Report.from_json(report).to_json() == report
        assert report["verdict"] == detector.check(path).to_json()["verdict"]
        assert identity["bytes"] == len(read_bytes(path))
        assert identity["sha256"] == report["sha256"]
        assert re.fullmatch("[0-9a-f]{64}", identity["perceptual_hash"]["value"])
    assert flat["probability"] is None
    assert flat["identity"]["perceptual_hash"] is None
    assert text["error"]["code"] == "unsupported-format"
    assert text["identity"]["bytes"] == len("not a picture")
    assert (missing["error"]["code"], missing["identity"]) == ("unreadable", None)


def test_the_same_report_is_the_same_to_the_byte_but_for_the_time(
    document: Document, detector: Detector, pictures: list[str]
) -> None:
    again = make_document(
        [*pictures, "missing.png"], detector=detector, made=MADE, command=["imageauth", "check", "x y"]
    )
    assert again.to_html() == document.to_html()
    assert again.to_pdf() == document.to_pdf()
    later = Document(replace(document.contents, made=datetime(2027, 1, 2, tzinfo=UTC)))
    assert later.to_html() != document.to_html()
    assert (
        later.to_html()
        .replace("2027-01-02T00:00:00Z", "2026-11-26T18:00:00Z")
        .replace("2027-01-02 00:00:00 UTC", "2026-11-26 18:00:00 UTC")
        == document.to_html()
    )


def test_each_form_is_read_back(document: Document, tmp_path: Path) -> None:
    for name in ("a.html", "a.pdf", "a.json"):
        document.save(tmp_path / name)
        (tmp_path / name).rename(tmp_path / "report")  # what it is, its bytes tell
        assert read_document(tmp_path / "report") == document.to_json()
    with pytest.raises(ImageAuthError, match=r"\.html, \.pdf or \.json"):
        document.save(tmp_path / "a.docx")


def test_a_report_says_all_that_it_must(document: Document) -> None:
    large, small, flat, *_ = document.contents.entries
    assert isinstance(large.answer, Report)
    for text in (Seen(document.to_html()).text, text_of(document.to_pdf())):
        text = " ".join(text.split())
        for answer in (large.answer, small.answer, flat.answer):
            assert isinstance(answer, Report)
            assert " ".join(answer.limits[-1].split()) in text
            for item in answer.evidence:
                assert item.code in text
        for entry in (large, small, flat):
            assert entry.identity
            assert entry.identity.sha256 in text
            assert f"{entry.identity.bytes:,}" in text
        for looked in document.contents.models.values():
            assert looked.card.sha256 in text
            assert f"{looked.card.thresholds.ai:.4f}" in text
        words = Words()
        assert f"Of 100 pictures that score like this one, {words.of_hundred(large.answer.probability or 0)}" in text
        for part in ("mirrored", "verify-report", "--time 2026-11-26T18:00:00Z", "'x y'", "none were installed"):
            assert part in text
        assert "is not a JPEG, PNG" in text  # why a file failed
        assert "outside of what the model was measured on" in text  # of the flat one
        for verdict in Verdict:
            assert f"({verdict})" in text  # in the glossary


def test_error_rates_are_those_of_the_model_for_the_pictures_kind(document: Document) -> None:
    measured = read_measured(find_model("photo"))
    assert measured
    large = document.contents.entries[0].answer
    assert isinstance(large, Report)
    kinds = large.evidence[0].detail["kinds"]
    kind = max(kinds, key=kinds.__getitem__)
    text = " ".join(Seen(document.to_html()).text.split())
    assert f"{measured.real[kind].n:,}" in text
    worst = max(each.wrong for each in measured.conditions)
    assert f"{100 * worst:.1f} %" in text
    assert measured.conditions[0].name == ""
    own = Document(replace(document.contents, policy=Policy("ours", likely_ai=0.99)))
    sentence = "sets other thresholds than the model’s own"
    assert sentence in Seen(own.to_html()).text
    assert sentence not in text


def test_figures_of_another_measurement_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "figures.json").write_text('{"accuracy": 0.9}', encoding="utf-8")
    assert read_measured(tmp_path) is None


def test_a_pdf_is_tagged_titled_searchable_and_for_archives(document: Document) -> None:
    data = document.to_pdf()
    reader = pypdf.PdfReader(io.BytesIO(data))
    root: Any = reader.root_object
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en"
    assert "/StructTreeRoot" in root
    assert reader.metadata
    assert reader.metadata.title == "Were these pictures made by AI?"
    packet = root["/Metadata"].get_data().decode()
    assert "<pdfuaid:part>1<" in packet
    assert "<pdfaid:part>3<" in packet
    assert "<pdfaid:conformance>A<" in packet
    (attached,) = reader.attachment_list
    assert attached.name == "report.json"
    assert json.loads(attached.content) == document.to_json()
    pages = [page.extract_text() for page in reader.pages]
    for number, page in enumerate(pages, 1):
        assert f"Page {number} of {len(pages)}" in page
        assert "\u200b" not in page  # it would stand in what is searched for
    begun = next(index for index, page in enumerate(pages) if "1. /" in page)
    identity = document.contents.entries[0].identity
    assert identity
    assert f"SHA-256 {identity.sha256[:16]}" in pages[begun + 1]  # the running head of a page further on
    with pypdfium2.PdfDocument(data) as opened:  # another reader shows the first page, and it is not blank
        drawn_page = np.asarray(opened[0].render(scale=0.5).to_pil().convert("L"))
    assert drawn_page.min() < 60 < 250 < drawn_page.max()


def test_a_page_is_one_file_whose_policy_allows_nothing_else(document: Document) -> None:
    seen = Seen(document.to_html())
    policies = [attrs["content"] for tag, attrs in seen.tags if attrs.get("http-equiv") == "Content-Security-Policy"]
    assert len(policies) == 1
    assert str(policies[0]).startswith("default-src 'none'; img-src data:; style-src 'sha256-")
    for tag, attrs in seen.tags:
        assert not [name for name in attrs if name.startswith("on") or name == "style"], tag
        for name in ("src", "href"):
            assert (attrs.get(name) or "data:").startswith(("data:", "#")), (tag, attrs)
    assert [attrs for tag, attrs in seen.tags if tag == "script"] == [
        {"type": "application/json", "id": "imageauth-document"}
    ]
    assert all(attrs.get("alt") for tag, attrs in seen.tags if tag == "img")


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_is_accessible_and_fits_a_phone(document: Document, browser: Any, tmp_path: Path, scheme: str) -> None:
    document.save(tmp_path / "report.html")
    visit = Visit(browser, (tmp_path / "report.html").as_uri(), color_scheme=scheme)
    visit.page.goto(visit.url)
    assert axe(visit.page) == []
    visit.page.set_viewport_size({"width": 360, "height": 800})
    assert visit.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    visit.context.close()


@pytest.mark.browser
def test_hostile_files_cannot_break_a_page(hostile: Document, browser: Any, tmp_path: Path) -> None:
    page = hostile.to_html()
    allowed = {tag for tag, _ in Seen(page).tags}
    assert not allowed & {"iframe", "object", "form", "base"}
    assert sum(tag == "script" for tag, _ in Seen(page).tags) == 1
    (tmp_path / "report.html").write_text(page, encoding="utf-8")
    visit = Visit(browser, (tmp_path / "report.html").as_uri())
    visit.page.goto(visit.url)
    assert visit.page.title() == "Were these pictures made by AI?"
    assert visit.complaints == []
    assert [url for _, url in visit.asked if not url.startswith("data:")] == [visit.url]
    text = visit.page.inner_text("main")
    assert "document.title='owned'" in text  # shown as what it is
    assert '#panic("x")' in text
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u200b\ufeff\x01\x7f]", text)
    assert "\\u202egnp.exe" in text
    assert visit.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    told = json.loads(visit.page.inner_text("#imageauth-document") or visit.page.text_content("#imageauth-document"))
    assert told == hostile.to_json()
    visit.context.close()


def test_hostile_files_cannot_break_a_pdf(hostile: Document) -> None:
    data = hostile.to_pdf()
    reader = pypdf.PdfReader(io.BytesIO(data))
    assert json.loads(next(reader.attachment_list).content or b"") == hostile.to_json()
    text = "".join(text_of(data).split())
    assert '#panic("x")' in text
    assert "<script>document.title='owned'</script>" in text
    assert "\\u202egnp.exe" in text
    assert "characterswerekept" in text  # the long ones are cut, and say so
    assert all(float(page.mediabox.width) > 590 for page in reader.pages)  # nobody's "#set page"
    root: Any = reader.root_object
    assert "/OpenAction" not in root
    assert "/JavaScript" not in root.get("/Names", {})


def test_the_json_keeps_what_check_keeps(hostile: Document, detector: Detector) -> None:
    for entry, told in zip(hostile.contents.entries, hostile.to_json()["reports"], strict=True):
        assert isinstance(entry.answer, Report)
        told.pop("identity")
        assert told == entry.answer.to_json()
        assert told["evidence"] == [item.to_json() for item in detector.check(entry.answer.file).evidence], (
            entry.answer.file
        )


def test_text_of_any_kind_can_be_set() -> None:
    """Lone surrogates, NUL, every plane; where no font has a character its number stands."""
    strange = "\x00 \ud800 \udfff \ue000 \U0010ffff \u0378 中文字 ℵ ∰ 𝕏 \U0001f600 " + "".join(
        map(chr, range(0x20, 0x250))
    )
    detail = {strange[:20]: strange, "deep": [[[[[[[[strange]]]]]]]], "many": {str(n): n for n in range(500)}, "f": 0.1}
    report = Report(
        file=strange,
        sha256="0" * 64,
        format="png",
        width=10,
        height=10,
        verdict=Verdict.LIKELY_AI,
        reason=strange,
        probability=None,
        summary=strange,
        evidence=(Evidence("metadata", strange, strange, "ai", "declared", detail),)
        + (Evidence("pixels", "x", "x"),) * 150,
        limits=(strange,),
        produced_by={"imageauth": "0", "model": strange, "model_sha256": strange, "policy": strange},
    )
    entries = [Entry(report, Identity("0" * 64, 5)), Entry(Failure(strange, strange, strange))]
    document = Document(Contents(entries, MADE, STANDARD, [{"title": strange}], command=[strange]))
    text = " ".join(text_of(document.to_pdf()).split())
    assert "\\ud800" in text
    assert "further details are in the JSON" in text
    assert "51 further findings are in the JSON" in text
    page = document.to_html()
    page.encode()  # no surrogates
    assert "\\ud800" in Seen(page).text


def test_text_of_any_length_can_be_set() -> None:
    """A string of PDF/A ends at 32,767 bytes."""
    for text in ("a" * 50_000, "\u4e2d" * 20_000, "\U00012000" * 20_000):
        found = Evidence("plugin", text, text, detail={"text": text})
        report = replace(_report(), evidence=(found,), limits=(text,))
        document = Document(Contents([Entry(report)], MADE, STANDARD, command=[text]))
        assert text_of(document.to_pdf())


def test_what_is_shown_holds_nothing_unseen() -> None:
    text = shown("a\u0301" + "\u0301" * 50 + "\u2028\u2029\x00\u202e\ud800b")
    assert text.count("\u0301") == 4
    assert "×47" in text
    assert text.endswith("\\u2028\\u2029\\x00\\u202e\\ud800b")
    for unseen in "\u3164\u115f\uffa0\u2800\u034f\u17b4\U000e0100":
        assert shown(f"a{unseen}b") == "a" + unseen.encode("unicode_escape").decode() + "b"
    assert shown("\u2764\ufe0f") == "\u2764\ufe0f"
    assert shown("naïve 中文 ñ") == "naïve 中文 ñ"


def repeated(document: Document) -> str:
    """The end of a page's text: how to repeat it."""
    return " ".join(Seen(document.to_html()).text.split()).rpartition("How to repeat it")[2]


def test_the_commands_that_repeat_a_report_are_those(document: Document) -> None:
    """Failures leave the options as they were; a model is named where ``auto`` would have chosen another."""
    assert "--model" not in repeated(document)
    failed = make_document([b"no picture"], detector=Detector("cifake"), made=MADE, command=["imageauth", "--time=x"])
    assert "--no-pixels" not in repeated(failed)
    assert "--time 20" not in repeated(failed)
    assert "--no-pixels" in repeated(make_document([as_png(drawn())], detector=Detector(None)))
    forced = make_document([as_png(drawn(500, 300, seed=3))], detector=Detector("cifake"))
    assert "imageauth check IMAGE --explain --model cifake " in repeated(forced)
    (looked,) = forced.contents.models.values()
    own = {looked.card.sha256: replace(looked, card=replace(looked.card, name="ours"))}
    said = repeated(Document(replace(forced.contents, models=own)))
    assert "verify-report REPORT IMAGE --model MODEL " in said
    assert "check IMAGE --explain --model MODEL " in said


def test_a_caption_says_how_large_a_picture_is_shown(detector: Detector) -> None:
    for (width, height), said in {
        (500, 300): "500 × 300 pixels, saved anew for",
        (2000, 500): "reduced to 1024 × 256 pixels",
        (64, 32): "enlarged to 512 × 256 pixels",
    }.items():
        picture = as_png(drawn(width, height, seed=3))
        assert said in Seen(make_document([picture], detector=detector).to_html()).text


def test_a_report_has_bounds(detector: Detector) -> None:
    with pytest.raises(ImageAuthError, match="at least one"):
        make_document([], detector=detector)
    with pytest.raises(ImageAuthError, match=f"at most {MOST_PICTURES} images"):
        make_document([b"x"] * (MOST_PICTURES + 1), detector=detector)
    detail = {"text": "w" * 2**20}
    report = replace(_report(), evidence=(Evidence("metadata", "x", "x", detail=detail),))
    full = Document(contents_of(Detector(None), [Entry(report)] * 70))
    with pytest.raises(ImageAuthError, match="fewer at a time"):
        full.to_html()


def _report() -> Report:
    return Detector(None).check(as_png(drawn()))


def test_without_pixels_a_report_says_so() -> None:
    document = make_document([as_png(drawn())], names=["a.png"], detector=Detector(None), made=MADE)
    text = " ".join(Seen(document.to_html()).text.split())
    for part in (
        "can’t be shown",
        "no calibrated answer",
        "It was not tried",
        "--no-pixels",
        "none: made by a program",
    ):
        assert part in text
    document.to_pdf()


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "cannot be read"),
        (b"{}", "no report of schema"),
        (b"[1]", "no report of schema"),
        (b'{"schema": "imageauth/document/1", "reports": [1]}', "lists no reports"),
        (b'{"schema": "imageauth/document/1", "reports": ' + b"[{}" + b", {}" * 200 + b"]}", "more than 200"),
        (b"[" * 100_000, "cannot be read"),
        (b"\xff\xfe\x00", "cannot be read"),
        (b"PK\x03\x04" + bytes(100), "cannot be read"),
        (b"<!doctype html><p>hello", "no element"),
        (b'<script type="application/json" id="imageauth-document">{', "cut short"),
        (b'<script type="application/json" id="imageauth-document">{}</script>' * 2, "2 elements"),
        (b"%PDF-1.7\n" + bytes(1000), "cannot be read"),
        (b"%PDF-1.7\n%%EOF", "cannot be read"),
    ],
)
def test_what_is_no_report_is_refused_in_a_line(data: bytes, says: str, tmp_path: Path) -> None:
    (tmp_path / "report.pdf").write_bytes(data)
    with pytest.raises(ImageAuthError, match=says) as caught:
        read_document(tmp_path / "report.pdf")
    assert str(caught.value).startswith(str(tmp_path / "report.pdf"))
    assert "\n" not in str(caught.value)


def test_a_document_that_is_missing_or_a_folder_is_told(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.html", "\0"):
        with pytest.raises(ImageAuthError, match="cannot be read"):
            read_document(path)


def test_every_word_is_asked_for_and_every_word_asked_for_is_there(document: Document) -> None:
    own = json.loads((SOURCES / "strings" / "en.json").read_text(encoding="utf-8"))
    code = "".join(path.read_text(encoding="utf-8") for path in SOURCES.glob("*.py"))
    asked = set(re.findall(r'\.t\(\s*"([a-z][\w.-]*)"', code))
    known = {re.sub(r"\.(one|other)$", "", key) for key in own}
    assert asked <= known | set(own)
    dynamic = ("condition.", "detail.", "figure.", "glossary.", "kind.", "overview.", "rates.", "stability.", "title")
    assert [key for key in sorted(known) if f'"{key}"' not in code and not key.startswith(dynamic)] == []
    assert compose(document.contents).language == "en"
