"""Graph cut, saturated and feature coverage equal plain greedy on their formulas."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from coreselect import (
    FeatureCoverageSelector,
    GraphCutSelector,
    SaturatedCoverageSelector,
)
from tests.coverage import reference_facility as reference
from tests.coverage.test_facility import LINE, cases, ten_less_distance


def plain_greedy(value, n, size):
    """Evaluate every set in every step; the lowest row among ties."""
    order, gains, total = [], [], value([])
    for _ in range(size):
        gain = np.array([value([*order, row]) for row in range(n)]) - total
        gain[order] = -np.inf
        best = gain.max()
        order.append(int(np.argmax(gain >= best - 1e-9 * abs(best) - 1e-12 * total)))
        gains.append(gain[order[-1]])
        total += gains[-1]
    return np.array(order), np.array(gains)


def graph_cut(S, weight, trade_off):
    return lambda rows: (
        (weight @ S[:, rows]).sum() - trade_off * S[np.ix_(rows, rows)].sum()
    )


def saturated(S, weight, saturation):
    limit = saturation * (S @ weight)
    return lambda rows: weight @ np.minimum(S[:, rows].sum(axis=1), limit)


def test_the_known_values_on_a_line():
    """[C 2.6]: the best graph cut of two rows is 52; rows 1 and 2 reach it, too."""
    S = np.maximum(0, ten_less_distance(LINE, LINE))
    assert graph_cut(S, np.ones(6), 0.5)([2, 3]) == 52
    assert saturated(S, np.ones(6), 0.3)([2, 4]) == pytest.approx(48.6)
    fitted = GraphCutSelector(2, similarity=ten_less_distance).fit(LINE)
    assert fitted.value_ == pytest.approx(52)
    assert fitted.sample_indices_[0] == 2


@pytest.mark.parametrize("trade_off", [0.0, 0.5, 2.0])
def test_graph_cut_is_greedy(trade_off):
    for seed, X, weight, similarity in cases(17, 40):
        S = reference.similarities(X.astype(float), similarity, 0.3)
        found = plain_greedy(graph_cut(S, weight, trade_off), len(X), 8)
        selector = GraphCutSelector(
            8, similarity=similarity, gamma=0.3, trade_off=trade_off
        )
        selector.fit(X, sample_weight=weight)
        assert_array_equal(selector.sample_indices_, found[0], err_msg=f"seed {seed}")
        assert_allclose(selector.gains_, found[1], rtol=1e-9, atol=1e-9)
        assert selector.value_ == pytest.approx(found[1].sum())
        weights = reference.cluster_weights(S, weight, found[0])
        assert_allclose(selector.sample_weight_, weights)


@pytest.mark.parametrize("saturation", [0.05, 0.25])
def test_saturated_coverage_is_greedy(saturation):
    for seed, X, weight, similarity in cases(25, 40):
        S = reference.similarities(X.astype(float), similarity, 0.3)
        found = plain_greedy(saturated(S, weight, saturation), len(X), 8)
        given = sparse.csr_array(X) if seed % 7 == 3 else X
        selector = SaturatedCoverageSelector(
            8, similarity=similarity, gamma=0.3, saturation=saturation
        )
        selector.fit(given, sample_weight=weight)
        assert_array_equal(selector.sample_indices_, found[0], err_msg=f"seed {seed}")
        assert_allclose(selector.gains_, found[1], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("concave", ["sqrt", "log1p"])
def test_feature_coverage_is_greedy(concave):
    g = getattr(np, concave)
    for seed in range(25):
        rng = np.random.default_rng(seed)
        X = rng.poisson(0.6, (30, 12)).astype(float)
        if seed % 3:
            X *= rng.random((30, 12))
        found = plain_greedy(lambda rows, X=X: g(X[rows].sum(axis=0)).sum(), 30, 10)
        for given in (X, sparse.csr_array(X), X.astype(np.float64, order="F")):
            selector = FeatureCoverageSelector(10, concave=concave).fit(given)
            assert_array_equal(selector.sample_indices_, found[0])
            assert_allclose(selector.gains_, found[1], rtol=1e-9, atol=1e-9)
        assert_allclose(selector.sample_weight_, 3.0)


def test_weights_count_copies():
    """Graph cut and saturation are not free of the unit: a weight of 2 is two rows."""
    X = np.random.default_rng(0).normal(size=(40, 2))
    for make in (GraphCutSelector, SaturatedCoverageSelector):
        one = make(6).fit(X, sample_weight=np.full(40, 2.0))
        S, weight = reference.similarities(X), np.full(40, 2.0)
        value = (graph_cut, saturated)[make is SaturatedCoverageSelector]
        value = value(S, weight, 0.5 if make is GraphCutSelector else 0.25)
        assert one.value_ == pytest.approx(value(one.sample_indices_))
        assert_array_equal(one.sample_indices_, plain_greedy(value, 40, 6)[0])


def test_quotas_and_included_rows_are_respected():
    X = np.abs(np.random.default_rng(1).normal(size=(30, 3)))
    groups = np.arange(30) % 2
    for make in (GraphCutSelector, SaturatedCoverageSelector, FeatureCoverageSelector):
        fitted = make(6, quotas={0: 2}).fit(X, groups=groups, include=[4])
        assert fitted.sample_indices_[0] == 4
        assert np.count_nonzero(groups[fitted.sample_indices_] == 0) == 2


def test_negative_features_are_refused():
    with pytest.raises(ValueError, match="Negative values in data: X holds -2"):
        FeatureCoverageSelector(1).fit([[1.0, -2.0], [0.0, 1.0]])


@pytest.mark.parametrize("holder", [np.array, sparse.csr_array])
def test_negative_features_of_rows_of_weight_zero_do_not_count(holder):
    X = holder([[1.0, -2.0], [0.0, 1.0], [0.0, 2.0]])
    fitted = FeatureCoverageSelector(1).fit(X, sample_weight=[0, 1, 1])
    assert_array_equal(fitted.sample_indices_, [2])


def test_similarities_of_wrong_shape_are_refused():
    for wrong in (lambda X, Y: np.ones(len(X)), lambda X, Y: "near"):
        for kind in (GraphCutSelector, SaturatedCoverageSelector):
            with pytest.raises(ValueError, match="an array of shape"):
                kind(2, similarity=wrong).fit(np.arange(12.0).reshape(6, 2))


@pytest.mark.parametrize("holder", [np.array, sparse.csr_array])
def test_features_that_sum_to_infinity_are_named(holder):
    X = holder([[1.0, 1e308], [2.0, 1e308], [0.0, 1e308]])
    with pytest.raises(ValueError, match="column 1 sums to infinity"):
        FeatureCoverageSelector(2).fit(X)
