"""Probability → evidence: what a model's answer means for one image, inside the domain that its card states."""

from imageauth.pixels.card import Card
from imageauth.report import Evidence


def pixel_evidence(card: Card, probability: float, outside: str | None) -> Evidence:
    """Say what the pixels point to.

    Outside the card's domain the probability is reported in the detail but points nowhere: it was never measured on
    such images, so nobody knows how often it is wrong there.

    Args:
        card: of the model that answered.
        probability: calibrated, 0..1.
        outside: why the image lies outside the card's domain, as :meth:`~imageauth.pixels.card.Domain.outside` says.
    """
    detail = {"model": card.name, "model_version": card.version, "in_domain": outside is None}
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


def _count(probability: float) -> str:
    """ "about 97", and never a flat "0" or "100"."""
    percent = probability * 100
    if percent < 1:
        return "fewer than 1"
    if percent > 99:
        return "more than 99"
    return f"about {percent:.0f}"
