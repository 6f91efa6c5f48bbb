"""The built wheel, installed elsewhere and run from another folder."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.releasing import contents, package_checks

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--wheel-dir",
        str(folder),
        str(ROOT),
    ]
    subprocess.run(command, check=True, cwd=folder)
    (file,) = folder.glob("imageauth-*.whl")
    return file


def test_the_wheel_carries_the_weights_and_nothing_odd(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    for name in ("model.tflite", "card.json", "README.md"):
        assert f"imageauth/models/cifake/{name}" in names
        assert f"imageauth/models/photo/{name}" in names
    assert [name for name in names if name.endswith("/licenses/NOTICE")]
    assert "imageauth/py.typed" in names
    assert "imageauth/evaluation/page.css" in names
    assert "imageauth/scan/review/page/index.html" in names
    assert not [name for name in names if name.split("/")[0] not in ("imageauth",) and ".dist-info/" not in name]
    assert "imageauth/models/photo/validation.npz" in names
    version = wheel.name.split("-")[1]
    assert [check.failures for check in package_checks(wheel, version, contents.Machine.this())] == [()] * 4


def test_it_works_where_the_repository_is_not(wheel: Path, tmp_path: Path, picture: Path) -> None:
    target, elsewhere = tmp_path / "site", tmp_path / "elsewhere"
    elsewhere.mkdir()
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(target), str(wheel)]
    subprocess.run(command, check=True)
    environment = os.environ | {"PYTHONPATH": str(target)}

    def run(*arguments: str) -> str:
        command = [sys.executable, *arguments]
        return subprocess.run(
            command, check=True, capture_output=True, text=True, cwd=elsewhere, env=environment
        ).stdout

    assert Path(run("-c", "import imageauth; print(imageauth.__file__)").strip()).is_relative_to(target)
    report = json.loads(run("-m", "imageauth", "check", str(picture), "--json"))
    assert report["verdict"]
    assert (target / "bin" / "imageauth").is_file()
