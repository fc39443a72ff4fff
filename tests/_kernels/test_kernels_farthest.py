"""Kernels of farthest-first picks against their slow twins."""

import numpy as np
from numpy.testing import assert_array_equal

from coreselect._kernels import farthest
from coreselect._kernels.farthest import Outside, Pool, Room, Served
from coreselect._kernels.nearest import Points
from tests._kernels import reference_farthest as reference


def grid(n, d, seed):
    """Return rows with many ties and copies."""
    return np.random.default_rng(seed).integers(0, 4, (n, d)).astype(float)


def test_cells_hold_every_row_once_and_their_boxes_fit():
    for seed, X in enumerate([np.zeros((300, 2)), grid(300, 3, 1)]):
        cells = farthest.split(X)
        assert_array_equal(np.sort(cells.order), np.arange(300))
        for c, (start, stop) in enumerate(
            zip(cells.starts[:-1], cells.starts[1:], strict=True)
        ):
            rows = X[cells.order[start:stop]]
            assert_array_equal(cells.low[:, c], rows.min(axis=0))
            assert_array_equal(cells.high[:, c], rows.max(axis=0))
            values = cells.values[start * X.shape[1] : stop * X.shape[1]]
            assert_array_equal(values.reshape(X.shape[1], -1).T, rows, str(seed))


def test_picks_in_cells_are_those_of_a_loop():
    X = np.vstack([grid(150, 3, 2), np.random.default_rng(0).normal(size=(250, 3))])
    cells = farthest.split(X)
    most = np.full(len(cells.starts) - 1, np.inf)
    weight = np.arange(400.0)
    moved = np.zeros((30, 31))
    served = Served(
        np.full(400, np.inf), np.full(400, -1), weight[cells.order], moved, 0.0
    )
    order = np.full(30, -1)
    order[0] = 17
    squares = farthest.pick_in_cells(X, cells, most, served, order, 0)
    wanted, radii = reference.farthest_first(X, [17], 30)
    assert_array_equal(order, wanted)
    assert_array_equal(squares, radii)
    found = np.bincount(served.label, served.weight, 30)
    assert_array_equal(found, reference.weights(X, wanted, weight))
    # What left pick p, or none, for pick t is all that either ever had.
    arrived = moved.sum(axis=1) - moved[:, 1:].sum(axis=0)[:30]
    np.testing.assert_allclose(arrived, found)


def test_bounds_that_say_nothing_give_exact_distances():
    """NaN bounds, and bounds that are too small by no more than they may."""
    X = grid(60, 4, 3)
    picks = X[[5, 9, 30]]
    exact = -((X[:, None] - picks) ** 2).sum(axis=2)
    for bounds in (np.full((60, 3), np.nan), exact + 0.5):
        served = Served(
            np.full(60, np.inf), np.full(60, -1), np.ones(60), np.zeros((3, 4)), 0.0
        )
        rows, some = Points(X, None, None), Points(picks, None, None)
        farthest.improve(bounds.astype(np.float32), rows, some, served, 0)
        assert_array_equal(served.near, -exact.max(axis=1))
        assert_array_equal(served.label, exact.argmax(axis=1))
        assert served.moved[:, 0].sum() == 60


def test_a_pool_stops_where_rows_outside_may_be_farther():
    X = np.array([[0.0], [1.0], [4.0], [9.0]])
    near = (X[:, 0] - 9) ** 2
    near[3] = 0

    def picks(outside):
        room = Room(np.zeros(1), np.full(1, 4.0), np.full(1, 4.0))
        pool = Pool(
            Points(X.T.copy(), None, None), np.arange(4), near.copy(), np.zeros(4, int)
        )
        return farthest.pick_in_pool(pool, room, outside, 0.0, 0, np.empty(4)).tolist()

    assert picks(Outside(0.0, 0.0, 99)) == [0, 2, 1]  # 81, 16, 1
    assert picks(Outside(15.0, 15.0, 99)) == [0, 2]
    assert picks(Outside(17.0, 17.0, 99)) == [0]
    # A row outside is tied with the second pick: the lower row comes first.
    assert picks(Outside(16.0, 16.0, 1)) == [0]
    assert picks(Outside(16.0, 16.0, 3)) == [0, 2]


def test_places_are_kept_for_groups_that_need_them():
    room = Room(np.array([1.0, 0]), np.array([2.0, np.inf]), np.array([1.0]))
    farthest.take_place(room, 0)
    assert [values.tolist() for values in room] == [[0, 0], [1, np.inf], [1]]
    farthest.take_place(room, 1)
    assert [values.tolist() for values in room] == [[0, 0], [1, np.inf], [0]]
