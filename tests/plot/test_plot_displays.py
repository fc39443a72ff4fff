"""Displays of selections, weights and comparisons show what they are given."""

import sys

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose
from scipy import sparse
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from coreselect import (
    CoresetEstimator,
    LeverageSelector,
    Selection,
    UniformSelector,
)
from coreselect.linalg import leverage_scores
from coreselect.plot import ComparisonDisplay, SelectionDisplay, WeightDisplay
from coreselect.plot.view import directions_of, sample_of, view_of
from coreselect.rows import open as open_rows

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")

N = 300


@pytest.fixture(autouse=True)
def _closed():
    from matplotlib import pyplot

    yield
    pyplot.close("all")


@pytest.fixture
def axis():
    from matplotlib.figure import Figure

    return Figure().subplots()


@pytest.fixture
def X():
    return np.random.default_rng(0).standard_normal((N, 4)) * [5.0, 2.0, 1.0, 1.0]


@pytest.fixture
def table(X):
    frame = pd.DataFrame(X, columns=["a", "b", "<script>", "d"])
    frame.loc[::5, "b"] = np.nan
    frame["cut"] = np.where(X[:, 0] > 0, "good", "fair")
    return frame


def selected(*indices, n_total=N):
    return Selection(indices, np.arange(1.0, len(indices) + 1), n_total)


def test_a_selector_can_be_shown_in_two_columns(X, axis):
    selector = LeverageSelector(30, random_state=0).fit(X)
    SelectionDisplay.from_estimator(selector, X, columns=[1, 2], ax=axis)
    assert_allclose(axis.collections[0].get_offsets(), X[:, 1:3])


def test_selected_rows_lie_where_they_lie_and_are_as_large_as_they_weigh(X, axis):
    selection = selected(7, 3, 20)
    display = SelectionDisplay.from_selection(selection, X, columns=[1, 2], ax=axis)
    background, chosen = axis.collections[:2]
    assert_allclose(background.get_offsets(), X[:, 1:3])
    # Heaviest first, so that it hides no lighter row; area less 8 is in proportion.
    assert_allclose(chosen.get_offsets(), X[[20, 3, 7], 1:3])
    assert_allclose((chosen.get_sizes() - 8) / 30, [3, 2, 1])
    found = leverage_scores(X, fit_intercept=True)[[20, 3, 7]]
    assert_allclose(chosen.get_array(), found)
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("1", "2")
    assert display.ax_ is axis
    assert display.figure_ is axis.figure


def test_principal_directions_are_those_of_standardised_features(X, axis):
    display = SelectionDisplay.from_selection(selected(1, 2), X, ax=axis)
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    left, singular, _ = np.linalg.svd(Z, full_matrices=False)
    assert_allclose(abs(display.rows), abs(left * singular)[:, :2], atol=1e-8)
    assert_allclose(display.chosen, display.rows[[1, 2]], atol=1e-12)
    assert axis.get_xlabel() == "first principal direction"


def test_a_sample_stands_for_many_rows(X):
    view = view_of(sample_of(open_rows(X, numeric=False), [0, 1, 2], most=200))
    assert view.rows.shape == (200, 4)
    own = directions_of(view).leverage(view.chosen, view.sample)
    exact = leverage_scores(X, fit_intercept=True)[:3]
    assert_allclose(own, exact, rtol=0.4)
    far = np.full((1, 4), 1e6)
    assert 0.99 < directions_of(view).leverage(far, view.sample)[0] <= 1


@pytest.mark.parametrize(
    "make", [pd.DataFrame, pl.from_pandas], ids=["pandas", "polars"]
)
def test_tables_of_any_content_can_be_shown(make, table, axis):
    selection = UniformSelector(20, random_state=0).fit_select(np.ones((N, 1)))
    display = SelectionDisplay.from_selection(selection, make(table), ax=axis)
    assert display.chosen.shape == (20, 2)
    assert np.isfinite(display.rows).all()
    named = SelectionDisplay.from_selection(
        selection, make(table), columns=["a", "<script>"], ax=axis
    )
    assert named.ax_.get_ylabel() == "<script>"
    for columns, message in (
        (["a", "cut"], "'cut' is not numeric"),
        (["a", "e"], "there is no column 'e'"),
        ("ab", "must name two columns"),
    ):
        with pytest.raises(ValueError, match=message):
            SelectionDisplay.from_selection(selection, make(table), columns=columns)


@pytest.mark.parametrize(
    "rows",
    [
        np.ones((5, 2)),
        np.arange(5.0)[:, None],
        [[1.0, 2.0]],
        sparse.random_array((40, 6), density=0.3, format="csr", rng=0),
        sparse.random_array((40, 900), density=0.1, format="csr", rng=0),
    ],
    ids=["constant", "one column", "one row", "sparse", "wide and sparse"],
)
def test_rows_of_any_shape_can_be_shown(rows, axis):
    n = rows.shape[0] if hasattr(rows, "shape") else 1
    display = SelectionDisplay.from_selection(selected(0, n_total=n), rows, ax=axis)
    assert display.chosen.shape == (1, 2)
    empty = SelectionDisplay.from_selection(selected(n_total=n), rows, ax=axis)
    assert empty.chosen.shape == (0, 2)
    assert empty.rows.shape == (n, 2)


