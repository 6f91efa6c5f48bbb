"""Imports go one way, and start-up loads nothing heavy."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

import imageauth
from tests.conftest import drawn

ROOT = Path(imageauth.__file__).parent
SERVING = {
    "imagefile",
    "images",
    "report",
    "verdict",
    "errors",
    "models",
    "plugins",
    "detector",
    "pixels",
    "provenance",
    "rendering",
}

# room → rooms that it may import (itself always). Command files may import all.
ALLOWED = {
    "errors": set(),
    "report": set(),
    "escaping": set(),
    "patterns": set(),
    "perceptual_hash": set(),
    "models": {"errors", "plugins"},
    "plugins": {"errors", "escaping"},
    "files": {"errors"},
    "manifest": {"errors", "files"},
    "jpeg": set(),
    "png": {"errors"},
    "silence": set(),
    "svg": set(),
    "formats": {"svg"},
    "imagefile": set(),
    "images": {"errors", "escaping", "formats", "imagefile", "jpeg", "png", "svg"},
    "verdict": {"report"},
    "folders": {"errors", "images", "patterns", "report"},
    "policy": {"errors", "verdict"},
    "signing": {"errors", "escaping", "files"},
    "pixels": {"errors", "images", "jpeg", "models", "report"},
    "provenance": {"errors", "escaping", "files", "formats", "imagefile", "images", "plugins", "png", "report", "svg"},
    "rendering": {"errors", "escaping", "files", "models", "perceptual_hash", "pixels", "plugins", "report", "verdict"},
    "detector": SERVING,
    "documents": SERVING | {"files", "perceptual_hash"},
    "scan": {
        *("detector", "errors", "escaping", "files", "folders", "images", "models"),
        *("patterns", "perceptual_hash", "pixels", "plugins", "policy", "provenance"),
        *("rendering", "report", "silence", "verdict"),
    },
    "verification": SERVING | {"perceptual_hash", "policy", "signing"} | {"detector", "escaping"},
    "server": SERVING | {"detector", "documents", "escaping", "files", "policy", "rendering"},
    "evaluation": {"errors", "escaping", "files", "images", "manifest", "pixels", "rendering", "report"},
    "training": {"errors", "escaping", "evaluation", "files", "images", "manifest", "models", "pixels"},
}


def imported_rooms(file: Path) -> set[str]:
    """Rooms of imageauth that a file imports, anywhere in it."""
    rooms = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert not node.level, f"{file}: relative import"
            names = (
                [f"{node.module}.{alias.name}" for alias in node.names] if node.module == "imageauth" else [node.module]
            )
        for name in names:
            parts = name.split(".")
            if parts[0] == "imageauth" and len(parts) > 1 and parts[1] != "__version__":
                rooms.add(parts[1])
    return rooms


@pytest.mark.parametrize("file", sorted(ROOT.rglob("*.py")), ids=lambda file: str(file.relative_to(ROOT)))
def test_arrows_go_one_way(file: Path) -> None:
    room = file.relative_to(ROOT).parts[0].removesuffix(".py")
    if room in ("cli", "__init__", "__main__"):
        return
    assert imported_rooms(file) <= ALLOWED[room] | {room}


@pytest.mark.parametrize("file", sorted(ROOT.rglob("*.py")), ids=lambda file: str(file.relative_to(ROOT)))
def test_tensorflow_lives_in_training_alone(file: Path) -> None:
    if file.relative_to(ROOT).parts[0] == "training":
        return
    text = file.read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(text)):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        assert not {name.split(".")[0] for name in names} & {"tensorflow", "keras"}


def all_after(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules)"], capture_output=True, text=True, check=True
    )
    return set(done.stdout.splitlines()[-1].split())


def modules_after(code: str) -> set[str]:
    return {name.split(".")[0] for name in all_after(code)}


def test_import_loads_nothing_heavy() -> None:
    heavy = {"tensorflow", "keras", "numpy", "PIL", "ai_edge_litert", "fastapi", "ray", "typer", "rich", "c2pa"}
    assert not modules_after("import imageauth") & heavy


def test_a_check_loads_no_training_and_no_plots(picture: Path) -> None:
    loaded = modules_after(f"import imageauth; imageauth.check({str(picture)!r})")
    assert not loaded & {"tensorflow", "keras", "sklearn", "matplotlib", "scipy"}


def test_a_check_of_a_plain_file_loads_nothing_for_the_network(tmp_path: Path) -> None:
    file = tmp_path / "plain.jpg"
    Image.fromarray(drawn(64, 64)).save(file)
    loaded = all_after(f"import imageauth; assert imageauth.check({str(file)!r}).verdict")
    assert not loaded & {"urllib.request", "http.client", "ssl", "c2pa", "imageauth.provenance.fetching"}


def test_every_public_name_exists() -> None:
    for name in imageauth.__all__:
        assert getattr(imageauth, name) is not None
    assert set(imageauth.__all__) == set(dir(imageauth))
    with pytest.raises(AttributeError):
        _ = imageauth.nonsense
