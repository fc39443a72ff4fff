"""Checks of arguments: every error names the argument, the value and the way out."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse

from coreselect._validation import (
    Boolean,
    Integer,
    OneOf,
    Real,
    as_array,
    check_count,
    check_nonnegative,
    check_size,
    check_size_type,
    check_target,
    check_vector,
    check_weights,
)

# --- sizes ---


@pytest.mark.parametrize(
    ("n_select", "n_rows", "size"),
    [
        (0, 10, 0),
        (1, 10, 1),
        (10, 10, 10),
        (11, 10, 11),  # what that means is for the caller to say
        (np.int32(3), 10, 3),
        (np.uint8(3), 10, 3),
        (1.0, 10, 10),
        (0.5, 10, 5),
        (0.25, 10, 3),  # 2.5 is rounded up
        (0.5, 1, 1),
        (0.24, 10, 2),
        (0.04, 10, 0),
        (1e-300, 10, 0),
        (np.float32(0.5), 10, 5),
        (Fraction(1, 4), 10, 3),
        (1.0, 2**40 + 1, 2**40 + 1),
    ],
    ids=str,
)
def test_sizes(n_select, n_rows, size):
    check_size_type(n_select)
    assert check_size(n_select, n_rows) == size
    assert type(check_size(n_select, n_rows)) is int


def test_every_whole_percentage_is_rounded_as_it_is_written():
    """The float next to .58 is below it, but .58 of 25 rows are 14.5: 15 rows."""
    wrong = [
        (percent, n_rows)
        for percent in range(1, 101)
        for n_rows in range(1, 541)
        if check_size(percent / 100, n_rows) != (percent * n_rows * 2 + 100) // 200
    ]
    assert wrong == []
    assert check_size(np.float32(0.58), 25) == check_size(np.float64(0.58), 25) == 15


@pytest.mark.parametrize(
    ("value", "error"),
    [
        (-1, ValueError),
        (np.int64(-3), ValueError),
        (0.0, ValueError),
        (-0.5, ValueError),
        (1.5, ValueError),
        (2.0, ValueError),
        (1.0000001, ValueError),
        (float("nan"), ValueError),
        (float("inf"), ValueError),
        (True, TypeError),
        (np.True_, TypeError),
        ("ten", TypeError),
        ("10", TypeError),
        (None, TypeError),
        ([10], TypeError),
        (np.array([10]), TypeError),
        (1j, TypeError),
        (Decimal("0.5"), TypeError),
    ],
    ids=repr,
)
@pytest.mark.parametrize("check", [check_size_type, lambda v, n: check_size(v, 10, n)])
def test_what_is_no_size(value, error, check):
    with pytest.raises(
        error, match=r"^n_rows_wanted must .*an int of at least 0.*float in"
    ) as caught:
        check(value, "n_rows_wanted")
    assert str(value) in str(caught.value)


# --- constructor parameters ---


def test_one_of_takes_its_options_only():
    check = OneOf("a", "b")
    assert check.options == ("a", "b")
    check("name", "a")
    for value in ("c", "A", "", 1, None, ["a"]):
        with pytest.raises(
            ValueError, match="name must be one of 'a', 'b', got"
        ) as caught:
            check("name", value)
        assert repr(value) in str(caught.value)


@pytest.mark.parametrize("value", [0, 0.0, 1, 2.5, np.float32(1), np.int8(3), 1e300])
def test_real_takes_numbers_within_bounds(value):
    assert Real(0)("name", value) is None


@pytest.mark.parametrize(
    ("check", "value", "error", "message"),
    [
        (Real(0), -1e-9, ValueError, "name must be at least 0, got -1e-09"),
        (Real(0, 1), 1.5, ValueError, "name must be between 0 and 1, got 1.5"),
        (Real(), float("nan"), ValueError, "name must be finite, got nan"),
        (Real(0), float("inf"), ValueError, "name must be at least 0, got inf"),
        (Real(0), True, TypeError, "name must be a number, got True"),
        (Real(0), "1", TypeError, "name must be a number, got '1'"),
        (Real(0), None, TypeError, "name must be a number, got None"),
        (Real(0), 1j, TypeError, "name must be a number, got 1j"),
        (Real(0), np.ones(1), TypeError, "name must be a number, got array"),
        (Integer(1), 0, ValueError, "name must be at least 1, got 0"),
        (Integer(1, 3), 4, ValueError, "name must be between 1 and 3, got 4"),
        (Integer(1), 2.0, TypeError, "name must be an int, got 2.0"),
        (Integer(1), True, TypeError, "name must be an int, got True"),
        (Integer(1), "2", TypeError, "name must be an int, got '2'"),
        (Boolean(), 1, TypeError, "name must be True or False, got 1"),
        (Boolean(), "True", TypeError, "name must be True or False, got 'True'"),
        (Boolean(), None, TypeError, "name must be True or False, got None"),
    ],
    ids=str,
)
def test_what_parameters_refuse(check, value, error, message):
    with pytest.raises(error, match=message):
        check("name", value)


def test_integers_and_booleans_of_numpy():
    assert Integer(1, 3)("name", np.int8(3)) is None
    assert Boolean()("name", np.False_) is None
    assert Boolean()("name", True) is None


def test_counts():
    assert check_count(np.uint8(5), "n") == 5
    assert type(check_count(np.uint8(5), "n")) is int
    assert check_count(0, "n") == 0
    with pytest.raises(ValueError, match="n must not be negative, got -1"):
        check_count(-1, "n")
    for value in (1.0, True, "1", None):
        with pytest.raises(TypeError, match=f"n must be an int, got {value!r}"):
            check_count(value, "n")


def test_checks_are_values():
    """They can be compared, and read by the command line."""
    assert Real(0, 1) == Real(0, 1) != Real(0, 2)
    assert OneOf("a") == OneOf("a") != OneOf("b")
    assert (Integer(2, 9).minimum, Integer(2, 9).maximum) == (2, 9)


# --- vectors ---


@pytest.mark.parametrize(
    "values",
    [
        [1, 0, 2],
        (1.0, 0.0, 2.0),
        np.array([1, 0, 2], np.int8),
        np.array([1, 0, 2], np.float32),
        np.array([1, 0, 2], ">f8"),
        np.array([1, 9, 0, 9, 2.0])[::2],
        np.array([1, 0, 2], object),
        [Decimal(1), Decimal(0), Decimal(2)],
        pd.Series([1, 0, 2], index=[5, 6, 7]),
        pd.Series([1, 0, 2], dtype="Int64"),
    ],
    ids=str,
)
def test_vectors_become_contiguous_float64(values):
    vector = check_vector(values, 3, "name")
    assert vector.dtype == np.float64
    assert vector.flags.c_contiguous
    assert_array_equal(vector, [1, 0, 2])
    assert_array_equal(check_nonnegative(values, 3, "name"), [1, 0, 2])


def test_vectors_of_bools():
    assert_array_equal(check_vector([True, False], 2, "name"), [1, 0])


def test_a_vector_of_any_length():
    assert len(check_vector([1, 2], None, "name")) == 2
    assert check_vector([], 0, "name").shape == (0,)
    assert check_nonnegative([], 0, "name").shape == (0,)


def test_numbers_whose_sum_overflows_are_finite():
    assert_array_equal(check_vector([1e308, 1e308], 2, "name"), [1e308, 1e308])
    with pytest.raises(
        ValueError, match="sample_weight is too large: its sum overflows"
    ):
        check_weights([1e308, 1e308], 2)


BAD_VECTORS = [
    ([1.0, 2.0], ValueError, "name has 2 values for 3 rows; it needs one each"),
    ([[1.0], [2.0], [3.0]], ValueError, r"name must be 1-dim.*\(3, 1\).*ravel"),
    ([1.0, np.nan, np.inf], ValueError, "name contains NaN .*position 1; 2 non-finite"),
    ([1.0, 2.0, -np.inf], ValueError, "name contains infinity .*position 2; 1 non-"),
    ([1.0, None, 2.0], ValueError, "name contains NaN|name must hold"),
    ([1j, 1, 1], ValueError, "name is complex"),
    (["1", "2", "3"], ValueError, "name must hold numbers, got dtype <U1"),
    ([b"1", b"2", b"3"], ValueError, r"name must hold numbers, got dtype \|S1"),
    (np.array(["a", 1, 2], object), ValueError, "name must hold numbers.*'a'"),
    ([{}, 1, 2], ValueError, "name must hold numbers.*dict"),
    (np.array(["2020"] * 3, "M8[Y]"), ValueError, "name must hold .*datetime64"),
    (np.array([1, 2, 3], "m8[s]"), ValueError, "name must hold .*timedelta64"),
    ([[1], [2, 3], [4]], ValueError, "name must be one array"),
    (sparse.csr_array(np.ones((1, 3))), TypeError, "name must not be sparse"),
    (pd.Series([1, None, 2], dtype="Int64"), ValueError, "name (contains|must hold)"),
    (None, ValueError, "name "),
]  # fmt: skip


@pytest.mark.parametrize(("values", "error", "message"), BAD_VECTORS, ids=str)
@pytest.mark.parametrize("check", [check_vector, check_nonnegative])
def test_what_is_no_vector(values, error, message, check):
    with pytest.raises(error, match=message):
        check(values, 3, "name")


def test_a_vector_of_one_value_for_something_else():
    with pytest.raises(ValueError, match="weights has 1 values for 2 indices"):
        check_vector([1.0], 2, "weights", of="indices")


def test_negative_numbers_are_named_with_their_place():
    with pytest.raises(
        ValueError, match=r"name must not be negative, got -2.5 at position 1"
    ):
        check_nonnegative([0.0, -2.5, -1.0], 3, "name")
    assert check_nonnegative([-0.0], 1, "name") == 0


# --- weights ---


def test_no_weights_stay_none():
    assert check_weights(None, 3) is None


@pytest.mark.parametrize("value", [2, 2.0, np.float32(2), np.array(2)])
def test_one_number_is_the_weight_of_every_row(value):
    weights = check_weights(value, 3)
    assert weights.dtype == np.float64
    assert_array_equal(weights, [2, 2, 2])


@pytest.mark.parametrize(("values", "error", "message"), BAD_VECTORS[:-1], ids=str)
def test_what_are_no_weights(values, error, message):
    with pytest.raises(error, match=message):
        check_weights(values, 3, "name")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([0, 0, 0], "sample_weight is zero for every row"),
        (0, "sample_weight is zero for every row"),
        ([1, -1, 1], "sample_weight must not be negative, got -1.0 at position 1"),
        (-1, "sample_weight must not be negative"),
        (np.nan, "sample_weight contains NaN"),
        ("heavy", "sample_weight must hold numbers"),
    ],
    ids=str,
)
def test_weights_that_mean_nothing(values, message):
    with pytest.raises(ValueError, match=message):
        check_weights(values, 3)


def test_weights_are_not_modified():
    given = np.array([1.0, 2.0, 3.0])
    given.flags.writeable = False
    assert_array_equal(check_weights(given, 3), given)


# --- targets ---


@pytest.mark.parametrize(
    "y",
    [
        [1, 2, 3],
        [0.5, 1.5, 2.5],
        [True, False, True],
        ["a", "b", "a"],
        np.array(["a", "b", "a"], object),
        [[1, 2], [3, 4], [5, 6]],
        np.array(["2020", "2021", "2022"], "M8[Y]"),
        np.array([1, "a", 2.5], object),
    ],
    ids=str,
)
def test_targets_keep_their_type(y):
    checked = check_target(y, 3)
    assert checked.dtype == np.asarray(y).dtype
    assert_array_equal(checked, np.asarray(y))


def test_no_targets_stay_none():
    assert check_target(None, 3) is None


@pytest.mark.parametrize(
    ("y", "error", "message"),
    [
        (
            [1, 2],
            ValueError,
            "inconsistent numbers of samples: y has 2 values for 3 rows",
        ),
        ([], ValueError, "y has 0 values for 3 rows"),
        (5, ValueError, r"y should be a 1d array .*shape \(\)"),
        (np.ones((3, 1, 1)), ValueError, r"y should be a 1d array .*shape \(3, 1, 1\)"),
        ([1.0, np.nan, 2.0], ValueError, "Input y contains NaN"),
        ([1.0, np.inf, 2.0], ValueError, "Input y contains infinity"),
        ([[1.0, 1.0], [np.nan, 1.0], [1.0, 1.0]], ValueError, "Input y contains NaN"),
        ([1j, 2, 3], ValueError, "y: Complex data not supported"),
        (["a", None, None], ValueError, "Input y contains 2 missing values"),
        (
            np.array(["a", np.nan, "b"], object),
            ValueError,
            "Input y contains 1 missing",
        ),
        (
            np.array(["a", pd.NA, None], object),
            ValueError,
            "Input y contains 2 missing",
        ),
        (pd.Series(["a", None, "b"]), ValueError, "Input y contains 1 missing"),
        ([[1], [2, 3], [4]], ValueError, "y must be one array"),
        (sparse.csr_array(np.ones((3, 1))), TypeError, "y must not be sparse"),
    ],
    ids=lambda value: str(value)[:15].replace("\n", ""),
)
def test_what_are_no_targets(y, error, message):
    with pytest.raises(error, match=message):
        check_target(y, 3)


def test_objects_that_cannot_be_compared_are_not_missing():
    y = np.empty(2, dtype=object)
    y[0], y[1] = np.array([1, 2]), np.array([3, 4])
    assert check_target(y, 2) is y


def test_as_array_does_not_copy_arrays():
    array = np.arange(3)
    assert as_array(array, "name") is array
