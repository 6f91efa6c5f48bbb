"""The review: what is written, and what a person can do with the page in a real browser."""

import io
import json
import os
import re
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from typer.testing import CliRunner

from imageauth.cli import app
from imageauth.errors import ImageAuthError
from imageauth.images import shrink
from imageauth.scan.items import BytesSource, FileSource, Item
from imageauth.scan.review import Review, write_review
from imageauth.scan.rows import Row, row_of
from tests.browsing import SCREENSHOTS
from tests.conftest import drawn
from tests.scan_rows import HOSTILE, failed, row, write, write_lines


def picture_of(seed: int, kind: str = "PNG", width: int = 300, height: int = 200) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(drawn(width, height, seed)).save(stream, kind)
    return stream.getvalue()


def checked(name: str, data: bytes, **more: Any) -> Row:
    import hashlib

    return row(name, sha256=hashlib.sha256(data).hexdigest(), **more)


def columns(review: Review) -> dict[str, Any]:
    found = re.search(r'id="data">(.*?)</script>', review.page.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    return json.loads(found[1])


def review(tmp_path: Path, rows: list[Row], **options: Any) -> Review:
    return write_review(rows, tmp_path / "review.html", title="results.jsonl", **options)


def test_pictures_come_from_files_archives_and_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pyarrow
    from pyarrow import parquet

    monkeypatch.chdir(tmp_path)
    one, two, three = picture_of(1), picture_of(2, "JPEG", 900, 1600), picture_of(3)
    Path("one.png").write_bytes(one)
    with zipfile.ZipFile("two.zip", "w") as archive:
        archive.writestr("in/two.jpg", two)
    parquet.write_table(pyarrow.table({"image": [b"", three]}), "three.parquet")
    rows = [checked("one.png", one), checked("two.zip!/in/two.jpg", two), checked("three.parquet#1", three)]
    written = review(tmp_path, rows)
    assert columns(written)["thumbnails"] == [0, 1, 2]
    with Image.open(written.folder / "thumbnails/000/000001.webp") as small:
        assert small.size == (108, 192)


def test_what_changed_is_gone_or_lies_elsewhere_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("changed.png").write_bytes(picture_of(1))
    Path("no.zip").write_bytes(b"PK")
    os.mkfifo("pipe.png")
    names = ["changed.png", "gone.png", "no.zip!/a.png", "https://127.0.0.1:9/a.png", "pipe.png", "a\\x00.png", "/etc"]
    written = review(tmp_path, [checked(name, b"other") for name in names])
    assert written.rows == 7
    assert columns(written)["thumbnails"] == []


def test_a_small_picture_is_upright_and_no_larger(tmp_path: Path) -> None:
    stream = io.BytesIO()
    exif = Image.Exif()
    exif[274] = 6
    Image.fromarray(drawn(3000, 1000)).save(stream, "JPEG", exif=exif)
    assert shrink(stream.getvalue(), 192).size == (64, 192)
    assert shrink(picture_of(1, "PNG", 32, 20), 192).size == (32, 20)


def test_the_most_doubtful_come_first_where_there_are_too_many(tmp_path: Path) -> None:
    files = []
    for index, (verdict, probability) in enumerate(
        [("likely-real", 0.1), ("likely-ai", 0.9), ("inconclusive", 0.5), ("likely-ai", 0.99)]
    ):
        data = picture_of(index)
        (tmp_path / f"{index}.png").write_bytes(data)
        files.append(checked(str(tmp_path / f"{index}.png"), data, verdict=verdict, probability=probability))
    assert columns(review(tmp_path, files, thumbnails=2))["thumbnails"] == [1, 3]
    assert columns(review(tmp_path, files, thumbnails=0))["thumbnails"] == []


def test_copies_and_near_copies_are_one_group(tmp_path: Path) -> None:
    near = "0" * 64, "0" * 63 + "7", "f" * 64
    rows = [
        row("a", perceptual_hash=near[0]),
        row("b", perceptual_hash=near[2]),
        row("c", duplicate_of="b"),
        row("d", perceptual_hash=near[1]),
        row("e", duplicate_of="not here"),
        failed("f"),
        failed("g") | {"duplicate_of": "f"},
    ]
    found = columns(review(tmp_path, rows))
    assert found["group"] == [0, 1, 1, 0, 4, 5, 5]
    assert found["copyOf"] == [-1, -1, 1, -1, -1, -1, 5]
    assert columns(review(tmp_path, rows, distance=0))["group"] == [0, 1, 1, 3, 4, 5, 5]


def test_rows_beyond_the_most_are_counted(tmp_path: Path) -> None:
    written = review(tmp_path, [row(f"{index}") for index in range(10)], most=4)
    assert (written.rows, written.left_out) == (4, 6)
    assert columns(written)["leftOut"] == 6


def test_hostile_text_is_data_only(tmp_path: Path) -> None:
    rows = [row(HOSTILE, summary=HOSTILE), failed(HOSTILE, "</script>", "\u2028alert(1)//")]
    written = write_review(rows, tmp_path / "review.html", title=HOSTILE)
    text = written.page.read_text(encoding="utf-8")
    assert text.count("</script>") == 2
    assert "<img" not in text
    assert "\u202e" not in text
    details = (written.folder / "details/000/000000.js").read_bytes()
    assert details.isascii()


def test_odd_values_break_nothing(tmp_path: Path) -> None:
    odd = row("a" * 5000, evidence="none", limits={}, width=-1, probability=7, sha256=None, produced_by=[], size=1e300)
    found = columns(review(tmp_path, [odd, row("b", "no-such-verdict")]))
    assert len(found["names"][0]) <= 1000
    assert found["probability"] == [-1, 9700]


def test_an_earlier_review_is_replaced_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "review_files"
    review(tmp_path, [row("a")])
    (folder / "thumbnails").mkdir(exist_ok=True)
    (folder / "thumbnails/stale.webp").touch()
    review(tmp_path, [row("a")])
    assert not (folder / "thumbnails/stale.webp").exists()
    assert not (tmp_path / "review_files.part").exists()
    for path in (folder / ".imageauth-review",):
        path.unlink()
    (folder / "mine.txt").touch()
    with pytest.raises(ImageAuthError, match="not of an earlier review"):
        review(tmp_path, [row("a")])
    assert (folder / "mine.txt").exists()


def test_a_review_that_fails_leaves_the_earlier_one(tmp_path: Path) -> None:
    before = review(tmp_path, [row("a")]).page.read_bytes()

    def broken() -> Iterator[Row]:
        yield row("b")
        raise ImageAuthError("results are damaged")

    with pytest.raises(ImageAuthError):
        write_review(broken(), tmp_path / "review.html", title="results")
    assert (tmp_path / "review.html").read_bytes() == before
    assert (tmp_path / "review_files/details/000/000000.js").exists()
    assert not (tmp_path / "review_files.part").exists()


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for form in ("jsonl", "csv", "parquet"):
        write(Path(f"results.{form}"), [row("a.jpg"), row("b.jpg", "likely-real", 0.1), failed("c.jpg")])
        done = CliRunner().invoke(app, ["review", f"results.{form}"])
        assert done.exit_code == 0, done.output
        assert "results.html: 3 rows, 0 small pictures in results_files/" in done.output
    done = CliRunner().invoke(
        app, ["review", "results.csv", "--only", "error", "--only", "likely-ai", "--out", "x.html"]
    )
    assert "x.html: 2 rows" in done.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("missing.jsonl",), "missing.jsonl cannot be read: No such file or directory"),
        (("other.jsonl",), "schema 'imageauth/report/1'"),
        (("r.jsonl", "--only", "nonsense"), "--only takes"),
        (("r.jsonl", "--out", "r.pdf"), "name it r.html"),
        (("r.jsonl", "--out", "nowhere/r.html"), "cannot be written"),
    ],
)
def test_wrong_usage_is_one_line(
    arguments: tuple[str, ...], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_lines(Path("r.jsonl"), [row("a.jpg")])
    write_lines(Path("other.jsonl"), [row("a.jpg") | {"schema": "imageauth/report/1"}])
    done = CliRunner().invoke(app, ["review", *arguments])
    assert done.exit_code == 2
    assert said in done.output
    assert len(done.output.strip().splitlines()) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other.jsonl", "r.jsonl"]


# In a browser


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of 30 pictures and 5,000 rows without, with copies, errors and hostile text."""
    folder = tmp_path_factory.mktemp("review")
    rows = []
    for index in range(30):
        data = picture_of(index)
        (folder / f"{index:03} ü#%.png").write_bytes(data)
        verdict = ("likely-ai", "inconclusive", "likely-real")[index % 3]
        name = str(folder / f"{index:03} ü#%.png")
        rows.append(checked(name, data, verdict=verdict, probability=round(1 - index / 30, 4)))
    rows.append(row("copy.png", "likely-real", 0.2, duplicate_of=rows[0]["file"], sha256=rows[0]["sha256"]))
    rows += [row(f"=more/{index:05}.jpg", "likely-real", 0.01) for index in range(5000)]
    rows += [failed(HOSTILE, message=HOSTILE), row(HOSTILE + "2", "ai-generated", None, summary=HOSTILE)]
    return write_review(rows, folder / "review of #1.html", title=HOSTILE).page


@pytest.fixture(params=[(1280, "light"), (1280, "dark"), (390, "light")], ids=["light", "dark", "phone"])
def page(request: pytest.FixtureRequest, browser: Any, shown: Path) -> Iterator[Any]:
    width, scheme = request.param
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 850})
    opened = context.new_page()
    complaints: list[str] = []
    requests: list[str] = []
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("dialog", lambda dialog: complaints.append(dialog.message))
    opened.on("request", lambda one: requests.append(one.url))
    opened.goto(shown.as_uri())
    opened.evaluate("document.getElementById('more').open = true")
    opened.name = request.node.callspec.id
    yield opened
    context.close()
    assert complaints == []
    assert [url for url in requests if not url.startswith(("file:", "data:", "blob:"))] == []


def until(page: Any, expression: str) -> None:
    """Wait for a condition. Playwright's own way evaluates text inside the page, which its policy forbids."""
    end = time.monotonic() + 20
    while not page.evaluate(expression):
        assert time.monotonic() < end, expression
        page.wait_for_timeout(20)


def names(page: Any) -> list[str]:
    found = page.evaluate(
        "[...document.querySelectorAll('.tile:not([hidden])')].sort((a, b) => a.ariaPosInSet - b.ariaPosInSet)"
        ".map((tile) => tile.querySelector('.name').textContent)"
    )
    return list(found)


@pytest.mark.browser
def test_it_shows_filters_and_sorts(page: Any) -> None:
    assert page.locator("#status").inner_text() == "5,033 rows as 5,032 tiles"
    until(page, "[...document.images].some((image) => image.naturalWidth === 192)")
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"review-{page.name}.png")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert "png" in names(page)[0] or "jpg" in names(page)[0] or "exe" in names(page)[0]
    assert page.locator(".tile").count() < 150
    page.locator("#search").fill("=MORE/0004")
    until(page, "document.getElementById('status').textContent === '10 of 5,033 rows'")
    page.locator("#search").fill("")
    page.select_option("#sort", "likeliest")
    until(page, "document.getElementById('status').textContent === '5,033 rows as 5,032 tiles'")
    assert names(page)[0] == "000 ü#%.png"
    page.locator("#least").fill("50")
    page.locator("#least").press("Tab")
    assert page.locator("#status").inner_text().startswith("16 of 5,033 rows")
    page.locator("#least").fill("")
    page.locator("#least").press("Tab")
    for chip in page.locator(".chip").all():
        if "not checked" not in chip.inner_text():
            chip.locator("input").uncheck()
    assert page.locator("#status").inner_text() == "1 of 5,033 rows"


