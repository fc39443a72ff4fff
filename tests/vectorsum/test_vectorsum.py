"""Sums of vectors by few of them: exact ones to rounding, drawn ones by their law."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from scipy.optimize import nnls
from sklearn.linear_model import ElasticNet, Lasso, LinearRegression, Ridge
from sklearn.model_selection import LeaveOneGroupOut, cross_val_score

import coreselect
from coreselect.vectorsum import (
    _caratheodory,
    caratheodory,
    frank_wolfe,
    least_squares_coreset,
    median_of_means,
    norm_sampling,
)
from tests._kernels import reference_vectorsum as reference

FUNCTIONS = [caratheodory, frank_wolfe, norm_sampling, median_of_means]
R = 10_000  # draws in a test of moments; all hold |z| < 4.5


def errors(V, weights, indices, shares):
    """Error of every column's sum, and of the total weight, as the issue counts it."""
    V = np.asarray(V, dtype=np.longdouble)
    weights, shares = weights.astype(np.longdouble), shares.astype(np.longdouble)
    size = weights @ abs(V)
    gaps = abs(shares @ V[indices] - weights @ V) / np.where(size > 0, size, 1)
    return float(gaps.max()), float(abs(shares.sum() / weights.sum() - 1))


# --- Carathéodory ---------------------------------------------------------------------


def vectors(kind, n=3000, q=12):
    """Vectors of a kind, with weights."""
    rng = np.random.default_rng(0)
    V, weights = rng.standard_normal((n, q)), rng.random(n) + 0.01
    if kind == "offset":
        V += 1e8
    elif kind == "heavy":
        V, weights = rng.standard_t(1, (n, q)), rng.pareto(0.7, n) + 1e-9
    elif kind == "scales":
        V *= np.logspace(-150, 150, q)
    elif kind == "indicators":
        V = np.eye(q)[rng.integers(q, size=n)]
    elif kind == "integers":
        V = rng.integers(-3, 4, (n, q)).astype(float)
    elif kind == "zeros":
        V[rng.random(n) < 0.9] = 0
        V[:, 3] = 0
    elif kind == "sorted":
        V = np.sort(V, axis=0)
    elif kind == "weights":
        weights = np.logspace(-200, 0, n)
    elif kind == "losses":
        V = np.exp(3 * V)
    return V, weights


KINDS = "normal offset heavy scales indicators integers zeros sorted weights losses"


@pytest.mark.parametrize("kind", KINDS.split())
@pytest.mark.parametrize("n", [14, 60, 3000])
def test_caratheodory_is_exact(kind, n):
    V, weights = vectors(kind, n)
    indices, shares = caratheodory(V, weights)
    assert indices.dtype == np.int64
    assert (np.diff(indices) > 0).all()
    assert (shares > 0).all()
    assert len(indices) <= 13
    assert max(errors(V, weights, indices, shares)) < 1e-12


def test_sums_without_the_total_weight_fail_the_same_test():
    """The released code keeps the sum of vectors and loses the sum of weights."""
    V, weights = vectors("normal", 60)
    right = errors(V, weights, *reference.caratheodory(V, weights))
    gap, total = errors(V, weights, *reference.caratheodory(V, weights, False))
    assert max(right) < 1e-12
    assert gap < 1e-12 < total


def test_few_rows_where_columns_depend_on_each_other():
    """As many as the twin by null vectors finds: the rank plus one."""
    rng = np.random.default_rng(0)
    V = rng.standard_normal((400, 4))
    V = np.column_stack([V, V, V[:, :1] - 3 * V[:, 1:2], np.ones(400), np.zeros(400)])
    indices, shares = caratheodory(V)
    assert len(indices) == len(reference.caratheodory(V, np.ones(400))[0]) == 5
    assert max(errors(V, np.ones(400), indices, shares)) < 1e-12


