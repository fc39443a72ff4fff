"""Calibrated weights against closed forms, scipy's optimiser and the rules of units."""

import logging

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from scipy.optimize import linprog, minimize

import coreselect.rows
from coreselect import Selection, calibrate, draw
from coreselect.sampling import _reweighting
from coreselect.selection import SamplingDesign

EACH = [("raking", None), ("linear", None), ("logit", (0.2, 4.0))]
FOUR = np.array([[1.0, 1.0], [1.0, 2.0], [1.0, 3.0], [1.0, 4.0]])
TWO = Selection([0, 2], [2.0, 2.0], 4)
N, M = 2000, 100
DATA = np.random.default_rng(0).normal([0, 5, 1], [1, 2, 0.1], size=(N, 3))
DATA[:, 0] = 1
DRAWN = draw(np.random.default_rng(1).uniform(0.5, 2, N), M, random_state=0)


@pytest.mark.parametrize(("method", "bounds"), EACH)
def test_two_rows_and_two_totals_leave_no_choice(method, bounds):
    """g1 + g3 = 4 and g1 + 3 g3 = 10, so g = (1, 3)."""
    found = calibrate(TWO, FOUR, method=method, bounds=bounds)
    assert_allclose(found.weights, [1, 3], rtol=1e-12)
    assert_array_equal(found.indices, [0, 2])


@pytest.mark.parametrize(("method", "bounds"), EACH)
def test_totals_are_met(method, bounds):
    found = calibrate(DRAWN, DATA, method=method, bounds=bounds)
    totals = found.estimate(DATA[found.indices])
    assert_allclose(totals, DATA.sum(axis=0), rtol=1e-12)
    ratio = found.weights / DRAWN.weights
    low, high = bounds or (0, np.inf)
    assert low < ratio.min() < ratio.max() < high
    assert np.ptp(ratio) > 0.01
    bare = Selection(found.indices, found.weights, N)
    again = calibrate(bare, DATA, method=method, bounds=bounds)
    assert_allclose(again.weights, found.weights, rtol=1e-10)


def distance(method, bounds):
    """The sum that calibration minimises, by Deville and Särndal (1992), per weight."""
    if method == "raking":
        return lambda r: r * np.log(r) - r + 1
    if method == "linear":
        return lambda r: (r - 1) ** 2 / 2
    low, high = bounds
    steep = (high - low) / ((1 - low) * (high - 1))
    return lambda r: (
        (
            (r - low) * np.log((r - low) / (1 - low))
            + (high - r) * np.log((high - r) / (high - 1))
        )
        / steep
    )


@pytest.mark.parametrize(("method", "bounds"), EACH)
def test_weights_are_the_nearest_ones_by_their_distance(method, bounds):
    rng = np.random.default_rng(3)
    X = np.column_stack([np.ones(12), rng.normal(size=12)])
    start = rng.uniform(1, 3, 12)
    totals = start @ X + [1.5, 4]
    found = calibrate(
        Selection(np.arange(12), start, 12), X, totals, method=method, bounds=bounds
    )
    cost = distance(method, bounds)
    low, high = bounds or (1e-6, 20)
    best = minimize(
        lambda r: start @ cost(r),
        np.ones(12),
        bounds=[(low + 1e-9, high - 1e-9)] * 12,
        constraints={"type": "eq", "fun": lambda r: (start * r) @ X - totals},
        method="SLSQP",
        options={"ftol": 1e-14, "maxiter": 500},
    )
    assert best.success
    assert_allclose(found.weights / start, best.x, atol=1e-5)


def test_linear_is_the_regression_estimator():
    """Total of y = sum d y + (T - sum d x)' b, with b the weighted least squares."""
    y = np.random.default_rng(2).normal(size=M)
    S, d = DATA[DRAWN.indices], DRAWN.weights
    b = np.linalg.solve((S.T * d) @ S, S.T @ (d * y))
    wanted = d @ y + (DATA.sum(axis=0) - d @ S) @ b
    assert_allclose(calibrate(DRAWN, DATA, method="linear").estimate(y), wanted)


def test_a_related_total_has_less_variance_and_another_one_not_more():
    """300 of 20,000 rows and 8 columns: at most .3 of the standard deviation before."""
    rng = np.random.default_rng(4)
    X = rng.normal(3, 1, size=(20_000, 8))
    related = X.sum(axis=1) + 0.3 * rng.normal(size=20_000)
    errors = []
    for seed in range(40):
        chosen = draw(np.ones(20_000), 300, design="poisson", random_state=seed)
        y = related[chosen.indices]
        after = calibrate(chosen, X, X.sum(axis=0)).estimate(y)
        errors.append((chosen.estimate(y), after))
    before, after = np.std(np.array(errors) - related.sum(), axis=0)
    assert after < 0.3 * before


