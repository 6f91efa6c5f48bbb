"""Whether two models differ by more than chance would let them, on the same pictures. Python and NumPy only."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from imageauth.evaluation.metrics import Floats, Labels

Bools = npt.NDArray[np.bool_]

_NORMAL = NormalDist()
_POWER, _RISK = 0.8, 0.05
_DRAWS = 10_000


@dataclass(frozen=True, slots=True)
class McNemar:
    """McNemar's test of two models that were each right or wrong about the same pictures.

    Attributes:
        both, only_a, only_b, neither: pictures about which both were right, only one was, or none.
        exact: p of the exact conditional test, two-sided; it never says "more than chance" too often.
        mid: mid-p, which is nearly as safe and overlooks less (Fagerland, Lydersen & Laake 2013,
            doi:10.1186/1471-2288-13-91).
    """

    both: int
    only_a: int
    only_b: int
    neither: int
    exact: float
    mid: float

    @property
    def n(self) -> int:
        """Pictures."""
        return self.both + self.only_a + self.only_b + self.neither

    def to_json(self) -> dict[str, float]:
        """Plain data."""
        return {
            "both": self.both,
            "only_a": self.only_a,
            "only_b": self.only_b,
            "neither": self.neither,
            "p_exact": self.exact,
            "p_mid": self.mid,
        }


def mcnemar(a: Bools, b: Bools) -> McNemar:
    """McNemar's test (McNemar 1947): are the pictures that only one got right shared out as by a fair coin?

    Args:
        a, b: whether each model was right, bool [N].
    """
    only_a, only_b = int(np.sum(a & ~b)), int(np.sum(~a & b))
    both, neither = int(np.sum(a & b)), int(np.sum(~a & ~b))
    if not only_a + only_b:
        return McNemar(both, 0, 0, neither, 1.0, 1.0)
    n, few = only_a + only_b, min(only_a, only_b)
    # In logarithms: 2^-n is 0 in floating point from n = 1075 on.
    terms = [math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) - n * math.log(2) for k in range(few + 1)]
    tail, last = math.fsum(map(math.exp, terms)), math.exp(terms[-1])
    exact = min(1.0, 2 * tail)
    mid = 1 - last / 2 if only_a == only_b else 2 * tail - last
    return McNemar(both, only_a, only_b, neither, exact, mid)


def by_unit(a: Bools, b: Bools, units: npt.ArrayLike, *, seed: int = 0) -> float:
    """p of the difference in pictures got right, with whole units (sources) instead of pictures as what chance deals.

    A sign-flip permutation test (Fisher 1935; Good 2005, ch. 3): if neither model were better, each unit's difference
    could as well have gone the other way. With one picture a unit it is McNemar's test, drawn instead of counted.

    Args:
        a, b: whether each model was right, bool [N].
        units: of the pictures, [N].
        seed: of 10,000 draws.
    """
    _, unit = np.unique(np.asarray(units), return_inverse=True)
    difference = np.bincount(unit, b.astype(float) - a)
    difference = difference[difference != 0]
    if not len(difference):
        return 1.0
    random, found, at_least = np.random.default_rng(seed), abs(difference.sum()), 0
    step = max(1, 1_000_000 // len(difference))
    for start in range(0, _DRAWS, step):
        signs = random.integers(0, 2, (min(step, _DRAWS - start), len(difference))) * 2 - 1
        at_least += int(np.sum(np.abs(signs @ difference) >= found - 1e-9))
    return (at_least + 1) / (_DRAWS + 1)


@dataclass(frozen=True, slots=True)
class DeLong:
    """Two areas under ROC curves of the same pictures.

    Attributes:
        a, b: areas.
        error: standard error of their difference.
        p: two-sided, by the normal distribution; NaN where a class has fewer than two pictures.
    """

    a: float
    b: float
    error: float
    p: float

    def to_json(self) -> dict[str, float | None]:
        """Plain data."""
        known = not math.isnan(self.p)
        return {"standard_error": self.error if known else None, "p": self.p if known else None}


def delong(labels: Labels, a: Floats, b: Floats) -> DeLong:
    """DeLong's test of two correlated areas (DeLong, DeLong & Clarke-Pearson 1988; by ranks, Sun & Xu 2014).

    Args:
        labels: [N], 1 for AI-made.
        a, b: scores of the two models, [N]; ties count half.
    """
    fake = np.asarray(labels) == 1
    n1, n0 = int(fake.sum()), int((~fake).sum())
    if n1 < 2 or n0 < 2:
        return DeLong(math.nan, math.nan, math.nan, math.nan)
    of_fake, of_real, areas = [], [], []
    for scores in (a, b):
        scores = np.asarray(scores, np.float64)
        everywhere, among_fake, among_real = (_midranks(part) for part in (scores, scores[fake], scores[~fake]))
        above = (everywhere[fake] - among_fake) / n0  # of each AI image: the share of real ones below it
        of_fake.append(above)
        of_real.append(1 - (everywhere[~fake] - among_real) / n1)
        areas.append(float(above.mean()))
    differences = of_fake[1] - of_fake[0], of_real[1] - of_real[0]
    error = math.sqrt(differences[0].var(ddof=1) / n1 + differences[1].var(ddof=1) / n0)
    gap = areas[1] - areas[0]
    if error == 0:
        return DeLong(areas[0], areas[1], 0.0, 1.0 if abs(gap) < 1e-12 else 0.0)
    return DeLong(areas[0], areas[1], error, 2 * _NORMAL.cdf(-abs(gap) / error))


def holm(p: Sequence[float]) -> list[float]:
    """p-values of several tests, adjusted so that the chance of any false alarm stays as stated (Holm 1979).

    Args:
        p: two or more tests' p-values.

    Returns:
        In the same order; each at least as large as it was, none above 1.
    """
    adjusted, highest = [0.0] * len(p), 0.0
    for rank, index in enumerate(sorted(range(len(p)), key=p.__getitem__)):
        highest = max(highest, min(1.0, (len(p) - rank) * p[index]))
        adjusted[index] = highest
    return adjusted


def pictures_needed(test: McNemar) -> int | None:
    """How many pictures would show a difference as large as the one found, if it is there, four times in five, where
    one that is not there may be seen once in twenty times (Connor 1987).

    Args:
        test: what was found.

    Returns:
        Pictures, of the same kind, with as many that only one model gets right; None where there is no difference.
    """
    gap, apart = abs(test.only_b - test.only_a) / max(1, test.n), (test.only_a + test.only_b) / max(1, test.n)
    if not gap:
        return None
    z_risk, z_power = _NORMAL.inv_cdf(1 - _RISK / 2), _NORMAL.inv_cdf(_POWER)
    return math.ceil((z_risk * math.sqrt(apart) + z_power * math.sqrt(apart - gap**2)) ** 2 / gap**2)


def _midranks(values: Floats) -> Floats:
    """Ranks from 1; equal values get the mean of theirs."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[inverse], np.float64)
