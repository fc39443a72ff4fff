"""Standard errors: unbiased by enumeration, and what has none says why."""

from itertools import combinations, product
from math import comb

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import stdtrit

from coreselect import (
    RS2,
    TAROT,
    ChristoffelSelector,
    DPPSelector,
    GroupSamplingSelector,
    LeverageSelector,
    LewisSelector,
    ProjectionDPPSelector,
    Selection,
    UniformSelector,
    VolumeRescaledSelector,
    draw,
    inclusion_probabilities,
)
from coreselect.selection import SamplingDesign

Y = np.array([1.0, 2.0, 3.0, 6.0])
POISSON = np.array([0.5, 0.25, 0.75, 0.5])


def drawn(rows, expected, name="random", n_total=4, **facts):
    """A selection of rows that were drawn with given expected hits."""
    expected = np.asarray(expected, dtype=float)
    weights = facts.get("hits", 1) / expected
    design = SamplingDesign(name, expected, **facts)
    return Selection(rows, weights, n_total, design=design)


def over(law, values=Y):
    """Mean and variance of the estimate, and mean of its estimated variance."""
    chances, estimates, variances = [], [], []
    for chance, selection in law:
        estimate, variance = 0.0, 0.0
        if len(selection):
            part = values[selection.indices]
            estimate, variance = selection.estimate(part), selection.covariance(part)
        chances.append(chance)
        estimates.append(estimate)
        variances.append(variance)
    assert_allclose(sum(chances), 1)
    mean = np.dot(chances, estimates)
    return mean, np.dot(chances, (estimates - mean) ** 2), np.dot(chances, variances)


# --- Unbiased, by enumeration ---------------------------------------------------------


def simple(n, m):
    for rows in combinations(range(n), m):
        yield 1 / comb(n, m), drawn(rows, [m / n] * m, n_total=n)


def poisson(chances=POISSON):
    for taken in product([False, True], repeat=len(chances)):
        rows = np.flatnonzero(taken)
        chance = np.prod(np.where(taken, chances, 1 - chances))
        yield chance, drawn(rows, chances[rows], "poisson", len(chances))


def multinomial(shares, m, values=Y):
    shares = np.asarray(shares)
    for draws in product(range(len(shares)), repeat=m):
        rows, hits = np.unique(draws, return_counts=True)
        made = drawn(rows, m * shares[rows], "multinomial", hits=hits)
        yield np.prod(shares[list(draws)]), made


def test_simple_random_samples():
    assert_allclose(over(simple(4, 2)), [12, 56 / 3, 56 / 3])
    assert_allclose(over(simple(4, 3)), [12, 56 / 9, 56 / 9])


def test_poisson_samples():
    assert_allclose(over(poisson()), [12, 52, 52])


@pytest.mark.parametrize("m", [2, 3])
def test_draws_with_repeats(m):
    shares = np.array([0.1, 0.2, 0.3, 0.4])
    variance = ((Y**2 / shares).sum() - 12**2) / m
    assert_allclose(over(multinomial(shares, m)), [12, variance, variance])


def test_strata_add_up():
    """Two of rows 0 to 2 and two of rows 3 to 5, each a simple random sample."""
    values = np.array([1.0, 2.0, 6.0, 20.0, 21.0, 25.0])
    law = [
        (1 / 9, drawn([*one, *two], [2 / 3] * 4, n_total=6, strata=[0, 0, 1, 1]))
        for one in combinations(range(3), 2)
        for two in combinations(range(3, 6), 2)
    ]
    mean, variance, estimated = over(law, values)
    assert_allclose([mean, estimated], [75, variance])
    # A twin that forgets the strata is off by far more than a factor of two.
    law = [(p, drawn(s.indices, [2 / 3] * 4, n_total=6)) for p, s in law]
    assert over(law, values)[2] > 9 * variance


