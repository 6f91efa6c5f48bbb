"""The card of ``photo`` and its page, from what leave-sources-out measured."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from imageauth.evaluation.figures import or_none, rounded
from imageauth.evaluation.held_out import conformal_thresholds
from imageauth.evaluation.leave_sources_out import SourceFigures
from imageauth.evaluation.shortcut import HEADERS
from imageauth.evaluation.source_tables import by_condition, by_part, headline
from imageauth.files import write_atomically
from imageauth.pixels.answers import Answers
from imageauth.pixels.card import FILE_NAME, Card, Domain
from imageauth.pixels.kinds import KIND_OF, KINDS
from imageauth.pixels.layout import Layout
from imageauth.pixels.measured import FILE_NAME as FIGURES_FILE
from imageauth.training.export import WEIGHTS
from imageauth.training.model_card import CARD_PAGE
from imageauth.training.photo_assess import LAYOUT, RISKS, Assessment
from imageauth.training.photos.probes import table
from imageauth.training.vit import ViT

VERSION = "4"
DOMAIN = Domain(
    short_side=(65, 16384),
    aspect=6.0,
    contrast=9.0,
    text="pictures with a short side above 64 pixels: photographs, portraits, drawn pictures, renders and screenshots, "
    "against the output of many generators",
)
_HEADLINES = (
    *("auroc", "auroc_macro", "tpr_at_fpr_1", "tpr_at_fpr_5", "balanced_accuracy", "balanced_accuracy_macro"),
    *("real_left_alone", "real_left_alone_macro", "share_decided", "error_decided", "ece", "ece_macro", "brier"),
)


def layout_of(config: ViT) -> Layout:
    """How a network of that form looks at a picture."""
    return replace(LAYOUT, side=config.side)


def answers_of(config: ViT) -> Answers:
    """What the columns of :func:`imageauth.training.photo_heads.attach` mean."""
    return Answers(logit=0, own=(("tiles", 1), ("crops", 2)), kinds=(3, KINDS), map=(3 + len(KINDS), config.grid))


def write_photo(
    folder: Path,
    config: ViT,
    network: bytes,
    assessment: Assessment,
    figures: SourceFigures,
    conditions: Mapping[str, SourceFigures],
    about: Mapping[str, str],
    more: Mapping[str, Any],
    probes: Mapping[str, Any] | None,
) -> Card:
    """Write ``model.tflite``, ``card.json``, ``figures.json`` and the page.

    Args:
        folder: to write; made where it is missing.
        config: of the tower.
        network: the LiteRT file.
        assessment: of its heads, leave-sources-out.
        figures: of all pictures.
        conditions: name → figures of a part of them, which were degraded as the protocol says.
        about: heading → text of what cannot be measured, for the page.
        more: further figures for the card.
        probes: for shortcuts in the pictures, as :func:`imageauth.training.photos.probes.known` gives them.

    Returns:
        The card as written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    values, worst = figures.clean.values, figures.worst_real_kind
    short: dict[str, Any] = {name: or_none(round(values[name], 4)) for name in _HEADLINES}
    if worst:
        short |= {"worst_real_kind": worst[0], "worst_real_kind_left_alone": round(worst[1], 4)}
    shown = {
        "protocol": "leave-sources-out",
        "pictures": figures.counts["n"],
        "real_sources": figures.counts["real_sources"],
        "ai_sources": figures.counts["fake_sources"],
        **short,
        **({"headers_auroc": round(probes["headers"]["auroc"][HEADERS], 4)} if probes else {}),
        **more,
    }
    card = Card(
        name="photo",
        version=VERSION,
        file=WEIGHTS,
        sha256=hashlib.sha256(network).hexdigest(),
        layout=layout_of(config),
        answers=answers_of(config),
        domain=DOMAIN,
        calibration=assessment.calibration,
        thresholds=conformal_thresholds(assessment.held_out, RISKS),
        figures=shown,
        limits=_limits(figures),
        risks=RISKS,
        conditions={"small": "", "compressed": "", "soft": "", "screen": "", "drawn": _drawn(figures)},
    )
    write_atomically(folder / WEIGHTS, network)
    everything = {"all": figures.to_json(), "conditions": {name: part.to_json() for name, part in conditions.items()}}
    write_atomically(folder / FIGURES_FILE, (json.dumps(rounded(everything), indent=1) + "\n").encode())
    write_atomically(folder / CARD_PAGE, _page(card, figures, conditions, about, len(network), probes).encode())
    write_atomically(folder / FILE_NAME, card.to_text().encode())
    return card


