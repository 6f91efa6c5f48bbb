"""Golden scores: the shipped models answer as they did when they were shipped.

After shipping new weights: ``IMAGEAUTH_SHARED=… python -m tests.test_golden`` writes the file anew.
"""

import json
import os
import tarfile
from pathlib import Path

import numpy as np
import pytest

from imageauth.errors import ImageError
from imageauth.images import decode
from imageauth.models import find_model, shipped_models
from imageauth.pixels.card import Card
from imageauth.pixels.model import PixelModel

FOLDER = Path(__file__).parent / "golden"
# LiteRT's kernels differ a little between processors, and a rounding to 8 bits can fall on the other side.
TOLERANCE = {"abs": 0.15, "rel": 0.01}
MODELS = ("cifake", "photo")


def patterns() -> dict[str, np.ndarray]:
    """Pictures by arithmetic alone, the same on every machine."""
    y, x = np.indices((32, 32))
    random = np.random.default_rng(7).integers(0, 256, (32, 32, 3), np.uint8)
    blocks = np.kron(random[:8, :8], np.ones((4, 4, 1), np.uint8))
    return {
        "black": np.zeros((32, 32, 3), np.uint8),
        "white": np.full((32, 32, 3), 255, np.uint8),
        "ramp": np.stack([x * 8, y * 8, (x + y) * 4], axis=-1).astype(np.uint8),
        "checker": np.repeat((((x + y) % 2) * 255)[..., None], 3, axis=-1).astype(np.uint8),
        "noise": random,
        "blocks": blocks,
        "wide": np.tile(blocks, (1, 2, 1)),
        "double": np.kron(blocks, np.ones((2, 2, 1), np.uint8)),
    }


def archive_files(shared: Path) -> dict[str, np.ndarray]:
    """Every 3000th picture of the local CIFAKE archive."""
    pictures = {}
    with tarfile.open(shared / "cifake" / "train.tar.xz") as tar:
        for index, member in enumerate(m for m in tar if m.isfile()):
            if index % 3000 == 0 and (stream := tar.extractfile(member)):
                pictures["/".join(member.name.split("/")[-2:])] = decode(stream.read()).pixels
    return pictures


def sample_files(shared: Path) -> dict[str, np.ndarray]:
    """Every 30th of the provenance samples that is a picture of some size."""
    pictures = {}
    for path in sorted(p for p in (shared / "samples").rglob("*.*") if p.suffix in (".jpg", ".png", ".webp"))[::30]:
        try:
            pixels = decode(path.read_bytes()).pixels
        except ImageError:
            continue
        if min(pixels.shape[:2]) > 64:
            pictures[path.relative_to(shared / "samples").as_posix()] = pixels
    return pictures


def large_patterns() -> dict[str, np.ndarray]:
    """The patterns, large enough for each kind of view."""
    return {name: np.kron(picture, np.ones((15, 15, 1), np.uint8)) for name, picture in patterns().items()}


PATTERNS = {"cifake": patterns, "photo": large_patterns}
FILES = {"cifake": archive_files, "photo": sample_files}


def scores(model: str, pictures: dict[str, np.ndarray]) -> dict[str, float]:
    logits = PixelModel.load(model).scores(list(pictures.values()))
    return {name: round(float(logit), 4) for name, logit in zip(pictures, logits, strict=True)}


def golden(model: str) -> dict[str, dict[str, float]]:
    data: dict[str, dict[str, float]] = json.loads((FOLDER / f"{model}.json").read_text(encoding="utf-8"))
    return data


def test_every_model_is_guarded() -> None:
    assert sorted(MODELS) == shipped_models()


@pytest.mark.parametrize("model", MODELS)
def test_golden_belongs_to_the_shipped_weights(model: str) -> None:
    assert golden(model)["sha256"] == Card.load(find_model(model)).sha256


@pytest.mark.parametrize("model", MODELS)
def test_patterns(model: str) -> None:
    assert scores(model, PATTERNS[model]()) == pytest.approx(golden(model)["patterns"], **TOLERANCE)


@pytest.mark.shared
@pytest.mark.parametrize("model", MODELS)
def test_real_pictures(model: str, shared: Path) -> None:
    assert scores(model, FILES[model](shared)) == pytest.approx(golden(model)["files"], **TOLERANCE)


if __name__ == "__main__":
    for model in MODELS:
        content = {
            "sha256": Card.load(find_model(model)).sha256,
            "patterns": scores(model, PATTERNS[model]()),
            "files": scores(model, FILES[model](Path(os.environ["IMAGEAUTH_SHARED"]))),
        }
        (FOLDER / f"{model}.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