def test_projection_processes():
    """t = -1, 0, 1 with columns 1 and t: pairs have chances 1/6, 2/3, 1/6."""
    basis = np.linalg.qr(np.vander([-1.0, 0.0, 1.0], 2))[0]
    kernel = basis @ basis.T
    assert_allclose(np.diag(kernel), [5 / 6, 1 / 3, 5 / 6])
    law = []
    for rows in combinations(range(3), 2):
        rows = list(rows)
        chance = np.linalg.det(kernel[np.ix_(rows, rows)])
        expected = np.diag(kernel)[rows]
        law.append(
            (chance, drawn(rows, expected, "projection", 3, vectors=basis[rows]))
        )
    assert_allclose([p for p, _ in law], [1 / 6, 2 / 3, 1 / 6])
    assert_allclose(over(law, np.array([1.0, 2.0, 4.0])), [7, 3.08, 3.08])


def test_pivotal_samples_of_two_have_too_large_standard_errors():
    """One of rows 0 and 1, one of rows 2 and 3: they differ more than neighbours."""
    law = [
        (1 / 4, drawn([i, j], [0.5, 0.5], "pivotal")) for i in (0, 1) for j in (2, 3)
    ]
    assert_allclose(over(law), [12, 10, 23])


def test_two_phases():
    law = []
    for chance, first in poisson():
        for later, second in poisson(np.array([0.5, 0.8, 0.3, 0.6])[: len(first)]):
            weights = first.weights[second.indices] * second.weights
            second = Selection(
                second.indices, weights, len(first), design=second.design
            )
            law.append((chance * later, first.then(second)))
    mean, variance, estimated = over(law)
    assert_allclose([mean, estimated], [12, variance])


def test_two_phases_of_simple_random_samples():
    law = []
    for chance, first in simple(4, 3):
        for later, second in simple(3, 2):
            weights = first.weights[second.indices] * second.weights
            second = Selection(second.indices, weights, 3, design=second.design)
            law.append((chance * later, first.then(second)))
    mean, variance, estimated = over(law)
    assert_allclose([mean, variance], [12, 56 / 3])
    assert_allclose(estimated, variance, rtol=0.15)  # nearly, as k is 2 of 3


def test_priority_samples_are_unbiased():
    scores = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 12.0])
    values = np.array([2.0, 1.0, 5.0, 3.0, 9.0, 4.0, 6.0, 10.0])
    found = np.empty((4000, 2))
    for seed in range(len(found)):
        made = draw(scores, 4, design="priority", random_state=seed)
        found[seed] = made.estimate(values[made.indices], return_std=True)
    errors = (found[:, 0] - values.sum()) ** 2 - found[:, 1] ** 2
    z = errors.mean() / (errors.std() / np.sqrt(len(errors)))
    assert abs(z) < 4.5
    # Without its threshold, a standard error is far too small or large.
    wrong = (found[:, 0] - values.sum()) ** 2 - 2 * found[:, 1] ** 2
    assert abs(wrong.mean() / (wrong.std() / np.sqrt(len(wrong)))) > 4.5


# --- Formulas -------------------------------------------------------------------------


def test_successive_differences_follow_the_order_of_the_draw():
    expected, places = [0.5, 0.25, 0.5, 1.0], [2, 0, 1, 9]
    made = drawn([0, 1, 2, 3], expected, "pivotal", order=places)
    z = (Y / expected)[[1, 2, 0]]  # row 3 is certain
    c = np.array([0.75, 0.5, 0.5])
    wanted = 3 / (2 * 2) * ((c[1:] + c[:-1]) / 2 * np.diff(z) ** 2).sum()
    assert_allclose(made.covariance(Y), wanted)
    # A systematic sample of smooth values is off by a share of the gap of its ends.
    made = drawn([0, 1, 2, 3], expected, "systematic", order=places)
    gap = (c[0] + c[-1]) / 2 * (z[-1] - z[0]) ** 2 / 12
    assert_allclose(made.covariance(Y), wanted + gap)


