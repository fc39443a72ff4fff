"""sampling_strategy: a table of its forms, and imbalanced-learn side by side."""

from collections import OrderedDict

import numpy as np
import pytest
from imblearn.utils import check_sampling_strategy
from numpy.testing import assert_array_equal

from coreselect.imbalance._base.data import _encode, check_labels
from coreselect.imbalance._base.strategy import check_strategy, resolve_strategy
from tests import shown

OVER, UNDER, CLEAN = "over-sampling", "under-sampling", "clean-sampling"
Y = np.repeat([0, 1, 2], [10, 30, 60])
BINARY = np.repeat([0, 1], [10, 60])


@pytest.mark.parametrize(
    ("strategy", "kind", "expected"),
    [
        ("auto", OVER, {0: 50, 1: 30}),
        ("minority", OVER, {0: 50}),
        ("not minority", OVER, {1: 30, 2: 0}),
        ("not majority", OVER, {0: 50, 1: 30}),
        ("all", OVER, {0: 50, 1: 30, 2: 0}),
        ({0: 12, 2: 60}, OVER, {0: 2, 2: 0}),
        (lambda y: {1: len(y)}, OVER, {1: 70}),
        ("auto", UNDER, {1: 10, 2: 10}),
        ("majority", UNDER, {2: 10}),
        ("not minority", UNDER, {1: 10, 2: 10}),
        ("not majority", UNDER, {0: 10, 1: 10}),
        ("all", UNDER, {0: 10, 1: 10, 2: 10}),
        ({2: 7}, UNDER, {2: 7}),
        ("majority", CLEAN, {2: 10}),
        ([2, 0], CLEAN, {0: 10, 2: 10}),
    ],
    ids=shown,
)
def test_table(strategy, kind, expected):
    found = resolve_strategy(strategy, Y, kind)
    assert found == expected
    assert list(found) == sorted(found)
    assert found == check_sampling_strategy(strategy, Y, kind)


@pytest.mark.parametrize(
    ("ratio", "kind", "truncated", "rounded"),
    [
        (1.0, OVER, 50, 50),
        (0.5, OVER, 20, 20),
        (0.3, OVER, 8, 8),
        (0.31, OVER, 8, 9),  # 60 * 0.31 - 10 = 8.6
        (1.0, UNDER, 10, 10),
        (0.5, UNDER, 20, 20),
        (0.17, UNDER, 58, 59),  # 10 / 0.17 = 58.8
    ],
)
def test_ratio_is_rounded_or_cut_off(ratio, kind, truncated, rounded):
    (key,) = check_sampling_strategy(ratio, BINARY, kind)
    assert check_sampling_strategy(ratio, BINARY, kind) == {key: truncated}
    assert resolve_strategy(ratio, BINARY, kind, truncate=True) == {key: truncated}
    assert resolve_strategy(ratio, BINARY, kind) == {key: rounded}


def test_a_ratio_is_rounded_as_it_is_written():
    """The float next to .58 is below it, but .58 of 25 rows are 14.5."""
    assert resolve_strategy(0.58, [0] * 25 + [1] * 5, OVER) == {1: 10}


def test_of_equal_classes_the_first_is_the_majority():
    y = np.repeat(["a", "b"], 5)
    assert resolve_strategy("auto", y, OVER) == {"b": 0}
    assert resolve_strategy("auto", y, UNDER) == {"b": 5}


