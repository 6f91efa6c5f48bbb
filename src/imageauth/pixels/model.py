"""A model: card, weights and preprocessing as one thing."""

import hashlib
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from imageauth.errors import ModelError
from imageauth.models import find_model
from imageauth.pixels.answers import Answers
from imageauth.pixels.card import Card, Thresholds
from imageauth.pixels.heatmap import CELLS, blend, local_logits, occlusion
from imageauth.pixels.layout import Layout
from imageauth.pixels.network import Network
from imageauth.pixels.stability import pool
from imageauth.pixels.views import Views

Floats = npt.NDArray[np.float64]
Pixels = npt.NDArray[np.uint8]

# Of the views that a network sees at a time: 64 of 32×32, one of 224×224. Measured on two cores with a ViT-B/16 in int8
# (ms a view, peak MB): 73, 240 alone; 72, 261 by two; 82, 384 by eight; 97, 550 by sixteen. Another size of batch means
# that the runtime plans its memory anew, so large views go one by one.
_PIXELS_AT_ONCE = 64 * 32 * 32


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """What a network says of N images.

    Attributes:
        variants: logits of "made by AI", float64 [N, K]: of each image as it is, then under each variant.
        pooled: the images' own scores, float64 [N]; see :func:`imageauth.pixels.stability.pool`.
        unfamiliarity: float64 [N], higher for what is less like the images that the model was measured on; all 0 if
            the network does not say.
        said: of each image, all that the network says of its views as they are, float64 [V, C].
    """

    variants: Floats
    pooled: Floats
    unfamiliarity: Floats
    said: Sequence[Floats] = ()


class PixelModel:
    """A detector of AI-made images by their pixels alone. Thread-safe.

    Attributes:
        card: its :class:`~imageauth.pixels.card.Card`.
        folder: that it came from; None if it came from none.
    """

    def __init__(self, card: Card, network: Network | Callable[[], Network], *, folder: Path | None = None) -> None:
        """A model of parts.

        Args:
            card: of the network.
            network: it, or what loads it when a picture is first scored.
            folder: that it came from.
        """
        self.card = card
        self.folder = folder
        self._source = network
        self._lock = threading.Lock()

    @staticmethod
    def load(name: str | Path, *, threads: int | None = None) -> "PixelModel":
        """Load a shipped model by name, or any model folder by path.

        Args:
            name: as shown by ``imageauth models``, or a folder with ``card.json``.
            threads: for one batch; default: all usable cores.

        Raises:
            ModelError: it is unknown, incomplete, damaged, or its weights are not those that the card describes.
        """
        model = PixelModel.lazy(name, threads=threads)
        model.network()
        return model

    @staticmethod
    def lazy(name: str | Path, *, threads: int | None = None) -> "PixelModel":
        """The same, whose weights are read only when a picture is first scored: that may then raise ``ModelError``.

        Raises:
            ModelError: it is unknown, or its card is missing or damaged.
        """
        folder = find_model(name)
        card = Card.of(name)
        return PixelModel(card, lambda: _network(folder, card, threads), folder=folder)

    def network(self) -> Network:
        """The network, loaded by the first call, whichever thread makes it.

        Raises:
            ModelError: the weights are missing, damaged, or not those that the card describes.
        """
        with self._lock:
            if not isinstance(self._source, Network):
                self._source = self._source()
            return self._source

    def under(self, thresholds: Thresholds) -> "PixelModel":
        """This model with other thresholds."""
        return PixelModel(replace(self.card, thresholds=thresholds), self.network, folder=self.folder)

    def views(self, pixels: Pixels, *, lossless: bool = False, aside: Executor | None = None) -> Views:
        """What the network looks at of a picture of any size.

        Args:
            pixels: uint8 [H, W, 3] sRGB.
            lossless: it comes from a file that lost nothing (:attr:`imageauth.images.Image.lossless`).
            aside: cuts them, each entry by itself; default: this thread does.
        """
        return self.card.layout.look(pixels, lossless=lossless, aside=aside)

    def ask(self, views: Pixels | npt.NDArray[np.float32]) -> Floats:
        """All that the network says of views, float64 [N, C]; what the columns mean ``card.answers`` says.

        Args:
            views: uint8 or float32 [N, side, side, 3] sRGB, in 0..255.

        Raises:
            ModelError: the weights had not been read yet, and cannot be.
        """
        return _answers(self.network(), views)

    def score_views(self, views: Sequence[Views]) -> Scores:
        """Scores of images.

        Args:
            views: of each image, as :meth:`views` gave them.

        Raises:
            ModelError: the weights had not been read yet, and cannot be.
        """
        return score_views(self.network(), views, self.card.layout, self.card.answers)

    def scores(self, pictures: Sequence[Pixels]) -> Floats:
        """Logits, float64 [N], of pictures of any size."""
        return self.score_views([self.views(pixels) for pixels in pictures]).pooled

    def probabilities(self, pictures: Sequence[Pixels]) -> Floats:
        """Calibrated chances of being AI-made, float64 [N] in 0..1."""
        return self.card.calibration(self.scores(pictures))

    def heatmap(self, pixels: Pixels, *, lossless: bool = False) -> Floats:
        """Where in a picture the evidence sits; see :mod:`imageauth.pixels.heatmap`.

        Args:
            pixels: uint8 [H, W, 3] sRGB, any size.
            lossless: as for :meth:`views`.

        Returns:
            float64 [h, w], shaped like the picture. Above 0 speaks for AI, below 0 for a photograph; NaN where no view
            looked. From a network with a map of its own it holds the logit of each place, otherwise how far the logit
            falls when a cell is covered.
        """
        views = self.card.layout.look(pixels, lossless=lossless, variants=False)
        return self.heatmap_of(views, self.ask(views.pixels) if self.card.answers.map else None)

    def heatmap_of(self, views: Views, said: Floats | None) -> Floats:
        """The heatmap of a picture that was scored already.

        Args:
            views: of the picture.
            said: what the network said of them (:attr:`Scores.said`); None where it has no map.
        """
        answers, weights = self.card.answers, self.card.layout.weights(views.counts)
        as_is = len(views.places)
        if said is None or (maps := answers.maps_of(said)) is None:
            maps = occlusion(self._logits, views.pixels[:as_is])
            return blend(maps, views, weights, CELLS)
        # What is looked at more closely than the whole is shown more finely.
        cells = maps.shape[1] * (2 if as_is > views.counts[0] else 1)
        logits = answers.logits_of(said, self.card.layout.names(views.counts, len(said)))
        return blend(local_logits(maps, logits), views, weights, cells)

    def _logits(self, views: Pixels) -> Floats:
        return self.ask(views)[:, self.card.answers.logit]