def _limits(figures: SourceFigures) -> tuple[str, ...]:
    accused = 1 - figures.clean.values["real_left_alone_macro"]
    said_real = np.mean([p.likely_real for name, p in figures.sources.items() if name in figures.fake_sources])
    worst = figures.worst_real_kind
    kind = f" ({1 - worst[1]:.0%} of the worst kind, {worst[0]})" if worst else ""
    return (
        f"Of real pictures from sources that the model never saw, {accused:.1%} were wrongly called likely-ai{kind}; "
        f"of AI pictures from unseen sources, {said_real:.0%} were wrongly called likely-real.",
        "Face swaps, local edits, heavy filters and frames of videos were hardly measured; a picture that is AI-made "
        "in part only may pass as real.",
        "The probability holds where half of the pictures asked about are AI-made, as in the measurement.",
    )


def _drawn(figures: SourceFigures) -> str:
    parts = [p for name, p in figures.real_kinds.items() if KIND_OF.get(name) == "drawn"]
    n = sum(p.n for p in parts)
    if not n:
        return ""
    ai, real = (sum(getattr(p, name) * p.n for p in parts) / n for name in ("likely_ai", "likely_real"))
    return f"Of {n:,} such pictures by people, {ai:.0%} were wrongly called likely-ai and {real:.0%} likely-real."


def _page(
    card: Card,
    figures: SourceFigures,
    conditions: Mapping[str, SourceFigures],
    about: Mapping[str, str],
    size: int,
    probes: Mapping[str, Any] | None,
) -> str:
    at = card.thresholds
    lines = [
        f"# Model card: {card.name} {card.version}",
        "",
        f"For {card.domain.text}. Outside that the verdict is `inconclusive`.",
        "",
        *(line for heading, text in about.items() for line in (f"**{heading}.** {text}", "")),
        f"**File.** {size / 1e6:.1f} MB LiteRT, {card.layout.side}×{card.layout.side} views, SHA-256 `{card.sha256}`.",
        "",
        "## Leave-sources-out",
        "",
        "The only figures that any choice was made by. Every picture is judged by heads, a calibration and thresholds "
        "that saw no picture of its fold; folds keep repositories and generator families together. The encoder is "
        "CLIP's, which saw none of these labels. `docs/protocol.md` defines each figure. Intervals resample sources.",
        "",
        headline(figures),
        "",
        "## Degraded pictures",
        "",
        "All pictures, degraded at random as in training (both classes alike):",
        "",
        by_condition(figures),
        "",
        *_conditions(conditions),
        "## By kind",
        "",
        by_part("real pictures", figures.real_kinds, ai=False),
        "",
        by_part("AI pictures", figures.fake_kinds, ai=True),
        "",
        "## By generator",
        "",
        by_part("generator", figures.generators, ai=True),
        "",
        "## Shortcuts",
        "",
        *table(probes),
        "",
        "## Thresholds",
        "",
        f"`likely-ai` from a probability of {at.ai:.3f}, `likely-real` up to {at.real:.3f}, between them "
        f"`inconclusive`; decision threshold for accuracy {at.decision:.3f}. They are conformal: `likely-ai` keeps to "
        f"{RISKS.real:.0%} of real pictures (sources as units) and {RISKS.real_kind:.0%} of each kind of real pictures "
        f"with 30 or more; `likely-real` to {RISKS.ai:.0%} of AI pictures (sources as units).",
        "",
        "## Limits",
        "",
        *(f"- {limit}" for limit in card.limits),
        "",
    ]
    return "\n".join(lines)


def _conditions(conditions: Mapping[str, SourceFigures]) -> list[str]:
    if not conditions:
        return []
    lines = []
    for name, part in conditions.items():
        lines += [f"{name} ({part.counts['n']:,} pictures, all sources):", "", by_condition(part), ""]
    return lines