@pytest.mark.browser
def test_it_scrolls_and_obeys_the_keyboard(page: Any) -> None:
    page.select_option("#sort", "order")
    page.locator(".face").first.focus()
    page.keyboard.press("End")
    until(page, "document.activeElement.closest('.tile')?.ariaPosInSet === '5032'")
    assert page.evaluate("document.activeElement.getBoundingClientRect().bottom <= innerHeight")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("a")
    page.keyboard.press("Home")
    page.keyboard.press("d")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("l")
    assert "agree 1, disagree 2, look again 1" in page.locator("#marks-count").inner_text()
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog[open] dl")
    assert page.locator("#detail-name").inner_text().endswith("001 ü#%.png")
    page.screenshot(path=SCREENSHOTS / f"review-{page.name}-detail.png")
    page.keyboard.press("ArrowLeft")
    page.wait_for_selector("dialog[open] .members")
    assert "copy.png (same bytes)" in page.locator("dialog .members").inner_text()
    page.keyboard.press("Escape")
    until(page, "document.activeElement.closest('.tile')?.ariaPosInSet === '1'")
    page.evaluate("document.getElementById('view').scrollTop = 1e9")
    until(page, "[...document.querySelectorAll('.tile')].some((tile) => tile.ariaPosInSet === '5032')")
    assert page.locator(".tile").count() < 300


