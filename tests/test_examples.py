"""The example packages: installed as a user would, they do what their pages and docs/plugins.md say."""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from PIL import Image

from imageauth.pixels.card import Card
from tests.conftest import drawn

ROOT = Path(__file__).parent.parent
PACKAGES = sorted(path.parent for path in (ROOT / "examples").glob("*/pyproject.toml"))
PAGE = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which all of them are installed."""
    target = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*command, "--target", str(target), *map(str, PACKAGES)], check=True, cwd=target)
    paths = [str(target), str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths)), "NO_COLOR": "1"}


def run(environment: dict[str, str], *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def test_all_are_found(installed: dict[str, str]) -> None:
    done = run(installed, "imageauth", "plugins", "--json")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert (done.returncode, done.stderr) == (0, "")
    about = [tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"] for folder in PACKAGES]
    assert {(row["group"], row["name"], row["package"], row["version"]) for row in rows} == {
        (group, name, project["name"], project["version"])
        for project in about
        for group, entries in project["entry-points"].items()
        for name in entries
    }
    assert {row["kind"] for row in rows} == {"source", "model", "renderer"}


def test_they_work_together(installed: dict[str, str], tmp_path: Path) -> None:
    picture, page = tmp_path / "a.png", tmp_path / "report.md"
    Image.fromarray(drawn()).save(picture)
    listing = run(installed, "imageauth_known_pictures", "--head", "--says", "ai", "--note", "Debunked.", picture)
    (tmp_path / "list.csv").write_text(listing.stdout, encoding="utf-8")
    environment = installed | {"KNOWN_PICTURES": str(tmp_path / "list.csv")}
    options = ("--json", "--model", "cifake-tiny", "--render", f"markdown:{page}")
    done = run(environment, "imageauth", "check", picture, *options)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["produced_by"]["model"] == "cifake-tiny 1"
    assert report["produced_by"]["plugins"] == "imageauth-known-pictures 1.0"
    (listed,) = [item for item in report["evidence"] if item["source"] == "plugin"]
    assert (listed["code"], listed["detail"]["note"]) == ("known-pictures-file", "Debunked.")
    text = page.read_text(encoding="utf-8")
    assert report["sha256"] in text
    assert "as AI-made\\: Debunked\\." in text


def test_their_own_tests_pass(installed: dict[str, str]) -> None:
    tests = [folder / "tests" for folder in PACKAGES]
    done = run(installed, "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", ROOT / "examples", *tests)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_model_says_truthfully_what_it_is() -> None:
    folder = ROOT / "examples" / "model-cifake-tiny"
    model = folder / "src" / "imageauth_cifake_tiny" / "model"
    card, weights = Card.load(model), (model / "model.tflite").stat().st_size
    assert weights < 50_000
    page = (folder / "README.md").read_text(encoding="utf-8")
    figures = [f"{card.figures[name]:.1%}" for name in ("accuracy", "coverage", "worst_degradation_accuracy")]
    for value in (*figures, f"{card.figures['auroc']:.3f}", f"{weights:,} bytes"):
        assert value in page, value
    assert card.sha256 in (model / "README.md").read_text(encoding="utf-8")


def indented(text: str, by: str) -> str:
    return "".join(line.removeprefix(by) for line in text.splitlines(keepends=True))


def blocks() -> list[tuple[str, str]]:
    """Code of docs/plugins.md: language → text, without the indentation of the list that it stands in."""
    found = re.findall(r"^( *)```(\w+)\n(.*?)^\1```$", PAGE, re.DOTALL | re.MULTILINE)
    return [(language, indented(text, by)) for by, language, text in found]


def test_the_pages_code_is_the_examples() -> None:
    files = [path for folder in PACKAGES for path in folder.rglob("*") if path.suffix in (".py", ".toml")]
    sources = [path.read_text(encoding="utf-8") for path in files]
    code = [text for language, text in blocks() if language in ("python", "toml")]
    assert len(code) >= 8
    for text in code:
        assert any(text in source for source in sources), text


def test_the_pages_steps_are_fewer_than_ten() -> None:
    for section in PAGE.split("\n## ")[1:]:
        assert len(re.findall(r"^\d+\. ", section, re.MULTILINE)) < 10
