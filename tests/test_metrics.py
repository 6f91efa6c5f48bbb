"""Every metric against scikit-learn, and the intervals against their promise."""

import numpy as np
import pytest
import sklearn.metrics as reference

from imageauth.evaluation import metrics
from imageauth.evaluation.figures import measure
from imageauth.evaluation.weighted import MEASURED, WeightedTable
from imageauth.pixels.card import Thresholds

THRESHOLDS = Thresholds(decision=0.5, ai=0.9, real=0.1)


def _data(kind):
    random = np.random.default_rng(7)
    n = {"tiny": 4}.get(kind, 500)
    labels = random.integers(0, 2, n)
    labels[:2] = 0, 1
    scores = random.normal(size=n) + labels
    if kind == "tied":
        scores = np.round(scores * 2) / 2
    if kind == "constant":
        scores = np.zeros(n)
    if kind == "perfect":
        scores = labels * 10.0 - 5
    if kind == "reversed":
        scores = 5 - labels * 10.0
    if kind == "unbalanced":
        labels = np.zeros(n, int)
        labels[::50] = 1
    return labels, scores, 1 / (1 + np.exp(-scores))


KINDS = ["random", "tied", "tiny", "constant", "perfect", "reversed", "unbalanced"]


@pytest.fixture(params=KINDS)
def data(request):
    return _data(request.param)


def _tpr_at(labels, scores, most):
    fpr, tpr, _ = reference.roc_curve(labels, scores, drop_intermediate=False)
    return tpr[fpr <= most + 1e-12].max()


def test_functions_equal_scikit_learn(data):
    labels, scores, p = data
    assert metrics.auroc(labels, scores) == pytest.approx(reference.roc_auc_score(labels, scores))
    assert metrics.average_precision(labels, scores) == pytest.approx(reference.average_precision_score(labels, scores))
    assert metrics.brier(labels, p) == pytest.approx(reference.brier_score_loss(labels, p))
    for most in (0.01, 0.05, 0.5):
        assert metrics.tpr_at_fpr(labels, scores, most) == pytest.approx(_tpr_at(labels, scores, most))


def test_curves_equal_scikit_learn(data):
    labels, scores, _ = data
    fpr, tpr, _ = reference.roc_curve(labels, scores, drop_intermediate=False)
    ours = metrics.roc_curve(labels, scores)
    np.testing.assert_allclose(ours[0], fpr)
    np.testing.assert_allclose(ours[1], tpr)
    precision, recall, _ = reference.precision_recall_curve(labels, scores)
    ours = metrics.precision_recall_curve(labels, scores)
    np.testing.assert_allclose(ours[0][::-1], precision[:-1])
    np.testing.assert_allclose(ours[1][::-1], recall[:-1])


def test_figures_equal_scikit_learn(data):
    labels, scores, p = data
    figures = measure(labels, scores, p, THRESHOLDS, resamples=20)
    said = (p >= 0.5).astype(int)
    assert figures.accuracy == pytest.approx(reference.accuracy_score(labels, said))
    assert figures.balanced_accuracy == pytest.approx(reference.balanced_accuracy_score(labels, said))
    assert figures.fake_accuracy == pytest.approx(reference.recall_score(labels, said))
    assert figures.real_accuracy == pytest.approx(reference.recall_score(labels, said, pos_label=0))
    assert figures.auroc == pytest.approx(reference.roc_auc_score(labels, scores))
    assert figures.average_precision == pytest.approx(reference.average_precision_score(labels, scores))
    assert figures.tpr_at_fpr_1 == pytest.approx(_tpr_at(labels, scores, 0.01))
    assert figures.tpr_at_fpr_5 == pytest.approx(_tpr_at(labels, scores, 0.05))
    assert figures.brier == pytest.approx(reference.brier_score_loss(labels, p))
    assert figures.ece == pytest.approx(metrics.ece(labels, p))
    matrix = reference.confusion_matrix(labels, said, labels=[0, 1])
    assert list(figures.confusion.values()) == matrix.ravel().tolist()


def test_one_class_gives_nan_where_two_are_needed():
    for label, known, unknown in ((1, "fake_accuracy", "real_accuracy"), (0, "real_accuracy", "fake_accuracy")):
        figures = measure([label] * 3, [3.0, 2, 1], [0.9, 0.8, 0.7], THRESHOLDS, resamples=10)
        assert not np.isnan(getattr(figures, known))
        needs_both = ("balanced_accuracy", "auroc", "average_precision", "tpr_at_fpr_1", "tpr_at_fpr_5")
        for name in (unknown, *needs_both):
            assert np.isnan(getattr(figures, name))
            assert figures.to_json()[name] is None
            assert figures.to_json()["confidence_intervals"][name] == [None, None]
    assert np.isnan(metrics.auroc([1, 1], [1, 2]))
    assert np.isnan(metrics.average_precision([0, 0], [1, 2]))
    assert np.isnan(metrics.tpr_at_fpr([1, 1], [1, 2], 0.1))


