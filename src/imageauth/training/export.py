"""Keras → a model folder: ``model.tflite`` and ``card.json``."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from imageauth.errors import ModelError
from imageauth.evaluation.deletion import deletion_test
from imageauth.evaluation.figures import measure
from imageauth.evaluation.weighted import MEASURED
from imageauth.files import write_atomically
from imageauth.pixels.answers import Answers
from imageauth.pixels.calibration import sigmoid
from imageauth.pixels.card import FILE_NAME, Card, Domain
from imageauth.pixels.layout import Entry, Layout
from imageauth.pixels.model import PixelModel, Scores, score_views
from imageauth.pixels.network import Network
from imageauth.pixels.stability import settled
from imageauth.pixels.views import contrast
from imageauth.training.calibrate import RISKS, CalibrationResult, at_risk, fit_calibration, fit_thresholds
from imageauth.training.familiarity import Elsewhere, threshold
from imageauth.training.fit import outputs
from imageauth.training.litert import to_int8, to_litert

WEIGHTS = "model.tflite"
MODEL_FOLDER = "model"  # of a run, where the finished model lands
# Keras and LiteRT add the same numbers in another order; more than this is a mistake, not rounding.
MAX_DIFFERENCE = 1e-4
# The 8-bit form ships if it costs no more accuracy than this share.
MAX_ACCURACY_LOSS = 1e-3
# Risks at which the card states what conformal thresholds deliver.
STATED_RISKS = (0.01, 0.05)
# Validation pictures of the heatmap's deletion test.
DELETIONS = 500


@dataclass(frozen=True, slots=True)
class About:
    """What a card says that cannot be measured.

    Attributes: see :class:`imageauth.pixels.card.Card` and :class:`~imageauth.pixels.card.Domain`.
    """

    name: str
    version: str
    layout: Layout
    short_side: tuple[int, int]
    aspect: float
    text: str
    limits: tuple[str, ...]
    uses: Mapping[str, str]


CIFAKE = About(
    name="cifake",
    version="4",
    layout=Layout(32, (Entry("squares", 3, 1.0),), ("moved", "mirrored", "re-encoded")),
    short_side=(32, 64),
    aspect=2.0,
    text="thumbnails with a short side of 32–64 pixels: CIFAR-10-like photographs against Stable Diffusion 1.4",
    uses={
        "Data": "CIFAKE (Bird & Lotfi 2023, arXiv:2303.14126): CIFAR-10 photographs of ten kinds of objects, and "
        "images of the same kinds by Stable Diffusion 1.4, all 32×32 JPEG.",
        "Intended use": "To compare detectors on a public benchmark; to teach and to study how such traces are found, "
        "calibrated and lost; as a first look at thumbnails of this kind, with its error rates in mind.",
        "Not for": "Deciding about a person, a publication or an account; pictures of another size or origin; proof.",
    },
    limits=(
        "Measured on square 32×32 thumbnails of ten kinds of objects against one generator (Stable Diffusion 1.4); "
        "other subjects, newer generators, and sizes that are reduced to 32 first may be judged worse.",
        "The probability holds where half of the images asked about are AI-made, as in the validation data.",
    ),
)


def litert_scores(
    data: bytes, pictures: npt.NDArray[np.uint8], variants: tuple[str, ...] = (), batch: int = 100
) -> Scores:
    """Scores of uint8 pictures [N, S, S, 3] of the network's size, as they are and under each variant, by a LiteRT
    file.
    """
    network = Network(data)
    layout = Layout(network.side, (Entry("squares", 1, 1.0),), variants)
    views = [layout.look(picture) for picture in pictures]
    return score_views(network, views, layout, Answers.usual(network.columns), batch)


def write_model(
    model: keras.Model,
    pictures: npt.NDArray[np.uint8],
    labels: npt.NDArray[np.uint8],
    folder: Path,
    about: About,
    elsewhere: Elsewhere | None = None,
) -> tuple[Card, CalibrationResult]:
    """Export, check that LiteRT agrees with Keras on every validation picture, calibrate, and write weights and card.

    What is written is the 8-bit form, unless it loses more accuracy than :data:`MAX_ACCURACY_LOSS`; then float32.

    Args:
        model: float32, [N, H, W, 3] in 0..255 → logit, and perhaps unfamiliarity.
        pictures: validation, uint8 [N, H, W, 3].
        labels: validation, uint8 [N], 1 for AI-made.
        folder: to write; files in it are replaced.
        about: the words of the card.
        elsewhere: pictures unlike the validation ones, if the model has a second output that tells them apart.

    Raises:
        ModelError: LiteRT's probabilities differ from Keras' by more than :data:`MAX_DIFFERENCE`.
    """
    data = to_litert(model)
    scores = litert_scores(data, pictures, about.layout.variants)
    by_keras = outputs(model, pictures)
    by_litert = np.column_stack([scores.variants[:, 0], scores.unfamiliarity])[:, : by_keras.shape[1]]
    difference = float(np.max(np.abs(sigmoid(by_litert) - sigmoid(by_keras))))
    if difference > MAX_DIFFERENCE:
        raise ModelError(
            f"LiteRT and Keras differ by {difference:.1e} in probability; at most {MAX_DIFFERENCE:.0e} is rounding"
        )
    result = fit_calibration(scores.pooled, labels)
    precision, loss = "float32", 0.0
    small = to_int8(data)
    small_scores = litert_scores(small, pictures, about.layout.variants)
    small_result = fit_calibration(small_scores.pooled, labels)
    small_loss = _accuracy(result, labels) - _accuracy(small_result, labels)
    if small_loss <= MAX_ACCURACY_LOSS:
        data, scores, result, precision, loss = small, small_scores, small_result, "int8 weights", small_loss
    card = Card(
        name=about.name,
        version=about.version,
        file=WEIGHTS,
        sha256=hashlib.sha256(data).hexdigest(),
        layout=replace(about.layout, side=int(model.input_shape[1])),
        answers=Answers.usual(by_keras.shape[1]),
        # Flatter than every validation picture means that nothing was measured there.
        domain=Domain(
            about.short_side,
            about.aspect,
            _least_contrast(pictures),
            about.text,
            threshold(scores.unfamiliarity) if elsewhere else None,
        ),
        calibration=result.calibration,
        thresholds=fit_thresholds(result.held_out, labels),
        figures={},
        limits=about.limits,
        risks=RISKS,
    )
    figures = (
        _figures(card, result, scores, labels)
        | _heatmap_figures(card, data, pictures)
        | _elsewhere_figures(card, data, elsewhere)
        | {
            "parameters": int(model.count_params()),
            "max_difference_from_keras": float(f"{difference:.2g}"),
            "precision": precision,
            "accuracy_lost_by_quantising": round(loss, 5),
        }
    )
    card = replace(card, figures=figures)
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / WEIGHTS, data)
    write_atomically(folder / FILE_NAME, card.to_text().encode())
    return card, result


def _accuracy(result: CalibrationResult, labels: npt.NDArray[np.uint8]) -> float:
    """At the best threshold, held out from the calibration."""
    return float(np.mean((result.held_out >= fit_thresholds(result.held_out, labels).decision) == (labels == 1)))


def _least_contrast(pictures: npt.NDArray[np.uint8]) -> float:
    return float(np.floor(min(contrast(picture) for picture in pictures) * 10) / 10)


def _figures(card: Card, result: CalibrationResult, scores: Scores, labels: npt.NDArray[np.uint8]) -> dict[str, Any]:
    """Validation figures by the protocol; what rests on the calibration is held out from its fitting."""
    p, thresholds = result.held_out, card.thresholds
    steady = settled(scores.variants, card.calibration, thresholds.decision)
    familiar = card.domain.familiar(scores.unfamiliarity)
    answered = steady & familiar
    measured = measure(labels, scores.pooled, p, thresholds, answered=answered, resamples=0)
    figures: dict[str, Any] = {"validation_images": measured.n}
    figures |= {name: getattr(measured, name) for name in MEASURED}
    figures["real_called_likely_ai"] = float(np.mean((answered & (p >= thresholds.ai))[labels == 0]))
    figures["fake_called_likely_real"] = float(np.mean((answered & (p <= thresholds.real))[labels == 1]))
    figures["unstable"] = float(np.mean(~steady))
    figures["unfamiliar"] = float(np.mean(~familiar))
    for risk in STATED_RISKS:
        for key, value in at_risk(p, labels, answered, risk).items():
            figures[f"risk_{risk:.0%}_{key}".replace("%", "")] = value
    return {key: round(value, 5) if isinstance(value, float) else value for key, value in figures.items()}


def _elsewhere_figures(card: Card, data: bytes, elsewhere: Elsewhere | None) -> dict[str, Any]:
    """How many pictures from elsewhere are recognised as such, of sources that did not teach it."""
    if elsewhere is None or card.domain.unfamiliar is None:
        return {}
    scores = litert_scores(data, elsewhere.pictures[elsewhere.held_out])
    refused = float(np.mean(~card.domain.familiar(scores.unfamiliarity)))
    return {"elsewhere_thumbnails": len(scores.unfamiliarity), "elsewhere_refused": round(refused, 4)}


def _heatmap_figures(card: Card, data: bytes, pictures: npt.NDArray[np.uint8]) -> dict[str, Any]:
    """Whether the heatmaps' parts matter."""
    found = deletion_test(PixelModel(card, Network(data)), list(pictures[:: max(1, len(pictures) // DELETIONS)]))
    figures = {"marked": found.marked, "random": found.random, "busiest": found.busiest, "wins": found.wins}
    return {f"heatmap_deletion_{key}": round(value, 4) for key, value in figures.items()}
