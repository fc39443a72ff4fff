"""RS2: sizes, cycles, laws of rounds, strata, scores and weights."""

import itertools
import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from coreselect import RS2
from coreselect._random import draw_seed, stream
from coreselect.samplers import rounds as rounds_module
from coreselect.samplers.rounds import Rounds, Walk, seed_of_rounds
from coreselect.testing import CHECKS
from tests._kernels import reference_permutations as reference

Z = 4.5


def fitted(n, n_select, y=None, weight=None, scores=None, **parameters):
    parameters = {"random_state": 0} | parameters
    return RS2(n_select, **parameters).fit(np.zeros((n, 1)), y, weight, scores=scores)


@pytest.fixture(params=["explicit", "keyed"])
def kind(request, monkeypatch):
    """Both ways to make a permutation, whatever the number of rows."""
    if request.param == "keyed":
        monkeypatch.setattr(rounds_module, "EXPLICIT", 0)
    return request.param


# --- Without replacement --------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 3, 7, 10, 12])
def test_rounds_have_one_size_no_repeats_and_share_out_the_rows(kind, n):
    """After every round, any two rows have come equally often or once more."""
    for size in range(1, n + 1):
        sampler = fitted(n, size, random_state=size)
        counts = np.zeros(n, dtype=int)
        for t, rows in enumerate(sampler.rounds(4 * n)):
            assert rows.dtype == np.int64
            assert len(rows) == len(set(rows.tolist())) == size
            counts[rows] += 1
            assert counts.min() == (t + 1) * size // n
            assert counts.max() - counts.min() <= 1


def test_a_cycle_holds_every_row_once(kind):
    """n = 50,000 and r = 0.3: the released code loses a row and repeats 9,999."""
    sampler = fitted(50_000, 0.3)
    rounds = list(sampler.rounds(10))  # 3 cycles of 10/3 rounds
    assert {len(rows) for rows in rounds} == {15_000}
    cycle = np.concatenate(rounds)[:50_000]
    assert_array_equal(np.sort(cycle), np.arange(50_000))
    assert_array_equal(np.bincount(np.concatenate(rounds)), np.full(50_000, 3))


