"""How a model looks at a picture, and how what it says of the views becomes one score. The card holds it as data."""

import math
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from imageauth.pixels.canonical import Canonical
from imageauth.pixels.stability import VARIANTS, with_variants
from imageauth.pixels.views import VIEWS, Views

Floats = npt.NDArray[np.float64]
# More than these would be a mistake in a card: each view is a run of the network, for cifake about 1 ms, for photo 30.
_MOST_VIEWS = 64
_MOST_SIDE = 1024


@dataclass(frozen=True, slots=True)
class Entry:
    """One way of looking at a picture.

    Attributes:
        view: in :data:`imageauth.pixels.views.VIEWS`.
        count: of views, at most; a picture may have fewer.
        weight: of the mean of their logits in the picture's score.
    """

    view: str
    count: int
    weight: float


@dataclass(frozen=True, slots=True)
class Layout:
    """All that a network sees of one picture.

    Attributes:
        side: height and width of a view, pixels.
        entries: what is looked at. The first one leads: every picture has its views, the variants are made of them, and
            it takes the weight of those entries that a small picture has no views for.
        variants: harmless changes under which the first entry's views are scored too
            (:data:`imageauth.pixels.stability.VARIANTS`).
        bias: added to the score.
        canonical: what is done to a picture before anything is cut from it; None: nothing.
    """

    side: int
    entries: tuple[Entry, ...]
    variants: tuple[str, ...] = ()
    bias: float = 0.0
    canonical: Canonical | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.side <= _MOST_SIDE:
            raise ValueError(f"the side of a view is 1 to {_MOST_SIDE}, not {self.side}")
        if not self.entries:
            raise ValueError("the layout is empty")
        for entry in self.entries:
            if entry.view not in VIEWS:
                raise ValueError(f"it asks for a view that this version does not know: {entry.view}")
            if entry.count < 1 or not (math.isfinite(entry.weight) and entry.weight > 0):
                raise ValueError(f"count or weight of the view {entry.view} make no sense")
        if VIEWS[self.entries[0].view].least_side(self.side) > 1:
            raise ValueError(f"the first entry must suit every picture, and {self.entries[0].view} does not")
        if unknown := sorted(set(self.variants) - set(VARIANTS)):
            raise ValueError(f"it asks for a variant that this version does not know: {unknown[0]}")
        if self.most_views > _MOST_VIEWS:
            raise ValueError(f"{self.most_views} views of one picture are more than {_MOST_VIEWS}")
        if not math.isfinite(self.bias):
            raise ValueError("the bias is no number")

    @property
    def most_views(self) -> int:
        """Views of one picture, variants included, at most."""
        return sum(entry.count for entry in self.entries) + self.entries[0].count * len(self.variants)

    @property
    def most_bytes(self) -> int:
        """Of one picture's views."""
        return self.most_views * self.side**2 * 3

    def look(
        self,
        pixels: npt.NDArray[np.uint8],
        *,
        lossless: bool = False,
        variants: bool = True,
        aside: Executor | None = None,
    ) -> Views:
        """The views of a picture.

        Args:
            pixels: uint8 [H, W, 3] sRGB, any size.
            lossless: it comes from a file that lost nothing, so it may never have been compressed; see
                :class:`~imageauth.pixels.canonical.Canonical`.
            variants: add the first entry's views under each of the variants.
            aside: cuts them, each entry by itself; default: this thread does.
        """
        run = aside.map if aside else map
        height, width = pixels.shape[:2]
        if self.canonical:
            pixels = self.canonical(pixels, lossless=lossless, aside=aside)
        parts = list(run(lambda entry: VIEWS[entry.view](pixels, self.side, entry.count), self.entries))
        first = with_variants(parts[0].pixels, self.variants if variants else ())
        leading = len(parts[0].pixels)
        return Views(
            pixels=np.concatenate([first[:leading], *(part.pixels for part in parts[1:]), first[leading:]]),
            places=np.concatenate([part.places for part in parts]),
            counts=tuple(len(part.pixels) for part in parts),
            height=height,
            width=width,
        )

    def names(self, counts: Sequence[int], views: int) -> list[str]:
        """Of the ways in which views were cut, in their order; those beyond the counts are variants of the first.

        Args:
            counts: of views in each entry.
            views: how many there are in all.
        """
        names = [entry.view for entry, count in zip(self.entries, counts, strict=True) for _ in range(count)]
        return names + [self.entries[0].view] * (views - len(names))

    def weigh(self, logits: Floats, counts: Sequence[int]) -> Floats:
        """Scores of one picture: as it is, and with the first entry's views under each variant.

        Args:
            logits: float64 [N] of its views, in the order of :class:`~imageauth.pixels.views.Views`.
            counts: of views in each entry.

        Returns:
            float64 [1 + K], K variants as far as there are views of them.
        """
        ends = np.cumsum(counts)
        present = self.weights(counts)
        rest = self.bias + sum(
            weight * float(logits[end - count : end].mean())
            for weight, count, end in zip(present[1:], counts[1:], ends[1:], strict=True)
            if count
        )
        first = np.concatenate([logits[: counts[0]], logits[ends[-1] :]]).reshape(-1, counts[0]).mean(axis=1)
        return np.asarray(present[0] * first + rest, np.float64)

    def weights(self, counts: Sequence[int]) -> list[float]:
        """Of the entries, where a picture has so many views of each: an absent one's goes to the first."""
        weights = [entry.weight if count else 0.0 for entry, count in zip(self.entries, counts, strict=True)]
        weights[0] += sum(entry.weight for entry in self.entries) - sum(weights)
        return weights

    def to_json(self) -> dict[str, Any]:
        """Plain data for the card; :meth:`from_json` reads it back."""
        return {
            "side": self.side,
            "layout": [{"view": e.view, "count": e.count, "weight": e.weight} for e in self.entries],
            "bias": self.bias,
            "variants": list(self.variants),
            "canonical": self.canonical.to_json() if self.canonical else None,
            "range": [0, 255],
            "colour": "sRGB",
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "Layout":
        """Read a card's ``input``. Cards of 0.1.0 have ``views`` instead of ``layout``: so many squares.

        Raises:
            KeyError, TypeError, ValueError: something is missing or makes no sense.
        """
        canonical = data.get("canonical")
        given = data["layout"] if "layout" in data else [{"view": "squares", "count": data["views"], "weight": 1.0}]
        return Layout(
            side=int(data["side"]),
            entries=tuple(Entry(str(e["view"]), int(e["count"]), float(e["weight"])) for e in given),
            variants=tuple(str(name) for name in data.get("variants", ())),
            bias=float(data.get("bias", 0.0)),
            canonical=None if canonical is None else Canonical.from_json(canonical),
        )
