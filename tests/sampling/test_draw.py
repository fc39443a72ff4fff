"""The laws of the designs, by enumeration and by counts, with wrong twins that fail."""

import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from coreselect import DESIGNS, draw, inclusion_probabilities
from coreselect.sampling.designs import EXACT_SIZE
from coreselect.sampling.groups import Groups
from tests._kernels import reference

SCORES = np.array([3.0, 1.0, 0.0, 0.5, 2.0, 0.25, 1.25, 8.0])
EXACT_PROBABILITIES = ["poisson", "systematic", "pivotal"]
R = 4000  # draws in a test of counts; all hold |z| < 4.5


def z_of_counts(counts, probabilities, n_draws):
    """Standard scores of binomial counts; cells of probability 0 or 1 must be exact."""
    certain = np.isin(probabilities, (0.0, 1.0))
    assert_array_equal(counts[certain], n_draws * probabilities[certain])
    free = ~certain
    mean, p = n_draws * probabilities[free], probabilities[free]
    return (counts[free] - mean) / np.sqrt(mean * (1 - p))


def inclusion_z(draw_rows, pi):
    counts = np.zeros(len(pi))
    for r in range(R):
        counts[draw_rows(r)] += 1
    return np.abs(z_of_counts(counts, pi, R)).max()


@pytest.mark.parametrize("design", EXACT_PROBABILITIES)
def test_rows_are_drawn_with_their_inclusion_probabilities(design):
    pi = inclusion_probabilities(SCORES, 3)

    def rows(r):
        return draw(SCORES, 3, design=design, random_state=r).indices

    assert inclusion_z(rows, pi) < 4.5


def test_successive_sampling_fails_the_test_of_inclusion_probabilities():
    """numpy's choice without replacement has other inclusion probabilities."""
    q = np.array([0.4, 0.3, 0.2, 0.1])

    def wrong(r):
        return np.random.default_rng(r).choice(4, 2, replace=False, p=q)

    def right(r):
        return draw(q, 2, random_state=r).indices

    assert inclusion_z(wrong, 2 * q) > 4.5
    assert inclusion_z(right, 2 * q) < 4.5


def subset_z(design, law, scores, size, n_draws=R):
    counts = dict.fromkeys(law, 0)
    for r in range(n_draws):
        counts[
            frozenset(draw(scores, size, design=design, random_state=r).indices)
        ] += 1
    p = np.array(list(law.values()))
    return np.abs(z_of_counts(np.array(list(counts.values())), p, n_draws)).max()


def test_pivotal_draws_every_subset_with_its_probability():
    pi = np.array([0.3, 0.6, 0.45, 0.8, 0.2, 0.65])
    law = reference.pivotal_law(pi)
    assert_allclose(sum(law.values()), 1)
    for k in range(6):
        assert_allclose(sum(m for s, m in law.items() if k in s), pi[k])
    law = {subset: mass for subset, mass in law.items() if mass > 1e-12}
    assert subset_z("pivotal", law, pi, 3) < 4.5


def test_systematic_draws_every_subset_with_its_probability():
    pi = np.array([0.3, 0.6, 0.45, 0.8, 0.2, 0.65])
    law = reference.systematic_law(pi)
    for k in range(6):
        assert_allclose(sum(m for s, m in law.items() if k in s), pi[k])
    assert subset_z("systematic", law, pi, 3) < 4.5


def test_the_law_of_one_design_is_rejected_for_another():
    """The test of subsets has power: pivotal draws are not systematic ones."""
    pi = np.array([0.3, 0.6, 0.45, 0.8, 0.2, 0.65])
    law = reference.systematic_law(pi)
    every = {frozenset(s): 0.0 for s in itertools.combinations(range(6), 3)}
    counts = dict(every)
    for r in range(R):
        counts[frozenset(draw(pi, 3, random_state=r).indices)] += 1
    gaps = [counts[s] - R * law.get(s, 0.0) for s in every]
    assert np.abs(gaps).max() > 4.5 * np.sqrt(R / 4)


def test_poisson_rows_are_independent():
    pi = inclusion_probabilities(SCORES, 3)
    pairs = np.zeros((8, 8))
    for r in range(R):
        mask = draw(SCORES, 3, design="poisson", random_state=r).mask()
        pairs += np.outer(mask, mask)
    upper = np.triu_indices(8, 1)
    z = z_of_counts(pairs[upper], np.outer(pi, pi)[upper], R)
    assert np.abs(z).max() < 4.5


def test_multinomial_repeats_are_binomial():
    """Row k is hit Binomial(5, q_k) times; its weight is hits / (5 q_k)."""
    q = SCORES / SCORES.sum()
    hits = np.zeros(8)
    for r in range(R):
        selection = draw(SCORES, 5, design="multinomial", random_state=r)
        hits_now = selection.weights * 5 * q[selection.indices]
        assert_allclose(hits_now, np.round(hits_now), atol=1e-9)
        assert_allclose(hits_now.sum(), 5)
        hits[selection.indices] += hits_now
    assert np.abs(z_of_counts(hits, q, 5 * R)).max() < 4.5