@pytest.mark.browser
def test_marks_are_kept_exported_and_loaded(page: Any, tmp_path: Path) -> None:
    page.evaluate("localStorage.clear()")
    page.reload()
    page.evaluate("document.getElementById('more').open = true")
    page.locator("#search").fill("=more/00001")
    until(page, "document.getElementById('status').textContent.startsWith('1 of')")
    page.locator(".face").first.focus()
    page.keyboard.press("d")
    with page.expect_download() as told:
        page.locator("#export-csv").click()
    lines = Path(told.value.path()).read_text(encoding="utf-8").splitlines()
    assert lines[0] == "file,verdict,probability,mark,marked_at"
    assert lines[1].startswith("'=more/00001.jpg,likely-real,0.01,disagree,2")
    with page.expect_download() as told:
        page.locator("#export-json").click()
    kept = tmp_path / "marks.json"
    told.value.save_as(kept)
    assert json.loads(kept.read_text(encoding="utf-8"))["marks"][0]["file"] == "=more/00001.jpg"
    until(page, "Object.keys(localStorage).some((key) => key.startsWith('imageauth-review:'))")
    page.reload()
    assert "disagree 1" in page.locator("#marks-count").text_content()
    page.evaluate("document.getElementById('more').open = true")
    page.locator(".face").first.focus()
    page.keyboard.press("a")
    until(page, "document.getElementById('marks-count').textContent.includes('agree 1')")
    page.locator("#import").set_input_files(kept)
    until(page, "document.getElementById('marks-count').textContent.includes('disagree 1')")
    other = tmp_path / "other.json"
    other.write_text("[1]")
    page.locator("#import").set_input_files(other)
    until(page, "document.getElementById('marks-count').textContent.includes('holds no marks')")


def test_an_item_row_is_what_a_page_reads(tmp_path: Path, detector: Any) -> None:
    """The whole way: check, write, review."""
    data = picture_of(1)
    (tmp_path / "a.png").write_bytes(data)
    items = [Item(str(tmp_path / "a.png"), FileSource("")), Item("b", BytesSource(b""))]
    answers = detector.check_many([data, b""], names=[item.name for item in items])
    written = review(tmp_path, [row_of(item, answer) for item, answer in zip(items, answers, strict=True)])
    assert (written.rows, written.thumbnails) == (2, 1)
