"""``imageauth check --html --pdf --time``, as a user meets it."""

import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import pypdf
import pytest
from PIL import Image
from typer.testing import CliRunner

from imageauth.cli import app
from imageauth.rendering.document import read_document
from tests.conftest import drawn
from tests.test_cli import run

TIME = "2026-11-26T18:00:00Z"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Image.fromarray(drawn()).save(tmp_path / "a.png")
    (tmp_path / "b.jpg").write_text("not an image")
    return tmp_path


def test_both_forms_are_written_beside_the_usual_answer_and_again_the_same(folder: Path) -> None:
    page, pdf = folder / "r.html", folder / "r.pdf"
    arguments = ("check", folder / "a.png", folder / "b.jpg", "--json", "--html", page, "--pdf", pdf, "--time", TIME)
    first = run(*arguments)
    assert first.returncode == 1  # one file could not be checked, and is in the report
    assert first.stdout.count("\n") == 2
    written = page.read_bytes(), pdf.read_bytes()
    assert run(*arguments).stdout == first.stdout
    assert (page.read_bytes(), pdf.read_bytes()) == written
    found = read_document(page)
    assert found == read_document(pdf)
    assert found["made"] == TIME
    assert found["command"] == ["imageauth", *map(str, arguments)]
    assert [report["file"] for report in found["reports"]] == [str(folder / "a.png"), str(folder / "b.jpg")]
    assert not list(folder.glob("*.part"))


def test_it_goes_together_with_a_heatmap_and_standard_input(folder: Path) -> None:
    picture = (folder / "a.png").read_bytes()
    result = run(
        "check",
        "-",
        "--heatmap",
        folder / "h.png",
        "--pdf",
        folder / "r.pdf",
        "--fail-on",
        "likely-real",
        stdin=picture,
    )
    assert result.returncode in (0, 3), result.stderr
    (report,) = read_document(folder / "r.pdf")["reports"]
    assert report["file"] == "-"
    assert report["identity"]["bytes"] == len(picture)
    text = pypdf.PdfReader(io.BytesIO((folder / "r.pdf").read_bytes())).pages[0].extract_text()
    assert "What the pixels say" in text
    assert (folder / "h.png").exists() or "no heatmap" in result.stderr


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--html", "r.txt"], "name it r.html"),
        (["--pdf", "r.html"], "name it r.pdf"),
        (["--html", "nowhere/r.html"], "nowhere/r.html cannot be written"),
        (["--time", TIME], "add --html or --pdf"),
        (["--html", "r.html", "--time", "yesterday"], "--time takes a time such as"),
        (["--html", "r.html", "--time", "0001-01-01T00:00:00+14:00"], "--time takes a time such as"),
        (["--html", "r.html", "--time", "1604-01-01"], "between 1980 and 2200"),
        (["--html", "r.html", "--heatmap", "./r.html"], "--heatmap writes a PNG"),
        (["a.html", "--html", "a.html"], "would overwrite the image itself"),
        (["many", "--html", "r.html"], "at most 200 images, and 201 were named"),
    ],
)
def test_what_cannot_work_is_told_before_the_work(
    folder: Path, options: list[str], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    (folder / "a.png").rename(folder / "a.html")
    if options[0] == "many":
        (folder / "many").mkdir()
        for number in range(201):
            (folder / "many" / f"{number}.png").touch()
    before = sorted(path.name for path in folder.iterdir())
    given = [] if options[0] in ("a.html", "many") else ["a.html"]
    result = CliRunner().invoke(app, ["check", *given, *options])
    assert result.exit_code == 2, result.stdout
    assert says in result.stderr
    assert result.stdout == ""
    assert sorted(path.name for path in folder.iterdir()) == before


def test_without_the_extra_a_pdf_is_refused_and_a_page_is_not(folder: Path) -> None:
    hidden = (
        "import sys; sys.modules['typst'] = None; sys.modules['pypdf'] = None\n"
        "from imageauth.cli import main; sys.argv = ['imageauth', *sys.argv[1:]]; main()"
    )
    for option, code in (("--pdf", 2), ("--html", 0)):
        done = subprocess.run(
            [sys.executable, "-c", hidden, "check", str(folder / "a.png"), option, str(folder / f"r.{option[2:]}")],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stderr
        if code:
            assert done.stderr == 'imageauth: a PDF report needs an optional part: pip install "imageauth[report]"\n'


def test_ctrl_c_leaves_nothing_behind(folder: Path) -> None:
    Image.fromarray(drawn(500, 400)).save(folder / "0.jpg")
    for number in range(1, 30):
        (folder / f"{number}.jpg").write_bytes((folder / "0.jpg").read_bytes())
    process = subprocess.Popen(
        [sys.executable, "-m", "imageauth", "check", str(folder), "--html", str(folder / "r.html")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ,
    )
    assert process.stdout
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "stopped after" in errors
    assert not list(folder.glob("r.*"))
