"""The card and the page of a model that was tuned to a user's pictures."""

import hashlib
import html
import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

import imageauth
from imageauth.errors import DataError
from imageauth.escaping import printable
from imageauth.evaluation.figures import or_none, rounded
from imageauth.evaluation.own_pictures import Chosen
from imageauth.evaluation.own_splits import Split
from imageauth.evaluation.recalibrated import HOLDS, OF_VERDICTS
from imageauth.evaluation.recalibration import Recalibration
from imageauth.evaluation.thresholds import enough, least_units
from imageauth.evaluation.wording import PAIRED, verdict_thresholds
from imageauth.files import write_atomically
from imageauth.models import shipped_models
from imageauth.pixels.card import FILE_NAME, Card
from imageauth.training.export import WEIGHTS
from imageauth.training.model_card import CARD_PAGE
from imageauth.training.own.judge import BeforeAfter, table
from imageauth.training.own.tune import Tuned

BEFORE_AFTER = "before-after.json"
"""All figures of a tuned model; ``figures.json`` would be those of a leave-sources-out measurement."""
OWN, ADDED, SHIPPED = "your pictures, held out", "the same, against recalibrating alone", "shipped validation"
"""What figures of the pictures that a model was tuned to, and of those that ship, are called."""
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")
# Of AUROC, of real pictures accused or AI-made ones cleared, on the shipped validation pictures; less needs no warning.
_FORGOTTEN = 0.01


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the card tells.

    Attributes:
        name: of the model.
        parent: card of the one that it began as.
        tuned: heads, and how they were chosen.
        found: calibration and thresholds.
        judged: set of pictures → figures before and after; of the user's own they are called :data:`OWN` and
            :data:`ADDED`.
        told: sentences on the pictures.
        parts: their folds.
        chosen: the pictures.
    """

    name: str
    parent: Card
    tuned: Tuned
    found: Recalibration
    judged: dict[str, BeforeAfter]
    told: tuple[str, ...]
    parts: Split
    chosen: Chosen

    @property
    def counts(self) -> tuple[int, int]:
        """Real and AI-made pictures."""
        return self.chosen.count(0), self.chosen.count(1)

    @property
    def units(self) -> str:
        """What the thresholds' risks are kept for."""
        words = [("pictures", "sources")[by_source] for by_source in self.found.by_source]
        return words[0] if words[0] == words[1] else f"real {words[0]} and AI-made {words[1]}"

    def card(self, network: bytes) -> Card:
        """The new model's.

        Args:
            network: its LiteRT file.
        """
        parent, (real, fake) = self.parent, self.counts
        return replace(
            parent,
            name=self.name,
            version="1",
            file=WEIGHTS,
            sha256=hashlib.sha256(network).hexdigest(),
            domain=replace(
                parent.domain, text=f"pictures like the {real + fake:,} of a user's own that it was tuned to"
            ),
            calibration=self.found.calibration,
            thresholds=self.found.thresholds,
            risks=self.found.risks,
            figures=_figures(self),
            limits=limits(self),
            conditions=dict.fromkeys(parent.conditions, ""),  # what was measured there was measured of the parent
            made_from=_made_from(self),
        )


def check_name(name: str) -> str:
    """A name that a model may have.

    Raises:
        DataError: it is none, or that of a shipped model.
    """
    if not _NAME.fullmatch(name):
        raise DataError(
            f"{printable(name)[:60]} is no name for a model: lower-case letters, digits, . _ - (40 at most)"
        )
    if name in shipped_models():
        raise DataError(f"{name} is the name of a shipped model: choose another --name")
    return name


def write_model(folder: Path, facts: Facts, network: bytes) -> Card:
    """Write ``model.tflite``, ``before-after.json``, the page and, last, ``card.json``.

    Args:
        folder: to write; made where it is missing.
        facts: what to tell.
        network: the LiteRT file.

    Returns:
        The card as written.

    Raises:
        OSError: it cannot be written.
    """
    card = facts.card(network)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FILE_NAME).unlink(missing_ok=True)  # until all of it is new, it is no model folder
    write_atomically(folder / WEIGHTS, network)
    write_atomically(folder / BEFORE_AFTER, (json.dumps(rounded(_everything(facts)), indent=1) + "\n").encode())
    write_atomically(folder / CARD_PAGE, _page(card, facts, len(network)).encode())
    write_atomically(folder / FILE_NAME, card.to_text().encode())
    return card


