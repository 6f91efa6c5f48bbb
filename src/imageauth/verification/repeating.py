"""The check, once more, as the report says that it was made: by the same model and the same policy."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from imageauth.detector import Detector, FileBytes
from imageauth.models import AUTO, shipped_models
from imageauth.perceptual_hash import perceptual_hash
from imageauth.pixels.card import Card
from imageauth.provenance.trust import TrustLists
from imageauth.report import NO_PIXELS, Report
from imageauth.verdict import ALL_SOURCES, STANDARD, Policy

NO_MODEL = "none"
"""Instead of a model: the pixels were left alone."""


@dataclass(frozen=True, slots=True)
class Means:
    """What a report was made with, as far as it is here.

    Attributes:
        model: to check with: a shipped one's name, a folder, ``auto``, or :data:`NO_MODEL`.
        card: of the model that the report names, if that is here.
        policy: to check under.
        missing: sentences on what is not here; with any of them verdict and pixels cannot be repeated.
    """

    model: str
    card: Card | None
    policy: Policy
    missing: tuple[str, ...] = ()


USUAL = Means(AUTO, None, STANDARD)
"""For what a report does not say how it was made."""


@dataclass(frozen=True, slots=True)
class Found:
    """What is found now.

    Attributes:
        report: of the file as it is.
        card: of the model that looked, with the thresholds that held; None where none did.
        perceptual_hash: of its pixels; None where they were not decoded or there is nothing to see in them.
        bytes: of the file.
    """

    report: Report
    card: Card | None
    perceptual_hash: str | None
    bytes: int


@dataclass(slots=True)
class Repeater:
    """Checks files as reports say that they were checked. Keeps the detectors that it needed.

    Attributes:
        model: a folder or name to take for reports whose model does not ship; None: there is none.
        policy: to take for reports that were made under a policy of their own; None: there is none.
        trust: lists of signers in use.
        online: fetch credentials that lie elsewhere, as ``check --online`` does.
    """

    model: str | None
    policy: Policy | None
    trust: TrustLists
    online: bool = False
    _cards: dict[str, Card] = field(default_factory=dict)
    _detectors: dict[tuple[str, Policy], Detector] = field(default_factory=dict)
    _seen: list[npt.NDArray[np.uint8]] = field(default_factory=list)

    def means(self, report: Report, stated_policy: Mapping[str, Any] | None) -> Means:
        """What it takes to repeat a report.

        Args:
            report: to repeat.
            stated_policy: as its document states it, if it does.

        Raises:
            ModelError: the model that was named cannot be used.
        """
        policy, no_policy = self._policy_of(report, stated_policy)
        model, card, no_model = self._model_of(report)
        return Means(model, card, policy, tuple(filter(None, (no_model, no_policy))))

    def check(self, means: Means, file: FileBytes, name: str) -> Found:
        """Check a file.

        Raises:
            ImageError: it cannot be checked.
            ModelError: the model's weights cannot be read.
            ImageAuthError: the policy does not fit the model.
        """
        key = (means.model, means.policy)
        if key not in self._detectors:
            model = None if means.model == NO_MODEL else means.model
            self._detectors[key] = Detector(
                model, policy=means.policy, trust=self.trust, online=self.online, decoded=self._keep
            )
        detector = self._detectors[key]
        self._seen.clear()
        report = detector.check(file, name=name)
        looked = report.produced_by["model_sha256"]
        card = next((each.card for each in detector.models if each.card.sha256 == looked), None)
        hashed = perceptual_hash(self._seen.pop()) if self._seen else ""
        return Found(report, card, hashed or None, len(file.data))

    def _keep(self, _name: str, pixels: npt.NDArray[np.uint8]) -> None:
        self._seen.append(pixels)

    def _model_of(self, report: Report) -> tuple[str, Card | None, str]:
        """A model by which the report can be repeated, its card, and a sentence if it is not here."""
        named, sha256 = report.produced_by.get("model"), report.produced_by.get("model_sha256")
        if named is None or sha256 is None:
            return (NO_MODEL if NO_PIXELS in report.limits else AUTO), None, ""
        if not self._cards:
            own = () if self.model is None else (self.model,)
            self._cards |= {name: Card.of(name) for name in (*shipped_models(), *own)}
        same = [(name, card) for name, card in self._cards.items() if card.sha256 == sha256]
        for name, card in same:
            if label(card) == named:
                return name, card, ""
        which = f"The report was made by the model {named}, weights {sha256[:16]}…"
        if same:
            other = f"whose weights are here under another card ({label(same[0][1])}), with a calibration of its own"
            return AUTO, None, f"{which}, {other}; --model DIR names its folder."
        here = ", ".join(label(card) for card in self._cards.values())
        return AUTO, None, f"{which}, which is not among those here ({here}); --model DIR names its folder."

    def _policy_of(self, report: Report, stated: Mapping[str, Any] | None) -> tuple[Policy, str]:
        """The policy to decide by, and a sentence if the report's is not here."""
        name, sha256 = report.produced_by.get("policy"), report.produced_by.get("policy_sha256")
        if sha256 is None:
            return STANDARD, ""
        which = f"The report was made under the policy {name!r}, file {sha256[:16]}…"
        if self.policy is not None:
            if self.policy.sha256 == sha256:
                return self.policy, ""
            return self.policy, f"{which}, and --policy names another file ({(self.policy.sha256 or '')[:16]}…)."
        if stated is not None and stated.get("sha256") == sha256 and (policy := _rebuilt(stated)):
            return policy, ""
        return STANDARD, f"{which}; --policy F names it."


def label(card: Card) -> str:
    """A model as reports call it."""
    return f"{card.name} {card.version}"


def _rebuilt(stated: Mapping[str, Any]) -> Policy | None:
    """The policy that a document states; None where it is not stated whole."""
    decides, thresholds = stated.get("decides"), [stated.get(name) for name in ("likely_ai", "likely_real")]
    if not isinstance(decides, list) or not isinstance(stated.get("name"), str):
        return None
    if not all(value is None or (type(value) in (int, float) and 0 <= value <= 1) for value in thresholds):
        return None
    deciding = frozenset(source for source in ALL_SOURCES if source in decides)
    return Policy(stated["name"], deciding, thresholds[0], thresholds[1], stated["sha256"])
