"""CONTRIBUTING.md says how to add things: each way is followed step by step, in a copy of the repository."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from imageauth.training.photos.grouping import family, groups
from imageauth.training.photos.tables import read_table
from tests import test_page_words as page_words
from tests.conftest import drawn

ROOT = Path(__file__).parent.parent
GUIDE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    return re.split(r"^## ", GUIDE.split(f"## {title}\n")[1], maxsplit=1, flags=re.MULTILINE)[0]


def blocks(title: str) -> list[tuple[str, str]]:
    """(language, text) of the code blocks of a section, which stand in its numbered steps."""
    found = re.findall(r"^   ```(\w+)\n(.*?)^   ```$", section(title), re.DOTALL | re.MULTILINE)
    return [(kind, re.sub(r"^   ", "", text, flags=re.MULTILINE)) for kind, text in found]


class Copy:
    """A copy of the repository, in which the steps are followed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("src", "tests", "scripts", "docs"):
            shutil.copytree(
                ROOT / name, folder / name, copy_function=_copy, ignore=shutil.ignore_patterns("__pycache__", "private")
            )
        shutil.copy(ROOT / "pyproject.toml", folder)

    def run(self, *command: str, status: int = 0) -> str:
        """What it says; fails the test unless it ends with the status."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        settings = {"PATH": path, "PYTHONPATH": f"{self.folder / 'src'}{os.pathsep}{self.folder}", "COLUMNS": "200"}
        done = subprocess.run(
            command, cwd=self.folder, env=os.environ | settings, capture_output=True, text=True, check=False
        )
        assert done.returncode == status, f"{' '.join(command)}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done.stdout

    def follow(self, kind: str, text: str) -> str:
        """Do what one code block says."""
        if kind == "sh":
            return self.run("sh", "-e", "-c", text)
        if kind == "diff":
            patch = self.folder / "step.diff"
            patch.write_text(text, encoding="utf-8")
            return self.run("git", "apply", "--whitespace=error-all", patch.name)
        first, _, rest = text.partition("\n")
        assert first.startswith("# "), "a new file says in its first line where it belongs"
        path = self.folder / first.removeprefix("# ")
        assert not path.exists()
        path.write_text(rest, encoding="utf-8")
        return ""


def _copy(source: str, target: str) -> None:
    """Weights are not copied, only pointed to."""
    if source.endswith((".tflite", ".webp", ".svg")):
        os.symlink(source, target)
    else:
        shutil.copyfile(source, target)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """With Ann's repository and some pictures of known origin in it."""
    made = Copy(tmp_path_factory.mktemp("copy"))
    for index in range(2):
        for name in ("CLONE/gallery", "CLONE/photographs"):
            draw(made.folder / name / f"{index}.png", 320, seed=index + len(name))
        for name in ("DATA/REAL", "DATA/FAKE"):
            draw(made.folder / name / f"{index}.png", 32, seed=index + len(name))
    clone = made.folder / "CLONE"
    settings = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "core.hooksPath=/dev/null")
    for words in (
        ("init", "--quiet"),
        ("remote", "add", "origin", "https://example.org/ann/mygen.git"),
        ("add", "."),
        (*settings, "commit", "--quiet", "-m", "Pictures"),
    ):
        subprocess.run(["git", *words], cwd=clone, check=True)
    return made


def draw(path: Path, side: int, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(drawn(side, side, seed=seed)).save(path)


@pytest.mark.parametrize("title", re.findall(r"^## (Adding .*)$", GUIDE, re.MULTILINE))
def test_each_way_has_under_ten_steps(title: str) -> None:
    steps = [int(number) for number in re.findall(r"^(\d+)\. ", section(title), re.MULTILINE)]
    assert steps == list(range(1, len(steps) + 1))
    assert 3 < len(steps) < 10


def test_pictures_of_a_generator(copy: Copy) -> None:
    rows, prepared, added = (text for kind, text in blocks("Adding a generator's pictures") if kind == "sh")
    copy.follow("sh", rows)
    assert "4 files are ready in prepared" in (told := copy.follow("sh", prepared))
    assert "mygen_gallery" in told
    assert len(list((copy.folder / "prepared" / "FAKE" / "mygen_gallery").iterdir())) == 2
    table = copy.folder / "docs" / "photos-more.tsv"
    before = len(read_table(table, pytest.fail))
    copy.follow("sh", added.splitlines()[0])
    ours = read_table(table, pytest.fail)[before:]
    assert [(row.label, row.source, row.owner, row.w) for row in ours] == [
        *[("fake", "mygen_gallery", "ann", 320)] * 2,
        *[("real", "ann_photographs", "ann", 320)] * 2,
    ]
    # Again, nothing is added: the tables have them.
    copy.run("sh", "-e", "-c", rows, status=1)
    assert len(read_table(copy.folder / "mine.tsv", pytest.fail)) == 4


def test_an_evidence_source(copy: Copy) -> None:
    for kind, text in blocks("Adding an evidence source"):
        told = copy.follow(kind, text)
    assert "gallery/0.png" in told
    with (copy.folder / "CLONE" / "gallery" / "0.png").open("ab") as stream:
        stream.write(b"and more")
    shown = copy.run("imageauth", "check", "CLONE/gallery", "--no-pixels", "--explain")
    assert shown.count("goes on for 8 bytes after the picture's end") == 1


def test_a_degradation(copy: Copy) -> None:
    for kind, text in blocks("Adding a degradation"):
        told = copy.follow(kind, text)
    assert re.search(r"palette-64 .*%", told)
    with Image.open(copy.folder / "palette.png") as seen:
        colours = seen.convert("RGB").getcolors(1000)
    assert colours
    assert len(colours) <= 64


def test_a_language(copy: Copy) -> None:
    (_, copied), (_, offered), (_, checked) = blocks("Adding a language of the page")
    copy.follow("sh", copied)
    copy.follow("diff", offered)
    strings = copy.folder / "src/imageauth/server/static/strings/nl.json"
    strings.write_text(json.dumps(dutch(json.loads(strings.read_text(encoding="utf-8")))), encoding="utf-8")
    assert "passed" in copy.follow("sh", checked)


def dutch(english: dict[str, str]) -> dict[str, str]:
    """Not quite, but other words with the same names in them; and a form of number that English lacks."""
    words = {key: re.sub(r"(?<![\w{])(\w+)(?![\w}])", r"ge\1", text) for key, text in english.items()}
    return {**words, "added.few": words["added.other"]}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"skip": None}, "lacks {'skip'}"),
        ({"skip": " "}, "skip is empty"),
        ({"added.one": "Een."}, "added.one has other {names}"),
        ({"added.tien": "Tien."}, "added.tien, which nothing asks for"),
        (page_words.ENGLISH, "still has the English words"),
    ],
)
def test_a_language_that_is_not_whole_is_told_so(
    change: dict[str, str | None], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = {**dutch(page_words.ENGLISH), **change}
    monkeypatch.setitem(page_words.STRINGS, "nl", {key: text for key, text in words.items() if text is not None})
    with pytest.raises(AssertionError, match=re.escape(said)):
        page_words.test_a_language_is_whole("nl")


def test_the_table_of_pictures_can_be_read_line_by_line() -> None:
    rows = read_table(ROOT / "docs" / "photos-more.tsv", pytest.fail)
    assert len({row.sha256 for row in rows}) == len(rows)
    assert {row.fold for row in rows} == set(range(6))
    assert len(groups(rows)) == len(rows)
    assert {family(row) for row in rows if row.label == "real"} == {""}
