"""The transport picture shows what the selector holds."""

import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.exceptions import NotFittedError

from coreselect import TAROT
from coreselect.plot import TransportDisplay

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def _closed():
    from matplotlib import pyplot

    yield
    pyplot.close("all")


def fitted(n_select=8, d=4, **fit):
    X = np.random.default_rng(0).standard_normal((60, d))
    T = np.random.default_rng(1).standard_normal((9, d))
    return TAROT(n_select, random_state=0).fit(X, X_target=T, **fit), X


@pytest.mark.parametrize("n_select", ["auto", 8, 60])
def test_the_picture_holds_rows_targets_lines_and_the_path(n_select):
    selector, X = fitted(n_select)
    display = TransportDisplay.from_selector(selector, X)
    left, right = display.axes_
    rows, lines, targets, chosen = left.collections
    assert len(rows.get_offsets()) == 60
    assert len(targets.get_offsets()) == len(lines.get_segments()) == 9
    assert len(chosen.get_offsets()) == len(selector.selection_)
    curve, point = right.get_lines()
    assert_allclose(curve.get_xdata(), selector.path_["size"])
    assert_allclose(curve.get_ydata(), selector.path_["distance"])
    assert_allclose(
        point.get_data(), [[len(selector.selection_)], [selector.ot_distance_]]
    )
    assert display.figure_ is left.figure


def test_the_plane_keeps_what_it_can_of_distances():
    """In two dimensions it keeps all; lines end at a row and the target it serves."""
    selector, X = fitted(d=2)
    display = TransportDisplay.from_selector(selector, X)
    chosen, targets, embed = selector.transport_parts()
    got = np.linalg.norm(display.chosen[:, None] - display.targets, axis=2)
    assert_allclose(got, np.linalg.norm(chosen[:, None] - targets, axis=2), atol=1e-9)
    nearest = got.argmin(axis=0)
    plan = display.plan.tocoo()
    assert_allclose(nearest[plan.col], plan.row)
    lengths = np.linalg.norm(embed_rows(embed, X), axis=1)
    assert_allclose(lengths, 1)


def embed_rows(embed, X):
    from coreselect.rows import open as open_rows

    return open_rows(X).map(embed)


def test_it_draws_into_given_axes_and_without_rows():
    from matplotlib import pyplot

    _, axes = pyplot.subplots(2, 1)
    display = TransportDisplay.from_selector(fitted(d=1)[0], axes=axes)
    assert display.axes_[0] is axes[0]
    assert display.candidates is None


def test_classes_of_the_rows_are_needed_where_they_count():
    X = np.random.default_rng(0).standard_normal((60, 4))
    y, T = np.arange(60) % 2, X[:9] + 0.1
    selector = TAROT(8, random_state=0).fit(X, y, X_target=T, y_target=y[:9])
    display = TransportDisplay.from_selector(selector, X, y)
    assert_allclose(display.candidates[selector.sample_indices_], display.chosen)
    with pytest.raises(ValueError, match="pass y, the classes of the rows of X"):
        TransportDisplay.from_selector(selector, X)
    assert TransportDisplay.from_selector(selector).candidates is None
    with pytest.raises(ValueError, match=r"X has 3 features, but .* fitted to 4"):
        TransportDisplay.from_selector(selector, X[:, :3], y)


def test_bad_input_is_named(monkeypatch):
    with pytest.raises(NotFittedError):
        TransportDisplay.from_selector(TAROT())
    with pytest.raises(ValueError, match="nothing to draw"):
        TransportDisplay.from_selector(fitted(0)[0])
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r"pip install '\.\[plot\]'"):
        TransportDisplay.from_selector(fitted()[0])
