"""Files → scores, clean and under each degradation, in bounded memory."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from imageauth.errors import ImageError
from imageauth.evaluation.dataset import Item
from imageauth.images import read_image
from imageauth.pixels.card import Card
from imageauth.pixels.degradations import LOSSY, degrade
from imageauth.pixels.model import Scores
from imageauth.pixels.network import usable_cores
from imageauth.pixels.stability import settled
from imageauth.pixels.views import Views
from imageauth.report import Failure

Progress = Callable[[int, int], None]
_BUDGET = 128 * 2**20  # bytes of views waiting to be scored
_MOST_AT_ONCE = 256  # images


class Model(Protocol):
    """What evaluation needs of a :class:`~imageauth.pixels.model.PixelModel`."""

    @property
    def card(self) -> Card:
        """The model's card."""

    def views(self, pixels: npt.NDArray[np.uint8], /, *, lossless: bool = False) -> Views:
        """What the network looks at of a picture, uint8 [H, W, 3], that may come from a lossless file."""

    def score_views(self, views: Sequence[Views], /) -> Scores:
        """What the network says of each picture, from what :meth:`views` gave."""


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """Scores of the files that could be read.

    Attributes:
        items: in the order given, without the failed ones.
        scores: float64 [1 + C, N], logits: the clean images first, then each of the C conditions.
        answered: bool [1 + C, N]: whether there may be a verdict: the answer survives harmless changes, and the picture
            lies inside the model's domain.
        variants: float64 [N, K], logits of each clean image as it is and under each of the layout's variants.
        inside: bool [N], whether the model's card covers the clean image.
        failures: the others.
    """

    items: tuple[Item, ...]
    scores: npt.NDArray[np.float64]
    answered: npt.NDArray[np.bool_]
    variants: npt.NDArray[np.float64]
    inside: npt.NDArray[np.bool_]
    failures: tuple[Failure, ...]

    @property
    def outside_domain(self) -> int:
        """How many clean images the model's card does not cover."""
        return int(np.sum(~self.inside))


def score_items(
    model: Model, items: Sequence[Item], conditions: Sequence[str] = (), progress: Progress | None = None
) -> Scored:
    """Decode each file once, degrade it in each way, and score the network's small views of the results.

    Threads decode and degrade the next files while the model scores the last; of each only the views are kept.

    Args:
        model: what to evaluate.
        items: the files.
        conditions: names in :data:`~imageauth.pixels.degradations.DEGRADATIONS`.
        progress: called with (done, total).
    """
    kept: list[Item] = []
    failures: list[Failure] = []
    parts: list[npt.NDArray[np.float64]] = []
    answered: list[npt.NDArray[np.bool_]] = []
    variants: list[npt.NDArray[np.float64]] = []
    covered: list[npt.NDArray[np.bool_]] = []
    shape = (-1, 1 + len(conditions))
    done = 0
    card = model.card
    for chunk, results in _prepared(items, model, conditions):
        copies: list[_Prepared] = []
        for item, result in zip(chunk, results, strict=True):
            if isinstance(result, ImageError):
                failures.append(Failure(item.name, result.code, str(result)))
                continue
            kept.append(item)
            copies += result
        if copies:
            scored = model.score_views([copy.views for copy in copies])
            parts.append(scored.pooled.reshape(shape))
            steady = settled(scored.variants, card.calibration, card.thresholds.decision)
            inside = np.array(
                [
                    card.domain.outside(copy.width, copy.height, copy.views.contrast, value) is None
                    for copy, value in zip(copies, scored.unfamiliarity.tolist(), strict=True)
                ]
            )
            answered.append((steady & inside).reshape(shape))
            variants.append(scored.variants[:: shape[1]])
            covered.append(inside[:: shape[1]])
        done += len(chunk)
        if progress:
            progress(done, len(items))
    scores = np.concatenate(parts).T if parts else np.empty((1 + len(conditions), 0))
    verdicts = np.concatenate(answered).T if answered else np.empty((1 + len(conditions), 0), np.bool_)
    return Scored(
        tuple(kept),
        scores,
        verdicts,
        np.concatenate(variants) if variants else np.empty((0, 1 + len(card.layout.variants))),
        np.concatenate(covered) if covered else np.empty(0, np.bool_),
        tuple(failures),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Prepared:
    """A picture as one condition leaves it: its size, and what the network looks at."""

    width: int
    height: int
    views: Views


def _prepared(
    items: Sequence[Item], model: Model, conditions: Sequence[str]
) -> Iterator[tuple[Sequence[Item], list[list[_Prepared] | ImageError]]]:
    """Chunks of items with their views or errors; the next chunk is under way while one is being used."""
    each = (1 + len(conditions)) * model.card.layout.most_bytes  # of an image's views
    size = max(1, min(_MOST_AT_ONCE, _BUDGET // each))
    chunks = [items[at : at + size] for at in range(0, len(items), size)]
    with ThreadPoolExecutor(min(8, usable_cores())) as pool:
        try:
            ahead = [pool.submit(_prepare, item, model, conditions) for item in chunks[0]] if chunks else []
            for index, chunk in enumerate(chunks):
                current = ahead
                following = chunks[index + 1] if index + 1 < len(chunks) else []
                ahead = [pool.submit(_prepare, item, model, conditions) for item in following]
                yield chunk, [future.result() for future in current]
        finally:
            pool.shutdown(cancel_futures=True)


def _prepare(item: Item, model: Model, conditions: Sequence[str]) -> list[_Prepared] | ImageError:
    try:
        image = read_image(item.path)
        copies = [(image.pixels, image.lossless)]
        copies += [(degrade(name, image.pixels), image.lossless and name not in LOSSY) for name in conditions]
        return [
            _Prepared(copy.shape[1], copy.shape[0], model.views(copy, lossless=lossless)) for copy, lossless in copies
        ]
    except ImageError as error:
        return error
    except MemoryError:
        return ImageError("too-large", "needs more memory than there is")