def warnings(facts: Facts) -> list[str]:
    """What a user should know before using the model, in plain sentences."""
    told = []
    if not facts.judged[OWN].gain("auroc") > 0:
        told.append("on your own held-out pictures it ranks no better than the model that it began as")
    elif (added := facts.judged.get(ADDED)) and not _clearly_better(added):
        told.append(
            "on your own held-out pictures it is not clearly better than the model that it began as, recalibrated: "
            "imageauth recalibrate does nearly as much and forgets nothing"
        )
    if shipped := facts.judged.get(SHIPPED):
        before, after = shipped.figures.a.values, shipped.figures.b.values
        if -shipped.gain("auroc") > _FORGOTTEN:
            told.append(
                f"on the shipped validation pictures its AUROC is {after['auroc']:.3f} instead of {before['auroc']:.3f}"
                ": use it for pictures like yours alone"
            )
        if -shipped.gain("real_left_alone") > _FORGOTTEN:
            told.append(
                f"of the shipped validation's real pictures {1 - after['real_left_alone']:.1%} are called likely-ai "
                f"instead of {1 - before['real_left_alone']:.1%}: about pictures unlike yours it may accuse wrongly"
            )
        if -shipped.gain("fake_left_alone") > _FORGOTTEN:
            told.append(
                f"of the shipped validation's AI-made pictures {1 - after['fake_left_alone']:.1%} are called "
                f"likely-real instead of {1 - before['fake_left_alone']:.1%}: it may clear AI-made ones unlike yours"
            )
    risks = facts.found.risks
    words = (("real", risks.real, "likely-ai"), ("AI-made", risks.ai, "likely-real"))
    for count, (what, risk, word) in zip(facts.counts, words, strict=True):
        if not enough(count, risk):
            told.append(
                f"it never says {word}: that this is wrong of at most {risk:.0%} of {what} pictures can be shown from "
                f"{least_units(risk)} of them, and there are {count}"
            )
    return told


def _clearly_better(judged: BeforeAfter) -> bool:
    """Whether the ranking or the probabilities are, beyond chance."""
    intervals = judged.figures.difference.intervals
    return intervals["auroc"][0] > 0 or intervals["log_loss"][1] < 0


def limits(facts: Facts) -> tuple[str, ...]:
    """Sentences for every report."""
    after, (real, fake) = facts.judged[OWN].figures.b.values, facts.counts
    elsewhere = "" if all(facts.parts.by_source) else " at random, so that pictures from elsewhere may fare worse"
    return (
        f"Tuned to {real:,} real and {fake:,} AI-made pictures of a user's own, from {facts.parent.name} "
        f"{facts.parent.version}; nobody else has checked their labels, and its figures speak for pictures like those.",
        f"Of those pictures, held out{elsewhere or ' by source'}, {1 - after['real_left_alone']:.1%} of the real ones "
        f"were wrongly called likely-ai and {1 - after['fake_left_alone']:.1%} of the AI-made ones likely-real.",
        f"{HOLDS} half of the pictures asked about are AI-made.",
        *(f"{line[0].upper()}{line[1:]}." for line in warnings(facts)),
        *inherited(facts.parent),
    )


def inherited(parent: Card) -> tuple[str, ...]:
    """Limits that hold of the new model too: those that tell neither rates of verdicts nor what it was made from."""
    own = (HOLDS, "Tuned to ", "Recalibrated on ", "On your own ", "On the shipped ")
    return tuple(
        line for line in parent.limits if not line.startswith(own) and not any(word in line for word in OF_VERDICTS)
    )