@pytest.mark.parametrize(("n", "size"), [(10, 3), (11, 4), (12, 5), (9, 4), (14, 7)])
def test_rounds_are_the_walk_written_out(kind, n, size):
    walk = Walk(n, size, seed=5)
    cycles = [walk._cycle(c).rows(0, n).tolist() for c in range(8)]
    wanted = reference.walk(n, size, cycles, 7 * n // size)
    for t, rows in enumerate(wanted):
        assert walk.draw(t)[0].tolist() == rows


def test_any_order_gives_the_same_rounds(kind):
    sampler = fitted(100, 0.07)
    wanted = [rows.tolist() for rows in sampler.rounds(40)]
    for t in np.random.default_rng(0).permutation(40):
        assert sampler.round(int(t)).tolist() == wanted[t]


def test_a_far_round_needs_no_earlier_one():
    rows = fitted(1_000_000, 1000).round(10**12)
    assert len(np.unique(rows)) == 1000


def inclusion_z(draw, n, repeats):
    """Largest |z| of how often each of n rows is in a round."""
    counts = np.zeros(n)
    size = len(draw(0))
    for seed in range(repeats):
        counts[draw(seed)] += 1
    p = size / n
    return np.abs((counts - repeats * p) / np.sqrt(repeats * p * (1 - p))).max()


@pytest.mark.parametrize(("size", "t"), [(3, 0), (3, 3), (3, 4), (7, 1), (5, 2)])
def test_every_row_is_in_a_round_equally_often(kind, size, t):
    """R = 3,000 seeds; rounds inside cycles, across them and after."""
    n = 10
    draw = lambda seed: Walk(n, size, seed).draw(t)[0]  # noqa: E731
    assert inclusion_z(draw, n, 3000) < Z

    def wrong(seed):  # fills the last block from the head of the same permutation
        line = np.resize(Walk(n, size, seed)._cycle(0).rows(0, n), 100)
        return np.unique(np.r_[line[:size], 0])[:size]

    assert inclusion_z(wrong, n, 3000) > Z


def test_pairs_in_a_round_are_uniform():
    """R = 4,000 seeds, all 45 pairs of 10 rows in a block of 4 across two cycles."""
    pairs = list(itertools.combinations(range(10), 2))
    first = np.zeros(len(pairs))
    for seed in range(4000):
        rows = set(Walk(10, 4, seed).draw(0)[0].tolist())
        first += [set(pair) <= rows for pair in pairs]
    p = 4 * 3 / 90
    z = (first - 4000 * p) / np.sqrt(4000 * p * (1 - p))
    assert np.abs(z).max() < Z


# --- With replacement -----------------------------------------------------------------


def overlap_z(rounds_of, n, size, repeats):
    """z of the mean overlap of rounds 0 and 1 with that of independent rounds."""
    found = [np.intersect1d(*rounds_of(seed)).size for seed in range(repeats)]
    mean, p = size * size / n, size / n
    variance = size * p * (1 - p) * (n - size) / (n - 1)  # hypergeometric
    return (np.mean(found) - mean) / np.sqrt(variance / repeats)


def test_rounds_with_replacement_are_independent(kind):
    """R = 2,000 seeds; overlaps are hypergeometric. The walk is found out."""
    n, size = 20, 6

    def rounds_of(seed, replacement=True):
        rounds = Rounds(n, size, replacement, seed)
        return rounds.rows(0), rounds.rows(1)

    assert abs(overlap_z(rounds_of, n, size, 2000)) < Z
    assert abs(overlap_z(lambda s: rounds_of(s, False), n, size, 2000)) > Z


def test_no_row_comes_twice_in_a_round_with_replacement(kind):
    """Replacement is between rounds; `choice(replace=True)` inside them is the trap."""
    for rows in fitted(30, 20, replacement=True).rounds(50):
        assert len(set(rows.tolist())) == 20


@pytest.mark.parametrize("size", [2, 5, 9])
def test_every_row_is_in_a_round_with_replacement_equally_often(kind, size):
    draw = lambda seed: Rounds(10, size, True, seed).rows(3)  # noqa: E731
    assert inclusion_z(draw, 10, 3000) < Z


# --- Coverage -------------------------------------------------------------------------


def test_coverage_counts_the_rows_seen():
    """The paper's r = 0.1 and ten rounds: all, or 1 - 0.9**10 = .651 of them."""
    without = fitted(20_000, 0.1)
    assert [without.coverage(t) for t in (0, 1, 5, 10, 11)] == [0, 0.1, 0.5, 1, 1]
    replaced = fitted(20_000, 0.1, replacement=True)
    assert_allclose(replaced.coverage(10), 0.651, atol=0.01)
    seen = np.unique(np.concatenate(list(replaced.rounds(10))))
    assert replaced.coverage(10) == len(seen) / 20_000
    y = np.repeat([0, 1], [15, 5])
    assert fitted(20, 8, y, stratify=True).coverage(2) == 16 / 20


# --- Strata ---------------------------------------------------------------------------


@pytest.mark.parametrize("replacement", [False, True])
def test_strata_are_exact_in_every_round(kind, replacement):
    y = np.random.default_rng(0).permutation(np.repeat(list("abc"), [70, 25, 6]))
    sampler = fitted(101, 21, y, stratify=True, replacement=replacement)
    for rows in sampler.rounds(30):
        names, counts = np.unique(y[rows], return_counts=True)
        assert dict(zip(names, counts, strict=True)) == {"a": 15, "b": 5, "c": 1}
        assert len(set(rows.tolist())) == 21
    if not replacement:  # every row of a class once in its own cycle
        found = np.concatenate([r[y[r] == "c"] for r in sampler.rounds(6)])
        assert_array_equal(np.sort(found), np.flatnonzero(y == "c"))


def test_strata_are_mixed_within_a_round():
    """Batches of a round must not hold one class after another."""
    y = np.repeat([0, 1], 500)
    rows = fitted(1000, 0.2, y, stratify=True).round(0)
    assert 20 < y[rows[:100]].sum() < 80


@pytest.mark.parametrize("law", ["walk", "independent", "scores"])
def test_strata_of_one_size_are_drawn_independently(kind, law):
    """R = 2,000 seeds; overlaps of 6 of 20 positions in each are hypergeometric."""
    strata = np.repeat([0, 1], 20)
    log_scores = np.zeros(40) if law == "scores" else None

    def rounds_of(seed):
        rows = Rounds(40, 12, law != "walk", seed, strata, log_scores).rows(2)
        return rows[rows < 20], rows[rows >= 20] - 20

    assert abs(overlap_z(rounds_of, 20, 6, 2000)) < Z
    same = lambda seed: (rounds_of(seed)[0],) * 2  # noqa: E731
    assert overlap_z(same, 20, 6, 2000) > Z


def test_every_stratified_round_is_mixed_anew():
    y = np.repeat([0, 1], 500)
    rounds = fitted(1000, 0.2, y, stratify=True).rounds(5)
    assert len({tuple(y[rows].tolist()) for rows in rounds}) == 5


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_stratified_selections_keep_the_contract(check):
    """But for sizes below the number of classes, which are refused."""
    if check.__name__ != "check_sizes":
        check(RS2(10, stratify=True))


# --- Scores ---------------------------------------------------------------------------

SCORES = np.array([8.0, 4.0, 2.0, 1.0, 0.5, 0.0])


def successive_law(scores, size):
    """Probability of every set under draws one by one, by enumeration."""
    law = {}
    for order in itertools.permutations(range(len(scores)), size):
        left, mass = scores.sum(), 1.0
        for row in order:
            mass *= scores[row] / left
            left -= scores[row]
        law[frozenset(order)] = law.get(frozenset(order), 0.0) + mass
    return law


def test_scores_are_drawn_one_by_one_in_proportion():
    """R = 20,000 rounds against the enumerated law of sets."""
    sampler = fitted(6, 2, scores=SCORES, replacement=True)
    law = {s: p for s, p in successive_law(SCORES, 2).items() if p}
    counts = dict.fromkeys(law, 0)
    for t in range(20_000):
        counts[frozenset(sampler.round(t).tolist())] += 1
    for subset, p in law.items():
        z = (counts[subset] - 20_000 * p) / np.sqrt(20_000 * p * (1 - p))
        assert abs(z) < Z, subset


def weight_z(weigh, repeats=4000):
    """z of the mean weight of every row with 1, for rounds of 2 rows."""
    totals, squares = np.zeros(5), np.zeros(5)
    sampler = fitted(6, 2, scores=SCORES, replacement=True)
    for t in range(repeats):
        weights = np.zeros(6)
        weigh(sampler, t, weights)
        totals += weights[:5]
        squares += weights[:5] ** 2
    mean = totals / repeats
    error = np.sqrt((squares / repeats - mean**2) / repeats)
    return np.abs((mean - 1) / error).max()


def test_weights_of_scores_are_unbiased():
    """R = 4,000; the weights of draws with replacement, s / (k s_i), are not."""

    def ours(sampler, t, weights):
        selection = sampler.select(round=t)
        weights[selection.indices] = selection.weights

    def wrong(sampler, t, weights):
        rows = sampler.round(t)
        weights[rows] = SCORES.sum() / (2 * SCORES[rows])

    assert weight_z(ours) < Z
    assert weight_z(wrong) > Z


@pytest.mark.parametrize("factor", [1e-250, 1e-30, 1e250])
def test_only_ratios_of_scores_matter(factor):
    plain = fitted(6, 3, scores=SCORES, replacement=True)
    scaled = fitted(6, 3, scores=SCORES * factor, replacement=True)
    assert_array_equal(plain.selection_.indices, scaled.selection_.indices)
    assert_allclose(plain.selection_.weights, scaled.selection_.weights, rtol=1e-9)


def test_weights_of_scores_of_all_sizes_stay_finite():
    scores = np.logspace(-300, 300, 40)
    selection = fitted(40, 10, scores=scores, replacement=True).selection_
    assert np.isfinite(selection.weights).all()
    assert (selection.weights >= 1).all()


def test_as_many_rows_as_positive_scores():
    sampler = fitted(6, 5, scores=SCORES, replacement=True)
    assert_array_equal(np.sort(sampler.round(4)), np.arange(5))
    assert_allclose(sampler.selection_.weights, 1.0)


@pytest.mark.parametrize("size", [6, 9, 1.0])
def test_rounds_of_all_rows_hold_those_of_score_zero(size):
    sampler = fitted(6, size, scores=SCORES, replacement=True)
    assert len(sampler.selection_) == 6
    assert_array_equal(np.sort(sampler.round(3)), np.arange(6))
    assert sampler.round(3).tolist() != sampler.round(4).tolist()


def test_scores_within_strata():
    y = np.array([0, 0, 0, 1, 1, 1])
    sampler = fitted(6, 4, y, scores=SCORES, replacement=True, stratify=True)
    for t in range(20):
        rows = sampler.round(t)
        assert_array_equal(np.bincount(y[rows]), [2, 2])
        assert 5 not in rows


# --- Selections -----------------------------------------------------------------------


def test_select_gives_round_zero_and_others():
    sampler = fitted(40, 0.2)
    assert_array_equal(sampler.selection_.indices, np.sort(sampler.round(0)))
    assert sampler.select() is sampler.selection_
    assert sampler.select(round=0) == sampler.selection_
    later = sampler.select(round=3)
    assert_array_equal(later.indices, np.sort(sampler.round(3)))
    assert_allclose(later.weights, 5.0)
    other = sampler.select(10, round=3, random_state=7)
    assert_array_equal(other.indices, np.sort(fitted(40, 10, random_state=7).round(3)))


def test_input_weights_enter_the_weights_and_not_the_rounds():
    weight = np.arange(40.0)
    sampler = fitted(40, 10, weight=weight)
    assert 0 not in sampler.select(39).indices  # weight 0: not in the data
    selection = sampler.selection_
    assert_allclose(selection.weights, weight[selection.indices] * 39 / 10)
    rounds = np.concatenate(list(sampler.rounds(39)))
    assert_array_equal(np.bincount(rounds, minlength=40), [0] + [10] * 39)


def test_size_is_rounded_half_up_and_at_most_all():
    assert len(fitted(25, 0.1).round(0)) == 3
    for sampler in (fitted(5, 9), fitted(5, 1.0)):
        assert sampler.round(2).tolist() != sampler.round(3).tolist()
        assert_array_equal(np.sort(sampler.round(2)), np.arange(5))
        assert_allclose(sampler.selection_.weights, 1.0)


def test_rounds_that_were_handed_out_never_change():
    """The released code hands out views of an array that it shuffles later."""
    sampler = fitted(20, 5)
    first = sampler.round(0)
    before = first.copy()
    list(sampler.rounds(20))
    assert_array_equal(first, before)
    first[:] = 0
    assert_array_equal(sampler.round(0), before)
    assert first.base is None  # nor does it keep a whole permutation alive


@pytest.mark.parametrize("parameters", [{}, {"replacement": True}])
def test_pickles_frames_and_sparse_rows_give_the_same_rounds(parameters):
    X = np.random.default_rng(0).normal(size=(60, 3))
    wanted = RS2(7, random_state=1, **parameters).fit(X)
    for data in (sparse.csr_array(X), pd.DataFrame(X, columns=list("abc"))):
        got = RS2(7, random_state=1, **parameters).fit(data)
        assert_array_equal(got.round(13), wanted.round(13))
    copy = pickle.loads(pickle.dumps(wanted))
    assert_array_equal(copy.round(13), wanted.round(13))


def test_a_new_fit_forgets_the_old_rounds():
    sampler = fitted(60, 0.5)
    sampler.round(0)
    assert len(sampler.fit(np.zeros((10, 1))).round(0)) == 5


def test_parameters_set_after_fit_wait_for_the_next_fit():
    wanted, sampler = fitted(60, 0.2), fitted(60, 0.2)
    sampler.set_params(n_select=30, replacement=True)
    for t in (0, 7):
        assert_array_equal(sampler.round(t), wanted.round(t))
        assert sampler.select(round=t) == wanted.select(round=t)
        other, same = (s.select(9, round=t, random_state=1) for s in (sampler, wanted))
        assert other == same
    assert sampler.coverage(3) == wanted.coverage(3) == 0.6
    assert len(sampler.fit(np.zeros((60, 1))).round(0)) == 30


def test_the_seed_of_the_samplers_is_that_of_the_selector():
    rounds = Rounds(50, 5, False, seed_of_rounds(draw_seed(3)))
    assert_array_equal(rounds.rows(4), fitted(50, 5, random_state=3).round(4))


def test_streams_of_cycles_rounds_and_orders_differ():
    kinds = (rounds_module._CYCLE, rounds_module._ROUND, rounds_module._ORDER)
    assert len({int(stream(0, k, 0, 0).integers(2**63)) for k in kinds}) == 3


# --- Large n --------------------------------------------------------------------------


def test_beyond_the_limit_permutations_are_computed_and_not_stored():
    n = 10**9  # 8 GB as an array
    walk = Walk(n, 1000, seed=1)
    blocks = [walk.draw(t)[0] for t in (0, 1, 10**6 - 1)]
    assert len(np.unique(np.concatenate(blocks))) == 3000
    # A block across two cycles: 10**9 = 333 mod 667.
    walk = Walk(n, 667, seed=1)
    t = n // 667
    assert len(np.unique(walk.draw(t)[0])) == 667
    cycle_ends = np.concatenate([walk.draw(t - 1)[0], walk.draw(t)[0][: n % 667]])
    assert len(np.unique(cycle_ends)) == len(cycle_ends)


def test_ten_rounds_of_a_tenth_cover_every_row_once():
    sampler = fitted(200_000, 0.1)
    assert_array_equal(
        np.bincount(np.concatenate(list(sampler.rounds(10)))), np.ones(200_000)
    )


# --- Bad input ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "message"),
    [
        (0.0, r"n_select must be in \(0, 1\] .*got 0.0"),
        (-0.1, r"n_select must be in \(0, 1\] .*got -0.1"),
        (1.5, r"n_select must be in \(0, 1\] .*got 1.5"),
        (-3, "n_select must not be negative, got -3"),
    ],
)
def test_fractions_that_are_none(size, message):
    with pytest.raises(ValueError, match=message):
        fitted(10, size)


