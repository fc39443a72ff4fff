"""Checks of arguments. Errors name the argument and the value, and say what to do.

Constructor parameters are described by small check objects, so that the command line
can read a parameter's type and options from the same place that enforces them.
"""

from __future__ import annotations

import numbers
import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from math import floor, inf, isfinite, isnan
from types import FrameType
from typing import Any, TypeGuard

import numpy as np
from scipy import sparse

from coreselect._scratch import by_parts, largest, parts, total
from coreselect._typing import Array, Check, Floats

_MOST = np.iinfo(np.int64).max
_MOST_DRAWS = 2**40
_SIZE_HELP = (
    "use an int of at least 0 (that many rows) or a float in (0, 1] (that fraction of "
    "the rows)"
)


def is_bool(value: Any) -> bool:
    return isinstance(value, (bool, np.bool_))


def is_number(value: Any, kind: type[Any] = numbers.Real) -> TypeGuard[Any]:
    """Return whether a value is a number; bools and durations only derive from it."""
    return isinstance(value, kind) and not isinstance(
        value, (bool, np.bool_, np.timedelta64)
    )


@contextmanager
def naming(argument: str) -> Iterator[None]:
    """Prefix errors with the name of an argument, unless they name it already."""
    # Errors of scikit-learn and NumPy say what is wrong, but often not with which of
    # several arrays.
    try:
        yield
    except (TypeError, ValueError) as error:
        if re.search(rf"\b{argument}\b", str(error)):
            raise
        # Not type(error): subclasses such as UnicodeError take other arguments.
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"{argument}: {error}") from error


def check_size_type(n_select: Any, name: str = "n_select") -> None:
    """Raise unless `n_select` can be a size: an int >= 0 or a float in (0, 1]."""
    if not is_number(n_select):
        raise TypeError(f"{name} must be a number, got {n_select!r}; {_SIZE_HELP}.")
    if isinstance(n_select, numbers.Integral):
        if n_select < 0:
            raise ValueError(
                f"{name} must not be negative, got {n_select}; {_SIZE_HELP}."
            )
    elif not 0 < n_select <= 1:
        raise ValueError(
            f"{name} must be in (0, 1] if it is a float, got {n_select}; {_SIZE_HELP}."
        )


def check_size(n_select: Any, n_rows: int, name: str = "n_select") -> int:
    """Turn `n_select`, an int or a fraction of `n_rows`, into a number of rows.

    Fractions are rounded half up in decimal notation: .58 of 25 rows are 14.5, so 15,
    although the float next to .58 is a little less. An int may exceed `n_rows`.
    """
    check_size_type(n_select, name)
    if isinstance(n_select, numbers.Integral):
        return int(n_select)
    return half_up(as_written(n_select) * n_rows)


def check_draws(size: int, name: str) -> None:
    """Raise if a number of draws with repeats is more than memory could ever hold."""
    if size > _MOST_DRAWS:
        raise ValueError(
            f"{name} must be at most {_MOST_DRAWS} where rows are drawn with repeats, "
            f"got {size}."
        )


def as_written(number: float) -> Fraction:
    """Return a float as the fraction that its shortest decimal notation stands for."""
    # This is the number that the user typed. Products with it are exact, so rounding
    # does not depend on how a float happens to approximate .58.
    return Fraction(str(number))


def half_up(fraction: Fraction) -> int:
    """Round a fraction to the nearest int; halves go up."""
    return floor(fraction + Fraction(1, 2))


def check_count(value: Any, name: str, most: int = _MOST) -> int:
    """Return `value` as an int from 0 to `most`."""
    if not is_number(value, numbers.Integral):
        raise TypeError(f"{name} must be an int, got {value!r}.")
    if value < 0:
        raise ValueError(f"{name} must not be negative, got {value}.")
    if value > most:
        raise ValueError(f"{name} must be at most {most}, got {value}.")
    return int(value)


@dataclass(frozen=True)
class OneOf:
    """A constructor parameter that takes one of some strings."""

    options: tuple[str, ...]

    def __init__(self, *options: str) -> None:
        object.__setattr__(self, "options", options)

    def __call__(self, name: str, value: Any) -> None:
        if not isinstance(value, str) or value not in self.options:
            names = ", ".join(map(repr, self.options))
            raise ValueError(f"{name} must be one of {names}, got {value!r}.")


@dataclass(frozen=True, init=False)
class OneOfOrCallable(OneOf):
    """A constructor parameter that takes one of some strings, or a function."""

    def __call__(self, name: str, value: Any) -> None:
        if not callable(value):
            super().__call__(name, value)