def test_one_hot_rows_give_one_row_a_category():
    V = np.eye(6)[np.arange(600) % 6]
    indices, shares = caratheodory(V)
    assert_array_equal(np.sort(V[indices].argmax(axis=1)), np.arange(6))
    assert_allclose(shares, 100)


def test_equal_vectors_give_one_row_with_all_the_weight():
    indices, shares = caratheodory(np.full((50, 3), 0.1), np.arange(50.0))
    assert len(indices) == 1
    assert_allclose(shares, 49 * 25)


def test_independent_vectors_all_stay_with_their_own_weights():
    weights = np.array([0.3, 0.1, 7.0, 1.0])
    indices, shares = caratheodory(np.vstack([np.zeros(3), np.eye(3)]), weights)
    assert_array_equal(indices, np.arange(4))
    assert_allclose(shares, weights, rtol=1e-15)


def test_vectors_of_zero_leave_the_total_weight():
    indices, shares = caratheodory(np.zeros((9, 2)))
    assert len(indices) == 1
    assert_allclose(shares, 9)


def test_rows_of_weight_zero_are_never_chosen():
    V, weights = vectors("normal")
    weights[::2] = 0
    indices, shares = caratheodory(V, weights)
    assert (indices % 2 == 1).all()
    assert max(errors(V, weights, indices, shares)) < 1e-12
    some, their = caratheodory(V[1::2], weights[1::2])
    assert_array_equal(indices, 2 * some + 1)
    assert_array_equal(shares, their)


def test_what_holds_the_vectors_does_not_matter(tmp_path):
    V, weights = vectors("indicators")
    np.save(tmp_path / "V.npy", V)
    wanted, shares = caratheodory(V, weights)
    others = [
        np.asfortranarray(V),
        sparse.csr_array(V),
        tmp_path / "V.npy",
        V.astype(np.float32),
        coreselect.rows.open(V, block_rows=100),
    ]
    for other in others:
        found, their = caratheodory(other, weights)
        assert_array_equal(found, wanted)
        assert_allclose(their, shares, rtol=1e-12)