def test_negative_rounds():
    sampler = fitted(10, 2)
    with pytest.raises(ValueError, match="t must not be negative, got -1"):
        sampler.round(-1)
    with pytest.raises(ValueError, match="round must not be negative, got -1"):
        sampler.select(round=-1)
    with pytest.raises(ValueError, match="n must not be negative, got -2"):
        list(sampler.rounds(-2))
    with pytest.raises(ValueError, match="t must not be negative, got -2"):
        sampler.coverage(-2)
    with pytest.raises(TypeError, match=r"t must be an int, got 1\.5"):
        sampler.round(1.5)


def test_before_fit():
    with pytest.raises(ValueError, match="not fitted yet"):
        RS2().round(0)


def test_a_class_that_gets_no_row_is_named():
    y = np.repeat(["common", "rare"], [997, 3])
    message = (
        "class 'rare' of y has 3 of 1000 rows and would get none of the 100 rows of "
        "a round.*n_select=334 or more, or stratify=False"
    )
    with pytest.raises(ValueError, match=message):
        fitted(1000, 100, y, stratify=True)
    assert len(fitted(1000, 334, y, stratify=True).round(0)) == 334


def test_strata_without_classes():
    with pytest.raises(ValueError, match="stratify=True needs y"):
        fitted(10, 5, stratify=True)


