"""Leave-sources-out: figures of predictions about sources that the model never saw. Docs/protocol.md defines them.

Of the pictures of one source, hundreds say little more than ten: they share a generator, a camera, a subject. So
sources, not pictures, are what is counted, weighted and resampled.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from imageauth.evaluation.figures import RESAMPLES, or_none
from imageauth.evaluation.held_out import FrozenCuts, HeldOut, frozen_cuts, large_kinds
from imageauth.evaluation.metrics import Floats, auroc
from imageauth.evaluation.weighted import MEASURED, WeightedTable, intervals_of, resampled

SCHEMA = "imageauth/leave-sources-out/1"
AT_ONCE = 100  # resamples held in memory

FIGURES = (
    *("auroc", "auroc_macro", "auroc_macro_ai", "auroc_macro_real", "tpr_at_fpr_1", "tpr_at_fpr_5"),
    *("balanced_accuracy", "real_accuracy", "fake_accuracy", "balanced_accuracy_macro"),
    *("real_left_alone", "real_left_alone_macro", "share_decided", "error_decided", "ece", "ece_macro", "brier"),
)
_ECES = tuple(FIGURES.index(name) for name in ("ece", "ece_macro"))
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class ConditionFigures:
    """Figures of all pictures under one condition.

    Attributes:
        values: of each of :data:`FIGURES`; NaN where nothing was decided.
        intervals: (low, high), 95 %, by source; empty when not asked for.
        flip_rate: share of pictures on another side of the decision threshold than as they are; 0 as they are.
        verdict_flip_rate: share whose answer (AI, neither, real) differs.
    """

    values: Mapping[str, float]
    intervals: Mapping[str, tuple[float, float]]
    flip_rate: float
    verdict_flip_rate: float

    def to_json(self) -> dict[str, Any]:
        """Plain data; NaN becomes ``None``."""
        return {
            **{name: or_none(value) for name, value in self.values.items()},
            "flip_rate": self.flip_rate,
            "verdict_flip_rate": self.verdict_flip_rate,
            "confidence_intervals": {
                name: [or_none(low), or_none(high)] for name, (low, high) in self.intervals.items()
            },
        }


@dataclass(frozen=True, slots=True)
class PartFigures:
    """Figures of one generator, kind or source, whose pictures are all of one class.

    Attributes:
        n, sources: counts.
        auroc: against all pictures of the other class.
        accuracy: share on the right side of the decision threshold.
        likely_ai, likely_real: shares that are called so.
    """

    n: int
    sources: int
    auroc: float
    accuracy: float
    likely_ai: float
    likely_real: float

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {name: or_none(getattr(self, name)) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class SourceFigures:
    """What :func:`measure_held_out` found.

    Attributes:
        counts: ``n``, ``n_real``, ``n_fake``, ``real_sources``, ``fake_sources``, ``folds``.
        clean: figures of the pictures as they are.
        conditions: the same under each condition.
        worst_real_kind: the kind (of 30 pictures or more) of which the fewest are left alone, and their share.
        generators: of AI pictures, by generator.
        fake_kinds, real_kinds: of AI and of real pictures, by kind.
        sources: by source; ``label`` is told by ``fake_sources``.
        fake_sources: names of the sources of AI pictures.
    """

    counts: Mapping[str, int]
    clean: ConditionFigures
    conditions: Mapping[str, ConditionFigures]
    worst_real_kind: tuple[str, float] | None
    generators: Mapping[str, PartFigures]
    fake_kinds: Mapping[str, PartFigures]
    real_kinds: Mapping[str, PartFigures]
    sources: Mapping[str, PartFigures]
    fake_sources: frozenset[str]

    def to_json(self) -> dict[str, Any]:
        """Plain data fit for ``json.dumps(…, allow_nan=False)``."""
        worst = self.worst_real_kind
        return {
            "schema": SCHEMA,
            **self.counts,
            **self.clean.to_json(),
            "worst_real_kind": None if worst is None else {"kind": worst[0], "left_alone": worst[1]},
            "conditions": {name: figures.to_json() for name, figures in self.conditions.items()},
            "generators": _json(self.generators),
            "fake_kinds": _json(self.fake_kinds),
            "real_kinds": _json(self.real_kinds),
            "sources": {
                name: {"label": "fake" if name in self.fake_sources else "real", **part.to_json()}
                for name, part in self.sources.items()
            },
        }


def measure_held_out(
    held_out: HeldOut, cuts: FrozenCuts | None = None, *, resamples: int = RESAMPLES, seed: int = 0
) -> SourceFigures:
    """All figures of out-of-fold predictions.

    Pooled figures count each picture once. For macro ones each source counts the same:

    - ``auroc_macro_ai``: mean over AI sources of the AUROC of the source against all real pictures;
    - ``auroc_macro_real``: mean over real sources of the AUROC of all AI pictures against the source;
    - ``auroc_macro``: the mean of those two;
    - ``balanced_accuracy_macro``, ``real_left_alone_macro``: from means over the sources of each class;
    - ``ece_macro``: the calibration error of all pictures, each weighted by one over the number in its source. (A
      source alone has one class only, so that it has no calibration error of its own.)

    Intervals are 95 % percentiles of a bootstrap that draws sources with replacement, AI and real ones apart, each with
    all its pictures. Thresholds stay as they are, so an interval tells how the figures of a finished model vary. Those
    of calibration errors are moved down by the bootstrap's own estimate of its bias, as in
    :func:`imageauth.evaluation.figures.measure`.

    Args:
        held_out: the predictions.
        cuts: each picture's thresholds; default: :func:`~imageauth.evaluation.held_out.frozen_cuts`.
        resamples: 0 for no intervals.
        seed: of the resampling.

    Raises:
        DataError: no thresholds are given and they cannot be chosen (one fold only, or a class missing in the others).
    """
    cuts = frozen_cuts(held_out) if cuts is None else cuts
    fake = held_out.labels == 1
    _, source, sizes = np.unique(held_out.sources.astype(str), return_inverse=True, return_counts=True)

    def condition(p: Floats, scores: Floats) -> ConditionFigures:
        values, intervals = _figures(fake, scores, p, cuts, source, sizes, resamples, seed)
        return ConditionFigures(values, intervals, *_flips(held_out.probabilities, p, cuts))

    def parts(names: npt.NDArray[np.object_], mask: Bools) -> dict[str, PartFigures]:
        found = {str(name): _part(held_out, cuts, mask & (names == name)) for name in set(names[mask])}
        return dict(sorted(found.items(), key=lambda item: (-item[1].n, item[0])))

    real_kinds = parts(held_out.kinds, ~fake)
    left_alone = {kind: 1 - real_kinds[kind].likely_ai for kind in large_kinds(held_out)}
    return SourceFigures(
        counts={
            "n": len(fake),
            "n_real": int((~fake).sum()),
            "n_fake": int(fake.sum()),
            "real_sources": len(set(held_out.sources[~fake])),
            "fake_sources": len(set(held_out.sources[fake])),
            "folds": len(np.unique(held_out.folds)),
        },
        clean=condition(held_out.probabilities, held_out.scores),
        conditions={name: condition(p, p) for name, p in held_out.conditions.items()},
        worst_real_kind=min(left_alone.items(), key=lambda item: item[1], default=None),
        generators=parts(held_out.generators, fake),
        fake_kinds=parts(held_out.kinds, fake),
        real_kinds=real_kinds,
        sources=parts(held_out.sources, np.ones(len(fake), np.bool_)),
        fake_sources=frozenset(str(name) for name in held_out.sources[fake]),
    )


def flip_rate(first: Floats, second: Floats, cuts: FrozenCuts) -> float:
    """Share of pictures that two conditions (probabilities [N] each) put on different sides of the decision."""
    return _flips(first, second, cuts)[0]


def _figures(
    fake: Bools,
    scores: Floats,
    p: Floats,
    cuts: FrozenCuts,
    source: npt.NDArray[np.intp],
    sizes: npt.NDArray[np.intp],
    resamples: int,
    seed: int,
) -> tuple[dict[str, float], dict[str, tuple[float, float]]]:
    """Values and intervals of :data:`FIGURES`."""
    order = np.argsort(-scores, kind="stable")
    fake, source = fake[order], source[order]
    sorted_cuts = cuts.select(order)
    table = WeightedTable(fake, scores[order], p[order], sorted_cuts, np.ones(len(fake), np.bool_))
    left_alone = ~fake & (p[order] < sorted_cuts.ai)
    per_picture = 1 / sizes[source]

    def figures(times: Floats) -> Floats:
        """[len(FIGURES), R], of sources drawn so many times, [R, S]."""
        weights = times[:, source]
        macro = weights * per_picture
        by_fake, by_real = (np.where(chosen, macro, weights) for chosen in (fake, ~fake))
        pooled, even, ai, real = (
            dict(zip(MEASURED, table.figures(each), strict=True)) for each in (weights, macro, by_fake, by_real)
        )
        return np.stack(
            [
                pooled["auroc"],
                (ai["auroc"] + real["auroc"]) / 2,
                ai["auroc"],
                real["auroc"],
                pooled["tpr_at_fpr_1"],
                pooled["tpr_at_fpr_5"],
                pooled["balanced_accuracy"],
                pooled["real_accuracy"],
                pooled["fake_accuracy"],
                even["balanced_accuracy"],
                weights @ left_alone / (weights @ ~fake),
                macro @ left_alone / (macro @ ~fake),
                pooled["coverage"],
                1 - pooled["accuracy_on_decided"],
                pooled["ece"],
                even["ece"],
                pooled["brier"],
            ]
        )

    point = figures(np.ones((1, len(sizes))))[:, 0]
    intervals: dict[str, tuple[float, float]] = {}
    if resamples:
        random = np.random.default_rng(seed)
        fake_source = np.zeros(len(sizes), np.bool_)
        fake_source[source] = fake
        classes = [np.flatnonzero(fake_source), np.flatnonzero(~fake_source)]
        drawn = np.concatenate(
            [
                figures(resampled(random, classes, min(AT_ONCE, resamples - at), len(sizes)))
                for at in range(0, resamples, AT_ONCE)
            ],
            axis=1,
        )
        intervals = intervals_of(FIGURES, drawn, point, _ECES)
    return dict(zip(FIGURES, point.tolist(), strict=True)), intervals


def _part(held_out: HeldOut, cuts: FrozenCuts, mask: Bools) -> PartFigures:
    """Of pictures of one class."""
    label = int(held_out.labels[mask][0])
    against = mask | (held_out.labels != label)
    p = held_out.probabilities[mask]
    return PartFigures(
        n=int(mask.sum()),
        sources=len(set(held_out.sources[mask])),
        auroc=auroc(held_out.labels[against], held_out.scores[against]),
        accuracy=float(np.mean((p >= cuts.decision[mask]) == label)),
        likely_ai=float(np.mean(p >= cuts.ai[mask])),
        likely_real=float(np.mean(p <= cuts.real[mask])),
    )


def _flips(first: Floats, second: Floats, cuts: FrozenCuts) -> tuple[float, float]:
    """Shares of pictures whose side of the decision, and whose three-way answer, differ."""
    sides = [p >= cuts.decision for p in (first, second)]
    answers = [(p >= cuts.ai).astype(np.int64) - (p <= cuts.real) for p in (first, second)]
    return float(np.mean(sides[0] != sides[1])), float(np.mean(answers[0] != answers[1]))


def _json(parts: Mapping[str, PartFigures]) -> dict[str, Any]:
    return {name: part.to_json() for name, part in parts.items()}
