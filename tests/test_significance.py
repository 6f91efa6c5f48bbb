"""Tests of differences give the values that are known, or that SciPy and a count over all cases give."""

import itertools
import math

import numpy as np
import pytest
import scipy.stats

from imageauth.evaluation.logistic import fit_platt, logistic
from imageauth.evaluation.metrics import auroc
from imageauth.evaluation.significance import by_unit, delong, holm, mcnemar, pictures_needed


def right(both: int, only_a: int, only_b: int, neither: int) -> tuple[np.ndarray, np.ndarray]:
    a = np.repeat([True, True, False, False], (both, only_a, only_b, neither))
    b = np.repeat([True, False, True, False], (both, only_a, only_b, neither))
    return a, b


@pytest.mark.parametrize(("only_a", "only_b"), [(0, 1), (1, 6), (3, 3), (28, 40), (400, 330)])
def test_mcnemar_is_the_binomial_test_of_what_only_one_got_right(only_a: int, only_b: int) -> None:
    test = mcnemar(*right(50, only_a, only_b, 7))
    exact = scipy.stats.binomtest(only_a, only_a + only_b).pvalue
    assert test.exact == pytest.approx(exact)
    assert test.mid == pytest.approx(exact - (1 if only_a != only_b else 0.5) * scipy.stats.binom.pmf(
        min(only_a, only_b), only_a + only_b, 0.5))  # fmt: skip
    assert (test.both, test.only_a, test.only_b, test.neither) == (50, only_a, only_b, 7)


def test_mcnemar_of_a_published_example() -> None:
    """Fagerland, Lydersen & Laake 2013, table 1 (Bentur et al.): 1 and 7 discordant pairs; exact .070, mid-p .039."""
    test = mcnemar(*right(1, 1, 7, 12))
    assert (round(test.exact, 3), round(test.mid, 3)) == (0.070, 0.039)


def test_two_that_agree_everywhere_do_not_differ() -> None:
    test = mcnemar(*right(5, 0, 0, 3))
    assert (test.exact, test.mid, pictures_needed(test)) == (1, 1, None)


def test_counted_by_picture_the_permutation_test_is_mcnemar() -> None:
    a, b = right(30, 4, 13, 5)
    assert by_unit(a, b, np.arange(len(a))) == pytest.approx(mcnemar(a, b).exact, abs=0.01)


def test_counted_by_source_a_single_source_proves_nothing() -> None:
    a, b = right(30, 0, 20, 5)
    assert mcnemar(a, b).mid < 1e-5
    units = np.repeat(["others", "one", "others"], (30, 20, 5))  # all of the gain is from one place
    assert by_unit(a, b, units) == 1


def test_delong_is_the_covariance_over_all_pairs() -> None:
    random = np.random.default_rng(1)
    labels = np.repeat([1, 0], (40, 60))
    hard = random.normal(size=100)
    a = np.round(labels + hard + random.normal(size=100), 1)  # with ties
    b = np.round(1.5 * labels + hard + random.normal(size=100), 1)
    found = delong(labels, a, b)
    assert (found.a, found.b) == (pytest.approx(auroc(labels, a)), pytest.approx(auroc(labels, b)))
    fake, real = labels == 1, labels == 0

    def wins(scores: np.ndarray) -> np.ndarray:
        gaps = scores[fake][:, None] - scores[real][None]
        return (gaps > 0) + 0.5 * (gaps == 0)

    gap = wins(b) - wins(a)
    variance = gap.mean(axis=1).var(ddof=1) / 40 + gap.mean(axis=0).var(ddof=1) / 60
    assert found.error == pytest.approx(math.sqrt(variance))
    z = (found.b - found.a) / found.error
    assert found.p == pytest.approx(2 * scipy.stats.norm.sf(abs(z)))
    assert delong(labels, a, a).p == 1


def test_delong_has_the_right_size() -> None:
    """Of models that are equally good, about one comparison in twenty looks sure at .05."""
    random = np.random.default_rng(2)
    labels = np.repeat([1, 0], (60, 60))
    sure = 0
    for _ in range(400):
        common = labels + random.normal(size=120)
        sure += delong(labels, common + random.normal(size=120), common + random.normal(size=120)).p < 0.05
    assert 0.02 <= sure / 400 <= 0.09


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == [pytest.approx(p) for p in (0.03, 0.06, 0.06, 0.02)]
    assert holm([0.9, 0.8]) == [1, 1]


def test_as_many_pictures_as_needed_show_the_difference() -> None:
    """Connor's formula, by hand for 10 % and 5 % discordant pairs; and four in five such samples are then sure."""
    needed = pictures_needed(mcnemar(*right(85, 5, 10, 0)))
    z, power, apart, gap = 1.959964, 0.841621, 0.15, 0.05
    assert needed == math.ceil((z * math.sqrt(apart) + power * math.sqrt(apart - gap**2)) ** 2 / gap**2)
    random = np.random.default_rng(3)
    draws = random.multinomial(needed, (0.85, 0.05, 0.10), 500)
    sure = np.mean([mcnemar(*right(both, a, b, 0)).mid < 0.05 for both, a, b in draws])
    assert 0.74 <= sure <= 0.87


def test_logistic_regression_is_at_the_maximum() -> None:
    random = np.random.default_rng(4)
    x = random.normal(size=(300, 2))
    y = (x @ [2, -1] + 0.5 + random.logistic(size=300) > 0).astype(float)
    weights = random.uniform(0.5, 2, 300)
    (first, second), offset = logistic(x, y, weights=weights)
    p = 1 / (1 + np.exp(-(x @ [first, second] + offset)))
    assert np.abs(np.column_stack([x, np.ones(300)]).T @ (weights * (p - y))).max() < 1e-4
    assert (first, second, offset) == (
        pytest.approx(2, abs=0.5),
        pytest.approx(-1, abs=0.4),
        pytest.approx(0.5, abs=0.4),
    )


def test_few_pictures_without_a_mistake_make_nobody_certain() -> None:
    scores, labels = np.array([-3.0, -2, -1, 1, 2, 3]), np.array([0, 0, 0, 1, 1, 1])
    sharp, smoothed = (fit_platt(scores, labels, 0.0, smoothed=each)(scores) for each in (False, True))
    assert sharp[-1] > 0.999
    assert 0.7 < smoothed[-1] < 0.95
    for pair in itertools.pairwise(smoothed):
        assert pair[0] < pair[1]
