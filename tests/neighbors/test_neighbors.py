"""Exact nearest rows: the same lists as by sorting all distances."""

from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.neighbors import NearestNeighbors
from threadpoolctl import threadpool_limits

import coreselect
from coreselect._threads import (
    count_threads,
    one_blas_thread,
    run_rounds,
    threads_for,
    tournament,
)
from coreselect.neighbors import nearest_neighbors, neighbor_lists
from tests._kernels import reference_neighbors as reference


def lattice(n, seed=0):
    """Rows with many copies and equal distances."""
    return np.random.default_rng(seed).integers(0, 4, (n, 3)).astype(float)


def scattered(n, seed=0, d=4):
    return np.random.default_rng(seed).standard_normal((n, d))


@pytest.mark.parametrize("hold", [np.asarray, sparse.csr_array, sparse.csc_matrix])
@pytest.mark.parametrize("make", [lattice, scattered])
@pytest.mark.parametrize("k", [1, 5, 89])
def test_lists_are_those_of_sorting(make, k, hold):
    X = make(90)
    indices, distances = nearest_neighbors(hold(X), k)
    wanted, gaps = reference.nearest(X, X, k, np.arange(90))
    assert_array_equal(indices, wanted)
    assert_array_equal(distances, gaps)


@pytest.mark.parametrize("hold", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("make", [lattice, scattered])
def test_queries_leave_out_the_row_that_is_named(make, hold):
    X = make(90)
    queries, exclude = X[10:40], np.arange(10, 40)
    exclude[::2] = -1
    found = nearest_neighbors(hold(X), 7, queries=hold(queries), exclude=exclude)
    wanted = reference.nearest(X, queries, 7, exclude)
    for got, should in zip(found, wanted, strict=True):
        assert_array_equal(got, should)


def test_rows_find_copies_but_never_themselves():
    indices, distances = nearest_neighbors(np.zeros((3, 2)), 2)
    assert_array_equal(indices, [[1, 2], [0, 2], [0, 1]])
    assert_array_equal(distances, 0)


@pytest.mark.parametrize("n", [1000, 1024, 1025, 2049])
def test_tiles_do_not_show(n):
    """Whole tiles, a row more, and tiles that meet: as one query at a time."""
    X = lattice(n)
    some = np.unique([0, 1, 500, 999, n - 1])
    indices, _ = nearest_neighbors(X, 6)
    wanted, _ = reference.nearest(X, X[some], 6, some)
    assert_array_equal(indices[some], wanted)


def wide(n=1500, d=12, seed=0):
    return np.random.default_rng(seed).standard_normal((n, d))


def assert_right(X, k=4, rows=40, **keywords):
    """Compare the lists of some rows with sorting all distances."""
    some = np.linspace(0, len(X) - 1, rows).astype(int)
    indices, distances = nearest_neighbors(X, k, **keywords)
    wanted, gaps = reference.nearest(X.astype(float), X[some].astype(float), k, some)
    assert_array_equal(indices[some], wanted)
    assert_allclose(distances[some], gaps, rtol=1e-15)


@pytest.mark.parametrize("d", [1, 3, 6, 7, 12, 100])
def test_trees_and_products_agree_with_sorting(d):
    assert_right(wide(1500, d))
    assert_right(wide(1500, d).astype(np.float32))


@pytest.mark.parametrize("d", [3, 12])
def test_copies_and_ties_are_in_order(d):
    X = np.repeat(wide(150, d), 10, axis=0)[np.random.default_rng(1).permutation(1500)]
    assert_right(X, k=15)
    assert_right(np.zeros((1100, d)), k=3)


@pytest.mark.parametrize("d", [3, 12])
def test_a_tree_leaves_ties_to_products(d):
    """A lattice without copies: most lists end amid equal distances."""
    X = np.stack(np.meshgrid(*[np.arange(11.0)] * 3), axis=-1).reshape(-1, 3)
    X = np.hstack([X, np.zeros((len(X), d - 3))])
    assert_right(X[np.random.default_rng(0).permutation(len(X))], k=4)


@pytest.mark.parametrize("d", [3, 12])
@pytest.mark.parametrize("scale", [1e-200, 1e-12, 1e12, 1e200])
def test_scale_changes_nothing(d, scale):
    X = wide(1100, d)
    indices, distances = nearest_neighbors(X, 4)
    found, scaled = nearest_neighbors(X * scale, 4)
    assert_array_equal(found, indices)
    assert_allclose(scaled, distances * scale, rtol=1e-9)


@pytest.mark.parametrize("hold", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("d", [3, 12])
def test_subnormal_numbers_are_told_apart(d, hold):
    X = np.round(wide(1100, d) * 2**20) / 2**20
    indices, distances = nearest_neighbors(X, 4)
    with np.errstate(all="raise", under="ignore"):
        found, small = nearest_neighbors(hold(np.ldexp(X, -1040)), 4)
    assert_array_equal(found, indices)
    assert_allclose(np.ldexp(small, 1040), distances, rtol=1e-9)


@pytest.mark.parametrize("scale", [1e-310, 1e-200])
@pytest.mark.parametrize("d", [3, 12])
def test_queries_far_beyond_the_rows_have_finite_distances(d, scale):
    found, distances = nearest_neighbors(
        wide(1100, d) * scale, 4, queries=np.ones((2, d))
    )
    assert_array_equal(found, [[0, 1, 2, 3]] * 2)
    assert_allclose(distances, np.sqrt(d), rtol=1e-12)


@pytest.mark.parametrize("hold", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("d", [3, 12])
def test_queries_of_a_single_row(d, hold):
    X, Q = np.zeros((1, d)), np.eye(d)
    indices, distances = nearest_neighbors(hold(X), 1, queries=hold(Q))
    assert_array_equal(indices, np.zeros((d, 1)))
    assert_array_equal(distances, np.ones((d, 1)))


@pytest.mark.parametrize("d", [3, 12])
def test_offsets_and_far_rows_do_not_blur(d):
    """Float32 could tell none of these rows apart without an origin amid them."""
    X = np.round(wide(1100, d) * 2**20) / 2**20 + 2.0**25
    assert len(np.unique(X.astype(np.float32)[:, 0])) < 10
    assert_right(X)
    far = wide(1100, d)
    far[7], far[100:103], far[500] = 1e30, 1e17, -1e100
    assert_right(far, rows=1100)


def test_near_copies_are_told_apart_where_float32_cannot():
    rng = np.random.default_rng(0)
    steps = rng.permutation(np.linspace(1e-9, 1e-8, 30))
    X = wide(1100, 12)
    X[200:230] = X[100]
    X[200:230, 0] += steps
    indices, _ = nearest_neighbors(X, 30)
    assert_array_equal(indices[100], 200 + np.argsort(steps))


@pytest.mark.parametrize("d", [3, 12, 300])
@pytest.mark.parametrize("n", [600, 2600])
def test_threads_and_holders_change_nothing(n, d):
    X = wide(n, d)
    X[abs(X) < 1.0] = 0
    wanted = nearest_neighbors(X, 5, n_jobs=1)
    for hold, n_jobs in (
        (np.asarray, 2),
        (np.asarray, 3),
        (np.asfortranarray, None),
        (sparse.csr_array, 1),
        (sparse.csr_array, -1),
    ):
        found = nearest_neighbors(hold(X), 5, n_jobs=n_jobs)
        assert_array_equal(found[0], wanted[0])
        assert_array_equal(found[1], wanted[1])


def test_queries_may_be_held_otherwise():
    X = wide(700)
    wanted = nearest_neighbors(X, 3, queries=X[:600])[0]
    assert_array_equal(wanted[:, 0], np.arange(600))
    for rows, queries in (
        (sparse.csr_array(X), X[:600]),
        (X, sparse.csc_array(X[:600])),
        (X.tolist(), X[:600].astype(object)),
    ):
        assert_array_equal(nearest_neighbors(rows, 3, queries=queries)[0], wanted)
    assert nearest_neighbors(X, 3, queries=X[:0])[0].shape == (0, 3)
    assert nearest_neighbors(X[:, :2], 3, queries=X[:0, :2])[0].shape == (0, 3)


def test_input_is_not_written_to():
    X = wide(1100) * 1e9
    before = X.copy()
    X.flags.writeable = False
    nearest_neighbors(X, 3, queries=X)
    assert_array_equal(X, before)


def test_neighbours_objects_leave_out_the_row_by_its_number():
    X = np.array([[0.0], [0.0], [1.0]])
    fitted = NearestNeighbors(n_neighbors=2, algorithm="brute").fit(X)
    assert_array_equal(fitted.kneighbors(X)[1][:, 1], [1, 1, 0])  # row 1 finds itself
    found = neighbor_lists(NearestNeighbors(n_neighbors=2, algorithm="brute"), X)
    assert_array_equal(found, [[1], [0], [0]])
    assert_array_equal(found, neighbor_lists(1, X))
    # No row of the queries is in X: the last entry goes.
    found = neighbor_lists(NearestNeighbors(n_neighbors=3), X, queries=[[0.9], [-1.0]])
    assert found.shape == (2, 2)
    assert found[0, 0] == 2
    assert set(found[1]) == {0, 1}


def test_a_neighbours_object_that_finds_the_row_alone_is_refused():
    X = wide(20)
    for queries in (None, X[:3]):
        with pytest.raises(ValueError, match="n_neighbors=2 or more"):
            neighbor_lists(NearestNeighbors(n_neighbors=1), X, queries=queries)


def test_tournament_is_a_round_robin():
    for n in (2, 4, 8):
        rounds = tournament(n)
        assert all(len({p for pair in pairs for p in pair}) == n for pairs in rounds)
        met = {pair for pairs in rounds for pair in pairs}
        assert met == {(a, b) for a in range(n) for b in range(a + 1, n)}
        assert sum(map(len, rounds)) == n * (n - 1) // 2


def test_the_last_one_out_restores_the_threads_of_linear_algebra():
    with threadpool_limits(2, user_api="blas"):
        before = count_threads()
        first, second = one_blas_thread(), one_blas_thread()
        first.__enter__()
        second.__enter__()
        assert count_threads() == 1
        first.__exit__(None, None, None)
        assert count_threads() == 1
        second.__exit__(None, None, None)
        assert count_threads() == before
        assert count_threads(-1) == before
        assert count_threads(-100) == 1
        assert count_threads(5) == 5


def test_small_products_have_one_thread():
    """One place decides it; here the fit of a selector asks."""
    seen = []

    class Watching(coreselect.LightweightSelector):
        def _scores(self, block, state):
            seen.append(count_threads())
            return super()._scores(block, state)

    with threadpool_limits(2, user_api="blas"):
        before = count_threads()
        for n_rows, n_features, threads in (
            (1000, 64, 1),
            (3000, 100, before),
            (100, 1000, before),
        ):
            with threads_for(SimpleNamespace(n_rows=n_rows, n_features=n_features)):
                assert count_threads() == threads
            Watching(5).fit(np.ones((n_rows, n_features)))
            assert seen.pop() == threads
        # Resamplers multiply rows with each other: few rows are small, however wide.
        for n_rows, threads in ((100, 1), (1000, before)):
            with threads_for(
                SimpleNamespace(n_rows=n_rows, n_features=1000), pairs=True
            ):
                assert count_threads() == threads
        assert count_threads() == before


def test_a_resampler_of_few_wide_rows_has_one_thread():
    seen = []

    class Watching(coreselect.SMOTE):
        def _new_rows(self, *args):
            seen.append(count_threads())
            return super()._new_rows(*args)

    X = np.random.default_rng(0).normal(size=(100, 1000))
    with threadpool_limits(2, user_api="blas"):
        Watching().fit(X, np.arange(100) % 4 == 0)
    assert set(seen) == {1}


def test_errors_come_out_of_threads():
    def work(number):
        raise RuntimeError(f"job {number}")

    with pytest.raises(RuntimeError, match="job 0"):
        run_rounds(work, [[(0,), (1,)]], 2)


@pytest.mark.parametrize(
    ("arguments", "keywords", "error", "match"),
    [
        ((0,), {}, ValueError, "n_neighbors must be at least 1"),
        ((1.5,), {}, TypeError, "n_neighbors must be an int"),
        ((5,), {}, ValueError, "n_neighbors=5 .* use at most 4"),
        ((6,), {"queries": np.ones((1, 2))}, ValueError, "use at most 5"),
        (
            (5,),
            {"queries": np.ones((2, 2)), "exclude": [-1, 0]},
            ValueError,
            "not excluded: use at most 4",
        ),
        ((1,), {"exclude": [0]}, ValueError, "exclude needs queries"),
        ((1,), {"queries": np.ones((2, 3))}, ValueError, "queries has 3 features"),
        ((1,), {"queries": np.ones(2)}, ValueError, "queries must have two dim"),
        ((1,), {"queries": [[np.inf, 0]]}, ValueError, "queries must be finite"),
        (
            (1,),
            {"queries": np.ones((2, 2)), "exclude": [0]},
            ValueError,
            r"exclude must have shape \(2,\)",
        ),
        (
            (1,),
            {"queries": np.ones((2, 2)), "exclude": [0.5, 1]},
            TypeError,
            "exclude must hold row numbers",
        ),
        (
            (1,),
            {"queries": np.ones((2, 2)), "exclude": [0, 5]},
            ValueError,
            "numbers from -1 to 4",
        ),
    ],
)
def test_bad_input_is_named(arguments, keywords, error, match):
    with pytest.raises(error, match=match):
        nearest_neighbors(np.arange(10.0).reshape(5, 2), *arguments, **keywords)


@pytest.mark.parametrize("hold", [np.asarray, sparse.csr_array])
def test_rows_without_columns_are_refused(hold):
    with pytest.raises(ValueError, match="X must have at least one column"):
        nearest_neighbors(hold(np.zeros((3, 0))), 1)


def test_missing_values_are_refused():
    X = wide(20)
    X[3, 3] = np.nan
    for hold in (np.asarray, sparse.csr_array):
        with pytest.raises(ValueError, match="X must be finite"):
            nearest_neighbors(hold(X), 2)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: nearest_neighbors([["a"], ["b"]], 1), "X"),
        (lambda: nearest_neighbors(np.array([["1"], ["2"]], dtype=object), 1), "X"),
        (lambda: nearest_neighbors([[1j], [2.0]], 1), "X"),
        (lambda: nearest_neighbors([[1.0], [2.0, 3.0]], 1), "X"),
        (lambda: nearest_neighbors([[1.0]], 1, queries=[["a"]]), "queries"),
        (lambda: nearest_neighbors([[1.0], [2.0]], 1.5), "n_neighbors"),
        (lambda: nearest_neighbors([[1.0], [2.0]], 1, n_jobs="all"), "n_jobs"),
        (
            lambda: nearest_neighbors([[1.0]], 1, queries=[[1.0]], exclude=[[0], []]),
            "exclude",
        ),
        (lambda: neighbor_lists("few", [[1.0], [2.0]]), "estimator"),
    ],
)
def test_bad_arguments_are_called_by_name(call, name):
    with pytest.raises((TypeError, ValueError), match=rf"\b{name}\b"):
        call()
