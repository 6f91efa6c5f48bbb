"""The card and the page of a model that was tuned to a user's pictures."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from imageauth.errors import DataError
from imageauth.escaping import printable
from imageauth.evaluation.figures import or_none
from imageauth.evaluation.own_pictures import Chosen
from imageauth.evaluation.own_splits import Split
from imageauth.evaluation.thresholds import enough
from imageauth.files import write_atomically
from imageauth.models import shipped_models
from imageauth.pixels.card import FILE_NAME, Card
from imageauth.training.export import WEIGHTS
from imageauth.training.model_card import CARD_PAGE
from imageauth.training.own.judge import ROWS, Fitted, Judged, table
from imageauth.training.own.tune import Tuned
from imageauth.training.photo_assess import RISKS
from imageauth.training.photo_card import FIGURES_FILE, rounded

OWN = "your pictures, held out"
"""What figures of the pictures that a model was tuned to are called."""
SHIPPED = "shipped validation"
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")
_FORGOTTEN = (
    0.01  # of AUROC or of real pictures accused, on the shipped validation pictures: less is not worth a warning
)


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the card tells.

    Attributes:
        name: of the model.
        parent: card of the one that it began as.
        tuned, fitted: what came of it.
        judged: set of pictures → figures before and after; the user's own are called :data:`OWN`.
        told: sentences on the pictures.
        parts: their folds.
        chosen: the pictures.
        digest: of all pictures and labels.
    """

    name: str
    parent: Card
    tuned: Tuned
    fitted: Fitted
    judged: Mapping[str, tuple[Judged, Judged]]
    told: tuple[str, ...]
    parts: Split
    chosen: Chosen
    digest: str


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