def uneven(kind, ratio, seed):
    """Columns that few rows have, and weights that differ by a factor."""
    rng = np.random.default_rng(seed)
    n, q = [(60, 8), (60, 20), (500, 12), (2000, 20)][seed % 4]
    half = np.log10(ratio) / 2
    weights = 10.0 ** rng.uniform(-half, half, n)
    if kind == "sparse":
        V = rng.standard_normal((n, q)) * (rng.random((n, q)) < 0.05)
    else:  # the second half of the columns is zero but in three rows, on average
        V = rng.random((n, q))
        V[:, q // 2 :] *= rng.random((n, q - q // 2)) < 3 / n
    return V, weights


@pytest.mark.parametrize("kind", ["sparse", "rare"])
@pytest.mark.parametrize("ratio", [1e8, 1e16, 1e100, 1e200])
def test_weights_of_any_ratio(kind, ratio):
    """A column that light rows alone have keeps its sum, which heavy rows hide."""
    for seed in range(24):
        V, weights = uneven(kind, ratio, seed)
        indices, shares = caratheodory(V, weights)
        assert len(indices) <= V.shape[1] + 1
        assert (shares > 0).all()
        assert max(errors(V, weights, indices, shares)) < 1e-12


def test_pivots_that_ignore_weights_lose_columns(monkeypatch):
    """The wrong twin of the test above: it takes what the first way finds."""
    monkeypatch.setattr(_caratheodory, "_LARGE", np.inf)
    wrong = [
        max(errors(V, weights, *caratheodory(V, weights)))
        for V, weights in (uneven("sparse", 1e100, seed) for seed in range(24))
    ]
    assert max(wrong) > 1e-9


def test_terms_that_cancel_count_as_an_error():
    """Light rows that take over heavy weights cancel, which no check of sums shows."""
    V, weights = uneven("sparse", 1e16, 196)
    indices, shares = caratheodory(V, weights)
    assert (shares @ abs(V[indices]) < 1e3 * (weights @ abs(V))).all()
    assert max(errors(V, weights, indices, shares)) < 1e-12


@pytest.mark.parametrize("low", [1e-260, 1e-300])
def test_weights_that_go_too_far_are_refused(low):
    weights = np.ones(50)
    weights[3] = low
    with pytest.raises(ValueError, match=f"weights go from {low:.3g} to 1, .*leave"):
        caratheodory(np.ones((50, 2)), weights)


def test_products_of_matrices_have_nearly_their_rank():
    """Rounding of the product is a further column at times, as the docstring says."""
    extra = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        n, rank = int(rng.integers(50, 3000)), int(rng.integers(1, 12))
        mixing = rng.standard_normal((rank, int(rng.integers(rank + 1, 40))))
        V = rng.standard_normal((n, rank)) @ mixing
        indices, shares = caratheodory(V)
        extra.append(len(indices) - (rank + 1))
        assert max(errors(V, np.ones(n), indices, shares)) < 1e-12
    assert max(extra) <= 1
    assert np.mean(extra) < 0.3


def test_columns_that_an_offset_nearly_hides_keep_their_sums():
    """Whether or not what is left of them counts as a column."""
    rng = np.random.default_rng(0)
    Z, weights = rng.standard_normal((3000, 20)), rng.random(3000) + 0.01
    for exponent in np.arange(10, 15.1, 0.5):
        V = Z + 10.0**exponent
        assert max(errors(V, weights, *caratheodory(V, weights))) < 1e-12


def test_powers_of_two_change_no_rows():
    V, weights = vectors("normal")
    wanted, shares = caratheodory(V, weights)
    found, their = caratheodory(V * 2.0 ** np.arange(-30, 30, 5), 1024 * weights)
    assert_array_equal(found, wanted)
    assert_allclose(their, 1024 * shares, rtol=1e-9)


def test_many_columns():
    """More columns than rows: nothing can be left out; nearly as many: one can."""
    V = np.random.default_rng(0).standard_normal((40, 60))
    assert len(caratheodory(V)[0]) == 40
    indices, shares = caratheodory(V[:, :38])
    assert len(indices) == 39
    assert max(errors(V[:, :38], np.ones(40), indices, shares)) < 1e-12


# --- Frank-Wolfe ----------------------------------------------------------------------


def distance(V, weights, indices, shares):
    """Distance of the sums, in standard deviations times the total weight."""
    mean = weights @ V / weights.sum()
    sigma = np.sqrt(weights @ ((V - mean) ** 2).sum(axis=1) / weights.sum())
    gap = np.linalg.norm(shares @ V[indices] - weights @ V)
    return gap / (weights.sum() * sigma)


@pytest.mark.parametrize("size", [5, 20, 80])
def test_frank_wolfe_is_nearer_than_its_bound(size):
    """``2 / sqrt(size)`` relative to the deviation, far from the origin too."""
    rng = np.random.default_rng(0)
    V = rng.standard_normal((2000, 100)) * rng.pareto(3, 2000)[:, None] + 50
    weights = rng.random(2000)
    indices, shares = frank_wolfe(V, weights, size)
    assert len(indices) <= size
    assert (shares > 0).all()
    found = distance(V, weights, indices, shares)
    assert found < 2 / np.sqrt(size)
    uniform = median_of_means(V, weights, size, n_groups=1, random_state=0)
    assert found < distance(V, weights, *uniform)
    assert abs(shares.sum() / weights.sum() - 1) < found


def test_frank_wolfe_is_exact_with_more_vectors_than_columns():
    V, weights = vectors("losses", q=5)
    indices, shares = frank_wolfe(V, weights, 40)
    assert max(errors(V, weights, indices, shares)) < 1e-9


def test_frank_wolfe_weighs_its_vectors_best():
    """No other non-negative weights on the same vectors are nearer."""
    V, weights = vectors("normal", 500, 40)
    indices, shares = frank_wolfe(V, weights, 20)
    total = weights.sum()
    mean = weights @ V / total
    sigma = np.sqrt(weights @ ((V - mean) ** 2).sum(axis=1) / total)
    A = np.column_stack([(V[indices] - mean) / sigma, np.ones(len(indices))])
    target = np.append(np.zeros(40), 1)
    assert_allclose(nnls(A.T, target)[0] * total, shares, rtol=1e-6, atol=1e-9 * total)


def test_a_weight_counts_as_copies():
    V = np.random.default_rng(0).standard_normal((60, 30))
    copies = 1 + np.arange(60) % 3
    once, shares = frank_wolfe(V, copies, 10)
    many, their = frank_wolfe(np.repeat(V, copies, axis=0), size=10)
    assert_array_equal(np.repeat(np.arange(60), copies)[many], once)
    assert_allclose(their, shares, rtol=1e-9)


@pytest.mark.parametrize("scale", [2.0**-400, 1.0, 2.0**400])
def test_scale_of_all_vectors_does_not_matter(scale):
    V, weights = vectors("normal", 300, 20)
    wanted = frank_wolfe(V, weights, 8)
    found = frank_wolfe(scale * V, weights, 8)
    assert_array_equal(found[0], wanted[0])
    assert_allclose(found[1], wanted[1], rtol=1e-9)
    wanted = norm_sampling(V, weights, 8, random_state=0)
    found = norm_sampling(scale * V, weights, 8, random_state=0)
    assert_array_equal(found[0], wanted[0])
    assert_allclose(found[1], wanted[1], rtol=1e-9)


@pytest.mark.parametrize("value", [0.0, 0.1, 1e300])
def test_frank_wolfe_of_equal_vectors(value):
    indices, shares = frank_wolfe(np.full((30, 4), value), size=5)
    assert len(indices) == 1
    assert_allclose(shares, 30)


def test_all_vectors_when_as_many_are_asked_for():
    V, weights = vectors("normal", 20)
    weights[3] = 0
    indices, shares = frank_wolfe(V, weights, 19)
    assert_array_equal(indices, np.delete(np.arange(20), 3))
    assert_array_equal(shares, weights[indices])


# --- Drawing --------------------------------------------------------------------------


def squared_gaps(draw, V, weights, n_draws=R):
    """Squared distances of the sums of some draws from that of all vectors."""
    target = weights @ V
    gaps = np.empty(n_draws)
    for seed in range(n_draws):
        indices, shares = draw(seed)
        gaps[seed] = ((shares @ V[indices] - target) ** 2).sum()
    return gaps


def z_of_variance(gaps, V, weights, size):
    lengths = np.linalg.norm(V, axis=1)
    wanted = ((weights @ lengths) ** 2 - ((weights @ V) ** 2).sum()) / size
    return (gaps.mean() - wanted) / (gaps.std() / np.sqrt(len(gaps)))


def test_variance_of_norm_sampling_is_the_formula():
    """``((sum w|v|)^2 - |s|^2) / size`` over 10^4 draws; uniform draws are rejected."""
    rng = np.random.default_rng(1)
    V, weights = rng.standard_normal((15, 3)) + 1, rng.random(15)
    V[4] = 0
    gaps = squared_gaps(
        lambda s: norm_sampling(V, weights, 6, random_state=s), V, weights
    )
    assert abs(z_of_variance(gaps, V, weights, 6)) < 4.5

    def uniform(seed):
        return median_of_means(V, weights, 6, n_groups=1, random_state=seed)

    gaps = squared_gaps(uniform, V, weights, 1000)
    assert z_of_variance(gaps, V, weights, 6) > 4.5


@pytest.mark.parametrize("design", ["multinomial", "pivotal"])
def test_norm_sampling_is_unbiased(design):
    """Mean of R = 1500 sums, each coordinate by its own standard error."""
    rng = np.random.default_rng(2)
    V, weights = rng.standard_normal((12, 3)), rng.random(12)
    sums = []
    for seed in range(1500):
        indices, shares = norm_sampling(V, weights, 5, design=design, random_state=seed)
        sums.append(shares @ V[indices])
        if design == "pivotal":
            assert len(indices) == 5
    sums = np.array(sums)
    z = (sums.mean(axis=0) - weights @ V) / (sums.std(axis=0) / np.sqrt(len(sums)))
    assert np.abs(z).max() < 4.5


def test_norm_sampling_never_draws_a_vector_of_zero():
    V = np.array([[0.0, 0.0], [1.0, 2.0], [0.0, 0.0]])
    indices, shares = norm_sampling(V, size=10, random_state=0)
    assert_array_equal(indices, [1])
    assert_allclose(shares, [1.0])
    assert len(norm_sampling(np.zeros((4, 2)), size=3, random_state=0)[0]) == 0
    assert len(norm_sampling(V, size=0)[0]) == 0


def test_hits_of_one_row_add_up():
    V = np.array([[3.0], [1.0]])
    _, shares = norm_sampling(V, size=100, random_state=0)
    hits = shares * 100 * np.array([0.75, 0.25])
    assert_allclose(hits, np.round(hits), atol=1e-9)
    assert_allclose(hits.sum(), 100)


def test_median_of_means_takes_the_group_in_the_middle(monkeypatch):
    """Against the twin, with the groups that it drew."""
    from coreselect.vectorsum import _approximate

    drawn = []

    def recording(*args):
        drawn.append(original(*args))
        return drawn[-1]

    original = _approximate.draw_with_seed
    monkeypatch.setattr(_approximate, "draw_with_seed", recording)
    rng = np.random.default_rng(0)
    V, weights = rng.standard_t(1, (500, 4)), rng.random(500)
    indices, shares = median_of_means(V, weights, 20, n_groups=9, random_state=3)
    assert len(drawn) == 9
    chosen = drawn[reference.middle([d.weights @ V[d.indices] for d in drawn])]
    assert_array_equal(indices, chosen.indices)
    assert_array_equal(shares, chosen.weights)
    assert_allclose(shares.sum(), weights.sum(), rtol=1e-12)


def test_a_group_is_drawn_by_weight():
    """Hits of R = 500 groups of 24 draws; counts of draws without weights fail."""
    weights = np.array([1.0, 2.0, 3.0, 6.0])
    V = np.arange(4.0)[:, None]
    hits = np.zeros((2, 4))
    for seed in range(500):
        for row, given in zip(hits, (weights, np.ones(4)), strict=True):
            indices, shares = median_of_means(
                V, given, 24, n_groups=1, random_state=seed
            )
            row[indices] += np.round(shares * 24 / given.sum())
    p = weights / 12
    z = (hits - 12_000 * p) / np.sqrt(12_000 * p * (1 - p))
    assert np.abs(z[0]).max() < 4.5 < np.abs(z[1]).max()


def test_median_of_means_stays_clear_of_a_row_far_out():
    """A row at 1e6 is in one group in five; single groups take it, the middle never."""
    V = np.random.default_rng(0).standard_normal((100, 2))
    V[7] = 1e6
    middle = [7 in median_of_means(V, size=20, random_state=s)[0] for s in range(40)]
    single = [
        7 in median_of_means(V, size=20, n_groups=1, random_state=s)[0]
        for s in range(40)
    ]
    assert not any(middle)
    assert any(single)


# --- Arguments ------------------------------------------------------------------------


@pytest.mark.parametrize("function", FUNCTIONS)
def test_errors_name_the_argument(function):
    V = np.ones((5, 2))
    with pytest.raises(ValueError, match=r"V\b.*1 x NaN"):
        function([[1.0], [np.nan], [2.0]])
    with pytest.raises(ValueError, match=r"V: .*1-?[dD]"):
        function([1.0, 2.0])
    with pytest.raises(ValueError, match=r"weights must not be negative, got -1"):
        function(V, [1, 1, -1, 1, 1])
    with pytest.raises(ValueError, match=r"weights is zero for every row"):
        function(V, np.zeros(5))
    with pytest.raises(ValueError, match=r"weights has 3 values for 5 rows"):
        function(V, np.ones(3))


def test_sizes_that_are_none():
    V = np.ones((5, 2))
    for function in (frank_wolfe, median_of_means):
        with pytest.raises(ValueError, match="size must be at least 1"):
            function(V, size=0)
    for function in FUNCTIONS[1:]:
        with pytest.raises(ValueError, match="size must not be negative"):
            function(V, size=-1)
        with pytest.raises(TypeError, match="size must be a number"):
            function(V, size="ten")
    with pytest.raises(ValueError, match="n_groups must be at least 1"):
        median_of_means(V, n_groups=0)
    with pytest.raises(ValueError, match="design must be one of"):
        norm_sampling(V, design="other")


def test_sums_that_overflow_are_refused():
    V = np.full((100, 2), [1.0, 1e307])
    with pytest.raises(ValueError, match=r"V: the sum of column 1 overflows"):
        caratheodory(V)


def test_too_many_columns_are_refused():
    """Before anything of that size is made."""
    V = sparse.csr_array((70_000, 60_000))
    with pytest.raises(ValueError, match=r"V: .*60000 entries.*GiB"):
        caratheodory(V)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_arguments_stay_as_they_are(function):
    V, weights = vectors("normal", 50)
    before = V.copy(), weights.copy()
    function(V, weights)
    assert_array_equal(V, before[0])
    assert_array_equal(weights, before[1])


# --- Least squares --------------------------------------------------------------------


def regression(kind, n=4000, p=4):
    """Features and a target of a kind."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, p))
    y = X.sum(axis=1) + rng.standard_normal(n)
    if kind == "offset":
        X, y = X + 1e6, y - 1e7
    elif kind == "scales":
        X, y = X * np.logspace(-120, 120, p), 1e-100 * y
    elif kind == "nearly dependent":
        X[:, 1] = X[:, 0] + 1e-6 * X[:, 1]
    elif kind == "dependent":
        X[:, 1:3] = np.column_stack([X[:, 0] * 3, np.ones(n)])
    elif kind == "categories":
        X = np.eye(p)[rng.integers(p, size=n)]
    elif kind == "heavy":
        X = rng.standard_t(1, (n, p))
    elif kind == "near":
        y = X.sum(axis=1) + 1e-9 * rng.standard_normal(n)
    elif kind == "perfect":
        y = X @ np.ones(p) + 2
    elif kind == "constant":
        y = np.full(n, 3.0)
    return X, y


PROBLEMS = "normal offset scales dependent categories heavy near constant"


def column_space(X, y, weights, kind):
    """Orthonormal columns that span X, ones and y: every fit is a direction."""
    A = np.column_stack([X, np.ones(len(X)), y])
    A = (A * np.sqrt(weights)[:, None]) / np.abs(A).max(axis=0)
    Q, s, _ = np.linalg.svd(A, full_matrices=False)
    return Q[:, s > 1e-13 * s[0]] / np.sqrt(weights)[:, None]


@pytest.mark.parametrize("kind", PROBLEMS.split())
def test_squared_error_is_exact_at_every_parameter(kind):
    """The weighted Gram matrix of orthonormal columns stays the identity."""
    X, y = regression(kind)
    weights = np.random.default_rng(1).random(len(X)) + 0.1
    indices, shares = least_squares_coreset(X, y, weights)
    assert len(indices) <= 6 * 7 / 2
    Q = column_space(X, y, weights, kind)
    gram = Q[indices].T @ (shares[:, None] * Q[indices])
    tolerance = {"offset": 1e-7, "near": 1e-5}.get(kind, 1e-11)
    # Of these two the columns themselves are known to no more than that.
    assert_allclose(gram, np.eye(len(gram)), atol=tolerance)
    assert_allclose(shares.sum(), weights.sum(), rtol=1e-12)


def excess(X, y, model, other, weights=None):
    """How much more the loss at one model's solution is than at another's."""
    loss, least = (
        np.average((y - m.predict(X)) ** 2, weights=weights) for m in (model, other)
    )
    return loss / least - 1


@pytest.mark.parametrize("kind", "normal heavy dependent categories".split())
def test_least_squares_has_no_excess(kind):
    X, y = regression(kind)
    selection = least_squares_coreset(X, y)
    few = LinearRegression().fit(*selection.take(X, y), selection.weights)
    assert abs(excess(X, y, few, LinearRegression().fit(X, y))) < 1e-12


@pytest.mark.parametrize(
    "model",
    [
        Ridge(1000.0),
        Lasso(0.1, tol=1e-12),
        ElasticNet(0.1, tol=1e-12),
        LinearRegression(fit_intercept=False),
    ],
)
def test_penalised_fits_are_the_same(model):
    X, y = regression("normal")
    selection = least_squares_coreset(X, y)
    rows = selection.take(X, y)
    few = type(model)(**model.get_params()).fit(*rows, selection.weights)
    full = model.fit(X, y)
    assert_allclose(few.coef_, full.coef_, rtol=1e-9)
    assert_allclose(few.intercept_, full.intercept_, rtol=1e-8, atol=1e-12)


def test_cross_validation_by_groups_is_the_same():
    X, y = regression("normal")
    folds = np.arange(len(X)) % 3
    selection = least_squares_coreset(X, y, groups=folds)
    assert len(selection) <= 3 * 21
    some, theirs, fold = selection.take(X, y, folds)
    full, few = (
        errors_by_fold(*rows)
        for rows in (
            (X, y, folds, np.ones(len(X))),
            (some, theirs, fold, selection.weights),
        )
    )
    assert_allclose(few, full, rtol=1e-10)
    scores = cross_val_score(
        Ridge(10.0),
        X,
        y,
        groups=folds,
        cv=LeaveOneGroupOut(),
        scoring="neg_mean_squared_error",
    )
    assert_allclose(-scores, full, rtol=1e-10)


def errors_by_fold(X, y, folds, weights):
    """Weighted mean squared error on each fold of a fit to the others."""
    found = []
    for fold in range(3):
        inside = folds == fold
        model = Ridge(10.0).fit(X[~inside], y[~inside], weights[~inside])
        gap = y[inside] - model.predict(X[inside])
        found.append(np.average(gap**2, weights=weights[inside]))
    return found


def test_number_of_rows():
    """One less than ``(p + 2)(p + 3) / 2`` where y is -1 or 1: its square is one."""
    X, y = regression("normal")
    assert len(least_squares_coreset(X, y)) == 21
    assert len(least_squares_coreset(X, np.sign(y))) == 20
    assert len(least_squares_coreset(X[:9], y[:9])) == 9


def test_a_perfect_fit_stays_one():
    X, y = regression("perfect")
    selection = least_squares_coreset(X, y)
    few = LinearRegression().fit(*selection.take(X, y), selection.weights)
    assert_allclose(few.coef_, np.ones(4), rtol=1e-12)
    assert_allclose(few.predict(X), y, atol=1e-12)
    assert_allclose(selection.weights.sum(), len(X), rtol=1e-12)


def test_nothing_varies():
    selection = least_squares_coreset(np.ones((30, 2)), np.full(30, 0.1))
    assert len(selection) == 1
    assert_allclose(selection.weights, 30)


def test_nearly_dependent_columns_are_told_apart():
    """The solution is still that of all, though two columns differ by 1e-6 alone.

    In orthonormal columns, where neither a solver cuts the weak direction off nor the
    loss is rounded: by Pythagoras the excess is the squared change of the solution.
    """
    X, y = regression("nearly dependent")
    selection = least_squares_coreset(X, y)
    A = np.column_stack([X, np.ones(len(X))])
    Q, s, _ = np.linalg.svd(A, full_matrices=False)
    assert s[-1] < 1e-5 * s[0]
    rows, root = selection.indices, np.sqrt(selection.weights)
    few = np.linalg.lstsq(Q[rows] * root[:, None], y[rows] * root, rcond=None)[0]
    full = Q.T @ y
    residual = y - Q @ full
    assert ((few - full) ** 2).sum() < 1e-12 * (residual @ residual)


def test_what_holds_the_rows_does_not_matter(tmp_path):
    X, y = regression("categories")
    np.save(tmp_path / "X.npy", X)
    wanted = least_squares_coreset(X, y)
    for other in (
        np.asfortranarray(X),
        sparse.csr_array(X),
        X.astype(np.float32),
        tmp_path / "X.npy",
    ):
        found = least_squares_coreset(other, y)
        assert_array_equal(found.indices, wanted.indices)
        assert_allclose(found.weights, wanted.weights, rtol=1e-9)


def test_blocks_of_any_size_are_exact():
    X, y = regression("normal")
    for block_rows in (1, 37, 4000):
        rows = coreselect.rows.open(X, block_rows=block_rows)
        selection = least_squares_coreset(rows, y)
        few = LinearRegression().fit(*selection.take(X, y), selection.weights)
        assert abs(excess(X, y, few, LinearRegression().fit(X, y))) < 1e-12


@pytest.mark.parametrize("seed", range(12))
def test_least_squares_rows_do_not_turn_on_rounding(seed):
    """Sums of other blocks round otherwise; columns depend on each other."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((240, 3))
    sums = [X[:, 0], X[:, 0] + X[:, 1], 1e3 * (X[:, 1] - X[:, 2]), np.full(240, 2024.1)]
    X = np.column_stack([X, *sums])
    y, weight = X.sum(axis=1) + rng.standard_normal(240), rng.choice([0.5, 1, 2], 240)
    whole = least_squares_coreset(X, y, weight)
    for block_rows in (7, 16, 50):
        rows = coreselect.rows.open(X, y, weight, block_rows=block_rows)
        cut = least_squares_coreset(rows, None)
        assert_array_equal(cut.indices, whole.indices)
        assert_allclose(cut.weights, whole.weights, rtol=1e-6)


def test_least_squares_takes_the_largest_numbers():
    X, y = np.array([[1.7e308], [-1.7e308], [3.0]]), np.array([1.0, 2.0, 3.0])
    with np.errstate(over="ignore"):
        assert len(least_squares_coreset(X, y)) == 3


def test_least_squares_leaves_out_rows_of_weight_zero():
    X, y = regression("normal", 500)
    weights = np.arange(500) % 2
    selection = least_squares_coreset(X, y, weights)
    assert selection.n_total == 500
    assert (selection.indices % 2 == 1).all()
    part = least_squares_coreset(X[1::2], y[1::2])
    assert_array_equal(selection.indices, 2 * part.indices + 1)


def test_least_squares_names_what_is_wrong():
    X, y = regression("normal", 20)
    with pytest.raises(ValueError, match="y must hold a target for each row"):
        least_squares_coreset(X, None)
    with pytest.raises(ValueError, match="y must hold numbers"):
        least_squares_coreset(X, np.array(["a"] * 20))
    with pytest.raises(ValueError, match="y must be 1-dimensional"):
        least_squares_coreset(X, np.ones((20, 2)))
    with pytest.raises(ValueError, match="groups must hold one group for each"):
        least_squares_coreset(X, y, groups=[0, 1])
