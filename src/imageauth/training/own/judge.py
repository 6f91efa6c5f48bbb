"""Figures of a model before and after tuning, on the same pictures."""

from dataclasses import dataclass
from typing import Any

from imageauth.errors import DataError
from imageauth.evaluation.comparison import sources_of
from imageauth.evaluation.judging import judged_by
from imageauth.evaluation.own_splits import Split
from imageauth.evaluation.paired import Judged, Paired, measure_pair
from imageauth.evaluation.recalibrated import rows
from imageauth.evaluation.recalibration import Recalibration, recalibrate, weights_for
from imageauth.pixels.card import Card
from imageauth.training.own.seen import Floats, Seen
from imageauth.training.photo_heads import Heads

EVEN = 0.5
"""Share of AI-made pictures that the probability holds for, as in the shipped models; the folder's own share says how
it was gathered and nothing else."""


@dataclass(frozen=True, slots=True)
class BeforeAfter:
    """Two models on the same pictures.

    Attributes:
        real, fake: numbers of pictures.
        real_sources, fake_sources: numbers of their sources.
        figures: of both, and their difference.
    """

    real: int
    fake: int
    real_sources: int
    fake_sources: int
    figures: Paired

    def gain(self, name: str) -> float:
        """How much more a figure is after than before."""
        return self.figures.difference.values[name]

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        counts = {name: getattr(self, name) for name in ("real", "fake", "real_sources", "fake_sources")}
        paired = self.figures.to_json()
        return counts | {"before": paired["a"], "after": paired["b"], "difference": paired["difference"]}


def of_tuned(
    seen: Seen, folds: Split, heads: Heads, variants: Floats, card: Card
) -> tuple[Recalibration, BeforeAfter, BeforeAfter | None]:
    """Calibration and thresholds from held-out scores; figures before and after; and figures of the same model before,
    recalibrated on the same pictures, and after: what tuning adds to that. None where recalibration cannot help.

    Args:
        seen: the pictures that were tuned to.
        folds: of them.
        heads: before.
        variants: after, held out; see :class:`imageauth.training.own.tune.Tuned`.
        card: before.
    """
    before = seen.scored(seen.variants(heads))
    found = recalibrate(card, seen.scored(variants), folds, prior=EVEN, resamples=0)
    own = _measured(seen, judged_by(before, card.calibration, card.thresholds), found.after)
    try:
        alone = recalibrate(card, before, folds, prior=EVEN, resamples=0)
    except DataError:  # the model before does not tell these pictures apart at all
        return found, own, None
    return found, own, _measured(seen, alone.after, found.after)


def of_others(seen: Seen, before: tuple[Heads, Card], after: tuple[Heads, Card]) -> BeforeAfter:
    """Figures on pictures that neither learned from, each with its card's calibration and thresholds."""
    return _measured(seen, _judged(seen, *before), _judged(seen, *after))


def _judged(seen: Seen, heads: Heads, card: Card) -> Judged:
    return judged_by(seen.scored(seen.variants(heads)), card.calibration, card.thresholds)


def _measured(seen: Seen, before: Judged, after: Judged) -> BeforeAfter:
    real, fake = (seen.labels == label for label in (0, 1))
    units = sources_of(seen.items)
    return BeforeAfter(
        int(real.sum()),
        int(fake.sum()),
        len(set(seen.sources[real])),
        len(set(seen.sources[fake])),
        measure_pair(seen.labels, before, after, units=units, weights=weights_for(seen.labels, EVEN)),
    )


def table(names: tuple[str, str], figures: Paired) -> list[str]:
    """Before and after as a Markdown table.

    Args:
        names: of the models.
        figures: of both.
    """
    lines = [f"| | {names[0]} | {names[1]} | change | 95 % |", "|---|---:|---:|---:|---:|"]
    return lines + [f"| {' | '.join(cells)} |" for cells in rows(figures)]