def weight_z(design, weigh=lambda weights, indices: weights, **arguments):
    """Standard scores of the mean weight of every row against its input weight."""
    totals, squares = np.zeros(8), np.zeros(8)
    base = arguments.get("base_weight", np.ones(8))
    for r in range(R):
        selection = draw(SCORES, 3, design=design, random_state=r, **arguments)
        weights = weigh(selection.weights, selection.indices)
        totals[selection.indices] += weights
        squares[selection.indices] += weights**2
    mean = totals / R
    error = np.sqrt(np.maximum(squares / R - mean**2, 0) / R)
    drawn = SCORES > 0
    return np.abs((mean - base)[drawn] / np.maximum(error[drawn], 1e-12)).max()


@pytest.mark.parametrize("design", DESIGNS)
def test_weights_are_unbiased(design):
    assert weight_z(design) < 4.5


@pytest.mark.parametrize("design", DESIGNS)
def test_weights_are_unbiased_with_input_weights_and_strata(design):
    base = np.array([1.0, 2.0, 9.0, 0.5, 1.0, 4.0, 3.0, 1.0])
    strata = np.array(list("abababab"))
    assert weight_z(design, base_weight=base, strata=strata) < 4.5


def test_rescaled_weights_fail_the_test_of_bias():
    """Weights made to add up to n (a ratio estimator) are biased, and seen to be."""
    assert weight_z("priority", lambda w, i: w * 8 / w.sum()) > 4.5


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("strata", [None, np.array([0, 1, 0, 1, 0, 1, 0, 1])])
def test_sizes(design, strata):
    for size in (0, 1, 3, 7, 8, 20):
        sizes = set()
        for r in range(30):
            selection = draw(SCORES, size, design=design, strata=strata, random_state=r)
            assert 2 not in selection.indices  # its score is 0
            assert (selection.weights > 0).all()
            sizes.add(len(selection))
        if design in EXACT_SIZE or (size == 0 or (size >= 7 and design == "poisson")):
            assert sizes == {min(size, 7)}
        if design == "multinomial":
            assert max(sizes) <= min(size, 7)


def test_poisson_size_is_right_on_average():
    sizes = [len(draw(SCORES, 3, design="poisson", random_state=r)) for r in range(R)]
    pi = inclusion_probabilities(SCORES, 3)
    z = (np.sum(sizes) - 3 * R) / np.sqrt(R * (pi * (1 - pi)).sum())
    assert abs(z) < 4.5


@pytest.mark.parametrize("design", EXACT_PROBABILITIES)
def test_certain_rows_are_always_in(design):
    scores = np.array([100.0, 1.0, 1.0, 50.0, 1.0, 1.0])
    for r in range(200):
        selection = draw(scores, 3, design=design, random_state=r)
        assert {0, 3} <= set(selection.indices.tolist())
        assert_array_equal(selection.weights[np.isin(selection.indices, [0, 3])], 1.0)


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize(
    ("scores", "size"),
    [
        (np.full(12, 1.0), 4),  # running sums meet 1 at every third row
        (np.array([2.0, 1.0, 1.0, 2.0, 1.0, 1.0]), 4),  # rows exactly at probability 1
        (np.tile([4.0, 3.0, 2.0, 1.0, 0.0], 8), 16),
    ],
)
def test_the_last_bits_of_a_score_decide_nothing(design, scores, size):
    rng = np.random.default_rng(1)
    for r in range(200):
        nearly = scores * (1 + 1e-14 * rng.uniform(-1, 1, len(scores)))
        a = draw(scores, size, design=design, random_state=r)
        b = draw(nearly, size, design=design, random_state=r)
        assert_array_equal(a.indices, b.indices)
        assert_allclose(a.weights, b.weights, rtol=1e-12)


def test_deciding_fights_the_other_way_round_fails_the_test_of_last_bits():
    """With `u < p / total`, an outcome jumps where the running sum meets one."""

    def fight(scores, uniforms):
        chosen, carried, carry = [], -1, 0.0
        for k, p in enumerate(scores):
            total = carry + p
            if total <= 1:
                carried = k if uniforms[k] * total < p else carried
                carry = total
            else:
                wins = uniforms[k] * (2 - total) < 1 - p
                chosen.append(carried if wins else k)
                carried, carry = (k if wins else carried), total - 1
        return {*chosen, carried} if carry > 0.5 else set(chosen)

    rng = np.random.default_rng(1)
    different = 0
    for _ in range(200):
        uniforms = rng.random(12)
        low, high = np.full(12, (1 - 1e-14) / 3), np.full(12, (1 + 1e-14) / 3)
        different += fight(low, uniforms) != fight(high, uniforms)
    assert different > 20