def score_views(
    network: Network, views: Sequence[Views], layout: Layout, answers: Answers, batch: int | None = None
) -> Scores:
    """Scores of images by a network.

    Args:
        network: to ask.
        views: of each image, as :meth:`~imageauth.pixels.layout.Layout.look` gives them.
        layout: that they follow.
        answers: what the network's columns mean.
        batch: views at a time; default: by their size.
    """
    if not len(views):
        return Scores(np.empty((0, 1 + len(layout.variants))), np.empty(0), np.empty(0))
    return scores_of(_answers(network, np.concatenate([each.pixels for each in views]), batch), views, layout, answers)


def scores_of(everything: Floats, views: Sequence[Views], layout: Layout, answers: Answers) -> Scores:
    """Scores of images, by what a network said of all their views, float64 [N, C]; the rest as for
    :func:`score_views`.
    """
    parts = np.split(everything, np.cumsum([len(each.pixels) for each in views])[:-1])
    variants = np.stack(
        [
            layout.weigh(answers.logits_of(part, layout.names(each.counts, len(part))), each.counts)
            for part, each in zip(parts, views, strict=True)
        ]
    )
    unfamiliarity = np.zeros(len(views))
    if answers.unfamiliarity is not None:
        # Of the leading views as they are: a change might make any image look less familiar.
        for index, (part, each) in enumerate(zip(parts, views, strict=True)):
            unfamiliarity[index] = part[: each.counts[0], answers.unfamiliarity].mean()
    said = [part[: len(each.places)] for part, each in zip(parts, views, strict=True)]
    return Scores(variants, pool(variants, layout.variants), unfamiliarity, said)


def _answers(network: Network, views: Pixels | npt.NDArray[np.float32], batch: int | None = None) -> Floats:
    """The network's answers, float64 [N, C], about views, uint8 or float32 [N, side, side, 3]."""
    size = batch or max(1, _PIXELS_AT_ONCE // network.side**2)
    parts = [network(views[at : at + size].astype(np.float32)) for at in range(0, len(views), size)]
    return np.concatenate(parts)


def read_weights(folder: Path, card: Card) -> bytes:
    """The file of a model folder's weights, once it is known to be the one that the card describes.

    Raises:
        ModelError: it is missing, or another one.
    """
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
    return data


def _network(folder: Path, card: Card, threads: int | None) -> Network:
    """A model folder's network.

    Raises:
        ModelError: it is missing, damaged, or not what the card describes.
    """
    file = folder / card.file
    network = Network(read_weights(folder, card), threads=threads, name=str(file))
    side = card.layout.side
    if network.side != side:
        raise ModelError(f"{file} takes {network.side}×{network.side} pixels, its card says {side}×{side}")
    if network.columns < card.answers.columns:
        raise ModelError(
            f"{file} gives {network.columns} answers to a picture, its card speaks of {card.answers.columns}"
        )
    return network
