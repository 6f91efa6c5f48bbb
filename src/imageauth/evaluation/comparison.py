"""Two models on the same labelled pictures: how they differ, and whether chance would do as much."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

import imageauth
from imageauth.errors import DataError
from imageauth.evaluation.dataset import DataSet, Item, groups_of, labels_of
from imageauth.evaluation.figures import RESAMPLES
from imageauth.evaluation.judging import Answers, Contender
from imageauth.evaluation.paired import Judged, Paired, measure_pair
from imageauth.evaluation.significance import DeLong, McNemar, by_unit, delong, holm, mcnemar, pictures_needed
from imageauth.report import Failure

SCHEMA = "imageauth/comparison/1"
LEAST_SOURCES = 20
"""Sub-folders of each class from which they, not pictures, are what chance deals: fewer say too little of others
(Cameron & Miller 2015, doi:10.3368/jhr.50.2.317)."""
LEAST_PICTURES = 10
"""Of a sub-folder that is tested by itself: fewer could hardly show anything, and each test makes all others harder."""
SURE = 0.05


@dataclass(frozen=True, slots=True)
class GroupTest:
    """McNemar's test in one sub-folder.

    Attributes:
        test: of the decision.
        adjusted: its mid-p by Holm, over all sub-folders.
    """

    test: McNemar
    adjusted: float


@dataclass(frozen=True, slots=True)
class VerdictTests:
    """How two models' verdicts differ, abstention included.

    Attributes:
        table: 3 × 3 counts: A's verdict (AI, neither, real) by B's, of real and of AI pictures.
        right: of pictures that get the right verdict.
        clean: of pictures that get no wrong verdict.
    """

    table: Mapping[str, Sequence[Sequence[int]]]
    right: McNemar
    clean: McNemar

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "order": ["ai", "neither", "real"],
            "table": {name: [list(row) for row in rows] for name, rows in self.table.items()},
            "right_verdict": self.right.to_json(),
            "no_wrong_verdict": self.clean.to_json(),
        }


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """What :func:`compare` found.

    Attributes:
        a, b: who was compared.
        labels: of the pictures that both answered, int64 [N].
        of_a, of_b: what they said of them.
        by_source: whether intervals and ``p`` count sub-folders instead of pictures.
        figures: of each, and their difference.
        decision: McNemar's test of being right at the decision threshold.
        p: of that difference: ``decision.mid``, or by source.
        verdicts: of the three-way answers; None where one of them gives none.
        areas: DeLong's test of the AUROC.
        groups: sub-folder → test, where there are several of :data:`LEAST_PICTURES` or more.
        needed: pictures that would show a difference in accuracy as large as this one; None where there is none.
        failures: files that could not be read.
        missing: pictures that a file of predictions says nothing of; nobody is judged by them.
    """

    a: Contender
    b: Contender
    labels: npt.NDArray[np.int64]
    of_a: Judged
    of_b: Judged
    by_source: bool
    figures: Paired
    decision: McNemar
    p: float
    verdicts: VerdictTests | None
    areas: DeLong
    groups: Mapping[str, GroupTest]
    needed: int | None
    failures: tuple[Failure, ...]
    missing: int

    def to_json(self) -> dict[str, Any]:
        """Plain data fit for ``json.dumps(…, allow_nan=False)``."""
        names = ("a", "b")
        return {
            "schema": SCHEMA,
            "imageauth": imageauth.__version__,
            **{
                key: {"name": side.name, "version": side.version, "sha256": side.sha256}
                for key, side in zip(names, (self.a, self.b), strict=True)
            },
            "n": len(self.labels),
            "n_real": int(np.sum(self.labels == 0)),
            "n_fake": int(np.sum(self.labels == 1)),
            "units": "sub-folders" if self.by_source else "pictures",
            "figures": self.figures.to_json(),
            "decision": {**self.decision.to_json(), "p": self.p, "pictures_needed": self.needed},
            "verdicts": None if self.verdicts is None else self.verdicts.to_json(),
            "auroc_delong": self.areas.to_json(),
            "groups": {name: {**group.test.to_json(), "p_holm": group.adjusted} for name, group in self.groups.items()},
            "missing": self.missing,
            "failures": [{"file": f.file, "error": {"code": f.code, "message": f.message}} for f in self.failures],
        }


def compare(
    a: Contender,
    b: Contender,
    said_a: Answers,
    said_b: Answers,
    data: DataSet,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Comparison:
    """Compare two models by the pictures that both answered.

    Args:
        a, b: who.
        said_a, said_b: what they said, as :func:`~imageauth.evaluation.judging.answers` gives it.
        data: the pictures.
        resamples: of the bootstrap.
        seed: of the bootstrap and of the permutation test by source.

    Raises:
        DataError: there is no picture of a class that both answered.
    """
    places = sorted(set(said_a.places) & set(said_b.places))
    items = [data.items[at] for at in places]
    labels = labels_of(items)
    if len(set(labels.tolist())) < 2:
        raise DataError("the two have no pictures of both classes in common, so there is nothing to compare")
    of_a, of_b = _only(said_a, places), _only(said_b, places)
    units = sources_of(items)
    right_a, right_b = (judged.said_ai == (labels == 1) for judged in (of_a, of_b))
    decision = mcnemar(right_a, right_b)
    return Comparison(
        a=a,
        b=b,
        labels=labels,
        of_a=of_a,
        of_b=of_b,
        by_source=units is not None,
        figures=measure_pair(labels, of_a, of_b, units=units, resamples=resamples, seed=seed),
        decision=decision,
        p=decision.mid if units is None else by_unit(right_a, right_b, units, seed=seed),
        verdicts=_verdicts(labels, of_a, of_b),
        areas=delong(labels, of_a.scores, of_b.scores),
        groups=_groups(items, right_a, right_b),
        needed=pictures_needed(decision),
        failures=said_a.failures or said_b.failures,
        missing=len(data.items) - len(places) - len(said_a.failures or said_b.failures),
    )


def sources_of(items: Sequence[Item]) -> npt.NDArray[np.object_] | None:
    """Each picture's source: its class and sub-folder. None where a class has fewer than :data:`LEAST_SOURCES`."""
    names = np.array([f"{item.label}/{item.group}" for item in items], object)
    of_class = [{name for name in names if name[0] == label} for label in "01"]
    return names if min(map(len, of_class)) >= LEAST_SOURCES else None


