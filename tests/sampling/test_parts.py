"""Draws go over the scores in parts: these change no rows, wherever the scores are."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.utils.multiclass import type_of_target

from coreselect import DESIGNS, _scratch, draw, inclusion_probabilities
from coreselect._budget import memory_budget
from coreselect._filling import water_fill
from coreselect.sampling.groups import Groups, is_continuous, numbered
from tests._kernels import reference

N = 100
RNG = np.random.default_rng(0)
SCORES = RNG.pareto(1.0, N) * (RNG.random(N) > 0.1)
WEIGHT = RNG.choice([0.5, 1.0, 3.0], size=N)
CLASSES = RNG.integers(4, size=N)
STRATA = {
    "none": None,
    "classes": CLASSES,
    "text": np.array(["a", "b", "c", "d"], dtype=object)[CLASSES],
    "one row each": np.arange(N)[::-1],
}


def everywhere(call, monkeypatch):
    """Return results of a call: at once, in parts of 7 rows, and from scratch files."""
    whole = call()
    monkeypatch.setattr(_scratch, "_PART", 7)
    in_parts = call()
    monkeypatch.setattr(_scratch, "_SHARE", 2**62)  # not even a byte stays in memory
    with memory_budget("8GB"):
        return whole, in_parts, call()


def drawn_alike(monkeypatch, design, size, **given):
    def call():
        drawn = draw(SCORES, size, design=design, random_state=1, **given)
        return drawn.indices, drawn.weights, drawn.design

    whole, in_parts, in_files = everywhere(call, monkeypatch)
    assert_array_equal(in_parts[0], whole[0])
    assert_allclose(in_parts[1], whole[1], rtol=1e-12)
    assert_array_equal(in_files[0], in_parts[0])
    assert_array_equal(in_files[1], in_parts[1])
    for name in ("strata", "strata_sizes", "expected", "hits"):
        values = [getattr(made[2], name) for made in (whole, in_parts, in_files)]
        if values[0] is not None:
            assert_allclose(values[1], values[0], rtol=1e-12, atol=1e-12)
            assert_array_equal(values[2], values[1])


@pytest.mark.parametrize("size", [0, 1, 30, 95])
@pytest.mark.parametrize("strata", STRATA)
@pytest.mark.parametrize("design", DESIGNS)
def test_parts_and_scratch_files_change_no_draw(design, strata, size, monkeypatch):
    if design == "multinomial" and size == 0:
        size = 500
    given = {"strata": STRATA[strata], "base_weight": WEIGHT}
    drawn_alike(monkeypatch, design, size, **given)


@pytest.mark.parametrize("design", [*DESIGNS, "balanced"])
def test_parts_change_no_draw_that_respects_rules(design, monkeypatch):
    rules = {"include": [3, 50], "exclude": [4, 60, 61], "strata": CLASSES}
    drawn_alike(monkeypatch, design, 30, quotas={0: 10, 1: (5, 8)}, **rules)


@pytest.mark.parametrize("strata", [None, CLASSES])
@pytest.mark.parametrize("design", ["pivotal", "systematic", "poisson", "balanced"])
def test_parts_change_no_draw_within_a_budget(design, strata, monkeypatch):
    given = {"cost": WEIGHT, "budget": 20.0, "strata": strata}
    drawn_alike(monkeypatch, design, None, **given)


@pytest.mark.parametrize("design", ["pivotal", "systematic"])
def test_parts_change_no_draw_in_another_order(design, monkeypatch):
    drawn_alike(monkeypatch, design, 20, order=-SCORES, strata=CLASSES)


@pytest.mark.parametrize("tiny", [1e-3, 1e-300])
def test_parts_change_no_inclusion_probabilities(tiny, monkeypatch):
    scores = np.where(np.arange(N) % 9, tiny, 1.0) * (SCORES + 0.1)

    def call():
        return inclusion_probabilities(scores, 20)

    whole, in_parts, in_files = everywhere(call, monkeypatch)
    assert_allclose(in_parts, whole, rtol=1e-12)
    assert_array_equal(in_files, in_parts)
    if tiny == 1e-3:
        assert_allclose(in_parts, reference.water_fill(scores, 20), rtol=1e-9)


def test_scores_far_apart_are_filled_in_steps(monkeypatch):
    scores = np.repeat([1e300, 1.0, 1e-300], N // 2)
    for filled in everywhere(lambda: water_fill(scores, N), monkeypatch):
        chances = np.minimum(1, filled[1] * filled[0])
        assert_allclose(chances, np.repeat([1.0, 1.0, 0.0], N // 2), atol=1e-200)


@pytest.mark.parametrize(
    "values",
    [
        RNG.integers(-3, 3, size=N),
        RNG.integers(200, size=N).astype(np.uint8),
        np.arange(N)[::-1],
        RNG.normal(size=N).round(1).astype(np.float32),
        RNG.random(N) > 0.5,
        RNG.choice(["x", "yy", "a"], size=N),
        RNG.choice(["x", "yy", "a"], size=N).astype(object),
        np.array(["2020-01-02", "2020-01-01"], dtype="datetime64[D]")[CLASSES % 2],
        np.empty(0),
    ],
)
def test_numbered_is_what_unique_gives(values, monkeypatch):
    labels, numbers = np.unique(values, return_inverse=True)

    def call():
        return numbered(lambda rows: values[rows], values)

    for got in everywhere(call, monkeypatch):
        assert_array_equal(got[0], labels)
        assert_array_equal(got[1], numbers)
        assert got[0].dtype == labels.dtype


def test_sums_of_groups_are_those_of_bincount(monkeypatch):
    groups = Groups((0, 1, 2, 3, 4), CLASSES.astype(np.int8))
    wanted = np.append(np.bincount(CLASSES, SCORES), 0.0)
    counts = np.append(np.bincount(CLASSES), 0)
    for got in everywhere(lambda: groups.totals(SCORES), monkeypatch):
        assert_allclose(got, wanted, rtol=1e-14)
    assert_array_equal(groups.totals(1.0), counts)


@pytest.mark.parametrize(
    "y",
    [
        CLASSES,
        CLASSES.astype(float),
        SCORES,
        np.append(np.zeros(N), 0.5),
        np.append(np.zeros(N), 1e300),
        np.column_stack([CLASSES, SCORES]),
        CLASSES.astype(object),
        SCORES.astype(object),
        RNG.choice(["x", "y"], size=N),
        np.empty(0),
    ],
    ids=lambda y: f"{y.dtype} {y.shape} {y.sum() if y.dtype.kind == 'f' else ''}",
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::UserWarning")
def test_numbers_with_fractions_are_those_that_scikit_learn_sees(y, monkeypatch):
    numbers = y.astype(float) if y.dtype == object else y
    wanted = bool(len(y)) and type_of_target(numbers).startswith("continuous")
    monkeypatch.setattr(_scratch, "_PART", 7)
    assert is_continuous(y) == wanted