@dataclass(frozen=True)
class OrNone:
    """A constructor parameter that takes None, or whatever another check accepts."""

    check: Check

    def __call__(self, name: str, value: Any) -> None:
        if value is not None:
            self.check(name, value)


@dataclass(frozen=True)
class OrWord:
    """A constructor parameter that takes a number that passes a check, or a word."""

    check: Check
    word: str

    def __call__(self, name: str, value: Any) -> None:
        if not isinstance(value, str):
            self.check(name, value)
        elif value != self.word:
            raise ValueError(
                f"{name} must be a number or {self.word!r}, got {value!r}."
            )


@dataclass(frozen=True)
class Real:
    """A constructor parameter that takes a finite number, within bounds.

    With `strict`, the bounds themselves are not allowed.
    """

    minimum: float = -inf
    maximum: float = inf
    strict: bool = False

    def __call__(self, name: str, value: Any) -> None:
        # NumPy has no logarithm of a fraction.
        if not is_number(value) or isinstance(value, Fraction):
            raise TypeError(f"{name} must be a number, got {value!r}.")
        inside = self.minimum <= value <= self.maximum
        at_end = self.strict and value in (self.minimum, self.maximum)
        try:
            finite = isfinite(value)
        except OverflowError:  # an int that no float can hold
            finite = False
        if not finite or not inside or at_end:
            raise ValueError(f"{name} must be {self._range()}, got {value!r}.")

    def _range(self) -> str:
        if self.strict and self.maximum < inf:
            return f"above {self.minimum:g} and below {self.maximum:g}"
        if self.strict:
            return f"finite and above {self.minimum:g}"
        if self.maximum < inf:
            return f"between {self.minimum:g} and {self.maximum:g}"
        return "finite" if self.minimum == -inf else f"at least {self.minimum:g}"


@dataclass(frozen=True)
class Integer:
    """A constructor parameter that takes an int, within bounds."""

    minimum: float = -inf
    maximum: float = inf

    def __call__(self, name: str, value: Any) -> None:
        if not is_number(value, numbers.Integral):
            raise TypeError(f"{name} must be an int, got {value!r}.")
        Real(self.minimum, self.maximum)(name, value)
        if value > _MOST:
            raise ValueError(f"{name} must be at most {_MOST}, got {value}.")


@dataclass(frozen=True)
class Boolean:
    """A constructor parameter that takes True or False."""

    def __call__(self, name: str, value: Any) -> None:
        if not is_bool(value):
            raise TypeError(f"{name} must be True or False, got {value!r}.")


def as_array(values: Any, name: str) -> Array:
    """Return `values` as an array; errors name the argument."""
    if sparse.issparse(values):
        raise TypeError(f"{name} must not be sparse; pass {name}.toarray().ravel().")
    if isinstance(values, np.ma.MaskedArray):
        raise TypeError(
            f"{name} must not be a masked array: what is under the mask would count. "
            f"Pass {name}.filled(value), or leave these rows out."
        )
    try:
        return np.asarray(values)
    except ValueError as error:
        raise ValueError(
            f"{name} must be one array; rows of different lengths do not make one "
            f"({error})"
        ) from error


def _count_missing(array: Array) -> int:
    """Return how many objects of an array are None or NaN."""
    try:
        return int(np.count_nonzero((array == None) | (array != array)))  # noqa: E711
    except (TypeError, ValueError):  # pandas.NA does not compare, arrays do not either
        return sum(v is None or type(v).__name__ == "NAType" for v in array.flat)


def as_numbers(array: np.ndarray, name: str) -> np.ndarray:
    """Return an array of real numbers; raise if it is not one."""
    if array.dtype.kind == "c":
        raise ValueError(f"{name} is complex; only real numbers are supported.")
    if array.dtype.kind == "O":
        try:
            array = array.astype(np.float64)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{name} must hold numbers ({error}).") from error
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name} must hold numbers, got dtype {array.dtype}.")
    return array


def check_vector(
    values: Any, n_rows: int | None, name: str, *, of: str = "rows"
) -> Floats:
    """Return `values` as a finite float64 array of shape (n_rows,)."""
    array = as_numbers(as_array(values, name), name)
    if array.ndim != 1:
        raise ValueError(
            f"{name} must be 1-dimensional, got an array of shape {array.shape}. "
            "Reshape it with .ravel() if it holds one value per row."
        )
    if n_rows is not None and len(array) != n_rows:
        raise ValueError(
            f"{name} has {len(array)} values for {n_rows} {of}; it needs one each."
        )
    # Positions are named, as a user cannot search a long array for its first NaN.
    if array.dtype != np.float64 or not array.flags.c_contiguous:
        array = by_parts(lambda part: part, array)
    if not _all_finite(array):
        finite = np.isfinite(array)
        row = int(np.argmin(finite))
        value = "NaN" if isnan(array[row]) else "infinity"
        raise ValueError(
            f"{name} contains {value} (first at position {row}; "
            f"{np.count_nonzero(~finite)} non-finite values in all)."
        )
    return array