@pytest.mark.parametrize("design", EXACT_SIZE)
def test_strata_get_their_expected_number_rounded_down_or_up(design):
    rng = np.random.default_rng(0)
    scores, strata = rng.pareto(1.5, 200), rng.integers(0, 5, 200)
    expected = np.bincount(strata, inclusion_probabilities(scores, 30))
    seen = []
    for r in range(300):
        selection = draw(scores, 30, design=design, strata=strata, random_state=r)
        assert len(selection) == 30
        seen.append(np.bincount(strata[selection.indices], minlength=5))
    seen = np.array(seen)
    assert ((seen >= np.floor(expected)) & (seen <= np.ceil(expected))).all()
    spread = np.sqrt((expected % 1) * (1 - expected % 1) / 300)
    assert (np.abs(seen.mean(axis=0) - expected) < 4.5 * spread).all()


@pytest.mark.parametrize("design", ["pivotal", "systematic"])
def test_strata_keep_the_inclusion_probabilities(design):
    strata = np.array([0, 1, 0, 1, 0, 1, 0, 1])

    def rows(r):
        return draw(SCORES, 3, design=design, strata=strata, random_state=r).indices

    assert inclusion_z(rows, inclusion_probabilities(SCORES, 3)) < 4.5


def test_whole_quotas_are_met_exactly():
    strata = np.repeat(["a", "b", "c"], [10, 20, 30])

    def found(design, r):
        selection = draw(np.ones(60), 6, design=design, strata=strata, random_state=r)
        # Under repeats, weights count the hits: each row was expected 0.1 times.
        hits = selection.weights / 10 if design == "multinomial" else np.ones(6)
        return [round(hits[strata[selection.indices] == s].sum()) for s in "abc"]

    for design in (*EXACT_SIZE, "multinomial"):
        for r in range(20):
            assert found(design, r) == [1, 2, 3]


# --- water-filling ---