def test_strata_with_one_row_are_joined():
    codes = [0, 1, 1, 2]
    made = drawn([0, 1, 2, 3], [0.5] * 4, strata=codes)
    whole = drawn([0, 1, 2, 3], [0.5] * 4)
    assert_allclose(made.covariance(Y), whole.covariance(Y))
    made = drawn([0, 1, 2, 3], [0.5] * 4, strata=[0, 1, 2, 2])
    parts = drawn([0, 1, 2, 3], [0.5] * 4, strata=[0, 0, 1, 1])
    assert_allclose(made.covariance(Y), parts.covariance(Y))


def test_strata_rounded_at_random_vary():
    """Of four and a half rows each, one group has a row more than the other."""
    values = np.repeat([1.0, 3.0], [4, 5])
    expected, codes = [0.25] * 9, [0] * 4 + [1] * 5
    whole = drawn(range(9), expected, "pivotal", 40, strata=codes)
    assert whole.covariance(values) == 0
    rounded = drawn(
        range(9), expected, "pivotal", 40, strata=codes, strata_sizes=[4.5] * 9
    )
    # The row that is rounded is of either group: 4 or 12.
    assert_allclose(rounded.covariance(values), (12 - 4) ** 2 / 4)


def test_a_random_number_of_rows_varies():
    """As with a budget: nine rows or ten, each with the same z."""
    made = drawn(range(9), [0.25] * 9, "pivotal", 40, strata_sizes=[9.5] * 9)
    assert_allclose(made.covariance(np.ones(9)), 4**2 / 4)


def test_draws_with_a_budget_know_that_their_size_is_random():
    rng = np.random.default_rng(0)
    cost, scores = rng.uniform(1, 3, 400), np.exp(rng.normal(size=400) / 3)
    values = scores / np.sqrt(cost)  # each row has the same z
    found = np.empty((600, 2))
    for seed in range(len(found)):
        made = draw(scores, None, cost=cost, budget=30, random_state=seed)
        found[seed] = made.estimate(values[made.indices], return_std=True)
    assert_allclose(found[:, 1] ** 2, found[:, 0].var(), rtol=0.15)


def test_values_in_the_span_of_balancing_columns_are_nearly_sure():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(5000, 2))
    made = draw(np.ones(5000), 200, balance=x, random_state=0)
    part = made.take(x)
    std = made.estimate(np.column_stack([part @ [3, 1], part**2]), return_std=True)[1]
    assert std[0] < 0.2 * std[1]


def test_calibrated_totals_are_sure():
    made = drawn([0, 1, 2], [0.5] * 3)
    columns = np.column_stack([np.ones(3), [1.0, 2.0, 4.0]])
    sure = Selection(
        made.indices, made.weights, 4, design=made.design.calibrated_on(columns)
    )
    values = np.column_stack([columns @ [3, 7], [0.0, 1.0, 0.0]])
    std = sure.estimate(values, return_std=True)[1]
    assert_allclose(std[0], 0, atol=1e-12)
    assert 0 < std[1] < made.estimate(values, return_std=True)[1][1]


def test_calibration_of_the_last_phase_leaves_the_first():
    first = drawn([0, 1, 2, 3], [0.5] * 4, n_total=8)
    second = drawn([0, 1, 3], [0.75] * 3)
    ones = np.ones((3, 1))
    later = Selection(
        second.indices, second.weights * 2, 4, design=second.design.calibrated_on(ones)
    )
    assert_array_equal(later.design.calibrated, ones)
    assert first.then(later).covariance(np.ones(3)) == 0  # sizes are fixed
    both = first.then(Selection([0, 1, 3], second.weights * 2, 4, design=second.design))
    for phase in (both.design.calibrated_on(ones), both.design):
        assert (phase.calibrated is None) == (phase.earlier.calibrated is None)
    assert first.then(later).design.earlier.calibrated is None


