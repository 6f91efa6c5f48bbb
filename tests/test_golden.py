"""Golden scores: the shipped models answer as they did when they were shipped.

After shipping new weights: ``IMAGEAUTH_SHARED=… python -m tests.test_golden`` writes the file anew.
"""

import json
import os
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from imageauth import Detector
from imageauth.errors import ImageError
from imageauth.images import decode
from imageauth.models import shipped_models
from tests.golden import FOLDER, PATTERNS, TOLERANCE, answer, as_png, differences, golden, scores, sha256

MODELS = tuple(PATTERNS)


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


FILES = {"cifake": archive_files, "photo": sample_files}


def answers(detector: Detector, model: str) -> dict[str, dict[str, Any]]:
    return {name: answer(detector.check(as_png(pixels))) for name, pixels in PATTERNS[model]().items()}


def test_every_model_is_guarded() -> None:
    assert sorted(MODELS) == shipped_models()


@pytest.mark.parametrize("model", MODELS)
def test_golden_belongs_to_the_shipped_weights(model: str) -> None:
    assert golden(model)["sha256"] == sha256(model)


@pytest.mark.parametrize("model", MODELS)
def test_patterns(model: str, detector: Detector) -> None:
    said, answered = scores(model, PATTERNS[model]()), answers(detector, model)
    assert list(differences(model, said, answered)) == []
    said["black"] += 1
    answered["ramp"]["verdict"] = "likely-ai"
    answered["noise"]["probability"] = 0.5
    assert len(list(differences(model, said, answered))) == 3


@pytest.mark.shared
@pytest.mark.parametrize("model", MODELS)
def test_real_pictures(model: str, shared: Path) -> None:
    assert scores(model, FILES[model](shared)) == pytest.approx(golden(model)["files"], **TOLERANCE)


if __name__ == "__main__":
    for model in MODELS:
        content = {
            "sha256": sha256(model),
            "patterns": scores(model, PATTERNS[model]()),
            "answers": answers(Detector(), model),
            "files": scores(model, FILES[model](Path(os.environ["IMAGEAUTH_SHARED"]))),
        }
        (FOLDER / f"{model}.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