def test_raking_stays_positive_where_linear_does_not():
    totals = [4, 4.4]
    found = calibrate(Selection([0, 1, 3], [1.0, 1.0, 2.0], 4), FOUR, totals)
    assert found.weights.min() > 0
    message = r"row 3: -0\.\d+ times the old one\); use method='raking'"
    with pytest.raises(ValueError, match=message):
        calibrate(
            Selection([0, 1, 3], [1.0, 1.0, 2.0], 4), FOUR, totals, method="linear"
        )


@pytest.mark.parametrize(
    ("totals", "said"),
    [
        ([4, 13], "totals.1. .column 'x'. is 13, where at most 12 is possible"),
        ([4, 3], "totals.1. .column 'x'. is 3, where at least 4 is possible"),
        ([-1, -2], "totals.0. .column 'one'. is -1, where at least 0 is possible"),
    ],
)
@pytest.mark.parametrize("unit", [2.0**-300, 1.0, 2.0**300])
def test_totals_out_of_reach_name_the_column_and_what_is_possible(totals, said, unit):
    X = pd.DataFrame(FOUR, columns=["one", "x"])
    three = Selection([0, 1, 2], [unit, unit, 2 * unit], 4)
    if unit == 1:
        with pytest.raises(ValueError, match=said):
            calibrate(three, X, totals)
    with pytest.raises(ValueError, match=said.split(" is")[0]):
        calibrate(three, X, unit * np.array(totals))


def test_totals_out_of_reach_of_the_bounds():
    with pytest.raises(ValueError, match=r"at most 9\.6 .* widen the bounds"):
        calibrate(TWO, FOUR, method="logit", bounds=(0.6, 1.4))


def test_totals_at_the_edge_are_met_by_weights_next_to_nothing():
    found = calibrate(TWO, FOUR, [4, 12])
    assert_allclose(found.weights, [0, 4], atol=1e-10)
    assert found.weights.min() > 0


def test_a_category_without_selected_rows_names_its_column():
    X = pd.DataFrame({"one": 1.0, "rare": [0.0, 3.0, 0.0, 0.0]}, index=range(4))
    with pytest.raises(ValueError, match=r"'rare'\) is 3, where at most 0"):
        calibrate(TWO, X)
    X["rare"] = 0.0
    assert_array_equal(calibrate(TWO, X).weights, TWO.weights)


def test_columns_that_depend_on_others_are_left_out(caplog):
    more = np.column_stack([DATA, DATA @ [1, 2, 3], np.zeros(N), DATA[:, 1]])
    with caplog.at_level(logging.INFO, "coreselect.sampling"):
        found = calibrate(DRAWN, more)
    assert "3 of 6 columns depend on the others" in caplog.text
    assert_allclose(found.weights, calibrate(DRAWN, DATA).weights, rtol=1e-11)
    totals = more.sum(axis=0)
    totals[3] += 1
    with pytest.raises(ValueError, match="column 3"):
        calibrate(DRAWN, more, totals)


def test_as_many_columns_as_rows_and_more():
    rng = np.random.default_rng(6)
    X, few = rng.uniform(1, 2, size=(10, 5)), Selection([1, 4, 7], [1.0, 2, 3], 10)
    totals = few.weights * [1.5, 1.5, 0.5] @ X[few.indices]
    for k in (3, 5):
        found = calibrate(few, X[:, :k], totals[:k])
        assert_allclose(found.weights, [1.5, 3, 1.5], rtol=1e-9)


@pytest.mark.parametrize("unit", [2.0**-300, 2.0**300])
@pytest.mark.parametrize(("method", "bounds"), EACH)
def test_units_of_weights_and_columns_change_nothing(unit, method, bounds):
    how = {"method": method, "bounds": bounds}
    wanted = calibrate(DRAWN, DATA, **how).weights
    units = np.array([unit, 1.0, 1 / unit])
    assert_allclose(calibrate(DRAWN, DATA * units, **how).weights, wanted, rtol=1e-11)
    heavy = Selection(DRAWN.indices, DRAWN.weights * unit, N)
    weight = np.full(N, unit)
    found = calibrate(heavy, DATA, sample_weight=weight, **how).weights
    assert_allclose(found, wanted * unit, rtol=1e-11)
    found = calibrate(heavy, DATA, DATA.sum(axis=0) * unit, **how).weights
    assert_allclose(found, wanted * unit, rtol=1e-11)