def test_means_are_linearised():
    """Of a simple random sample the mean has the variance (1 - m / n) s**2 / m."""
    made = drawn([0, 2, 3], [0.3] * 3, n_total=10)
    part = Y[[0, 2, 3]]
    mean, std = made.estimate(part, kind="mean", return_std=True)
    assert_allclose(mean, part.mean())
    assert_allclose(std**2, 0.7 * part.var(ddof=1) / 3)
    # The number of rows of a Poisson sample is random, but the mean of ones is sure.
    made = drawn([0, 2, 3], [0.3, 0.2, 0.5], "poisson", 10)
    assert made.estimate(np.ones(3), kind="mean", return_std=True) == (1.0, 0.0)


def test_intervals_are_those_of_student():
    made = drawn([0, 2, 3], [0.3] * 3, n_total=10)
    part = Y[[0, 2, 3]]
    total, std = made.estimate(part, return_std=True)
    low, high = made.interval(part, 0.9)
    assert_allclose([low, high], total + np.array([-1, 1]) * stdtrit(2, 0.95) * std)
    low, high = made.interval(np.column_stack([part, 2 * part]), kind="mean")
    assert_allclose(high, 2 * high[:1] * [0.5, 1])
    assert low.shape == (2,)


def test_covariances_of_several_values():
    made = draw(np.arange(1.0, 41.0), 12, random_state=0)
    values = np.random.default_rng(0).normal(size=(12, 3))
    matrix = made.covariance(values)
    _, std = made.estimate(values, return_std=True)
    assert_allclose(np.diag(matrix), std**2)
    assert_allclose(matrix, matrix.T, rtol=0)
    direction = np.array([1.0, -2.0, 0.5])
    assert_allclose(made.covariance(values @ direction), direction @ matrix @ direction)
    assert type(made.covariance(values[:, 0])) is float


def test_certain_rows_have_no_variance():
    made = draw([1.0, 2.0, 3.0], 3)
    assert made.estimate([1, 2, 3], return_std=True) == (6.0, 0.0)
    assert made.interval([1, 2, 3]) == (6.0, 6.0)
    every = UniformSelector(1.0).fit_select(np.ones((5, 1)))
    assert every.interval(np.ones(5)) == (5.0, 5.0)
    made = draw(np.ones(9), 4, include=[3, 7], design="multinomial", random_state=1)
    part = np.where(np.isin(made.indices, [3, 7]), 1e6, 1.0)
    assert_allclose(made.covariance(part), 0, atol=1e-3)


# --- Values and units -----------------------------------------------------------------


@pytest.mark.parametrize("design", ["pivotal", "poisson", "multinomial", "balanced"])
@pytest.mark.parametrize("weight", [2.0**-500, 2.0**500])
@pytest.mark.parametrize("size", [2.0**-400, 2.0**400])
def test_units_change_nothing(design, weight, size):
    rng = np.random.default_rng(0)
    scores, values = rng.random(50), rng.normal(size=50)
    balance = {"balance": rng.normal(size=50)} if design == "balanced" else {}
    made = [
        draw(scores, 20, design=design, base_weight=w, random_state=0, **balance)
        for w in (np.ones(50), np.full(50, weight))
    ]
    part = values[made[0].indices]
    estimate, std = made[0].estimate(part, return_std=True)
    found = made[1].estimate(part * size, return_std=True)
    assert_allclose(found, [estimate * weight * size, std * weight * size], rtol=1e-9)
    std = made[0].estimate(part, kind="mean", return_std=True)[1]
    found = made[1].estimate(part * size, kind="mean", return_std=True)[1]
    assert_allclose(found, std * size, rtol=1e-9)
    assert_allclose(
        made[1].interval(part * size)[0],
        made[0].interval(part)[0] * weight * size,
        rtol=1e-9,
    )