def comparison(facts: Facts) -> list[str]:
    """Before and after, as Markdown tables with a line above each."""
    lines = []
    parent = f"{facts.parent.name} {facts.parent.version}"
    for what, judged in facts.judged.items():
        names = (f"{parent} recalibrated" if what == ADDED else parent), f"{facts.name} 1"
        lines += [
            f"{what[0].upper()}{what[1:]}: {judged.real:,} real pictures of {judged.real_sources:,} sources, "
            f"{judged.fake:,} AI-made of {judged.fake_sources:,}.",
            "",
            *table(names, judged.figures),
            "",
        ]
    return lines


def _figures(facts: Facts) -> dict[str, Any]:
    """For ``imageauth models``: of the user's own pictures, held out."""
    real, fake = facts.counts
    after = facts.judged[OWN].figures.b.values
    by_source = "source" if all(facts.parts.by_source) else "picture"
    return {
        "protocol": f"held out by {by_source}, on a user's own pictures",
        "real_pictures": real,
        "ai_pictures": fake,
        **{name: or_none(round(after[name], 4)) for name in PAIRED},
    }


def _made_from(facts: Facts) -> dict[str, Any]:
    parent, (real, fake) = facts.parent, facts.counts
    return {
        "by": "imageauth train folder",
        "imageauth": imageauth.__version__,
        "parent": parent.name,
        "parent_version": parent.version,
        "parent_sha256": parent.sha256,
        "data": {
            "pictures": real + fake,
            "real_pictures": real,
            "ai_pictures": fake,
            "left_out": dict(facts.chosen.why()),
            "digest": facts.chosen.digest,
        },
        "pull": _finite(facts.tuned.strength),
        **({"parent_made_from": dict(parent.made_from)} if parent.made_from else {}),
    }


def _everything(facts: Facts) -> dict[str, Any]:
    """For ``before-after.json``."""
    return {
        "pictures": {name: judged.to_json() for name, judged in facts.judged.items()},
        "pull": {
            "chosen": _finite(facts.tuned.strength),
            "held_out_log_loss": [[_finite(strength), loss] for strength, loss in facts.tuned.losses.items()],
        },
        "left_out": [{"file": out.name, "why": out.why, "reason": out.reason} for out in facts.chosen.left_out],
        "told": list(facts.told),
    }


def _finite(strength: float) -> float | None:
    """JSON knows no infinity."""
    return strength if np.isfinite(strength) else None


def _page(card: Card, facts: Facts, size: int) -> str:
    at, parent, tuned, risks = card.thresholds, facts.parent, facts.tuned, facts.found.risks
    loose = "as it was: no pull was worth loosening" if np.isinf(tuned.strength) else f"{tuned.strength:g}"
    lines = [
        f"# Model card: {card.name} {card.version}",
        "",
        f"Made by `imageauth train folder` from {parent.name} {parent.version} (SHA-256 `{parent.sha256}`) and a "
        f"user's own {facts.counts[0]:,} real and {facts.counts[1]:,} AI-made pictures "
        f"(digest `{facts.chosen.digest}`).",
        "",
        f"**File.** {size / 1e6:.1f} MB LiteRT, {card.layout.side}×{card.layout.side} views, SHA-256 `{card.sha256}`. "
        "The tower is the parent's, bit by bit; the heads for the whole view, for tiles, for native crops and for the "
        f"map began as its heads. Strength of the pull towards them, chosen on held-out pictures: {loose}.",
        "",
        "## Before and after",
        "",
        *comparison(facts),
        "Your own pictures are judged held out: each by heads, a calibration and thresholds that saw none of its fold; "
        "only the strength of the pull was chosen by all of them. "
        "The parent is judged by its own. The shipped validation pictures are other pictures of sources that the "
        "parent learned from, as 256-pixel views: they show what is forgotten, not how well either does on "
        "new sources.",
        "",
        "## The pictures",
        "",
        *(f"- {html.escape(line, quote=False)}" for line in facts.told),
        "",
        "## Thresholds",
        "",
        f"Probability for a verdict: {verdict_thresholds(at)}; between them `inconclusive`. Decision threshold "
        f"{at.decision:.3f}. Conformal, with {facts.units} as units: at most "
        f"{risks.real:.0%} of real and {risks.ai:.0%} of AI-made ones like these.",
        "",
        "## Limits",
        "",
        *(f"- {limit}" for limit in card.limits),
        "",
    ]
    return "\n".join(lines)