def test_scores_without_replacement():
    with pytest.raises(ValueError, match="scores need replacement=True"):
        fitted(6, 2, scores=SCORES)


def test_too_few_positive_scores():
    scores = [1.0, 1.0, 0.0, 0.0]
    with pytest.raises(ValueError, match="scores has 2 positive values, fewer than"):
        fitted(4, 3, scores=scores, replacement=True)
    with pytest.raises(ValueError, match="scores has 0 positive values in a class"):
        fitted(4, 2, [0, 0, 1, 1], scores=scores, replacement=True, stratify=True)
    with pytest.raises(ValueError, match="scores has 0 positive"):
        fitted(4, 2, scores=np.zeros(4), replacement=True)


@pytest.mark.parametrize("bad", [[1.0, -1.0, 1.0], [1.0, np.nan, 1.0], [1.0, 1.0]])
def test_bad_scores_are_named(bad):
    with pytest.raises(ValueError, match="scores"):
        fitted(3, 2, scores=bad, replacement=True)


def test_positions_of_bad_scores_count_rows_of_weight_zero():
    with pytest.raises(ValueError, match=r"scores must not .* -1\.0 at position 2"):
        fitted(4, 1, None, [0, 1, 1, 1], [1.0, 1.0, -1.0, 1.0], replacement=True)


def test_targets_that_are_no_classes():
    with pytest.raises(ValueError, match="stratify=True needs classes, but y holds"):
        fitted(10, 5, np.linspace(0, 1, 10), stratify=True)


def test_no_warnings():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fitted(6, 2, scores=SCORES, replacement=True)
    assert caught == []