def test_variances_that_no_double_holds_are_infinite():
    made = drawn([0, 1], [0.5, 0.5])
    assert made.covariance([1e300, -1e300]) == np.inf
    assert_allclose(made.estimate([1e300, -1e300], return_std=True)[1], 2**1.5 * 1e300)


def test_input_weights_are_in_the_standard_errors():
    weight = np.array([1.0, 5.0, 2.0, 3.0])
    heavy = draw(np.ones(4), 3, base_weight=weight, random_state=0)
    plain = draw(np.ones(4), 3, random_state=0)
    part, w = Y[plain.indices], weight[plain.indices]
    assert_allclose(heavy.covariance(part), plain.covariance(part * w))


@pytest.mark.parametrize(
    "values",
    [[1, 0, 1], [True, False, True], np.array([1, 0, 1], dtype=object)],
    ids=["int", "bool", "object"],
)
def test_values_may_be_of_any_kind_of_number(values):
    made = drawn([0, 1, 2], [0.5] * 3)
    assert_allclose(made.covariance(values), made.covariance([1.0, 0.0, 1.0]))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("method", ["estimate", "covariance", "interval"])
def test_values_that_are_not_finite_are_named(method, bad):
    made = drawn([0, 1, 2], [0.5] * 3)
    with pytest.raises(ValueError, match=r"1 of 3 rows .* the first at position 1"):
        getattr(made, method)([1.0, bad, 2.0])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda s: s.estimate(Y, kind="median"), "kind must be one of 'total', 'mean'"),
        (lambda s: s.interval(Y, 95), "confidence must be above 0 and below 1"),
        (lambda s: s.covariance(Y[:2]), r"shape \(2,\); .* that is 4"),
        (lambda s: s.replicate_weights(-1), "n_replicates must not be negative"),
    ],
    ids=["kind", "confidence", "shape", "n_replicates"],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call(drawn(range(4), [0.5] * 4))


# --- What has no standard error -------------------------------------------------------

X = np.random.default_rng(0).normal(size=(60, 2))
AUTO = r"found its size itself \(n_select='auto'\), .* fit again with n_select=\d+"


def test_selections_by_hand_need_a_design():
    made = Selection([0, 1], [2.0, 2.0], 4)
    assert made.estimate([1.0, 2.0]) == 6.0
    assert made.estimate([1.0, 2.0], kind="mean") == 1.5
    for call in (made.covariance, made.interval):
        with pytest.raises(ValueError, match=r"design=SamplingDesign\(\.\.\.\)"):
            call([1.0, 2.0])


@pytest.mark.parametrize(
    ("selector", "message"),
    [
        (TAROT(9), "made by tarot"),
        (DPPSelector(3), "law without known probabilities of pairs"),
        (GroupSamplingSelector(20, n_clusters=2), "made by group"),
        (VolumeRescaledSelector(9), "made by volume-rescaled"),
        (ChristoffelSelector(20, min_eigenvalue=0.3), "made by christoffel"),
        (LeverageSelector("auto", epsilon=0.9), AUTO),
        (LewisSelector("auto", epsilon=0.9), AUTO),
    ],
    ids=lambda v: v.cli_name if hasattr(v, "cli_name") else "",
)
def test_other_laws_say_why(selector, message):
    made = selector.set_params(random_state=0).fit_select(X)
    assert made.design is None
    with pytest.raises(ValueError, match=message):
        made.estimate(made.take(X[:, 0]), return_std=True)
    with pytest.raises(ValueError, match="know how the rows were drawn"):
        made.replicate_weights()


def test_a_size_that_is_given_has_standard_errors():
    selector = LeverageSelector("auto", epsilon=0.9, random_state=0).fit(X)
    assert selector.select(20).design.name == "pivotal"