def write_card(folder: Path, facts: Facts, network: bytes) -> Card:
    """Write ``model.tflite``, ``card.json``, ``figures.json`` and the page; the card last.

    Args:
        folder: to write; made where it is missing.
        facts: what to tell.
        network: the LiteRT file.

    Returns:
        The card as written.

    Raises:
        OSError: it cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    parent = facts.parent
    real, fake = facts.chosen.count(0), facts.chosen.count(1)
    card = replace(
        parent,
        name=facts.name,
        version="1",
        file=WEIGHTS,
        sha256=hashlib.sha256(network).hexdigest(),
        domain=replace(parent.domain, text=f"pictures like the {real + fake:,} of a user's own that it was tuned to"),
        calibration=facts.fitted.calibration,
        thresholds=facts.fitted.thresholds,
        figures=_figures(facts),
        limits=limits(facts),
        conditions=dict.fromkeys(parent.conditions, ""),  # what was measured there was measured of the parent
    )
    everything = {
        "pictures": {name: {"before": b.to_json(), "after": a.to_json()} for name, (b, a) in facts.judged.items()},
        "strength": facts.tuned.strength if np.isfinite(facts.tuned.strength) else None,
        "losses": [[s if np.isfinite(s) else None, loss] for s, loss in facts.tuned.losses.items()],
        "left_out": [{"file": out.name, "why": out.why} for out in facts.chosen.left_out],
        "told": facts.told,
    }
    write_atomically(folder / WEIGHTS, network)
    write_atomically(folder / FIGURES_FILE, (json.dumps(rounded(everything), indent=1) + "\n").encode())
    write_atomically(folder / CARD_PAGE, _page(card, facts, len(network)).encode())
    write_atomically(folder / FILE_NAME, card.to_text().encode())
    return card


def warnings(facts: Facts) -> list[str]:
    """What a user should know before using the model, in plain sentences."""
    told = []
    before, after = facts.judged[OWN]
    if not after.value("auroc") > before.value("auroc"):
        told.append("on your own held-out pictures it ranks no better than the model that it began as")
    if SHIPPED in facts.judged:
        before, after = facts.judged[SHIPPED]
        if before.value("auroc") - after.value("auroc") > _FORGOTTEN:
            told.append(
                f"on the shipped validation pictures its AUROC is {after.value('auroc'):.3f} instead of "
                f"{before.value('auroc'):.3f}: use it for pictures like yours alone"
            )
        if after.accused - before.accused > _FORGOTTEN:
            told.append(
                f"of the shipped validation's real pictures {after.accused:.1%} are called likely-ai instead of "
                f"{before.accused:.1%}: its answers about pictures unlike yours may accuse people wrongly"
            )
    labels = [facts.chosen.count(label) for label in (0, 1)]
    for count, risk, word, what in zip(
        labels, (RISKS.real, RISKS.ai), ("likely-ai", "likely-real"), ("real", "AI-made"), strict=True
    ):
        if not enough(count, risk):
            least = int(np.ceil(1 / risk - 1))
            told.append(
                f"it never says {word}: {count} {what} pictures cannot show that this is wrong of at most {risk:.0%} "
                f"({least} can)"
            )
    return told


def limits(facts: Facts) -> tuple[str, ...]:
    """Sentences for every report."""
    after = facts.judged[OWN][1]
    real, fake = facts.chosen.count(0), facts.chosen.count(1)
    units = "sources" if facts.fitted.by_source else "pictures"
    held = "by source" if all(facts.parts.by_source) else "at random, so that pictures from elsewhere may fare worse"
    return (
        f"Tuned to {real:,} real and {fake:,} AI-made pictures of a user's own ({facts.parent.name} "
        f"{facts.parent.version} before that); nobody else has checked their labels. "
        "Its figures speak for pictures like those.",
        f"Of those pictures, held out {held}, {after.accused:.1%} of the real ones were wrongly called likely-ai and "
        f"{after.missed:.1%} of the AI-made ones likely-real.",
        f"The thresholds keep their risks for {units} like those, and the probability holds where half of the pictures "
        "asked about are AI-made.",
        *(f"{line[0].upper()}{line[1:]}." for line in warnings(facts)),
        *facts.parent.limits[1:2],
    )


def _figures(facts: Facts) -> dict[str, Any]:
    """For ``imageauth models``."""
    found: dict[str, Any] = {
        "protocol": "held out by source" if all(facts.parts.by_source) else "held out at random",
        "real_pictures": facts.chosen.count(0),
        "ai_pictures": facts.chosen.count(1),
        "pictures_sha256": facts.digest,
        "parent": f"{facts.parent.name} {facts.parent.version}",
        "parent_sha256": facts.parent.sha256,
    }
    for what, prefix in ((OWN, ""), (SHIPPED, "shipped_validation_")):
        for name in ROWS if what in facts.judged else ():
            for when, judged in zip(("before", "after"), facts.judged[what], strict=True):
                found[f"{prefix}{name}_{when}"] = or_none(round(judged.value(name), 4))
    return found


def comparison(facts: Facts) -> list[str]:
    """Before and after, as Markdown tables with their headings."""
    lines = []
    for what, (before, after) in facts.judged.items():
        counts = after.figures.counts
        lines += [
            f"{what[0].upper()}{what[1:]}: {counts['n_real']:,} real pictures of {counts['real_sources']:,} sources, "
            f"{counts['n_fake']:,} AI-made of {counts['fake_sources']:,}.",
            "",
            *table({f"{facts.parent.name} {facts.parent.version}": before, f"{facts.name} 1": after}),
            "",
        ]
    return lines


def _page(card: Card, facts: Facts, size: int) -> str:
    at, parent, tuned = card.thresholds, facts.parent, facts.tuned
    loose = "as it was: no pull was worth loosening" if np.isinf(tuned.strength) else f"{tuned.strength:g}"
    lines = [
        f"# Model card: {card.name} {card.version}",
        "",
        f"Made by `imageauth train folder` from {parent.name} {parent.version} (SHA-256 `{parent.sha256}`) and a user's "
        f"own {facts.chosen.count(0):,} real and {facts.chosen.count(1):,} AI-made pictures (digest `{facts.digest}`).",
        "",
        f"**File.** {size / 1e6:.1f} MB LiteRT, {card.layout.side}×{card.layout.side} views, SHA-256 `{card.sha256}`. "
        "The tower is the parent's, bit by bit; the heads for the whole view, for tiles, for native crops and for the map "
        f"began as its heads. Strength of the pull towards them, chosen on held-out pictures: {loose}.",
        "",
        "## Before and after",
        "",
        *comparison(facts),
        "Your own pictures are judged held out: each by heads, a calibration and thresholds that saw none of its fold. "
        "The parent is judged by its own. The shipped validation pictures are other pictures of sources that the "
        "parent learned from, as 256-pixel views: they show what is forgotten, not how well either does on new sources.",
        "",
        "## The pictures",
        "",
        *(f"- {line}" for line in facts.told),
        "",
        "## Thresholds",
        "",
        f"`likely-ai` from a probability of {at.ai:.3f}, `likely-real` up to {at.real:.3f}, between them `inconclusive`, "
        f"decision threshold {at.decision:.3f}. Conformal, with {'sources' if facts.fitted.by_source else 'pictures'} "
        f"as units: at most {RISKS.real:.0%} of real and {RISKS.ai:.0%} of AI-made ones like these.",
        "",
        "## Limits",
        "",
        *(f"- {limit}" for limit in card.limits),
        "",
    ]
    return "\n".join(lines)
