"""What the tower says of pictures, as serving sees them and as training does."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from imageauth.evaluation.dataset import Item
from imageauth.evaluation.own_pictures import Own
from imageauth.evaluation.scoring import Scored
from imageauth.pixels.stability import pool
from imageauth.training.features import Features, Look, Picture, extract, load
from imageauth.training.photo_assess import LAYOUT, variant_scores
from imageauth.training.photo_heads import Heads, source_weights

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Values = npt.NDArray[np.float16]


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """Labelled pictures as serving sees them, N.

    Attributes:
        labels: int64 [N], 1 for AI-made.
        sources: str [N]; each has pictures of one class.
        values: features of the views of :class:`~imageauth.training.photo_views.ServingLook`, float16 [N, S, F].
        present: bool [N, S].
    """

    labels: npt.NDArray[np.int64]
    sources: npt.NDArray[np.object_]
    values: Values
    present: Bools

    def select(self, mask: Bools) -> "Seen":
        """Some of them."""
        return Seen(self.labels[mask], self.sources[mask], self.values[mask], self.present[mask])

    @property
    def weights(self) -> npt.NDArray[np.float32]:
        """Of the pictures: large sources count less than their size, and classes alike; float32 [N]."""
        return source_weights(list(self.sources), self.labels)

    @property
    def items(self) -> tuple[Item, ...]:
        """Stand-ins for the files, called after their sources."""
        labels = self.labels.tolist()
        return tuple(
            Item(Path(source), source, label, source) for source, label in zip(self.sources, labels, strict=True)
        )

    def variants(self, heads: Heads) -> Floats:
        """Scores of the pictures as they are and under each variant: float64 [N, 1 + K]."""
        return variant_scores(heads, self.values, self.present)

    def scored(self, variants: Floats) -> Scored:
        """The same as evaluation takes it.

        Args:
            variants: as :meth:`variants` gives them, by whichever heads.
        """
        every = np.ones(len(self.labels), np.bool_)  # what is outside the model's domain was left out
        return Scored(self.items, pool(variants, LAYOUT.variants)[None], every[None], variants, every, ())


@dataclass(frozen=True, slots=True)
class Extractor:
    """Looks at a run's pictures once; what a stopped run has seen is used again.

    Attributes:
        encoder: the tower as a LiteRT file.
        out: folder of the run.
        workers: processes.
        tell: told (what, done, total).
    """

    encoder: Path
    out: Path
    workers: int
    tell: Callable[[str, int, int | None], None]

    def __call__(self, pictures: Sequence[Own], look: Look, name: str) -> Features:
        """Features of pictures; of one that has become unreadable meanwhile there are none.

        Args:
            pictures: to look at.
            look: gives their views.
            name: of the folder below ``out``.
        """
        files = [Picture(own.item.path, own.sha256) for own in pictures]
        folder = self.out / f"features-{name}"
        extract(
            files,
            self.encoder,
            look,
            folder,
            workers=self.workers,
            progress=lambda done, total: self.tell(f"looking ({name})", done, total),
        )
        return load(files, folder)