@pytest.mark.parametrize("name", ["pivotal", "systematic", "random", "multinomial"])
def test_one_row_is_too_few(name):
    made = drawn([0, 3], [0.5, 1.0], name)
    if name == "multinomial":  # rows that had to be in are told by their stratum
        made = drawn([0, 3], [0.5, 1.0], name, strata=[0, -1])
    with pytest.raises(ValueError, match=r"at least 2 rows .*, and there are 1"):
        made.covariance([1.0, 2.0])


def test_a_balanced_draw_needs_more_rows_than_columns():
    columns = np.random.default_rng(0).normal(size=(3, 2))
    made = drawn(range(3), [0.5] * 3, "balanced", columns=columns)
    with pytest.raises(ValueError, match=r"at least 4 rows .*, and there are 3"):
        made.covariance(np.ones(3))


def test_no_rows_have_no_standard_error():
    made = draw(np.ones(4), 0)
    assert made.estimate([]) == 0.0
    with pytest.raises(ValueError, match="no rows has no standard error"):
        made.covariance([])
    with pytest.raises(ValueError, match="weights that do not add up to 0"):
        made.estimate([], kind="mean")


# --- Selectors ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("selector", "name"),
    [
        (UniformSelector(9), "pivotal"),
        (LeverageSelector(9, design="poisson"), "poisson"),
        (LeverageSelector(20, design="balanced"), "balanced"),
        (RS2(9), "random"),
        (RS2(9, stratify=True), "random"),
        (ProjectionDPPSelector(), "projection"),
        (ChristoffelSelector(20), "multinomial"),
    ],
    ids=str,
)
@pytest.mark.parametrize("weighted", [False, True])
def test_selectors_tell_how_they_draw(selector, name, weighted):
    weight = np.arange(60.0) % 7 if weighted else np.ones(60)  # some are zero
    y = np.arange(60) % 3
    made = selector.set_params(random_state=0).fit_select(X, y, weight)
    design = made.design
    assert design.name == name
    assert (design.strata is None) == (not selector.get_params().get("stratify"))
    assert_allclose(made.weights, weight[made.indices] * design.times_drawn)
    assert made.estimate(np.ones(len(made)), return_std=True)[1] > 0 or not weighted


def test_rounds_with_scores_are_like_priority_samples():
    scores = np.arange(1.0, 61.0)
    selector = RS2(9, replacement=True, random_state=0).fit(X, scores=scores)
    errors = []
    for number in range(2000):
        made = selector.select(round=number)
        estimate, std = made.estimate(X[made.indices, 0], return_std=True)
        errors.append((estimate - X[:, 0].sum()) ** 2 - std**2)
    assert made.design.name == "priority"
    z = np.mean(errors) / (np.std(errors) / np.sqrt(len(errors)))
    assert abs(z) < 4.5


def test_projection_processes_of_the_selector_are_unbiased():
    selector = ProjectionDPPSelector(random_state=0).fit(np.vander(np.arange(9.0), 3))
    values = np.sin(np.arange(9.0))
    errors = []
    for seed in range(3000):
        made = selector.select(random_state=seed)
        estimate, std = made.estimate(values[made.indices], return_std=True)
        errors.append((estimate - values.sum()) ** 2 - std**2)
    z = np.mean(errors) / (np.std(errors) / np.sqrt(len(errors)))
    assert abs(z) < 4.5


def test_rows_that_had_to_be_in_are_sure():
    data = np.vander(np.arange(9.0), 3)
    values = np.where(np.arange(9) == 4, 1e9, np.sin(np.arange(9.0)))
    for selector in (
        ProjectionDPPSelector(3),
        RS2(5),
        ChristoffelSelector(5),
        LeverageSelector(5),
        LeverageSelector(5, design="multinomial"),
    ):
        made = selector.set_params(random_state=1).fit_select(data, include=[4])
        assert 4 in made.indices
        assert made.estimate(values[made.indices], return_std=True)[1] < 1e4