@pytest.mark.parametrize(
    ("strategy", "kind", "words"),
    [
        ("majority", OVER, "Use 'minority', 'not minority' or 'all'"),
        ("minority", UNDER, "Use 'majority', 'not majority' or 'all'"),
        ("minority", CLEAN, "Use 'majority', 'not majority' or 'all'"),
        (
            {0: 5},
            OVER,
            "asks for 5 rows of class 0, which has 10: .* at least that many",
        ),
        ({0: 11}, UNDER, "11 rows of class 0, which has 10: .* at most that many"),
        ({9: 5}, OVER, r"not present in y: 9\. The classes are 0, 1, 2\.$"),
        ({0: -1}, UNDER, "no class a negative number of rows"),
        ({0: 5}, CLEAN, "must not be a dict for cleaning methods.*give a list"),
        ([0], OVER, "must not be a list of classes, except for cleaning.*give a dict"),
        ([9, 8], CLEAN, r"not present in y: 9, 8\. The classes are 0, 1, 2\.$"),
        (0.5, OVER, "=0.5 is a ratio, which needs a binary target; y has 3 classes"),
    ],
    ids=str,
)
def test_errors_name_the_parameter_and_the_way_out(strategy, kind, words):
    """What imbalanced-learn refuses is refused, in our own words."""
    with pytest.raises(ValueError, match=f"^sampling_strategy.*{words}"):
        resolve_strategy(strategy, Y, kind)
    with pytest.raises(ValueError):
        check_sampling_strategy(strategy, Y, kind)


@pytest.mark.parametrize(
    ("ratio", "kind", "words"),
    [
        (
            0.15,
            OVER,
            "=0.15 is below the present ratio, 0.1667: an over-sampler cannot",
        ),
        (
            0.1,
            UNDER,
            "=0.1 is below the present ratio, 0.1667: an under-sampler cannot",
        ),
        (0.5, CLEAN, "=0.5 is a ratio, which cleaning methods do not take"),
    ],
)
def test_ratios_out_of_reach(ratio, kind, words):
    with pytest.raises(ValueError, match=f"sampling_strategy{words}"):
        resolve_strategy(ratio, BINARY, kind)


# Where imbalanced-learn cuts off 10 / (10 / 60), it may drop a row.
@pytest.mark.parametrize(
    ("kind", "truncate"), [(OVER, False), (OVER, True), (UNDER, False)]
)
def test_the_present_ratio_changes_nothing(kind, truncate):
    for small in range(1, 40):
        y = np.repeat([0, 1], [small, 60])
        (size,) = resolve_strategy(small / 60, y, kind, truncate=truncate).values()
        assert size == (0 if kind == OVER else 60)


def test_one_class():
    with pytest.raises(ValueError, match=r"needs to have more than 1 class\. Got 1"):
        resolve_strategy("auto", np.zeros(5), OVER)


@pytest.mark.parametrize("value", ["most", 0.0, 1.5, True, None, 2, np.nan])
def test_what_is_no_strategy(value):
    with pytest.raises((TypeError, ValueError), match="sampling_strategy must be one"):
        check_strategy("sampling_strategy", value)


@pytest.mark.parametrize("value", [{0: 1.5}, {0: True}, {0: "many"}])
def test_numbers_of_rows_are_ints(value):
    with pytest.raises(TypeError, match="must give each class an int"):
        resolve_strategy(value, Y, OVER)


def test_a_function_must_return_a_dict():
    with pytest.raises(TypeError, match="must return a dict"):
        resolve_strategy(lambda y: 5, Y, OVER)


def test_ordered_dict_is_a_dict():
    strategy = OrderedDict({2: 80, 0: 20})
    assert resolve_strategy(strategy, Y, OVER) == {0: 10, 2: 20}


@pytest.mark.parametrize("labels", [(-128, 3, 127), (2**62, 2**62 + 5), (-(2**63),)])
@pytest.mark.parametrize("n", [20, 900])
def test_classes_of_whole_numbers_are_counted_or_sorted(labels, n):
    """Small ranges of numbers are told apart without sorting them."""
    for dtype in (np.int8, np.int64):
        if labels[0] < np.iinfo(dtype).min or labels[-1] > np.iinfo(dtype).max:
            continue
        y = np.random.default_rng(0).choice(np.array(labels, dtype=dtype), n)
        classes, codes = _encode(check_labels(y))
        assert classes.dtype == dtype
        assert_array_equal(classes, np.unique(y))
        assert_array_equal(classes[codes], y)
