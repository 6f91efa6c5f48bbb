"""A drawn picture, what a model looks at of it and what it answers: so that another runtime can prove itself."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from imageauth.pixels.card import Card
from imageauth.pixels.layout import Layout
from imageauth.pixels.model import Scores, scores_of
from imageauth.pixels.views import Views

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]
Ask = Callable[[Pixels], Floats]
"""Views, uint8 [N, side, side, 3] → what a network says of them, [N, C]."""

_SEED = 11


def one_by_one(ask: Callable[[npt.NDArray[np.float32]], npt.ArrayLike]) -> Ask:
    """Views are asked about one at a time.

    Args:
        ask: float32 [1, side, side, 3] → [1, C].
    """
    return lambda views: np.concatenate([np.asarray(ask(view[None].astype(np.float32)), np.float64) for view in views])


@dataclass(frozen=True, slots=True, eq=False)
class Golden:
    """One picture's way through a model.

    Attributes:
        picture: uint8 [H, W, 3] sRGB, of a file that lost nothing.
        views: of it.
        card: of the model.
    """

    picture: Pixels
    views: Views
    card: Card

    @staticmethod
    def of(card: Card) -> "Golden":
        """The picture for a model: large enough for every kind of view and every step before them."""
        picture = draw(*_size(card.layout))
        return Golden(picture, card.layout.look(picture, lossless=True), card)

    def scores(self, said: Floats) -> Scores:
        """What follows from a network's answers about the views, [N, C]."""
        return scores_of(said, [self.views], self.card.layout, self.card.answers)

    def arrays(self, said: Floats, by_litert: Floats) -> dict[str, npt.NDArray[np.generic]]:
        """All of it by name; docs/export.md says what each is.

        Args:
            said: by the exported form.
            by_litert: by the model itself.
        """
        found: dict[str, npt.NDArray[np.generic]] = {
            "picture": self.picture,
            "lossless": np.array(True),
            "views": self.views.pixels,
            "view_names": np.array(self.names()),
            "counts": np.array(self.views.counts, np.int64),
        }
        for prefix, answers in (("", said), ("litert_", by_litert)):
            scores = self.scores(answers)
            found |= {
                f"{prefix}answers": answers.astype(np.float32),
                f"{prefix}variant_scores": scores.variants[0],
                f"{prefix}score": scores.pooled[0],
                f"{prefix}unfamiliarity": scores.unfamiliarity[0],
                f"{prefix}probability": self.card.calibration(scores.pooled)[0],
                f"{prefix}variant_probabilities": self.card.calibration(scores.variants[0]),
            }
        return found

    def names(self) -> list[str]:
        """Of the views: the way in which each was cut, and behind a slash the change that it went through."""
        layout, counts = self.card.layout, self.views.counts
        names = layout.names(counts, len(self.views.places))
        return names + [f"{names[at]}/{change}" for change in layout.variants for at in range(counts[0])]


def draw(width: int, height: int) -> Pixels:
    """A picture by arithmetic: coloured gradients, stripes that narrow, and grain in one corner.

    Returns:
        uint8 [height, width, 3], the same on every machine.
    """
    y, x = np.indices((height, width))
    red, green, blue = x * 200 // width + 20, y * 180 // height + 40, (x + y) * 160 // (width + height) + 50
    stripes = (x * x // (4 * width) + y // 2) // 6 % 2 * 60
    rings = ((x - width // 3) ** 2 + (y - height // 2) ** 2) // (8 * min(width, height)) % 2 * 40
    picture = np.stack([red + stripes // 2, green + rings, blue + stripes - rings], axis=-1)
    grain = np.random.default_rng(_SEED).integers(-24, 25, (height // 2, width // 2, 3))
    picture[height // 2 :, width // 2 :][: height // 2, : width // 2] += grain[: height - height // 2]
    return np.asarray(np.clip(picture, 0, 255), np.uint8)


def _size(layout: Layout) -> tuple[int, int]:
    """Width and height: longer than what is reduced, where anything is; otherwise a little larger than two views."""
    if layout.canonical:
        return layout.canonical.long_side * 9 // 8, layout.canonical.long_side * 3 // 4
    return 2 * layout.side, 2 * layout.side * 5 // 8
