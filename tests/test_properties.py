"""Properties of draws, quotas, cuts of rows and selections, on cases of Hypothesis."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as nst
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

import coreselect.rows
from coreselect import DESIGNS, Selection, draw, inclusion_probabilities
from coreselect._quotas import (
    bounded_quotas,
    largest_remainder,
    pivotal,
    random_rounding,
)
from coreselect.sampling.designs import EXACT_SIZE

SEEDS = st.integers(0, 2**32)
SHARES = nst.arrays(
    float, st.integers(1, 8), elements=st.one_of(st.just(0.0), st.floats(1e-9, 1e9))
)


# --- draws ---


@st.composite
def populations(draw_one):
    """Scores over many powers of ten, some zero, with sizes, strata and weights."""
    n = draw_one(st.integers(1, 25))
    scores = draw_one(nst.arrays(float, n, elements=st.floats(-12, 12))) // 1
    scores = np.where(scores < -6, 0.0, 10.0**scores)
    strata = draw_one(st.none() | nst.arrays(int, n, elements=st.integers(0, 3)))
    weight = draw_one(st.none() | nst.arrays(float, n, elements=st.floats(0.01, 100)))
    return scores, draw_one(st.integers(0, n)), strata, weight


@given(populations(), st.sampled_from(DESIGNS), SEEDS)
def test_draws_have_their_size_and_their_weights(population, design, seed):
    scores, size, strata, weight = population
    selection = draw(
        scores, size, design=design, strata=strata, base_weight=weight,
        random_state=seed,
    )  # fmt: skip
    rows = selection.indices
    assert (np.diff(rows) > 0).all()
    assert (scores[rows] > 0).all()
    factor = selection.weights / (1.0 if weight is None else weight[rows])
    positive = np.count_nonzero(scores)
    if design in EXACT_SIZE:
        assert len(rows) == min(size, positive)
    if design == "multinomial":
        hits = factor * scores[rows] / (scores.sum() or 1.0) * size
        assert_allclose(hits, np.rint(hits), rtol=1e-9)
        assert round(hits.sum()) == (size if positive else 0)
    elif design != "priority":
        pi = inclusion_probabilities(scores, size)
        assert_allclose(factor, 1 / pi[rows], rtol=1e-12)
        if design != "poisson":
            assert set(np.flatnonzero(pi == 1)) <= set(rows)
    if strata is not None and design in ("pivotal", "systematic"):
        expected = np.bincount(strata, inclusion_probabilities(scores, size))
        found = np.bincount(strata[rows], minlength=len(expected))
        assert (np.abs(found - expected) < 1 + 1e-9).all()


# --- quotas ---


@st.composite
def bounded(draw_one):
    """Shares with bounds, and a total that these allow."""
    shares = draw_one(SHARES)
    n = len(shares)
    low = draw_one(nst.arrays(int, n, elements=st.integers(0, 9)))
    high = low + draw_one(nst.arrays(int, n, elements=st.integers(0, 40)))
    total = draw_one(st.integers(int(low.sum()), int(high.sum())))
    return shares, total, low, high


def check_counts(counts, quotas, total, low, high):
    assert counts.sum() == total
    assert ((low <= counts) & (counts <= high)).all()
    assert (np.abs(counts - quotas) < 1).all()


@given(bounded(), SEEDS)
def test_quotas_add_up_within_their_bounds(case, seed):
    shares, total, low, high = case
    quotas = bounded_quotas(shares, total, low, high)
    counts = largest_remainder(shares, total, low, high)
    check_counts(counts, quotas, total, low, high)
    rng = np.random.default_rng(seed)

    def choose(fractions, left):
        return pivotal(fractions, rng.random(len(fractions)))

    counts = random_rounding(shares, total, choose, low, high)
    check_counts(counts, quotas, total, low, high)


@given(SHARES, st.integers(0, 1000), st.integers(1, 1000))
def test_quotas_depend_on_ratios_and_grow_with_the_total(shares, total, more):
    before, after = (bounded_quotas(shares, t) for t in (total, total + more))
    assert (after >= before * (1 - 1e-12)).all()
    counts = largest_remainder(shares, total)
    assert_array_equal(largest_remainder(8 * shares, total), counts)
    assert_array_equal(largest_remainder(shares, total, 0, total), counts)


# --- cuts of rows ---


@st.composite
def tables(draw_one):
    """Whole numbers, so that no sum depends on its order."""
    shape = draw_one(st.tuples(st.integers(1, 30), st.integers(1, 4)))
    X = draw_one(nst.arrays(float, shape, elements=st.integers(-9, 9).map(float)))
    rows = st.lists(st.integers(0, len(X) - 1), max_size=12)
    return X, draw_one(rows), draw_one(st.integers(1, 31))


@given(tables(), st.sampled_from([np.asarray, np.asfortranarray, sparse.csr_array]))
def test_any_cut_gives_the_same_sums_values_and_rows(table, make):
    X, numbers, block_rows = table
    rows = coreselect.rows.open(make(X), X[:, 0], block_rows=block_rows)
    kept = np.unique(np.array(numbers, dtype=int))
    for view, all_rows in ((rows, X), (rows.subset(kept), X[kept])):
        gram = view.reduce(lambda b: b.X.T @ b.X, lambda a, b: a + b)
        if len(all_rows):
            assert_array_equal(_dense(gram), all_rows.T @ all_rows)
            assert_array_equal(_dense(view.whole().X), all_rows)
            values = view.map(lambda b: np.c_[b.y, np.arange(len(b.weight)) + b.start])
            assert_array_equal(values.T, [all_rows[:, 0], np.arange(len(all_rows))])
        order = view.reduce(lambda b: [b.start], lambda a, b: a + b) or []
        assert order == sorted(order)
    assert_array_equal(_dense(rows.take(numbers)), X[numbers])
    assert_array_equal(_dense(rows.gather(numbers).X), X[numbers])


def _dense(X):
    return X.toarray() if sparse.issparse(X) else X


# --- selections of selections ---


@st.composite
def chains(draw_one):
    """Three selections, each of some rows of the one before, in any order."""
    n, found = draw_one(st.integers(0, 12)), []
    for _ in range(3):
        rows = draw_one(
            st.lists(st.sampled_from(range(n)), unique=True) if n else st.just([])
        )
        weights = nst.arrays(float, len(rows), elements=st.floats(0, 100))
        found.append(Selection(rows, draw_one(weights), n))
        n = len(rows)
    return found


@given(chains())
def test_then_may_be_grouped_in_any_way(chain):
    a, b, c = chain
    assert a.then(b).then(c) == a.then(b.then(c))
    values = np.arange(a.n_total)
    one_by_one = c.take(b.take(a.take(values)))
    assert_array_equal(a.then(b).then(c).take(values), one_by_one)
    everything = Selection(range(len(a)), a.weights, len(a))
    assert a.then(everything) == a


def test_every_run_has_the_same_cases():
    assert settings.get_current_profile_name() == "coreselect"
    assert settings.default.derandomize
