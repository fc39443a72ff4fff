"""The path of distances by size, patience, folds, and the size that comes of them."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import cdist

from coreselect.rows import open as open_rows
from coreselect.transport import ot_distance, sizes
from coreselect.transport.neighbours import Targets
from coreselect.transport.orders import STRATEGIES, Matching, rounds


def embed(block):
    return np.asarray(block.X, dtype=np.float64)


def groups(seed=0, n=200, m=30):
    """Five groups of rows, targets like two of them."""
    rng = np.random.default_rng(seed)
    centers = 3 * rng.standard_normal((5, 6))
    X = centers[rng.integers(5, size=n)] + rng.standard_normal((n, 6))
    T = centers[rng.integers(2, size=m)] + rng.standard_normal((m, 6))
    return Matching(open_rows(X), embed, Targets(T, np.full(m, 1 / m))), X, T


def test_path_holds_exact_distances_and_its_minimum_lies_inside():
    setting, X, T = groups()
    path = sizes.trace(setting, rounds, setting.targets, patience=3, at_least=30)
    assert set(path["size"]) <= {*sizes.grid(30), *sizes.grid(200, 30)}
    assert {1, 2, 3, 30} <= set(path["size"])
    order = rounds(setting, 200)
    for size, distance in path:
        assert_allclose(distance, ot_distance(X[order[:size]], T), rtol=1e-9)
    assert 10 < path["distance"].argmin() < len(path) - 3


def test_the_number_of_transport_problems_grows_with_the_logarithm(monkeypatch):
    """500 x 4 rows, 30 targets: at most 40 sizes a fold, where rounds of 3 are 167."""
    solved = []
    exact = sizes.transport
    monkeypatch.setattr(sizes, "transport", lambda *a: solved.append(1) or exact(*a))
    rng = np.random.default_rng(0)
    X, T = rng.standard_normal((500, 4)), rng.standard_normal((30, 4))
    setting = Matching(open_rows(X), embed, Targets(T, np.full(30, 1 / 30)))
    sizes.estimate_size(setting, rounds, 10, 3, rng)
    assert len(solved) <= 11 * 40


def test_sizes_grow_by_a_fifth():
    assert sizes.grid(14) == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14]
    assert sizes.grid(50, 10, 10) == [10, 20, 30, 40, 50]
    assert sizes.grid(1) == [1]


@pytest.mark.parametrize("patience", [1, 3])
def test_a_path_ends_after_so_many_steps_without_a_minimum(patience):
    setting, _, _ = groups()
    path = sizes.trace(setting, rounds, setting.targets, patience)
    assert len(path) - 1 - path["distance"].argmin() == patience
    assert path["size"][-1] >= 30  # a row for each target


def strategy_with(distances, monkeypatch):
    """A strategy whose distances by size are given: sizes are 1, 2, ..."""

    class Measure:
        def __init__(self, *_):
            pass

        def __call__(self, size):
            return distances[size - 1]

    monkeypatch.setattr(sizes, "_Measure", Measure)
    n = len(distances)
    monkeypatch.setattr(sizes, "grid", lambda *_: list(range(1, n + 1)))
    return lambda problem, size: np.arange(n)


def test_patience_passes_small_rises_and_keeps_the_minimum(monkeypatch):
    """The released code stops at the first rise and returns the set that rose."""
    distances = [5.0, 4.0, 4.5, 4.4, 3.0, 3.1, 3.2, 3.3, 1.0]
    setting, _, _ = groups(n=9, m=1)
    strategy = strategy_with(distances, monkeypatch)
    path = sizes.trace(setting, strategy, setting.targets, patience=3)
    assert_array_equal(path["distance"], distances[:8])
    assert sizes._least(path) == 5
    first_rise = sizes.trace(setting, strategy, setting.targets, patience=1)
    assert sizes._least(first_rise) == 2  # and not 3, which rose


def test_folds_choose_with_a_few_targets_and_measure_on_the_others(monkeypatch):
    seen = []

    def trace(problem, strategy, targets, patience, at_least=0):
        seen.append((problem.targets.Z, targets.Z))
        return np.array([(4, 1.0)], dtype=sizes.PATH)

    monkeypatch.setattr(sizes, "trace", trace)
    setting, _, T = groups()
    sizes.estimate_size(setting, rounds, 10, 3, np.random.default_rng(0))
    assert len(seen) == 11
    for chosen, measured in seen[:-1]:
        assert (len(chosen), len(measured)) == (3, 27)
        assert not (cdist(chosen, measured) == 0).any()
    assert_array_equal(
        np.sort(np.concatenate([c for c, _ in seen[:-1]]), 0), np.sort(T, 0)
    )
    assert_array_equal(seen[-1][0], T)
    assert_array_equal(seen[-1][1], T)


def test_the_size_is_the_one_near_the_minimum_that_is_nearest_the_median(monkeypatch):
    paths = [[(6, 1.0)], [(8, 1.0)], [(20, 1.0)]]
    final = [(2, 2.0), (3, 1.029), (5, 1.0), (9, 1.031), (12, 1.02)]
    waiting = iter([*paths, final])
    monkeypatch.setattr(
        sizes, "trace", lambda *_: np.array(next(waiting), dtype=sizes.PATH)
    )
    setting, _, _ = groups()
    found = sizes.estimate_size(setting, rounds, 3, 3, np.random.default_rng(0))
    assert found[0] == 5  # of 3, 5 and 12; the median is 8
    assert_array_equal(found[2], [6, 8, 20])


def test_a_single_target_needs_no_folds():
    setting, X, T = groups(m=1)
    size, path, fold_sizes = sizes.estimate_size(
        setting, rounds, 10, 3, np.random.default_rng(0)
    )
    assert size == 1  # its nearest row: any other is farther
    assert len(fold_sizes) == 0
    assert_allclose(path["distance"][0], cdist(T, X).min())


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_strategy_has_a_size(name):
    setting, _, _ = groups()
    size, path, fold_sizes = sizes.estimate_size(
        setting, STRATEGIES[name], 5, 3, np.random.default_rng(0)
    )
    assert 1 <= size <= 200
    assert len(fold_sizes) == 5
    near = path["size"][path["distance"] <= 1.03 * path["distance"].min()]
    assert size in near
    assert (
        abs(size - np.median(fold_sizes)) == np.abs(near - np.median(fold_sizes)).min()
    )
