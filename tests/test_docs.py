"""The documentation says what the program does."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from imageauth import __version__
from imageauth.cli import app
from imageauth.models import find_model
from imageauth.pixels.card import Card
from imageauth.policy import read_policy
from imageauth.verdict import ALL_SOURCES

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_command_reference_is_current() -> None:
    done = subprocess.run([sys.executable, str(ROOT / "scripts" / "cli_docs.py"), "--check"], check=False)
    assert done.returncode == 0, "run python scripts/cli_docs.py"


def test_the_page_of_the_policy_is_current() -> None:
    done = subprocess.run([sys.executable, str(ROOT / "scripts" / "policy_docs.py"), "--check"], check=False)
    assert done.returncode == 0, "run python scripts/policy_docs.py"


def test_the_example_policy_is_one() -> None:
    policy = read_policy(ROOT / "examples" / "newsroom.toml")
    assert policy.deciding < ALL_SOURCES
    assert (ROOT / "examples" / "newsroom.toml").read_text(encoding="utf-8") in (ROOT / "docs" / "policy.md").read_text(
        encoding="utf-8"
    )


def commands() -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    lines = [line.split("  #")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line.startswith("imageauth ")]


@pytest.mark.parametrize("line", commands())
def test_every_command_of_the_readme_exists_with_its_options(line: str) -> None:
    words = shlex.split(line)[1:]
    path = [words.pop(0)]
    if path[0] in ("data", "train", "tune", "web"):
        path.append(words.pop(0))
    shown = CliRunner().invoke(app, [*path, "--help"]).output
    for option in (word for word in words if word.startswith("--")):
        assert option in shown, f"{line}: {option}"


def test_the_readmes_figures_are_the_cards() -> None:
    figures = Card.load(find_model("cifake")).figures
    for value in (
        f"{figures['accuracy']:.2%}",
        f"{figures['auroc']:.4f}",
        f"{figures['ece']:.4f}",
        f"{figures['tpr_at_fpr_1']:.1%}",
        f"{figures['real_called_likely_ai']:.2%}",
        f"{figures['coverage']:.1%}",
        f"{figures['parameters']:,}",
    ):
        assert value in README, value


def test_the_version_is_the_same_everywhere() -> None:
    assert f"version: {__version__}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"## {__version__} " in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_links_inside_the_repository_lead_somewhere() -> None:
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
