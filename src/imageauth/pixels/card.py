"""``card.json``: all that turns a network's number into an answer, kept beside its weights and out of the code."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from imageauth.errors import ModelError
from imageauth.models import find_model, plugin_model
from imageauth.pixels.answers import Answers
from imageauth.pixels.calibration import Calibration
from imageauth.pixels.condition import CONDITIONS
from imageauth.pixels.layout import Layout

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
class Risks:
    """How often likely-ai and likely-real may be wrong: what conformal thresholds are chosen by.

    Attributes:
        real: share of real pictures that are called likely-ai, macro over real sources.
        real_kind: the same of the pictures of any kind with enough of them; None: no kind is looked at by itself.
        ai: share of AI pictures that are called likely-real, macro over AI sources.
        least_sure: least probability of the class that is named, whatever the risks allow.
    """

    real: float = 0.02
    real_kind: float | None = 0.05
    ai: float = 0.05
    least_sure: float = 0.8

    def to_json(self) -> dict[str, float | None]:
        """Plain data for ``card.json``."""
        return {"real": self.real, "real_kind": self.real_kind, "ai": self.ai, "least_sure": self.least_sure}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "Risks":
        """What :meth:`to_json` gave.

        Raises:
            KeyError, TypeError, ValueError: something is missing or no share.
        """
        values = {name: None if data[name] is None else float(data[name]) for name in Risks.__slots__}
        if any(value is not None and not 0 <= value <= 1 for value in values.values()):
            raise ValueError("a risk lies outside 0..1")
        if None in (values["real"], values["ai"], values["least_sure"]):
            raise ValueError("a risk is missing")
        return Risks(**values)  # type: ignore[arg-type]


STANDARD_RISKS = Risks()
"""Where a card does not say."""


@dataclass(frozen=True, slots=True)
class Domain:
    """Which images a model's figures speak for.

    Attributes:
        short_side: (least, most), pixels.
        aspect: longer side over shorter, at most.
        contrast: least standard deviation of what the network looks at, in levels of 0..255.
        text: the same in words, with what kind of images.
        unfamiliar: the network's unfamiliarity above which an image is unlike what was measured; None: it does not say.
    """

    short_side: tuple[int, int]
    aspect: float
    contrast: float
    text: str
    unfamiliar: float | None = None

    def familiar(self, unfamiliarity: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        """Whether images are like those that the model was measured on, as far as the network can say.

        Args:
            unfamiliarity: float64 [N], as the network gives it; NaN is not familiar.
        """
        if self.unfamiliar is None:
            return np.ones(unfamiliarity.shape, np.bool_)
        return np.asarray(unfamiliarity <= self.unfamiliar)

    def misshapen(self, width: int, height: int) -> str | None:
        """Why an image of this size lies outside, as :meth:`outside` says it."""
        least, most = self.short_side
        short, long = min(width, height), max(width, height)
        if not least <= short <= most:
            size = "larger" if short > most else "smaller"
            return f"{size} ({width}×{height}) than the short side of {least}–{most} pixels that the model is meant for"
        if long > self.aspect * short:
            return f"longer ({width}×{height}) than the {self.aspect:g}:1 that the model is meant for"
        return None

    def outside(self, width: int, height: int, contrast: float, unfamiliarity: float) -> str | None:
        """Why an image lies outside, to follow "this image is"; None if it lies inside.

        Args:
            width: pixels.
            height: pixels.
            contrast: standard deviation of its views, in levels of 0..255.
            unfamiliarity: as the network gives it.
        """
        if reason := self.misshapen(width, height):
            return reason
        if contrast < self.contrast:
            return "flatter than any that the model was measured on"
        if not self.familiar(np.array(unfamiliarity)):
            return "unlike those that the model was measured on"
        return None


@dataclass(frozen=True, slots=True)
class Card:
    """A model's card.

    Attributes:
        name: of the model.
        version: rises whenever the weights or the thresholds change.
        file: the weights, relative to the card.
        sha256: of that file, hexadecimal.
        layout: how it looks at an image, and how what it says of the views becomes one score.
        answers: what the columns of the network's output mean.
        domain: images that the figures speak for.
        calibration: logit → probability.
        thresholds: see :class:`Thresholds`.
        figures: measured results, as shown by ``imageauth models``.
        limits: sentences for every report.
        conditions: of an image, of which the report speaks (:data:`imageauth.pixels.condition.CONDITIONS`), each with a
            sentence on what was measured there, or "".
        risks: that the thresholds were chosen by; None where the card does not say.
        made_from: of a model made from another one: which, by what means, from what data; empty for others.
    """

    name: str
    version: str
    file: str
    sha256: str
    layout: Layout
    answers: Answers
    domain: Domain
    calibration: Calibration
    thresholds: Thresholds
    figures: Mapping[str, Any]
    limits: tuple[str, ...]
    conditions: Mapping[str, str] = field(default_factory=dict)
    risks: Risks | None = None
    made_from: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Plain data; :meth:`load` reads it back."""
        return {
            "schema": SCHEMA,
            "name": self.name,
            "version": self.version,
            "file": self.file,
            "sha256": self.sha256,
            "input": self.layout.to_json(),
            "answers": self.answers.to_json(),
            "domain": {
                "short_side": list(self.domain.short_side),
                "aspect": self.domain.aspect,
                "contrast": self.domain.contrast,
                "text": self.domain.text,
                "unfamiliar": self.domain.unfamiliar,
            },
            "calibration": self.calibration.to_json(),
            "thresholds": {
                "decision": self.thresholds.decision,
                "ai": self.thresholds.ai,
                "real": self.thresholds.real,
            },
            "figures": dict(self.figures),
            "limits": list(self.limits),
            "conditions": dict(self.conditions),
            **({"risks": self.risks.to_json()} if self.risks else {}),
            **({"made_from": dict(self.made_from)} if self.made_from else {}),
        }

    def to_text(self) -> str:
        """The content of ``card.json``."""
        return json.dumps(self.to_json(), indent=1, ensure_ascii=False) + "\n"

    @staticmethod
    def of(name: str | Path) -> "Card":
        """The card of a model, by name or folder (:func:`imageauth.models.find_model`).

        Raises:
            ModelError: there is none, or it is not usable; or the model of a plug-in calls itself by another name, so
                that reports would not say what was asked for.
        """
        card = Card.load(find_model(name))
        if card.name != str(name) and (plugin := plugin_model(name)):
            raise ModelError(str(plugin.error(f"has a card of another name, {card.name!r}")))
        return card

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
            domain = Domain(
                (int(least), int(most)),
                float(data["domain"]["aspect"]),
                float(data["domain"]["contrast"]),
                str(data["domain"]["text"]),
                None if (unfamiliar := data["domain"].get("unfamiliar")) is None else float(unfamiliar),
            )
            answers = data.get("answers")
            card = Card(
                name=str(data["name"]),
                version=str(data["version"]),
                file=str(data["file"]),
                sha256=str(data["sha256"]),
                layout=Layout.from_json(data["input"]),
                # Cards of 0.1.0 do not say; they use a second column if they set a limit to it.
                answers=Answers.usual(1 + (domain.unfamiliar is not None))
                if answers is None
                else Answers.from_json(answers),
                domain=domain,
                calibration=Calibration(**data["calibration"]),
                thresholds=Thresholds(**{key: float(value) for key, value in data["thresholds"].items()}),
                figures=dict(data["figures"]),
                limits=tuple(data["limits"]),
                conditions={str(name): str(text) for name, text in data.get("conditions", {}).items()},
                risks=None if data.get("risks") is None else Risks.from_json(data["risks"]),
                made_from=dict(data.get("made_from", {})),
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ModelError(f"{file} is incomplete or damaged: {type(error).__name__}: {error}") from error
        if not 0 <= card.thresholds.real < card.thresholds.ai <= 1:
            raise ModelError(f"{file} is damaged: its thresholds make no sense")
        if card.domain.unfamiliar is not None and card.answers.unfamiliarity is None:
            raise ModelError(f"{file} is damaged: it limits what is unfamiliar, and no answer says what is")
        if unknown := sorted(set(card.conditions) - set(CONDITIONS)):
            raise ModelError(f"{file} speaks of a condition that this version does not know: {unknown[0]}")
        return card