def test_displays_of_estimators_show_their_selection(X, axis):
    selector = LeverageSelector(20, random_state=0).fit(X)
    display = SelectionDisplay.from_estimator(selector, X, ax=axis)
    wanted = SelectionDisplay.from_selection(selector.selection_, X, ax=axis)
    assert_allclose(display.chosen, wanted.chosen)
    weights = WeightDisplay.from_estimator(selector, ax=axis)
    assert_allclose(weights.weights, selector.selection_.weights)
    model = CoresetEstimator(Ridge(fit_intercept=False), selector).fit(X, X[:, 0])
    inner = WeightDisplay.from_estimator(model, ax=axis)
    assert_allclose(inner.weights, model.selector_.selection_.weights)
    with pytest.raises(NotFittedError):
        WeightDisplay.from_estimator(LeverageSelector(3))
    for wrong in (LeverageSelector, selector.selection_):
        with pytest.raises(TypeError, match="must be a fitted selector"):
            WeightDisplay.from_estimator(wrong)
    with pytest.raises(TypeError, match="a fitted selector goes to from_estimator"):
        WeightDisplay.from_selection(selector)
    with pytest.raises(ValueError, match="X has 299 rows, but the selection was made"):
        SelectionDisplay.from_estimator(selector, X[1:])


def test_rows_are_shown_as_the_selector_saw_them(X, table, tmp_path, axis):
    """By its own transformer, here of one component; for files, block by block."""
    features = make_pipeline(StandardScaler(), PCA(1))
    selector = LeverageSelector(20, features=features, random_state=0).fit(X)
    display = SelectionDisplay.from_estimator(selector, X, ax=axis)
    seen = selector.features_.transform(X)[:, 0]
    assert_allclose(abs(display.rows[:, 0]), abs(seen - seen.mean()), atol=1e-8)
    assert_allclose(display.rows[:, 1], 0)
    path = tmp_path / "rows.parquet"
    table.to_parquet(path)
    selector = LeverageSelector(20, features="auto", random_state=0).fit(path)
    shown = SelectionDisplay.from_estimator(selector, path, ax=axis)
    wanted = SelectionDisplay.from_estimator(selector, table, ax=axis)
    assert_allclose(shown.chosen, wanted.chosen, atol=1e-8)


def test_weights_are_a_curve_of_shares_heaviest_first(axis):
    """Of the weights 5, 3, 2 the first holds half, and the first two hold 80 %."""
    display = WeightDisplay([2.0, 5.0, 3.0]).plot(ax=axis, color="red")
    assert_allclose(display.line_.get_xdata(), [0, 100 / 3, 200 / 3, 100])
    assert_allclose(display.line_.get_ydata(), [0, 50, 80, 100])
    assert display.line_.get_color() == "red"
    assert display.line_.get_label() == "3 rows, effective 2.632"  # 100 / 38
    assert_allclose(WeightDisplay([1e308] * 4).shares()[1], [0, 0.25, 0.5, 0.75, 1])
    assert_allclose(WeightDisplay([0.0, 0.0]).shares()[1], [0, 0.5, 1])
    assert WeightDisplay([]).plot(ax=axis).line_.get_xdata().tolist() == [0]


RESULTS = {
    "method": ["all rows", "uniform", "uniform", "leverage", "leverage", "failed"],
    "size": [900, 100, 50, 50, 100, 100],
    "score": [0.9, 0.7, 0.6, 0.8, 0.85, None],
    "sd": [None, 0.1, 0.2, 0.05, 0.04, None],
}


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame], ids=["pandas", "polars"])
def test_a_comparison_is_a_line_for_each_method(make, axis):
    display = ComparisonDisplay.from_results(make(RESULTS), ax=axis)
    assert list(display.lines_) == ["uniform", "leverage"]
    assert_allclose(display.lines_["uniform"].get_xydata(), [[50, 0.6], [100, 0.7]])
    low, high = (band.get_datalim(axis.transData) for band in axis.collections)
    assert_allclose([low.y0, low.y1], [0.4, 0.8])
    assert_allclose([high.y0, high.y1], [0.75, 0.89])
    full = axis.get_lines()[-1]
    assert_allclose(full.get_ydata(), 0.9)
    labels = [text.get_text() for text in axis.get_legend().get_texts()]
    assert labels == ["uniform", "leverage", "all rows"]
    looks = {(line.get_marker(), line.get_linestyle()) for line in axis.get_lines()}
    assert len(looks) == 3  # no line is told apart by its colour alone


def test_results_without_some_columns_are_named(axis):
    frame = pd.DataFrame(RESULTS)
    display = ComparisonDisplay.from_results(frame.drop(columns="sd"), ax=axis)
    assert_allclose(display.curves["leverage"][:, 1], [0.8, 0.85])
    with pytest.raises(ValueError, match="comparison: there is no column 'score'"):
        ComparisonDisplay.from_results(frame.drop(columns="score"))
    with pytest.raises(TypeError, match=r"what coreselect\.compare returned"):
        ComparisonDisplay.from_results([1, 2])
    nothing = ComparisonDisplay.from_results(frame.iloc[-1:], ax=axis)
    assert nothing.curves == {}


def test_without_axes_a_figure_of_pyplot_is_made_and_settings_stay():
    from matplotlib import pyplot

    before = dict(matplotlib.rcParams)
    display = WeightDisplay.from_selection(selected(1, 2))
    assert pyplot.gcf() is display.figure_
    assert dict(matplotlib.rcParams) == before


def test_a_missing_matplotlib_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r"needs matplotlib, .*\[plot\]"):
        WeightDisplay.from_selection(selected(1, 2))
