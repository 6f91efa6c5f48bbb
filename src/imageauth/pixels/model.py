"""A model: card, weights and preprocessing as one thing."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from imageauth.errors import ModelError
from imageauth.models import find_model
from imageauth.pixels.card import Card
from imageauth.pixels.heatmap import occlusion, stitch
from imageauth.pixels.network import Network
from imageauth.pixels.stability import pool, with_variants
from imageauth.pixels.views import square_views

BATCH = 64
Views = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """What a network says of N images.

    Attributes:
        variants: logits of "made by AI", float64 [N, K]: of each image as it is, then under each variant.
        pooled: the images' own scores, float64 [N]; see :func:`imageauth.pixels.stability.pool`.
        unfamiliarity: float64 [N], higher for what is less like the images that the model was measured on; all 0 if
            the network does not say.
    """

    variants: npt.NDArray[np.float64]
    pooled: npt.NDArray[np.float64]
    unfamiliarity: npt.NDArray[np.float64]


class PixelModel:
    """A detector of AI-made images by their pixels alone. Thread-safe.

    Attributes:
        card: its :class:`~imageauth.pixels.card.Card`.
    """

    def __init__(self, card: Card, network: Network) -> None:
        self.card = card
        self._network = network

    @staticmethod
    def load(name: str | Path, *, threads: int | None = None) -> "PixelModel":
        """Load a shipped model by name, or any model folder by path.

        Args:
            name: as shown by ``imageauth models``, or a folder with ``card.json``.
            threads: for one batch; default: all usable cores.

        Raises:
            ModelError: it is unknown, incomplete, damaged, or its weights are not those that the card describes.
        """
        folder = find_model(name)
        card = Card.load(folder)
        file = folder / card.file
        if file.parent.resolve() != folder.resolve():
            raise ModelError(f"{folder}: the card names weights outside its folder: {card.file}")
        try:
            data = file.read_bytes()
        except OSError as error:
            raise ModelError(f"{file} cannot be read: {error.strerror}") from error
        digest = hashlib.sha256(data).hexdigest()
        if digest != card.sha256:
            raise ModelError(
                f"{file} is not the file that its card describes: SHA-256 {digest[:12]}…, expected {card.sha256[:12]}…"
            )
        network = Network(data, threads=threads, name=str(file))
        if network.side != card.side:
            raise ModelError(
                f"{file} takes {network.side}×{network.side} pixels, its card says {card.side}×{card.side}"
            )
        if card.domain.unfamiliar is not None and network.columns < 2:
            raise ModelError(f"{file} does not say what is unfamiliar to it, its card says that it does")
        return PixelModel(card, network)

    def views(self, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """What the network looks at, uint8 [K·V, side, side, 3], of a picture of any size (uint8 [H, W, 3] sRGB):
        its V square views as they are, then under each of the card's variants; K counts both.
        """
        return with_variants(square_views(pixels, self.card.side, self.card.views), self.card.variants)

    def score_views(self, views: Sequence[Views]) -> Scores:
        """Scores of images; those of an image's square views are averaged.

        Args:
            views: of each image, as :meth:`views` gave them.
        """
        return score_views(self._network, views, self.card.variants)

    def scores(self, pictures: Sequence[npt.NDArray[np.uint8]]) -> npt.NDArray[np.float64]:
        """Logits, float64 [N], of pictures of any size."""
        return self.score_views([self.views(pixels) for pixels in pictures]).pooled

    def probabilities(self, pictures: Sequence[npt.NDArray[np.uint8]]) -> npt.NDArray[np.float64]:
        """Calibrated chances of being AI-made, float64 [N] in 0..1."""
        return self.card.calibration(self.scores(pictures))

    def heatmap(self, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
        """Where in a picture the evidence sits; see :mod:`imageauth.pixels.heatmap`.

        Args:
            pixels: uint8 [H, W, 3] sRGB, any size.

        Returns:
            float64 [h, w], shaped like the picture: how far the logit falls when a cell is covered. Above 0 speaks for
            AI, below 0 for a photograph; NaN where no view looked.
        """
        views = square_views(pixels, self.card.side, self.card.views)
        return stitch(occlusion(lambda batch: _answers(self._network, batch)[:, 0], views), *pixels.shape[:2])


def score_views(network: Network, views: Sequence[Views], variants: Sequence[str], batch: int = BATCH) -> Scores:
    """Scores of images by a network; those of an image's square views are averaged.

    Args:
        network: to ask.
        views: of each image, as :func:`~imageauth.pixels.stability.with_variants` gives them.
        variants: that the views hold, after the image as it is.
        batch: views at a time.
    """
    kinds = 1 + len(variants)
    if not len(views):
        return Scores(np.empty((0, kinds)), np.empty(0), np.empty(0))
    counts = np.array([len(v) for v in views])
    answers = _answers(network, np.concatenate(views), batch)
    each = np.repeat(counts // kinds, kinds)
    means = np.add.reduceat(answers, np.cumsum(each) - each) / each[:, None]
    means = means.reshape(len(views), kinds, -1)
    # Of the image as it is: a change might make any image look less familiar.
    unfamiliarity = means[:, 0, 1] if means.shape[2] > 1 else np.zeros(len(views))
    return Scores(means[:, :, 0], pool(means[:, :, 0], variants), unfamiliarity)


def _answers(network: Network, views: Views, batch: int = BATCH) -> npt.NDArray[np.float64]:
    """The network's answers, float64 [N, C], about views, uint8 [N, side, side, 3]."""
    parts = [network(views[at : at + batch].astype(np.float32)) for at in range(0, len(views), batch)]
    return np.concatenate(parts)
