"""Golden scores: the shipped models answer as they did when they were shipped.

After shipping new weights: ``IMAGEAUTH_SHARED=… python -m tests.test_golden`` writes the file anew.
"""

import json
import os
import tarfile
from pathlib import Path

import numpy as np
import pytest

from imageauth.images import decode
from imageauth.models import find_model
from imageauth.pixels.card import Card
from imageauth.pixels.model import PixelModel

FILE = Path(__file__).parent / "golden" / "cifake.json"
# LiteRT's kernels differ a little between processors, and a rounding to 8 bits can fall on the other side.
TOLERANCE = {"abs": 0.15, "rel": 0.01}


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


def scores(pictures: dict[str, np.ndarray]) -> dict[str, float]:
    logits = PixelModel.load("cifake").scores(list(pictures.values()))
    return {name: round(float(logit), 4) for name, logit in zip(pictures, logits, strict=True)}


def golden() -> dict[str, dict[str, float]]:
    data: dict[str, dict[str, float]] = json.loads(FILE.read_text(encoding="utf-8"))
    return data


def test_golden_belongs_to_the_shipped_weights() -> None:
    assert golden()["sha256"] == Card.load(find_model("cifake")).sha256


def test_patterns() -> None:
    assert scores(patterns()) == pytest.approx(golden()["patterns"], **TOLERANCE)


@pytest.mark.shared
def test_real_pictures(shared: Path) -> None:
    assert scores(archive_files(shared)) == pytest.approx(golden()["archive"], **TOLERANCE)


if __name__ == "__main__":
    content = {
        "sha256": Card.load(find_model("cifake")).sha256,
        "patterns": scores(patterns()),
        "archive": scores(archive_files(Path(os.environ["IMAGEAUTH_SHARED"]))),
    }
    FILE.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
