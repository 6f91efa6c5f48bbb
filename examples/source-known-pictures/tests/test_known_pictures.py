"""The list is asked, and what it says reaches the report."""

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

import imageauth


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture, and the list on which it stands."""
    folder = tmp_path_factory.mktemp("desk")
    path = folder / "known.png"
    Image.linear_gradient("L").rotate(30).resize((64, 64)).convert("RGB").save(path)
    command = [sys.executable, "-m", "imageauth_known_pictures", "--head", "--says", "ai", "--note", "Debunked.", path]
    (folder / "list.csv").write_bytes(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return folder


@pytest.fixture
def photo(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The picture, where the list is asked."""
    monkeypatch.setenv("KNOWN_PICTURES", str(folder / "list.csv"))
    return folder / "known.png"


def said(path: Path) -> list[imageauth.Evidence]:
    return [item for item in imageauth.check(path).evidence if item.source == "plugin"]


def test_these_very_bytes(photo: Path) -> None:
    report = imageauth.check(photo)
    assert report.verdict == "likely-ai"
    assert "These very bytes stand on the desk's list as AI-made: Debunked." in report.summary
    assert report.produced_by["plugins"] == "imageauth-known-pictures 1.0"


def test_the_same_picture_saved_again(photo: Path, tmp_path: Path) -> None:
    Image.open(photo).resize((56, 56)).save(tmp_path / "again.jpg", quality=60)
    (item,) = said(tmp_path / "again.jpg")
    assert item.code == "known-pictures-lookalike"
    assert item.detail["bits_that_differ"] <= 24


def test_others(photo: Path, tmp_path: Path) -> None:
    Image.radial_gradient("L").resize((64, 64)).convert("RGB").save(tmp_path / "other.png")
    assert said(tmp_path / "other.png") == []


def test_no_list(photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KNOWN_PICTURES")
    (item,) = said(photo)
    assert item.code == "plugin-failed"
    assert "KNOWN_PICTURES names no list" in item.finding