@pytest.mark.parametrize(
    "scores",
    [
        np.random.default_rng(0).pareto(0.5, 300),
        2.0 ** -np.arange(60),
        np.array([1e300, 1e150, 1e20, 1e20, 1.0, 1.0]),
        np.array([1e-310, 2e-310, 3e-310, 5e-310]),
        np.ones(17),
        np.repeat([1e8, 1.0, 1e-8], 20),
    ],
    ids=["pareto", "geometric", "huge", "denormal", "ties", "steps"],
)
def test_water_filling_is_exact(scores):
    for size in {1, 2, 3, len(scores) // 2, len(scores) - 1}:
        pi = inclusion_probabilities(scores, size)
        assert_allclose(pi.sum(), size, rtol=1e-12)
        below = pi < 1
        ratios = pi[below] / (scores[below] / scores.max())
        assert_allclose(ratios, ratios[0] if below.any() else 1, rtol=1e-9)
        wanted = reference.water_fill(scores / scores.max(), size)
        assert_allclose(pi, wanted, rtol=1e-9)


def test_water_filling_worked_example():
    assert_array_equal(
        inclusion_probabilities([10, 1, 1, 1, 1], 3), [1, 0.5, 0.5, 0.5, 0.5]
    )


def test_water_filling_of_certain_rows_beside_almost_nothing():
    assert_allclose(inclusion_probabilities([1, 1, 1e-20], 2), [1, 1, 1e-20])


EXTREME = [1e200, 1e-200, 1e-200, 1e-200]


@pytest.mark.parametrize(
    ("scores", "size", "pi"),
    [
        (EXTREME, 2, [1, 1 / 3, 1 / 3, 1 / 3]),
        (EXTREME, 1, [1, 0, 0, 0]),
        ([5e-324, 1, 5e-324, 5e-324], 2, [1 / 3, 1, 1 / 3, 1 / 3]),
        ([1e308] * 10, 4, [0.4] * 10),
        ([1e308] * 3 + [1.0] * 2 + [1e-308] * 5, 7, [1] * 5 + [0.4] * 5),
        ([1e300, 1.0, 1e-10, 5e-324, 5e-324], 4, [1, 1, 1, 0.5, 0.5]),
        ([2.0**299, 2.0**-790, 2.0**-790], 2, [1, 0.5, 0.5]),
        ([1e308, 1e58, 1e58, 2.0**-1000, 2.0**-1000], 4, [1, 1, 1, 0.5, 0.5]),
    ],
)
def test_scores_of_any_range_share_the_size(scores, size, pi):
    """Certain rows are taken out first; the others share what they leave."""
    assert_allclose(inclusion_probabilities(scores, size), pi, atol=1e-200)
    strata = np.arange(len(scores)) % 2
    certain = {k for k, chance in enumerate(pi) if chance == 1}
    for design in DESIGNS:
        for groups in (None, strata):
            drawn = [
                draw(scores, size, design=design, strata=groups, random_state=r)
                for r in range(20)
            ]
            if design in EXACT_SIZE:
                assert {len(selection) for selection in drawn} == {size}
            if design != "multinomial":
                assert all(certain <= set(s.indices) for s in drawn)


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("exponent", [-1000, -301, 7, 301, 1000])
def test_the_unit_of_scores_changes_nothing(design, exponent):
    """Scores times a power of two give the same rows and weights, to the last bit."""
    scores = np.array([3.0, 1.0, 0.0, 0.5, 2.0, 0.25, 1.25, 8.0])
    for r in range(20):
        moved = draw(np.ldexp(scores, exponent), 3, design=design, random_state=r)
        assert moved == draw(scores, 3, design=design, random_state=r)


def test_water_filling_with_too_few_positive_scores_takes_them_all():
    assert_array_equal(inclusion_probabilities([0, 3, 0, 1], 3), [0, 1, 0, 1])


def test_a_fraction_is_rounded_half_up():
    assert_allclose(inclusion_probabilities(np.ones(5), 0.5).sum(), 3)
    assert len(draw(np.ones(5), 0.5, random_state=0)) == 3


# --- randomness and errors ---


def test_masked_strata_are_refused():
    strata = np.ma.masked_equal([0, 1, 1, 0], 1)
    with pytest.raises(TypeError, match="strata must not be a masked array"):
        draw(np.ones(4), 2, strata=strata)


def test_equal_seeds_draw_equal_rows():
    a = draw(SCORES, 3, random_state=7)
    assert a == draw(SCORES, 3, random_state=np.random.default_rng(7))
    legacy = np.random.RandomState
    assert draw(SCORES, 3, random_state=legacy(7)) == draw(
        SCORES, 3, random_state=legacy(7)
    )
    seen = {tuple(draw(SCORES, 3).indices) for _ in range(50)}
    assert len(seen) > 1


def test_scores_are_not_modified_and_may_be_read_only():
    scores = SCORES.copy()
    scores.flags.writeable = False
    for design in DESIGNS:
        draw(scores, 3, design=design, strata=np.arange(8) % 2, random_state=0)
    assert_array_equal(scores, SCORES)


def test_no_scores_and_no_positive_scores_give_no_rows():
    for design in DESIGNS:
        assert len(draw([], 3, design=design)) == 0
        assert len(draw(np.zeros(4), 3, design=design)) == 0


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        (([1, -2], 1), ValueError, "scores must not be negative, got -2.0"),
        (([1, np.nan], 1), ValueError, "scores contains NaN"),
        (([[1], [2]], 1), ValueError, "scores must be 1-dimensional"),
        ((["a", "b"], 1), ValueError, "scores must hold numbers"),
        (([1, 2], -1), ValueError, "size must not be negative, got -1"),
        (([1, 2], 0.0), ValueError, r"size must be in \(0, 1\]"),
        (([1, 2], True), TypeError, "size must be a number, got True"),
        (([1, 2], "ten"), TypeError, "size must be a number, got 'ten'"),
    ],
)
def test_bad_arguments_are_named(arguments, error, words):
    with pytest.raises(error, match=words):
        draw(*arguments)


def test_bad_options_are_named():
    with pytest.raises(ValueError, match=r"design must be one of .*, got 'pps'"):
        draw([1, 2], 1, design="pps")
    with pytest.raises(
        ValueError, match="strata must hold one group for each of the 2"
    ):
        draw([1, 2], 1, strata=[1, 2, 3])
    with pytest.raises(TypeError, match="strata mixes types"):
        draw([1, 2], 1, strata=np.array([1, "a"], dtype=object))
    with pytest.raises(ValueError, match="base_weight has 1 values for 2 rows"):
        draw([1, 2], 1, base_weight=[1])
    with pytest.raises(TypeError, match="random_state must be"):
        draw([1, 2], 1, random_state="seed")


def test_groups_of_objects_are_those_of_sorted_values():
    """Objects are hashed, not sorted; equal ones are one group."""
    for values in (["b", "a", "c", "a"], [3, 1, 2, True, 1.0], []):
        labels, codes = np.unique(values, return_inverse=True)
        found = Groups.of(np.array(values, object), len(values), "strata")
        assert list(found.labels) == labels.tolist()
        assert_array_equal(found.codes, codes)


def test_weights_beyond_a_float_are_blamed_on_the_base_weights():
    with pytest.raises(ValueError, match="base_weight is too large, up to 1e"):
        draw(np.ones(40), 2, base_weight=np.full(40, 1e308))
