"""docs/report.md says what reports are, and its examples work."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from imageauth.perceptual_hash import NAME
from imageauth.rendering.document import MOST_PICTURES, read_document
from imageauth.server import examples
from tests.conftest import drawn
from tests.docs_pages import blocks
from tests.test_cli import run

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "report.md").read_text(encoding="utf-8")
BLOCKS = blocks(ROOT / "docs" / "report.md")
COMMANDS = [
    command
    for block in BLOCKS
    if block.kind == "sh"
    for command in block.commands()
    if command.startswith("imageauth check ")
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "photos").mkdir()
    for index, name in enumerate(("picture.jpg", "another.png", "photos/a.png", "photos/b.png")):
        Image.fromarray(drawn(40, 40, index)).save(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_its_commands_write_what_they_say(folder: Path) -> None:
    assert len(COMMANDS) == 4
    for command in COMMANDS[1:]:  # the first writes half of what the third does
        words = shlex.split(command)
        done = run(*words[1:])
        assert done.returncode == 0, done.stderr
        written = [word for word in words if word.startswith("report.")]
        reports = [read_document(folder / name)["reports"] for name in written]
        assert {len(each) for each in reports} == {2 if "photos/" in words else 1}
    table = PAGE[PAGE.index("| key | holds |") :]
    assert re.findall(r"(?m)^\| `(\w+)` \|", table) == list(read_document("report.pdf"))


def test_its_program_writes_a_report(folder: Path) -> None:
    (program,) = (block.code for block in BLOCKS if block.kind == "python")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.count("imageauth/report/1") == 2
    assert len(read_document(folder / "report.pdf")["reports"]) == 2


def test_what_it_tells_is_so() -> None:
    assert examples.CURL_REPORT in PAGE
    assert f"at most {MOST_PICTURES} pictures" in PAGE
    assert f'"name": "{NAME}"' in PAGE
