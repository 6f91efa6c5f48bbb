"""Probability → evidence: what a model's answer means for one image, inside the domain that its card states."""

from collections.abc import Mapping, Sequence
from typing import Any

from imageauth.pixels.card import Card
from imageauth.pixels.stability import AS_IS, VARIANTS
from imageauth.report import Evidence


def pixel_evidence(
    card: Card, probability: float, outside: str | None, kinds: Mapping[str, float] | None = None
) -> Evidence:
    """Say what the pixels point to.

    Outside the card's domain the probability is reported in the detail but points nowhere: it was never measured on
    such images, so nobody knows how often it is wrong there.

    Args:
        card: of the model that answered.
        probability: calibrated, 0..1.
        outside: why the image lies outside the card's domain, as :meth:`~imageauth.pixels.card.Domain.outside` says.
        kinds: how likely the picture is of each kind, where the network says it.
    """
    detail: dict[str, Any] = {"model": card.name, "model_version": card.version, "in_domain": outside is None}
    if kinds:
        detail["kinds"] = {name: round(share, 4) for name, share in kinds.items()}
    if outside:
        return Evidence(
            "pixels",
            "pixels-outside-domain",
            f"Can't tell: this image is {outside} ({card.name}).",
            detail=detail | {"uncalibrated_probability": round(probability, 4)},
        )
    detail |= {"probability": round(probability, 4), "thresholds": [card.thresholds.real, card.thresholds.ai]}
    # Of the validation images, because nothing is known of others; see the card's limits.
    of_100 = f"{_count(probability)} of 100 validation images with this score are AI-made"
    if probability >= card.thresholds.ai:
        finding = f"The pixels look AI-made: {of_100}."
        return Evidence("pixels", "pixels-ai", finding, "ai", "statistical", detail)
    if probability <= card.thresholds.real:
        finding = f"The pixels look like a real photograph's: {of_100}."
        return Evidence("pixels", "pixels-real", finding, "real", "statistical", detail)
    return Evidence("pixels", "pixels-undecided", f"Can't tell: {of_100}.", detail=detail)


def stability_evidence(card: Card, probabilities: Sequence[float]) -> Evidence:
    """Say whether the answer survives harmless changes. It points nowhere; the policy heeds its code.

    Args:
        card: of the model that answered.
        probabilities: calibrated, of the image as it is and under each of the card's variants.
    """
    sides = [p >= card.thresholds.decision for p in probabilities]
    detail = {
        "probabilities": {
            name: round(p, 4) for name, p in zip((AS_IS, *card.layout.variants), probabilities, strict=True)
        },
        "threshold": card.thresholds.decision,
    }
    words = [VARIANTS[name][0] for name in card.layout.variants]
    if all(sides) or not any(sides):
        finding = f"The answer stays the same when the image is {_either(words)}."
        return Evidence("pixels", "stability-held", finding, detail=detail)
    # The image as it is may be the odd one out; then every change that leads to the other side is named.
    changed = [word for word, side in zip(words, sides[1:], strict=True) if side != sides[0]]
    finding = f"The answer changes when the image is {_either(changed)}, which a sound one would not."
    return Evidence("pixels", "stability-broken", finding, detail=detail)


def _either(words: Sequence[str]) -> str:
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _count(probability: float) -> str:
    """ "about 97", and never a flat "0" or "100"."""
    percent = probability * 100
    if percent < 1:
        return "fewer than 1"
    if percent > 99:
        return "more than 99"
    return f"about {percent:.0f}"