# --- Replicates -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("poisson", {}),
        ("priority", {}),
        ("random", {}),
        ("random", {"strata": [0, 1, 0, 1, 0, 1]}),
        ("multinomial", {"hits": [1, 2, 1, 1, 3, 1]}),
        ("multinomial", {"strata": [0, 0, 1, 1, -1, 1], "hits": [1, 2, 1, 1, 1, 1]}),
    ],
)
def test_replicates_vary_as_the_standard_error_says(name, facts):
    expected = [0.5, 0.2, 0.4, 0.3, 1.0, 0.6]
    facts = {key: np.array(value) for key, value in facts.items()}
    made = drawn(range(6), expected, name, 30, **facts)
    values = np.array([1.0, 2.0, 0.0, 4.0, 3.0, 7.0])
    weights = made.replicate_weights(40_000, random_state=0)
    assert weights.shape == (40_000, 6)
    assert weights.min() >= 0
    if name != "multinomial" or "strata" in facts:
        assert_array_equal(weights[:, 4], made.weights[4])
    totals = weights @ values
    squares = (totals - made.estimate(values)) ** 2
    z = (squares.mean() - made.covariance(values)) / (squares.std() / 200)
    assert abs(z) < 4.5
    assert abs((totals.mean() - made.estimate(values)) / (totals.std() / 200)) < 4.5


def test_replicates_of_ordered_draws_are_of_neighbours():
    """Two and two rows, then three: their sums stay what they were."""
    made = drawn(range(7), [0.2] * 7, "pivotal", 35)
    weights = made.replicate_weights(50, random_state=0)
    sums = np.add.reduceat(weights, [0, 2, 4], axis=1)
    assert_allclose(sums, np.tile([10.0, 10.0, 15.0], (50, 1)))
    assert (weights != weights[0]).any(axis=0).all()


def test_replicates_stay_positive_beside_nearly_certain_rows():
    made = drawn(range(3), [0.1, 0.999, 0.999], n_total=30)
    assert made.replicate_weights(100, random_state=0).min() >= 0


@pytest.mark.parametrize("design", ["pivotal", "multinomial"])
def test_replicates_let_numbers_of_rows_of_strata_vary(design):
    """With 2.5 rows of each stratum, most of the variance is between strata."""
    strata = np.arange(1000) // 50
    values = 3 * np.sin(strata) + 5.0 * (strata % 2)
    values += np.random.default_rng(0).normal(size=1000) / 10
    replicated, known = [], []
    for seed in range(40):
        made = draw(np.ones(1000), 50, design=design, strata=strata, random_state=seed)
        mine = values[made.indices]
        known.append(made.covariance(mine))
        weights = made.replicate_weights(200, random_state=seed)
        replicated.append((weights @ mine).var())
        assert weights.min() >= 0
    assert 0.7 < np.mean(replicated) / np.mean(known) < 1.4


@pytest.mark.parametrize(
    "name", ["systematic", "balanced", "projection", "then", "calibrated"]
)
def test_designs_without_replicates_say_why(name):
    if name in ("systematic", "balanced", "projection"):
        made = drawn(range(3), [0.5] * 3, name, vectors=np.eye(3) / 2**0.5)
    else:
        made = drawn(range(3), [0.5] * 3)
        design = made.design.calibrated_on(np.ones((3, 1)))
        if name == "then":
            design = made.design.then(made.design, np.arange(3))
        made = Selection(made.indices, made.weights, 4, design=design)
    with pytest.raises(ValueError, match="no replicate weights for this selection"):
        made.replicate_weights()


def test_replicates_depend_on_the_seed_alone():
    made = draw(inclusion_probabilities(np.arange(1.0, 30), 9), 9, random_state=0)
    one = made.replicate_weights(5, random_state=7)
    assert_array_equal(one, made.replicate_weights(5, np.random.default_rng(7)))
    assert (one != made.replicate_weights(5, random_state=8)).any()
