"""Metrics against their definitions."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose
from scipy import sparse
from scipy.spatial.distance import cdist
from sklearn.metrics.pairwise import laplacian_kernel, rbf_kernel

from coreselect import (
    HerdingSelector,
    LeverageSelector,
    Selection,
    certify,
    metrics,
    rows,
)
from coreselect.linalg import leverage_scores
from coreselect.selection import SamplingDesign


@pytest.fixture
def X():
    return np.random.default_rng(0).standard_normal((80, 3)) + 4


@pytest.fixture
def selection(X):
    return LeverageSelector(20, random_state=0).fit_select(X)


def test_relative_cost(X, selection):
    losses = X**2
    wanted = selection.estimate(losses[selection.indices]) / losses.sum(axis=0)
    assert_allclose(metrics.relative_cost(selection, losses), wanted)
    weight = np.arange(1.0, 81.0)
    got = metrics.relative_cost(selection, losses[:, 0], sample_weight=weight)
    assert_allclose(got, wanted[0] * losses[:, 0].sum() / (weight @ losses[:, 0]))
    assert metrics.relative_cost(selection, np.zeros(80)) == 1.0


def drawn(n_rows, size, seed, weight=1.0):
    """Poisson sampling with its design."""
    rng = np.random.default_rng(seed)
    pi = np.linspace(0.5, 1.5, n_rows) * size / n_rows
    rows = np.flatnonzero(rng.random(n_rows) < pi)
    design = SamplingDesign("poisson", expected=pi[rows])
    weights = np.broadcast_to(weight, n_rows)[rows] / pi[rows]
    return Selection(rows, weights, n_rows, design=design)


@pytest.mark.parametrize("unit", [1.0, 2.0**-400, 2.0**400])
def test_relative_cost_has_a_standard_error(unit):
    """Of Poisson sampling: the root of sum(w_i**2 (1 - pi_i) l_i**2 / pi_i**2)."""
    losses = np.random.default_rng(1).exponential(size=(300, 2)) * [1, 1e-3]
    weight = np.linspace(1, 2, 300) * unit
    chosen = drawn(300, 60, 0, weight)
    ratio, std = metrics.relative_cost(
        chosen, losses, sample_weight=weight, return_std=True
    )
    assert_allclose(
        ratio, metrics.relative_cost(chosen, losses, sample_weight=weight), rtol=1e-15
    )
    z = chosen.weights[:, None] / unit * losses[chosen.indices]
    squares = (1 - chosen.design.expected) @ z**2
    assert_allclose(std, np.sqrt(squares) / (weight / unit @ losses), rtol=1e-12)
    one = metrics.relative_cost(
        chosen, losses[:, 0], sample_weight=weight, return_std=True
    )
    assert_allclose(one, (ratio[0], std[0]))
    assert [type(number) for number in one] == [float, float]


def test_the_standard_error_of_a_relative_cost_is_the_spread_over_draws():
    """1,000 draws: their standard deviation is known to 1 part in 45."""
    losses = np.random.default_rng(1).exponential(size=400)
    found = np.array(
        [
            metrics.relative_cost(drawn(400, 80, seed), losses, return_std=True)
            for seed in range(1000)
        ]
    )
    assert abs(found[:, 1].mean() / found[:, 0].std() - 1) < 4.5 / 45


def test_the_standard_error_of_a_relative_cost_needs_a_design(selection):
    bare = Selection(selection.indices, selection.weights, 80)
    with pytest.raises(ValueError, match="how the rows were drawn"):
        metrics.relative_cost(bare, np.ones(80), return_std=True)
    chosen = drawn(80, 20, 0)
    ratio, std = metrics.relative_cost(chosen, np.zeros((80, 2)), return_std=True)
    assert ratio.tolist() == [1, 1]
    assert std.tolist() == [0, 0]


@pytest.mark.parametrize("fit_intercept", [False, True])
def test_subspace_distortion_is_the_certificate_of_the_columns(
    X, selection, fit_intercept
):
    A = np.column_stack([X, np.ones(80)]) if fit_intercept else X
    wanted = certify(selection, A, objective="pca").epsilon
    got = metrics.subspace_distortion(selection, X, fit_intercept=fit_intercept)
    assert_allclose(got, wanted, rtol=1e-9)
    assert metrics.subspace_distortion(Selection([], [], 80), X) == 1.0


@pytest.mark.parametrize("power", [1.0, 2.0])
@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
def test_clustering_distortion(X, selection, power, container):
    sets = [X[:4], X[10:13] + 0.1, X[selection.indices[:5]]]
    ratios = []
    for centers in sets:
        cost = cdist(X, centers).min(axis=1) ** power
        ratios.append(selection.estimate(cost[selection.indices]) / cost.sum())
    wanted = max(max(r, 1 / r) for r in ratios)
    got = metrics.clustering_distortion(selection, container(X), sets, power=power)
    assert_allclose(got, wanted, rtol=1e-7)
    one = metrics.clustering_distortion(selection, X, sets[0], power=power)
    assert_allclose(one, max(ratios[0], 1 / ratios[0]), rtol=1e-7)


@pytest.mark.parametrize(
    "make", [np.asarray, pd.DataFrame, pl.DataFrame, np.ndarray.tolist]
)
def test_sets_of_centres_are_of_any_kind(X, selection, make):
    sets = np.random.default_rng(1).standard_normal((2, 3, X.shape[1]))
    wanted = metrics.clustering_distortion(selection, X, list(sets))
    got = metrics.clustering_distortion(selection, X, [make(c) for c in sets])
    assert got == wanted == metrics.clustering_distortion(selection, X, sets)
    one = metrics.clustering_distortion(selection, X, make(sets[0]))
    assert one == metrics.clustering_distortion(selection, X, sets[0])


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_losses_that_are_not_finite_are_refused(selection, bad):
    losses = np.ones((80, 2))
    losses[3, 1] = bad
    for given in (losses, losses[:, 1]):
        with pytest.raises(ValueError, match="losses contains"):
            metrics.relative_cost(selection, given)


def test_clustering_distortion_of_nothing_and_of_no_cost():
    X = np.array([[0.0], [0.0], [1.0]])
    zeros = Selection([0], [2.0], 3)
    assert metrics.clustering_distortion(zeros, X, [[0.0]]) == np.inf
    assert metrics.clustering_distortion(zeros, X, [[0.0], [1.0]]) == 1.0
    assert metrics.clustering_distortion(Selection([], [], 3), X, [[0.0]]) == np.inf


@pytest.mark.parametrize("scale", [1e-180, 1.0, 1e180])
@pytest.mark.parametrize("offset", [0.0, 1e8])
def test_distances_have_no_unit_and_no_origin(X, selection, scale, offset):
    X = X.round(3)  # the offset leaves these digits
    Z = scale * (X + offset)
    got = metrics.clustering_distortion(selection, Z, Z[:4])
    assert_allclose(got, metrics.clustering_distortion(selection, X, X[:4]), rtol=1e-4)
    got = metrics.covering_radius(selection, Z) / scale
    assert_allclose(got, metrics.covering_radius(selection, X), rtol=1e-4)


def test_mean_discrepancy(X, selection):
    w = selection.weights / selection.weights.sum()
    S = X[selection.indices]
    K, C, F = rbf_kernel(S), rbf_kernel(S, X).mean(axis=1), rbf_kernel(X).mean()
    wanted = np.sqrt(w @ K @ w - 2 * w @ C + F)
    assert_allclose(metrics.mean_discrepancy(selection, X), wanted, rtol=1e-9)
    everything = Selection(np.arange(80), np.ones(80), 80)
    assert metrics.mean_discrepancy(everything, X) == 0.0
    assert metrics.mean_discrepancy(Selection([], [], 80), X) == np.inf
    some = Selection([1, 2, 5], [3.0, 0.0, 1.0], 80)
    without = Selection([1, 5], [3.0, 1.0], 80)
    got = metrics.mean_discrepancy(some, X)
    assert got == metrics.mean_discrepancy(without, X)


def test_the_kernel_and_its_width_count(X, selection):
    w = selection.weights / selection.weights.sum()
    S = X[selection.indices]
    for kernel, function in (("rbf", rbf_kernel), ("laplacian", laplacian_kernel)):
        K, C, F = (function(a, b, gamma=0.1) for a, b in ((S, S), (S, X), (X, X)))
        wanted = np.sqrt(w @ K @ w - 2 * w @ C.mean(axis=1) + F.mean())
        got = metrics.mean_discrepancy(selection, X, kernel=kernel, gamma=0.1)
        assert_allclose(got, wanted, rtol=1e-9)


def test_kernels_of_the_user_measure_discrepancies(X, selection):
    wanted = metrics.mean_discrepancy(selection, X, kernel="laplacian")
    for holder in (X, sparse.csr_array(X)):
        found = metrics.mean_discrepancy(selection, holder, kernel=laplacian_kernel)
        assert_allclose(found, wanted, rtol=1e-12)
    fitted = HerdingSelector(9, kernel=laplacian_kernel).fit(X)
    found = metrics.mean_discrepancy(fitted.selection_, X, kernel=laplacian_kernel)
    assert_allclose(found, fitted.discrepancy_, rtol=1e-6)


def test_discrepancies_have_no_unit_of_either_weight(X, selection):
    wanted = metrics.mean_discrepancy(selection, X)
    own = np.full(80, 2.0**1000)
    light = Selection(selection.indices, np.ldexp(selection.weights, -1000), 80)
    assert metrics.mean_discrepancy(light, X, sample_weight=own) == wanted


def test_input_weights_are_copies(X):
    """A row of weight m is m rows, in each metric that takes weights."""
    copies = np.random.default_rng(1).integers(0, 4, 80)
    weight = copies.astype(float)
    row = np.repeat(np.arange(80), copies)
    selection = LeverageSelector(20, random_state=0).fit_select(X, None, weight)
    first = np.searchsorted(row, selection.indices)
    apart = Selection(first, selection.weights, len(row))
    centers = X[:4]
    for metric in (
        metrics.subspace_distortion,
        metrics.mean_discrepancy,
        lambda s, X, **more: metrics.clustering_distortion(s, X, centers, **more),
    ):
        wanted = metric(apart, X[row])
        assert_allclose(metric(selection, X, sample_weight=weight), wanted, rtol=1e-7)
        assert abs(metric(selection, X) / wanted - 1) > 1e-3


@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
def test_covering_radius(X, selection, container):
    wanted = cdist(X, X[selection.indices]).min(axis=1).max()
    assert_allclose(metrics.covering_radius(selection, container(X)), wanted, rtol=1e-9)
    assert metrics.covering_radius(Selection([], [], 80), X) == np.inf
    assert metrics.covering_radius(Selection(np.arange(80), np.ones(80), 80), X) == 0


def test_bad_arguments_are_named(X, selection):
    with pytest.raises(ValueError, match="losses has 3 rows, but the selection"):
        metrics.relative_cost(selection, [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match=r"centers must have shape \(n_centers, 3\)"):
        metrics.clustering_distortion(selection, X, [[1.0, 2.0]])
    with pytest.raises(ValueError, match="centers is empty"):
        metrics.clustering_distortion(selection, X, [])
    with pytest.raises(ValueError, match="centers contains NaN"):
        metrics.clustering_distortion(selection, X, [[1.0, np.nan, 2.0]])
    with pytest.raises(TypeError, match="selection must be a Selection, got list"):
        metrics.covering_radius([1, 2], X)
    with pytest.raises(ValueError, match="power must be finite and above 0"):
        metrics.clustering_distortion(selection, X, X[:2], power=0)
    with pytest.raises(ValueError, match="kernel must be one of"):
        metrics.mean_discrepancy(selection, X, kernel="linear")


def test_selected_rows_of_weight_zero_are_refused(X):
    """They are no part of the sums over all rows; with weight 0 they add nothing."""
    weight = np.ones(80)
    weight[3] = 0
    calls = (
        lambda s, w: metrics.relative_cost(s, X**2, sample_weight=w),
        lambda s, w: metrics.subspace_distortion(s, X, sample_weight=w),
        lambda s, w: metrics.clustering_distortion(s, X, X[:2], sample_weight=w),
        lambda s, w: metrics.mean_discrepancy(s, X, sample_weight=w),
        lambda s, w: metrics.covering_radius(s, rows.open(X, sample_weight=w)),
    )
    for call in calls:
        with pytest.raises(ValueError, match="row 3, whose sample_weight is 0"):
            call(Selection([2, 3, 7], [9.0, 9.0, 9.0], 80), weight)
        call(Selection([2, 3, 7], [9.0, 0.0, 9.0], 80), weight)


def test_rows_of_weight_zero_are_not_to_be_covered(X):
    X[3] = 1e3
    held = rows.open(X, sample_weight=np.arange(80) != 3)
    selection, left = (Selection([0], [1.0], n) for n in (80, 79))
    wanted = metrics.covering_radius(left, np.delete(X, 3, axis=0))
    assert_allclose(metrics.covering_radius(selection, held), wanted)


@pytest.mark.parametrize("exponent", [-1000, -540, 540, 1000])
@pytest.mark.parametrize("scale", [2.0**-560, 2.0**500])
def test_units_of_weights_and_rows_change_nothing(exponent, scale):
    rng = np.random.default_rng(0)
    X, weight = rng.standard_normal((60, 3)), rng.integers(1, 4, 60) / 2
    chosen = np.arange(0, 60, 3)

    def measured(unit, X):
        selection = Selection(chosen, np.ldexp(weight[chosen] * 3, unit), 60)
        how = {"sample_weight": np.ldexp(weight, unit)}
        return [
            metrics.relative_cost(selection, abs(X), **how)[0],
            metrics.subspace_distortion(selection, X, **how),
            metrics.clustering_distortion(selection, X, X[:3], **how),
            metrics.mean_discrepancy(selection, np.sign(X), **how),
            leverage_scores(X, **how)[0],
            *certify(selection, X, objective="pca", **how).as_dict().values(),
            *certify(selection, X[:, :2], objective="least_absolute", **how)
            .as_dict()
            .values(),
        ]

    for got, wanted in zip(measured(exponent, X * scale), measured(0, X), strict=True):
        if isinstance(wanted, float):
            assert got == pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize("offset", [1e7, 1e10, 1e14])
@pytest.mark.parametrize("kernel", ["rbf", "laplacian"])
@pytest.mark.parametrize("n_features", [3, 100])
def test_an_offset_costs_the_discrepancy_no_digits(offset, kernel, n_features):
    rng = np.random.default_rng(0)
    X = rng.integers(-200, 200, (40, n_features)) / 64  # and the sums are exact
    selection = Selection([0, 3, 7], [10.0, 20.0, 10.0], 40)
    found = metrics.mean_discrepancy(selection, X + offset, kernel=kernel)
    assert_allclose(found, metrics.mean_discrepancy(selection, X, kernel=kernel))