def test_an_offset_changes_nothing_beside_a_column_of_ones():
    """8 of 16 digits are left of a column with mean 1e8."""
    found = calibrate(DRAWN, DATA + np.array([0, 1e8, -1e8])).weights
    assert_allclose(found, calibrate(DRAWN, DATA).weights, rtol=1e-4)
    assert_allclose(found @ DATA[DRAWN.indices], DATA.sum(axis=0), rtol=1e-6)


def test_a_million_times_the_totals_are_met():
    for factor in (1e-6, 1e6):
        found = calibrate(DRAWN, DATA, factor * DATA.sum(axis=0))
        wanted = factor * DATA.sum(axis=0)
        assert_allclose(found.estimate(DATA[DRAWN.indices]), wanted, rtol=1e-11)


def test_input_weights_count_in_the_totals():
    weight = np.random.default_rng(7).uniform(0, 2, N)
    weight[:50] = 0
    drawn = draw(weight, M, base_weight=weight, random_state=0)
    found = calibrate(drawn, DATA, sample_weight=weight)
    totals = found.estimate(DATA[found.indices])
    assert_allclose(totals, weight @ DATA, rtol=1e-12)
    with pytest.raises(ValueError, match="sample_weight is missing"):
        calibrate(drawn, DATA)
    by_totals = calibrate(drawn, DATA, weight @ DATA)
    assert_allclose(by_totals.weights, found.weights, rtol=1e-12)


def feasible(X, start, totals):
    """Whether a linear program finds weights of at least 0 that meet the totals."""
    terms = (X * start[:, None]).T
    units = np.abs(terms).sum(axis=1).clip(1e-300)
    found = linprog(
        np.zeros(len(X)),
        A_eq=terms / units[:, None],
        b_eq=totals / units,
        bounds=(0, None),
    )
    return found.status == 0


@pytest.mark.parametrize("seed", [*range(40), 66, 1231, 1342])
def test_random_totals_are_met_if_and_only_if_they_can_be(seed):
    """With up to as many columns as rows, in units up to 1e10 apart."""
    rng = np.random.default_rng(seed)
    m = rng.integers(2, 60)
    p = rng.integers(1, m + 1)
    X = rng.normal(size=(m, p)) * rng.lognormal(0, 5, p) + rng.choice([0, 100.0], p)
    if seed % 3 == 0:
        X = (rng.random((m, p)) < 0.3).astype(float)
    start = rng.lognormal(0, rng.choice([0.3, 3]), m)
    ratio = rng.lognormal(0, rng.choice([0.1, 1, 2]), m).clip(0.05, 20)
    totals = (start * ratio) @ X
    chosen = Selection(np.arange(m), start, m + 5)
    for method, bounds in (("raking", None), ("logit", (0.01, 30.0))):
        made = calibrate(chosen, X, totals, method=method, bounds=bounds)
        off = np.abs(made.estimate(X) - totals)
        assert (off <= 1e-9 * (made.weights @ np.abs(X))).all()
    moved = totals * (1 + rng.normal(size=p) * rng.choice([0.1, 1, 10]))
    if feasible(X, start, moved):
        assert_allclose(calibrate(chosen, X, moved).estimate(X), moved, rtol=1e-7)
    else:
        with pytest.raises(ValueError, match=r"totals.* is possible"):
            calibrate(chosen, X, moved)


def test_rows_of_weight_zero_keep_it():
    ranked = Selection([5, 2, 9], [1.0, 0.0, 2.0], 10)
    X = np.arange(10.0)[:, None] + 1
    found = calibrate(ranked, X)
    assert found.weights[1] == 0
    assert_allclose(found.weights @ X[[5, 2, 9], 0], 55)
    assert_array_equal(found.indices, ranked.indices)


@pytest.mark.parametrize("method", ["raking", "linear"])
def test_selected_rows_are_enough_with_totals(method):
    wanted = calibrate(DRAWN, DATA, method=method).weights
    part = DATA[DRAWN.indices]
    found = calibrate(DRAWN, part, DATA.sum(axis=0), method=method).weights
    assert_allclose(found, wanted, rtol=1e-11)
    with pytest.raises(ValueError, match=r"totals are needed, .* or pass all 2000"):
        calibrate(DRAWN, part, method=method)
    with pytest.raises(ValueError, match="X has 3 rows"):
        calibrate(DRAWN, part[:3], DATA.sum(axis=0))