def _all_finite(array: Array) -> bool:
    return all(np.isfinite(array[rows]).all() for rows in parts(array))


def check_nonnegative(values: Any, n_rows: int | None, name: str) -> Floats:
    """Return `values` as finite non-negative float64 of shape (n_rows,)."""
    array = check_vector(values, n_rows, name)
    if any(array[rows].min() < 0 for rows in parts(array)):
        row = int(np.argmin(array))
        raise ValueError(
            f"{name} must not be negative, got {array[row]} at position {row}."
        )
    return array


def check_weights(
    values: Any, n_rows: int, name: str = "sample_weight"
) -> Floats | None:
    """Return weights as float64 of shape (n_rows,); None stays None.

    A single number is the weight of every row.
    """
    if values is None:
        return None
    values = as_array(values, name)
    if values.ndim == 0:
        values = np.full(n_rows, values)
    weights = check_nonnegative(values, n_rows, name)
    if n_rows and not largest(weights):
        raise ValueError(
            f"{name} is zero for every row, so no row counts; all weights are zero. "
            "Give at least one row a positive weight."
        )
    with np.errstate(over="ignore"):
        sum_of_weights = total(weights)
    if not isfinite(sum_of_weights):
        raise ValueError(
            f"{name} is too large: its sum overflows (largest value "
            f"{weights.max():g}). Divide the weights by a constant."
        )
    # A copy, so that later changes of the user's array do not reach a fitted selector.
    shared = np.shares_memory(weights, values)
    return by_parts(lambda part: part, weights) if shared else weights


def check_target(y: Any, n_rows: int, name: str = "y", of: str = "X") -> Array | None:
    """Return `y` as an array of one or several values per row; None stays None."""
    if y is None:
        return None
    array = as_array(y, name)
    if array.ndim == 0 or array.ndim > 2:
        raise ValueError(
            f"{name} should be a 1d array (or 2d, one row per sample), got an array of "
            f"shape {array.shape} instead."
        )
    if len(array) != n_rows:
        raise ValueError(
            f"Found input variables with inconsistent numbers of samples: {name} has "
            f"{len(array)} values for {n_rows} rows of {of}."
        )
    if array.dtype.kind == "c":
        raise ValueError(f"{name}: Complex data not supported; got {array.dtype}.")
    if array.dtype.kind in "mM" and np.isnat(array).any():
        raise ValueError(
            f"Input {name} contains {np.count_nonzero(np.isnat(array))} missing values "
            "(NaT). Remove these rows or impute them first."
        )
    if array.dtype.kind == "f" and not _all_finite(array):
        kind = "NaN" if np.isnan(array).any() else "infinity"
        raise ValueError(
            f"Input {name} contains {kind} or a value too large for "
            f"dtype('{array.dtype}')."
        )
    if array.dtype.kind == "O" and (n_missing := _count_missing(array)):
        raise ValueError(
            f"Input {name} contains {n_missing} missing values (None or NaN). Remove "
            "these rows or impute them first."
        )
    return array


_shown: set[tuple[Any, ...]] = set()


def warn_user(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn at the line outside this package that led here.

    If the filters show a warning once per line, it is shown once per process. Python
    itself would show it again whenever filters change, as they do in every fit inside a
    search of scikit-learn.
    """
    # `stacklevel` counts frames; how many of them are ours differs between callers.
    level = 1
    frame: FrameType | None = sys._getframe()
    while frame and frame.f_globals.get("__name__", "").startswith("coreselect."):
        level, frame = level + 1, frame.f_back
    if frame is not None:
        line, module = frame.f_lineno, frame.f_globals.get("__name__", "")
        if _action(message, category, module, line) in ("default", "module", "once"):
            place = message, category, frame.f_code.co_filename, line
            if place in _shown:
                return
            _shown.add(place)
    warnings.warn(message, category, stacklevel=level)


def _action(message: str, category: type[Warning], module: str, line: int) -> str:
    """Return the action of the first filter that matches a warning."""
    for action, text, kind, where, number in warnings.filters:
        if (
            issubclass(category, kind)
            and number in (0, line)
            and (text is None or re.match(text, message))
            and (where is None or re.match(where, module))
        ):
            return action
    return "default"