def _only(said: Answers, places: Sequence[int]) -> Judged:
    at = {place: index for index, place in enumerate(said.places)}
    return said.judged.select(np.array([at[place] for place in places], np.intp))


def _verdicts(labels: npt.NDArray[np.int64], a: Judged, b: Judged) -> VerdictTests | None:
    if a.answered is None or b.answered is None:
        return None
    truth = np.where(labels == 1, 1, -1)
    table = {}
    for name, label in (("real", 0), ("fake", 1)):
        counts = np.zeros((3, 3), np.int64)
        np.add.at(counts, (1 - a.verdicts[labels == label], 1 - b.verdicts[labels == label]), 1)
        table[name] = counts.tolist()
    return VerdictTests(
        table,
        mcnemar(a.verdicts == truth, b.verdicts == truth),
        mcnemar(a.verdicts != -truth, b.verdicts != -truth),
    )


def _groups(
    items: Sequence[Item], right_a: npt.NDArray[np.bool_], right_b: npt.NDArray[np.bool_]
) -> dict[str, GroupTest]:
    groups = np.array([item.group for item in items], object)
    names = [name for name in groups_of(items) if np.sum(groups == name) >= LEAST_PICTURES]
    if len(names) < 2:
        return {}
    tests = [mcnemar(right_a[groups == name], right_b[groups == name]) for name in names]
    adjusted = holm([test.mid for test in tests])
    return {name: GroupTest(test, p) for name, test, p in zip(names, tests, adjusted, strict=True)}
