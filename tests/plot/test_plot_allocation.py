"""The display of allocations shows the curves and the sizes that it is given."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.linear_model import LinearRegression

from coreselect.allocation import allocate, learning_curves
from coreselect.plot import AllocationDisplay

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")


@pytest.fixture
def axis():
    from matplotlib.figure import Figure

    return Figure().subplots()


def test_curves_go_through_the_sizes(axis):
    curves = [[1, 1, 0.2], [4, 0.5, 0]]
    made = allocate(30, curves)
    display = AllocationDisplay.from_allocation(made, curves, ax=axis)
    assert display.ax_ is axis
    assert list(display.lines_) == [0, 1]
    for group, line in display.lines_.items():
        sigma, power, floor = curves[group]
        n, loss = line.get_data()
        assert_allclose(loss, floor + sigma * n**-power)
        marker = axis.lines[1 + 2 * group]
        assert_allclose(
            np.ravel(marker.get_data()), [made.sizes[group], made.predicted[group]]
        )
        assert line.get_label() == f"{group}: {made.sizes[group]} rows"
    assert axis.get_xscale() == "log"


def test_measured_losses_are_dots(axis):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 2))
    y, groups = X.sum(axis=1) + rng.normal(size=200), np.repeat(["a", "b"], 100)
    curves = learning_curves(LinearRegression(), X, y, groups, random_state=0)
    AllocationDisplay.from_allocation(allocate(40, curves), curves, ax=axis)
    dots = [line for line in axis.lines if line.get_marker() == "."]
    assert len(dots) == 2
    assert set(dots[0].get_xdata()) <= set(curves.sizes[:, 0])
    labels = [text.get_text() for text in axis.get_legend().get_texts()]
    assert labels[0].startswith("a: ")


def test_bad_input_is_named(axis):
    made = allocate(30, [[1, 1], [4, 1]])
    with pytest.raises(TypeError, match="allocation must be what"):
        AllocationDisplay.from_allocation([10, 20], [[1, 1], [4, 1]], ax=axis)
    with pytest.raises(ValueError, match="curves must hold the 2 curves"):
        AllocationDisplay.from_allocation(made, [[1, 1]], ax=axis)
