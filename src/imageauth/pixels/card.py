"""``card.json``: all that turns a network's number into an answer, kept beside its weights and out of the code."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from imageauth.errors import ModelError
from imageauth.pixels.calibration import Calibration

SCHEMA = "imageauth/card/1"
FILE_NAME = "card.json"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Calibrated probabilities at which something is said; frozen on validation data.

    Attributes:
        decision: at or above it an image counts as AI-made when every image must be called one or the other.
        ai: at or above it the pixels point to AI.
        real: at or below it the pixels point to a real photograph. Between ``real`` and ``ai`` they point nowhere.
    """

    decision: float
    ai: float
    real: float


@dataclass(frozen=True, slots=True)
class Card:
    """A model's card.

    Attributes:
        name: of the model.
        version: rises whenever the weights or the thresholds change.
        file: the weights, relative to the card.
        sha256: of that file, hexadecimal.
        side: height and width of the network's input, pixels.
        views: most square views of one image that are scored and averaged.
        domain: (least, most) short side in pixels of images that the figures speak for.
        domain_text: the same in words, with what kind of images.
        calibration: logit → probability.
        thresholds: see :class:`Thresholds`.
        figures: measured results, as shown by ``imageauth models``.
        limits: sentences for every report.
    """

    name: str
    version: str
    file: str
    sha256: str
    side: int
    views: int
    domain: tuple[int, int]
    domain_text: str
    calibration: Calibration
    thresholds: Thresholds
    figures: Mapping[str, Any]
    limits: tuple[str, ...]

    def covers(self, width: int, height: int) -> bool:
        """Whether an image of this size, in pixels, lies inside the domain."""
        return self.domain[0] <= min(width, height) <= self.domain[1]

    def to_json(self) -> dict[str, Any]:
        """Plain data; :meth:`load` reads it back."""
        return {
            "schema": SCHEMA,
            "name": self.name,
            "version": self.version,
            "file": self.file,
            "sha256": self.sha256,
            "input": {"side": self.side, "views": self.views, "range": [0, 255], "colour": "sRGB", "output": "logit"},
            "domain": {"short_side": list(self.domain), "text": self.domain_text},
            "calibration": self.calibration.to_json(),
            "thresholds": {
                "decision": self.thresholds.decision,
                "ai": self.thresholds.ai,
                "real": self.thresholds.real,
            },
            "figures": dict(self.figures),
            "limits": list(self.limits),
        }

    @staticmethod
    def load(folder: Path) -> "Card":
        """Read a model folder's card.

        Raises:
            ModelError: it is missing, not JSON, of another schema, or lacks something; the message says what.
        """
        file = folder / FILE_NAME
        try:
            data = json.loads(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise ModelError(f"{folder} is not a model folder: it has no {FILE_NAME}") from None
        except (OSError, ValueError) as error:
            raise ModelError(f"{file} cannot be read: {error}") from error
        if not isinstance(data, dict) or data.get("schema") != SCHEMA:
            raise ModelError(f"{file} is not a card of schema {SCHEMA}")
        try:
            least, most = data["domain"]["short_side"]
            return Card(
                name=str(data["name"]),
                version=str(data["version"]),
                file=str(data["file"]),
                sha256=str(data["sha256"]),
                side=int(data["input"]["side"]),
                views=int(data["input"]["views"]),
                domain=(int(least), int(most)),
                domain_text=str(data["domain"]["text"]),
                calibration=Calibration(**data["calibration"]),
                thresholds=Thresholds(**{key: float(value) for key, value in data["thresholds"].items()}),
                figures=dict(data["figures"]),
                limits=tuple(data["limits"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(f"{file} is incomplete or damaged: {type(error).__name__}: {error}") from error