def test_no_images_at_all():
    figures = measure(np.array([], int), [], [], THRESHOLDS)
    assert figures.n == 0
    assert all(np.isnan(getattr(figures, name)) for name in MEASURED)


def test_the_interval_of_ece_holds_it():
    random = np.random.default_rng(5)
    p = random.random(400)
    for shift in (0.0, 0.1):
        labels = (random.random(400) < np.clip(p + shift, 0, 1)).astype(int)
        figures = measure(labels, p, p, Thresholds(0.5, 0.9, 0.1), resamples=300)
        low, high = figures.intervals["ece"]
        assert 0 <= low < figures.ece < high


def test_ece_by_hand():
    # Two bins of 15 are filled: [0.2, 0.2667) holds 0.2 and 0.25 with one AI image; [0.9333, 1] holds 0.95 and 1.
    p, labels = [0.2, 0.25, 0.95, 1.0], [0, 1, 1, 1]
    expected = (2 * abs(0.5 - 0.225) + 2 * abs(1 - 0.975)) / 4
    assert metrics.ece(labels, p) == pytest.approx(expected)
    mean, share, count = metrics.reliability(labels, p)
    assert count.sum() == 4
    assert count[3] == 2
    assert share[3] == pytest.approx(0.5)
    assert mean[14] == pytest.approx(0.975)


def test_coverage_by_hand():
    figures = measure([0, 0, 1, 1, 1], [-3, 0, 0, 3, -3], [0.1, 0.5, 0.6, 0.9, 0.05], THRESHOLDS, resamples=0)
    assert figures.coverage == pytest.approx(3 / 5)
    assert figures.accuracy_on_decided == pytest.approx(2 / 3)
    assert figures.intervals == {}


def test_tpr_counts_whole_images():
    # 1 of 100 real images is exactly 1 %, and is allowed.
    labels = np.r_[np.zeros(100, int), 1, 1]
    scores = np.r_[5.0, np.zeros(99), 6, 4]
    assert metrics.tpr_at_fpr(labels, scores, 0.01) == 1
    assert measure(labels, scores, np.full(102, 0.5), THRESHOLDS, resamples=0).tpr_at_fpr_1 == 1


def test_resampling_equals_measuring_the_resample():
    labels, scores, p = _data("tied")
    random = np.random.default_rng(0)
    drawn = np.sort(random.integers(len(labels), size=len(labels)))
    order = np.argsort(-scores, kind="stable")
    table = WeightedTable(labels[order] == 1, scores[order], p[order], THRESHOLDS, np.ones(len(order), np.bool_))
    weights = np.bincount(drawn, minlength=len(labels))[order][None].astype(float)
    direct = measure(labels[drawn], scores[drawn], p[drawn], THRESHOLDS, resamples=0)
    np.testing.assert_allclose(table.figures(weights)[:, 0], [getattr(direct, name) for name in MEASURED])


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    random = np.random.default_rng(1)
    caught = {"accuracy": 0, "auroc": 0}
    # Scores N(0,1) and N(1,1): accuracy at 0.5 is Φ(0.5), AUROC is Φ(1/√2).
    truth = {"accuracy": 0.6914625, "auroc": 0.7602499}
    rounds = 200
    for seed in range(rounds):
        labels = np.repeat([0, 1], 100)
        scores = random.normal(size=200) + labels
        p = 1 / (1 + np.exp(-(scores - 0.5)))
        intervals = measure(labels, scores, p, THRESHOLDS, resamples=300, seed=seed).intervals
        for name in caught:
            low, high = intervals[name]
            caught[name] += low <= truth[name] <= high
    for count in caught.values():
        assert 0.89 <= count / rounds <= 0.99


def test_intervals_are_the_same_each_time_and_hold_the_estimate():
    labels, scores, p = _data("random")
    one, two = (measure(labels, scores, p, THRESHOLDS, resamples=200) for _ in range(2))
    assert one == two
    for name in ("accuracy", "auroc", "average_precision", "brier"):
        low, high = one.intervals[name]
        assert low < getattr(one, name) < high


def test_monotone_maps_change_no_ranking_figure():
    labels, scores, p = _data("random")
    one, two = (measure(labels, s, p, THRESHOLDS, resamples=50) for s in (scores, np.exp(scores) * 3))
    for name in ("auroc", "average_precision", "tpr_at_fpr_1", "tpr_at_fpr_5"):
        assert getattr(one, name) == getattr(two, name)
        assert one.intervals[name] == two.intervals[name]
