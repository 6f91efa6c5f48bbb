"""The documentation says what the program does."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from imageauth import __version__
from imageauth.models import find_model
from imageauth.pixels.card import Card
from imageauth.policy import read_policy
from imageauth.verdict import ALL_SOURCES
from tests.docs_pages import same

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("script", ["cli_docs", "policy_docs", "error_rates", "leaderboard"])
def test_a_page_that_is_made_is_current(script: str) -> None:
    made_by(script)


def test_the_data_sheet_is_current(shared: Path) -> None:
    made_by("data_sheet")


def made_by(script: str) -> None:
    done = subprocess.run([sys.executable, str(ROOT / "scripts" / f"{script}.py"), "--check"], check=False)
    assert done.returncode == 0, f"run python scripts/{script}.py"


def test_the_example_policy_is_one() -> None:
    policy = read_policy(ROOT / "examples" / "newsroom.toml")
    assert policy.deciding < ALL_SOURCES
    assert (ROOT / "examples" / "newsroom.toml").read_text(encoding="utf-8") in (ROOT / "docs" / "policy.md").read_text(
        encoding="utf-8"
    )


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


def test_the_picture_of_the_demo_shows_what_it_prints(tmp_path: Path) -> None:
    demo = [sys.executable, str(ROOT / "examples" / "demo.py"), "--svg", str(tmp_path / "demo.svg")]
    subprocess.run(demo, check=True, stdout=subprocess.DEVNULL)
    shown, drawn = (
        [same(text) for text in re.findall(r"<text [^>]*>([^<]*)</text>", path.read_text(encoding="utf-8"))]
        for path in (ROOT / "docs" / "images" / "demo.svg", tmp_path / "demo.svg")
    )
    assert shown == drawn, "run python examples/demo.py --svg docs/images/demo.svg"


def test_the_version_is_the_same_everywhere() -> None:
    assert f"version: {__version__}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"## {__version__} " in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_links_inside_the_repository_lead_somewhere() -> None:
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
