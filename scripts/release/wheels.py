"""The wheel: its size, its parts, and that its weights are those that the cards describe."""

import hashlib
import json
from email import message_from_bytes
from pathlib import Path, PurePosixPath

from release.archives import members
from release.checks import Check
from release.contents import BROUGHT

MAX_MB = 70
# What is longer than this and no model of ours should not be in the wheel at all.
_MAX_FILE = 2 * 2**20
_WEIGHTS = {".tflite", ".onnx", ".h5", ".keras", ".pt", ".pth", ".safetensors", ".npz", ".npy", ".pb", ".bin", ".gguf"}
_NEEDED = ("imageauth/py.typed", "imageauth/__init__.py", "imageauth/cli/__init__.py")


def check_size(wheel: Path) -> Check:
    """Whether it stays below :data:`MAX_MB` megabytes."""
    megabytes = wheel.stat().st_size / 1e6
    wrong = (f"the wheel has {megabytes:.1f} MB, more than {MAX_MB}",) if megabytes > MAX_MB else ()
    return Check("size of the wheel", f"{megabytes:.1f} MB (at most {MAX_MB})", wrong)


def check_parts(wheel: Path, version: str) -> Check:
    """Whether it holds the package with its licences and its version, and nothing beside it."""
    files = dict(members(wheel))
    about = {name for name in files if name.split("/")[0].endswith(".dist-info")}
    wrong = [f"{name} is missing" for name in _NEEDED if name not in files]
    wrong += [
        f"{name} is beside the package" for name in files if name not in about and not name.startswith("imageauth/")
    ]
    for licence in ("LICENSE", "NOTICE"):
        if not any(name.endswith(f"/licenses/{licence}") for name in about):
            wrong.append(f"{licence} is missing")
    metadata = message_from_bytes(next((files[name] for name in about if name.endswith("/METADATA")), b""))
    if metadata["Version"] != version:
        wrong.append(f"its version is {metadata['Version']} instead of {version}")
    for needed in metadata.get_all("Requires-Dist", []):
        if "@" in needed.split(";")[0]:
            wrong.append(f"it needs {needed.split('@')[0].strip()} from an address instead of a registry")
    return Check("parts of the wheel", f"{len(files)} files, version {metadata['Version']}", tuple(wrong))


def check_weights(wheel: Path) -> Check:
    """Whether its weights are those of the cards beside them, all of them and no others; and validation pictures, which
    are numbers too, those that a page beside them describes."""
    wrong, models = [], {}
    files = {PurePosixPath(name): data for name, data in members(wheel)}
    for path, data in files.items():
        if path.name == "card.json" and path.parent.parent == PurePosixPath("imageauth/models"):
            card = json.loads(data)
            models[path.parent / "model.tflite"] = card["sha256"]
            needed = (path.parent / name for name in ("model.tflite", "README.md"))
            wrong += [f"{part} is missing" for part in needed if part not in files]
    for path, sha256 in models.items():
        if path in files and hashlib.sha256(files[path]).hexdigest() != sha256:
            wrong.append(f"{path} is not what its card describes: its SHA-256 differs")
    pictures = {path.parent / "validation.npz" for path in models}
    for path in pictures & files.keys():
        if hashlib.sha256(files[path]).hexdigest().encode() not in files.get(path.with_suffix(".md"), b""):
            wrong.append(f"{path} is not what {path.stem}.md describes: its SHA-256 differs")
    for path, data in files.items():
        if path not in models and path not in pictures and not str(path).startswith(BROUGHT):
            if path.suffix in _WEIGHTS:
                wrong.append(f"{path} has no card")
            elif len(data) > _MAX_FILE:
                wrong.append(f"{path} has {len(data) / 1e6:.1f} MB and is no model of ours")
    if not models:
        wrong.append("there is no model")
    found = ", ".join(f"{path.parent.name} {sha256[:12]}…" for path, sha256 in sorted(models.items()))
    return Check("weights are those of the cards", found, tuple(wrong))
