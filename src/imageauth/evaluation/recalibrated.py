"""The model folder that recalibration leaves: the same weights under a new card, and a page that says what it is."""

import hashlib
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import imageauth
from imageauth.errors import ImageAuthError
from imageauth.evaluation.figures import or_none
from imageauth.evaluation.own_pictures import Chosen
from imageauth.evaluation.own_splits import Split
from imageauth.evaluation.paired import Paired
from imageauth.evaluation.recalibration import Recalibration
from imageauth.evaluation.thresholds import least_units
from imageauth.evaluation.wording import PAIRED, change, number, verdict_thresholds
from imageauth.files import write_bytes, write_text
from imageauth.pixels.card import FILE_NAME, Card

PAGE = "README.md"
HOLDS = "The probability holds where"
"""How a card's sentence about the share of AI-made pictures begins; a recalibrated card has one of its own."""
OF_VERDICTS = ("likely-ai", "likely-real")
"""A sentence about how often these are wrong holds for one card alone."""


def new_card(card: Card, found: Recalibration, chosen: Chosen, split: Split) -> Card:
    """The parent's card with calibration, thresholds, figures and limits as they are now.

    Args:
        card: the parent's.
        found: what recalibration found.
        chosen: the pictures.
        split: of them.
    """
    digest = chosen.digest
    counts = {"pictures": len(found.labels), "real_pictures": chosen.count(0), "ai_pictures": chosen.count(1)}
    for label, name in ((0, "real_sources"), (1, "ai_sources")):
        if split.by_source[label]:
            counts[name] = len(set(split.sources[found.labels == label]))
    after = found.figures.b.values
    made_from = {
        "by": "imageauth recalibrate",
        "imageauth": imageauth.__version__,
        "parent": card.name,
        "parent_version": card.version,
        "parent_sha256": card.sha256,
        "parent_card_sha256": hashlib.sha256(card.to_text().encode()).hexdigest(),
        "data": {**counts, "left_out": dict(chosen.why()), "digest": digest},
        "share_of_ai": {"in_the_data": round(found.share, 5), "assumed": round(found.prior, 5)},
        "threshold_units": {
            name: "sources" if by_source else "pictures"
            for name, by_source in zip(("real", "ai"), found.by_source, strict=True)
        },
        "held_out_by": {
            name: "source" if by_source else "picture"
            for name, by_source in zip(("real", "ai"), split.by_source, strict=True)
        },
        "figures": {
            "before": found.figures.a.to_json(),
            "after_cross_fitted": found.figures.b.to_json(),
            "difference": found.figures.difference.to_json(),
        },
    }
    if card.made_from:
        made_from["parent_made_from"] = dict(card.made_from)
    return replace(
        card,
        version=f"{card.version}+recalibrated.{digest[:8]}",
        calibration=found.calibration,
        thresholds=found.thresholds,
        risks=found.risks,
        figures={
            "protocol": "cross-fitted on a user's own pictures",
            **counts,
            **{name: or_none(round(after[name], 4)) for name in PAIRED},
        },
        limits=_limits(card, found, chosen),
        conditions={name: f"Before recalibration: {text}" if text else "" for name, text in card.conditions.items()},
        made_from=made_from,
    )


