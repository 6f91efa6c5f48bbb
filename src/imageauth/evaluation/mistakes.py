"""The pictures on which a model was most wrong, small enough to show."""

import base64
import io
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import PIL.Image

from imageauth.errors import ImageError
from imageauth.evaluation.dataset import Item
from imageauth.evaluation.protocol import Evaluation
from imageauth.images import read_image
from imageauth.pixels.card import Domain
from imageauth.rendering.heatmap import overlay

SIDE = 160
Heatmap = Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Mistake:
    """One picture on the wrong side of the decision threshold.

    Attributes:
        item: the file.
        probability: of AI, as given.
        thumbnail: a ``data:`` URI of a picture that we encoded from pixels; nothing of the file itself.
        heatmap: the same under its heatmap; empty without one.
    """

    item: Item
    probability: float
    thumbnail: str
    heatmap: str = ""


def worst_mistakes(evaluation: Evaluation, most: int, heatmap: Heatmap | None = None) -> list[Mistake]:
    """Up to ``most`` pictures, half of each class where there are enough, the most wrong first.

    Args:
        evaluation: with its items and probabilities.
        most: pictures.
        heatmap: uint8 [H, W, 3] → float64 [h, w], as :meth:`imageauth.pixels.model.PixelModel.heatmap`.
    """
    said_ai = evaluation.probabilities >= evaluation.card.thresholds.decision
    labels = evaluation.labels
    wrong = np.flatnonzero(said_ai != (labels == 1))
    error = np.abs(evaluation.probabilities - labels)
    ranked = wrong[np.argsort(-error[wrong], kind="stable")]
    by_class = [ranked[labels[ranked] == label] for label in (0, 1)]
    half = most // 2
    take = [min(len(by_class[0]), most - min(len(by_class[1]), half)), 0]
    take[1] = min(len(by_class[1]), most - take[0])
    chosen = np.concatenate([members[:count] for members, count in zip(by_class, take, strict=True)])
    found = []
    for index in chosen[np.argsort(-error[chosen], kind="stable")]:
        item = evaluation.items[index]
        try:
            found.append(_mistake(item, float(evaluation.probabilities[index]), heatmap, evaluation.card.domain))
        except (ImageError, MemoryError):  # gone, changed since it was scored, or huge: one picture less to show
            continue
    return found


def _mistake(item: Item, probability: float, heatmap: Heatmap | None, domain: Domain) -> Mistake:
    """A PNG of a small picture, which shows every pixel; a JPEG of a larger one, so that hundreds still open fast.

    A heatmap is drawn only where the model's domain is: elsewhere it means nothing, and a long picture's would be huge.
    """
    pixels = read_image(item.path).pixels
    picture = PIL.Image.fromarray(pixels)
    small = max(picture.size) <= SIDE
    picture.thumbnail((SIDE, SIDE))
    shown = _uri(picture, "PNG" if small else "JPEG")
    if heatmap is None or domain.misshapen(pixels.shape[1], pixels.shape[0]):
        return Mistake(item, probability, shown)
    scale = SIDE / max(picture.size)
    large = picture.resize((max(1, round(picture.width * scale)), max(1, round(picture.height * scale))))
    return Mistake(item, probability, shown, _uri(overlay(large, heatmap(pixels)), "JPEG"))


def _uri(picture: PIL.Image.Image, kind: str) -> str:
    options = {"optimize": True} if kind == "PNG" else {"quality": 85}
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return f"data:image/{kind.lower()};base64," + base64.b64encode(buffer.getvalue()).decode()
