"""The design of a selection: what it checks, and what keeps it."""

import copy
import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from coreselect import Selection, UniformSelector, draw
from coreselect.selection import SamplingDesign

FULL = SamplingDesign(
    "balanced",
    [0.5, 0.25, 1.0],
    hits=[1, 2, 1],
    strata=[0, 0, 1],
    strata_sizes=[1.5, 1.5, 1.0],
    order=[4, 0, 2],
    columns=[[1.0, 0.0], [0.0, 1.0], [2.0, 2.0]],
    landings=np.eye(2),
    vectors=np.eye(3),
    calibrated=np.ones((3, 1)),
    earlier=SamplingDesign("poisson", [0.1, 0.2, 0.3]),
)


def assert_same(one, other):
    assert one.name == other.name
    mine, theirs = one.to_arrays(), other.to_arrays()
    assert mine.keys() == theirs.keys()
    for name, array in mine.items():
        assert_array_equal(array, theirs[name])
        assert array.dtype == theirs[name].dtype


def made(design=FULL):
    return Selection([1, 3, 4], [2.0, 8.0, 1.0], 6, design=design)


@pytest.mark.parametrize("how", ["file", "pickle", "copy"])
def test_files_pickles_and_copies_keep_the_design(how, tmp_path):
    made().save(tmp_path / "it.npz")
    again = {
        "file": lambda: Selection.load(tmp_path / "it.npz"),
        "pickle": lambda: pickle.loads(pickle.dumps(made())),
        "copy": lambda: copy.deepcopy(made()),
    }[how]()
    assert again == made()
    assert_same(again.design, FULL)
    assert not again.design.expected.flags.writeable


def test_files_without_a_design_or_with_an_unknown_one(tmp_path):
    path = tmp_path / "it.npz"
    made(None).save(path)
    assert Selection.load(path).design is None
    arrays = {"design.name": "later", "design.expected": np.ones(1)}
    np.savez(path, indices=[0], weights=[1.0], n_total=2, **arrays)
    assert Selection.load(path).design is None


def test_a_damaged_design_is_named(tmp_path):
    path = tmp_path / "it.npz"
    arrays = {"design.name": "poisson", "design.expected": np.ones(2)}
    np.savez(path, indices=[0], weights=[1.0], n_total=2, **arrays)
    with pytest.raises(ValueError, match=r"not hold a Selection: design is about 2 "):
        Selection.load(path)


def test_designs_are_no_part_of_what_is_equal():
    assert made() == made(None)


def test_then_keeps_both_phases():
    first = SamplingDesign("pivotal", [0.1, 0.2, 0.3, 0.4])
    second = SamplingDesign("poisson", [0.5, 0.6])
    rows = Selection(range(4), [1.0] * 4, 9, design=first)
    part = Selection([1, 3], [1.0] * 2, 4, design=second)
    both = rows.then(part).design
    assert both.name == "poisson"
    assert_array_equal(both.expected, [0.5, 0.6])
    assert_array_equal(both.earlier.expected, [0.2, 0.4])
    assert both.earlier.order is None  # the rows are still in order
    third = Selection([1], [1.0], 2, design=SamplingDesign("random", [0.5]))
    one, other = rows.then(part).then(third), rows.then(part.then(third))
    assert_same(one.design, other.design)
    assert one.design.earlier.earlier.name == "pivotal"
    for unknown in (
        Selection(range(4), [1.0] * 4, 9).then(part),
        rows.then(Selection([1, 3], [1.0] * 2, 4)),
    ):
        assert unknown.design is None


def test_rows_that_are_put_in_another_order_keep_their_places():
    first = SamplingDesign("pivotal", [0.1, 0.2, 0.3])
    assert_array_equal(first.take(np.array([2, 0])).order, [2, 0])
    assert_array_equal(FULL.take(np.array([2, 0])).order, [2, 4])
    assert_array_equal(FULL.take(np.array([2, 0])).earlier.expected, [0.3, 0.1])


def test_arrays_are_copied():
    expected = np.array([0.5, 0.5])
    design = SamplingDesign("poisson", expected)
    expected[0] = 9
    assert_array_equal(design.expected, [0.5, 0.5])
    with pytest.raises(ValueError, match="read-only"):
        design.expected[0] = 1


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"name": "quota"}, "name must be one of 'poisson', .*, got 'quota'"),
        ({"hits": [1]}, r"hits must have 1 dimension.* 2 selected rows, .* \(1,\)"),
        ({"columns": [1.0, 2.0]}, r"columns must have 2 dimension.* shape \(2,\)"),
        ({"expected": 0.5}, r"expected must have 1 dimension.* shape \(\)"),
        ({"expected": [0.5, 0.0]}, "expected must be positive"),
        ({"expected": [0.5, 2.0]}, "expected holds 2, but inclusion probabilities are"),
        ({"hits": [0, 1]}, "hits must be at least 1, got 0: a row that was not drawn"),
        ({"name": "projection"}, "vectors is None, but name='projection' needs"),
        ({"expected": [0.5, np.nan]}, r"expected contains NaN \(first at position 1"),
        ({"landings": np.eye(2)}, "landings must have as many columns as columns has"),
        ({"order": [0.5, 1.0]}, "order must hold whole numbers"),
        ({"earlier": FULL}, "earlier is about 3 rows, but 2 are selected"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_cannot_be_a_design(given, message):
    with pytest.raises(ValueError, match=message):
        SamplingDesign(**{"name": "poisson", "expected": [0.5, 0.5]} | given)


def test_expected_hits_may_be_above_one():
    """With repeats; and probabilities of 1 may be a last bit too large."""
    for name, expected in (("multinomial", 1.7), ("poisson", np.nextafter(1, 2))):
        assert len(SamplingDesign(name, [expected, 0.5])) == 2


def test_a_design_is_about_the_rows_of_its_selection():
    with pytest.raises(ValueError, match="design is about 3 rows, but indices has 2"):
        Selection([0, 1], [1.0, 1.0], 4, design=FULL)


def test_selectors_and_draws_have_it_in_pickles(tmp_path):
    selector = UniformSelector(9, random_state=0).fit(np.ones((30, 1)))
    for selection in (selector.selection_, draw(np.ones(30), 9, random_state=0)):
        path = tmp_path / "it.npz"
        selection.save(path)
        values = np.arange(9.0)
        wanted = selection.estimate(values, return_std=True)
        assert_allclose(Selection.load(path).estimate(values, return_std=True), wanted)
    again = pickle.loads(pickle.dumps(selector))
    assert_same(again.select(5).design, selector.select(5).design)
