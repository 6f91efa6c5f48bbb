"""The pictures on which a model was most wrong, small enough to show."""

import base64
import io
from dataclasses import dataclass

import numpy as np
import PIL.Image

from imageauth.errors import ImageError
from imageauth.evaluation.dataset import Item
from imageauth.evaluation.protocol import Evaluation
from imageauth.images import read_image

SIDE = 160


@dataclass(frozen=True, slots=True)
class Mistake:
    """One picture on the wrong side of the decision threshold.

    Attributes:
        item: the file.
        probability: of AI, as given.
        thumbnail: a ``data:`` URI of a picture that we encoded from pixels; nothing of the file itself.
    """

    item: Item
    probability: float
    thumbnail: str


def worst_mistakes(evaluation: Evaluation, most: int) -> list[Mistake]:
    """Up to ``most`` pictures, half of each class where there are enough, the most wrong first."""
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
            found.append(Mistake(item, float(evaluation.probabilities[index]), _thumbnail(item)))
        except ImageError:  # gone or changed since it was scored: one picture less to show
            continue
    return found


def _thumbnail(item: Item) -> str:
    """A PNG of a small picture, which shows every pixel; a JPEG of a larger one, so that hundreds still open fast."""
    picture = PIL.Image.fromarray(read_image(item.path).pixels)
    kind, options = ("PNG", {"optimize": True}) if max(picture.size) <= SIDE else ("JPEG", {"quality": 85})
    picture.thumbnail((SIDE, SIDE))
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return f"data:image/{kind.lower()};base64," + base64.b64encode(buffer.getvalue()).decode()
