"""Golden scores and answers: what the shipped models said of pictures when they were shipped.

Of pictures by arithmetic alone, the same on every machine, so that any runtime and any installed package can be asked.
Needs nothing but imageauth and what it needs: ``python -m tests.golden`` asks the package that is installed.
"""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from imageauth.models import find_model
from imageauth.pixels.card import Card
from imageauth.pixels.model import PixelModel
from imageauth.report import Report

FOLDER = Path(__file__).parent
# LiteRT's kernels differ a little between processors, and a rounding to 8 bits can fall on the other side.
TOLERANCE = {"abs": 0.15, "rel": 0.01}
PROBABILITY_TOLERANCE = 0.1


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


def large_patterns() -> dict[str, np.ndarray]:
    """The patterns, large enough for each kind of view."""
    return {name: np.kron(picture, np.ones((15, 15, 1), np.uint8)) for name, picture in patterns().items()}


PATTERNS = {"cifake": patterns, "photo": large_patterns}


def golden(model: str) -> dict[str, Any]:
    """What is expected: ``sha256`` of the weights, ``patterns`` and ``files`` → score, ``answers`` of the patterns."""
    data: dict[str, Any] = json.loads((FOLDER / f"{model}.json").read_text(encoding="utf-8"))
    return data


def scores(model: str, pictures: dict[str, np.ndarray]) -> dict[str, float]:
    """What a shipped network says of pictures, a logit each."""
    logits = PixelModel.load(model).scores(list(pictures.values()))
    return {name: round(float(logit), 4) for name, logit in zip(pictures, logits, strict=True)}


def sha256(model: str) -> str:
    """Of a shipped model's weights, by its card."""
    return Card.load(find_model(model)).sha256


def as_png(pixels: np.ndarray) -> bytes:
    """A picture as a file."""
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def answer(report: Report) -> dict[str, Any]:
    """Of a report, what must stay."""
    return {"verdict": str(report.verdict), "probability": report.probability}


def differences(model: str, said: dict[str, float], answered: dict[str, dict[str, Any]]) -> Iterator[str]:
    """One line for each score and answer that is not as expected.

    Args:
        model: a shipped one.
        said: pattern → score.
        answered: pattern → :func:`answer`.
    """
    expected = golden(model)
    if expected["sha256"] != sha256(model):
        yield f"{model}: the weights are not those that the golden scores are of"
    for name, score in expected["patterns"].items():
        if not abs(said[name] - score) <= max(TOLERANCE["abs"], TOLERANCE["rel"] * abs(score)):
            yield f"{model}, {name}: the score is {said[name]} instead of {score}"
    for name, wanted in expected["answers"].items():
        got = answered[name]
        if got["verdict"] != wanted["verdict"]:
            yield f"{model}, {name}: the verdict is {got['verdict']} instead of {wanted['verdict']}"
        before, now = wanted["probability"], got["probability"]
        if (before is None) != (now is None) or (now is not None and abs(now - before) > PROBABILITY_TOLERANCE):
            yield f"{model}, {name}: the probability is {now} instead of {before}"