def write_model(folder: Path, parent: Path, card: Card) -> None:
    """Write the folder in one step: it is there as a whole or not at all.

    Args:
        folder: to write, absent or empty.
        parent: folder of the model that it was made from.
        card: of the new one.

    Raises:
        ImageAuthError: it cannot be written.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise ImageAuthError(f"{folder} cannot be written: {error.strerror}") from error
    try:
        write_bytes(part / card.file, (parent / card.file).read_bytes())
        write_text(part / PAGE, page(card))
        write_text(part / FILE_NAME, card.to_text())
        part.chmod(0o755)
        part.replace(folder)
    except OSError as error:
        raise ImageAuthError(f"{folder} cannot be written: {error.strerror}") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _never(found: Recalibration, chosen: Chosen) -> list[str]:
    """Verdicts that there are too few pictures for, in sentences."""
    told = []
    words = (("real", found.risks.real, "likely-ai"), ("AI-made", found.risks.ai, "likely-real"))
    for label, (kind, risk, verdict) in enumerate(words):
        units, count = least_units(risk), chosen.count(label)
        if count < units:
            told.append(
                f"Nothing will be called {verdict}: that at most {risk:.0%} of {kind} pictures are called so wrongly "
                f"can be shown from {units} of them, and there are {count}."
            )
    return told


def needs(found: Recalibration, chosen: Chosen) -> list[str]:
    """What there are too few pictures for, and what did not get better, in sentences; empty where all is well."""
    told = _never(found, chosen)
    difference = found.figures.difference
    gap, (low, high) = difference.values["log_loss"], difference.intervals["log_loss"]
    if low > 0:
        told.append(
            f"The probabilities got worse (log loss {gap:+.4f}): the model's own suit these pictures better, or there "
            "are too few of them. Keep the model as it was."
        )
    elif gap >= 0 or high > 0:
        told.append("That the probabilities got better is not sure: the change in log loss may be 0.")
    return told


def rows(figures: Paired) -> Iterable[tuple[str, str, str, str, str]]:
    """Figure, before, after, change and its 95 % interval."""
    for name, label in PAIRED.items():
        values = (side.values[name] for side in (figures.a, figures.b))
        before, after = (number(name, value) for value in values)
        yield label, before, after, *change(name, figures.difference)


def page(card: Card) -> str:
    """The model card, in Markdown.

    Args:
        card: made by :func:`new_card`.
    """
    made: Mapping[str, Any] = card.made_from
    data, shares, figures = made["data"], made["share_of_ai"], made["figures"]
    at = card.thresholds
    lines = [
        f"# Model card: {card.name} {card.version}",
        "",
        f"Made by `imageauth recalibrate` from {made['parent']} {made['parent_version']} (weights SHA-256 "
        f"`{made['parent_sha256']}`, unchanged). Only the calibration and the thresholds are new.",
        "",
        f"**Pictures.** {data['real_pictures']:,} real and {data['ai_pictures']:,} AI-made ones of a user's own, "
        f"digest `{data['digest']}`. Nobody else has checked their labels.",
        "",
        f"**Share of AI-made pictures.** {shares['in_the_data']:.1%} in the data; {shares['assumed']:.1%} are assumed "
        "where the model is used, and figures weigh the classes so.",
        "",
        "## Before and after",
        "",
        "Before: the parent by its own card. After: each picture by a calibration and thresholds that saw none of its "
        f"fold; real pictures were held out by {made['held_out_by']['real']}, AI-made ones by "
        f"{made['held_out_by']['ai']}.",
        "",
        "| figure | before | 95 % | after | 95 % |",
        "|---|---:|---:|---:|---:|",
    ]
    for name, label in PAIRED.items():
        cells = []
        for key in ("before", "after_cross_fitted"):
            value, (low, high) = figures[key][name], figures[key]["confidence_intervals"][name]
            cells += [_shown(name, value), "" if low is None else f"{_shown(name, low)}–{_shown(name, high)}"]
        lines.append(f"| {label} | {' | '.join(cells)} |")
    lines += [
        "",
        "## Thresholds",
        "",
        f"Probability for a verdict: {verdict_thresholds(at)}. Decision threshold {at.decision:.4f}. Conformal, with "
        f"{made['threshold_units']['real']} as units of the real class and {made['threshold_units']['ai']} of the "
        "AI-made one.",
        "",
        "## Limits",
        "",
        *(f"- {limit}" for limit in card.limits),
        "",
    ]
    return "\n".join(lines)


def _shown(name: str, value: float | None) -> str:
    return number(name, float("nan") if value is None else value)


def _limits(card: Card, found: Recalibration, chosen: Chosen) -> tuple[str, ...]:
    after = found.figures.b.values
    accused, missed = 1 - after["real_left_alone"], 1 - after["fake_left_alone"]
    of_own = (
        f"Recalibrated on {chosen.count(0):,} real and {chosen.count(1):,} AI-made pictures of its user, whose labels "
        f"nobody else has checked. Of those, {accused:.1%} of the real ones were wrongly called likely-ai and "
        f"{missed:.1%} of the AI-made ones likely-real; of pictures from elsewhere nothing was measured."
    )
    kept = [
        f"Before it was recalibrated: {limit}" if any(word in limit for word in OF_VERDICTS) else limit
        for limit in card.limits
        if not limit.startswith(HOLDS)
    ]
    why = "as its user stated" if found.stated else "as among the pictures that it was recalibrated on"
    return (
        of_own,
        *_never(found, chosen),
        *kept,
        f"{HOLDS} {found.prior:.1%} of the pictures asked about are AI-made, {why}.",
    )