def test_files_frames_and_blocks_give_the_same_weights(tmp_path):
    wanted = calibrate(DRAWN, DATA).weights
    frame = pd.DataFrame(DATA, columns=list("abc"))
    frame.to_csv(tmp_path / "rows.csv", index=False)
    for X in (
        frame,
        np.asfortranarray(DATA),
        sparse.csr_array(DATA),
        tmp_path / "rows.csv",
        coreselect.rows.open(DATA, block_rows=64),
    ):
        assert_allclose(calibrate(DRAWN, X).weights, wanted, rtol=1e-12)
    frame["w"], frame["text"] = 1.0, "a"
    found = calibrate(DRAWN, frame, sample_weight="w").weights
    assert_allclose(found, wanted, rtol=1e-12)
    found = calibrate(DRAWN, DATA.astype(np.float32)).weights
    assert_allclose(found, wanted, rtol=1e-5)


def test_the_record_and_the_design_know_of_it():
    found = calibrate(DRAWN, pd.DataFrame(DATA, columns=list("abc")))
    assert str(found.record) == "draw (seed 0), then calibrate"
    (step,) = found.record.later
    assert step.parameters["columns"] == ["a", "b", "c"]
    assert str(calibrate(TWO, FOUR).record) == "calibrate"
    assert calibrate(TWO, FOUR).design is None
    design = SamplingDesign("poisson", expected=np.array([0.5, 0.5]))
    drawn = Selection(TWO.indices, TWO.weights, 4, design=design)
    found = calibrate(drawn, FOUR)
    # Some basis of the columns: residuals from it are those from the columns.
    basis, columns = found.design.calibrated, FOUR[TWO.indices]
    assert_allclose(basis @ np.linalg.lstsq(basis, columns)[0], columns)
    assert found.design.name == "poisson"
    assert design.calibrated is None
    with pytest.raises(ValueError, match="calibrated already"):
        calibrate(found, FOUR)


def test_standard_errors_are_those_of_the_residuals():
    """600 draws: their standard deviation is known to 1 part in 35."""
    rng = np.random.default_rng(8)
    y = DATA @ [1.0, 2, 3] + 0.5 * rng.normal(size=N)
    pi = rng.uniform(0.5, 1.5, N) * M / N
    found = []
    for _ in range(600):
        rows = np.flatnonzero(rng.random(N) < pi)
        design = SamplingDesign("poisson", expected=pi[rows])
        chosen = Selection(rows, 1 / pi[rows], N, design=design)
        made = calibrate(chosen, DATA, DATA.sum(axis=0))
        before = chosen.estimate(y[rows], return_std=True)[1]
        found.append((*made.estimate(y[rows], return_std=True), before))
    total, std, before = np.array(found).T
    assert abs(std.mean() / total.std() - 1) < 4.5 / 35
    assert before.mean() > 5 * total.std()  # without the residuals


def test_files_keep_what_was_calibrated(tmp_path):
    bounds = np.array([0.2, 4.0])
    made = calibrate(DRAWN, DATA, method="logit", bounds=tuple(bounds))
    made.save(tmp_path / "rows.npz")
    again = Selection.load(tmp_path / "rows.npz")
    assert again == made
    assert again.record == made.record
    values = DATA[made.indices, 1] ** 2
    assert again.estimate(values, return_std=True) == made.estimate(
        values, return_std=True
    )


@pytest.mark.parametrize("bounds", [None, (1, 2), (-1, 2), (0.5, np.inf), 3, "ab"])
def test_bounds_of_logit(bounds):
    with pytest.raises(ValueError, match="needs bounds="):
        calibrate(TWO, FOUR, method="logit", bounds=bounds)
    if bounds is not None:
        with pytest.raises(ValueError, match=r"bounds=.* is for method='logit'"):
            calibrate(TWO, FOUR, bounds=bounds)


def test_empty_selections_are_refused():
    for none in (Selection([], [], 4), Selection([1], [0.0], 4)):
        with pytest.raises(ValueError, match="no row of positive weight"):
            calibrate(none, FOUR)


def test_integrals_have_the_ratios_as_slopes():
    u = np.linspace(-3, 3, 13)
    for law in (_reweighting.raking, _reweighting.linear, _reweighting.logit(0.1, 5)):
        (above, *_), (below, *_) = law(u + 1e-6), law(u - 1e-6)
        (_, up, _), (_, down, _) = law(u + 1e-6), law(u - 1e-6)
        _, ratio, slope = law(u)
        assert_allclose((above - below) / 2e-6, ratio, rtol=1e-6, atol=1e-8)
        assert_allclose((up - down) / 2e-6, slope, rtol=1e-6, atol=1e-8)
        assert_allclose(law(np.zeros(1))[1:], 1)
