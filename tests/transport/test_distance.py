"""Transport distances against POT, closed forms and scipy's linear programme."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import linprog
from scipy.spatial.distance import cdist
from scipy.stats import wasserstein_distance

from coreselect.transport import dual_potentials, ot_distance, row_values
from coreselect.transport.distance import transport


def points(n, m, d=4, seed=0):
    rng = np.random.default_rng(seed)
    X, Y = rng.standard_normal((n, d)), rng.standard_normal((m, d)) + 0.5
    return X, Y, rng.dirichlet(np.ones(n)), rng.dirichlet(np.ones(m))


@pytest.mark.parametrize("solver", ["exact", "lazy"])
@pytest.mark.parametrize("metric", ["euclidean", "chord"])
def test_distance_is_that_of_pot(solver, metric):
    import ot

    X, Y, a, b = points(70, 50)
    U, V = X, Y
    if metric == "chord":
        U = X / np.linalg.norm(X, axis=1)[:, None]
        V = Y / np.linalg.norm(Y, axis=1)[:, None]
    wanted = ot.emd2(a, b, cdist(U, V))
    if solver == "lazy" and not hasattr(ot, "emd2_lazy"):  # before POT 0.9.7
        with pytest.raises(RuntimeError, match=r"needs POT 0\.9\.7"):
            ot_distance(X, Y, solver=solver)
        return
    got = ot_distance(X, Y, 3 * a, b, metric=metric, solver=solver)
    assert_allclose(got, wanted, rtol=1e-9)


def test_distance_is_that_of_a_linear_programme():
    X, Y, a, b = points(6, 5)
    cost = cdist(X, Y)
    rows = np.kron(np.eye(6), np.ones(5))
    columns = np.kron(np.ones(6), np.eye(5))
    found = linprog(cost.ravel(), A_eq=np.vstack([rows, columns]), b_eq=np.append(a, b))
    assert_allclose(ot_distance(X, Y, a, b), found.fun, rtol=1e-9)


def test_on_a_line_it_is_the_area_between_distribution_functions():
    X, Y, a, b = points(200, 90, d=1)
    wanted = wasserstein_distance(X.ravel(), Y.ravel(), a, b)
    assert_allclose(ot_distance(X, Y, a, b), wanted, rtol=1e-9)


def test_sinkhorn_converges_to_just_above_the_exact_distance():
    X, Y, a, b = points(60, 50)
    exact, entropic = (ot_distance(X, Y, a, b, solver=s) for s in ("exact", "sinkhorn"))
    assert exact <= entropic + 1e-6
    assert entropic < 1.01 * exact


def test_a_fixed_number_of_sweeps_would_not_do():
    """Twelve sweeps, as in the released code, are off by more than size steps are."""
    import ot

    X, Y, a, b = points(60, 50)
    cost = cdist(X, Y)
    reg = 0.005 * cost.mean()
    plan = ot.bregman.sinkhorn_log(a, b, cost, reg, numItermax=12, warn=False)
    assert np.abs(plan.sum(axis=0) - b).sum() > 1e-2


def test_zero_weights_are_as_if_the_row_was_not_there():
    X, Y, a, b = points(30, 20)
    a[:5], b[3:6] = 0, 0
    for solver in ("exact", "sinkhorn"):
        wanted = ot_distance(
            X[5:], np.delete(Y, [3, 4, 5], 0), a[5:], b[b > 0], solver=solver
        )
        assert_allclose(ot_distance(X, Y, a, b, solver=solver), wanted, rtol=1e-6)


@pytest.mark.parametrize("scale", [1e-150, 1e-9, 1e9, 1e150])
def test_distance_scales_with_the_rows(scale):
    X, Y, a, b = points(30, 20)
    wanted = scale * ot_distance(X, Y, a, b)
    assert_allclose(ot_distance(scale * X, scale * Y, a, b), wanted, rtol=1e-9)
    assert_allclose(
        ot_distance(scale * X, Y, metric="chord"),
        ot_distance(X, Y, metric="chord"),
        rtol=1e-9,
    )


def test_equal_sets_and_single_rows():
    X, Y, a, _ = points(20, 7)
    assert ot_distance(X, X, a, a) < 1e-12
    assert ot_distance(np.ones((5, 2)), np.ones((3, 2))) == 0
    assert ot_distance(np.ones((5, 2)), np.ones((3, 2)), solver="sinkhorn") == 0
    one = Y[:1]
    assert_allclose(ot_distance(X, one, a), a @ cdist(X, one)[:, 0])
    assert_allclose(ot_distance(one, X, None, a), a @ cdist(X, one)[:, 0])


def test_rows_of_zeros_are_at_chord_distance_one():
    assert ot_distance(np.zeros((1, 2)), [[3.0, 4.0]], metric="chord") == 1
    assert ot_distance(np.zeros((1, 2)), np.zeros((2, 2)), metric="chord") == 0


def test_weights_that_rounding_keeps_from_adding_up_are_no_problem():
    X, Y, _, _ = points(49, 7)
    a, b = np.full(49, 0.1), np.full(7, 0.7 + 1e-9)
    assert np.isfinite(ot_distance(X, Y, a, b))


@pytest.mark.parametrize(("n", "m"), [(30, 20), (1, 20), (20, 1)])
def test_potentials_are_feasible_and_add_up_to_the_distance(n, m):
    X, Y, a, b = points(n, m)
    u, v = dual_potentials(X, Y, a, b)
    assert (u[:, None] + v <= cdist(X, Y) + 1e-9).all()
    assert_allclose(a @ u + b @ v, ot_distance(X, Y, a, b), rtol=1e-9)
    assert_allclose(u.mean(), v.mean(), atol=1e-12)


def test_values_predict_what_leaving_a_row_out_does():
    """Where the optimal basis changes little: correlated beyond 0.9, right in size."""
    X, Y, _, _ = points(200, 150)
    values = row_values(X, Y)
    whole = ot_distance(X, Y)
    rows = np.argsort(values)[[0, 1, 50, 100, 150, -2, -1]]
    change = [ot_distance(np.delete(X, i, 0), Y) - whole for i in rows]
    assert np.corrcoef(change, -values[rows] / 200)[0, 1] > 0.9
    assert_allclose(change[-1], -values[rows[-1]] / 200, rtol=0.1)


def test_values_do_not_depend_on_the_constant_in_the_potentials():
    X, Y, a, b = points(30, 20)
    _, u, _ = transport(a, b, cdist(X, Y))
    shifted = u + 100
    wanted = shifted - (a @ shifted - a * shifted) / (1 - a)
    assert_allclose(row_values(X, Y, a, b), wanted, atol=1e-10)


def test_bad_input_is_named():
    X, Y, a, b = points(6, 5)
    for problem, message in (
        ({"metric": "cosine"}, "metric must be one of"),
        ({"solver": "auto"}, "solver must be one of"),
        ({"a": -a}, "a must not be negative"),
        ({"b": 0 * b}, "b is zero for every row"),
        ({"b": b[:3]}, "b has 3 values for 5 rows"),
        ({"a": a * np.nan}, "a contains NaN"),
    ):
        with pytest.raises(ValueError, match=message):
            ot_distance(X, Y, **problem)
    with pytest.raises(ValueError, match="Y has 2 features, but X has 4"):
        ot_distance(X, Y[:, :2])
    with pytest.raises(ValueError, match=r"Y: .*0 sample"):
        ot_distance(X, Y[:0])
    with pytest.raises(ValueError, match="two are needed"):
        row_values(X[:1], Y)
