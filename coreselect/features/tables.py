"""`TableFeatures`: the columns of an ordinary table as numbers.

Columns are split into numbers and text by `coreselect.features.columns`; the rest is
done by scikit-learn's `SimpleImputer`, `StandardScaler` and `OneHotEncoder`.
"""

from __future__ import annotations

import datetime
import logging
import re
from collections import Counter
from itertools import islice
from math import ceil
from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils.validation import check_is_fitted, validate_data

from coreselect._typing import Array, Checks, Column, Floats, RowsLike
from coreselect._validation import Integer, Real, as_written
from coreselect.features.columns import as_kind, table_columns, texts
from coreselect.features.report import ColumnReport, TableReport
from coreselect.rows.columns import listed
from coreselect.rows.frames import as_frame

logger = logging.getLogger("coreselect.features")

_PARAMETER_CHECKS: Checks = {
    "max_categories": Integer(2),
    "min_frequency": Real(0, 0.5),
}

_CONSTANT = "every value is the same"
_BINARY = ("boolean", "missing or not")
_MOST_ONE_HOT = 1000  # wide tables of text get fewer categories per column
_DISTINCT = 0.9  # a text column with this share of distinct values identifies rows
_COVERED = 0.1  # frequent values must make up this share of a text column
_FARTHEST = 1e100  # squares of the results stay finite
_READERS = {
    "numbers": lambda text: float(text.replace(",", ".")),
    "dates": datetime.datetime.fromisoformat,
    "times of day": datetime.time.fromisoformat,
}
# Names under which distinct whole numbers only number the rows.
_ROW_NUMBERS = re.compile(
    r"|unnamed.*|index|__index_level_\d+__|id|row|(row|record|line)[ _.-]?"
    r"(id|no|nr|num|number|index)|.+[ _.-](id|key)|(?-i:.*[a-z]I[dD])",
    re.IGNORECASE,
)


class TableFeatures(TransformerMixin, BaseEstimator):
    """Turn the columns of any table into numbers.

    For selectors and other methods that need numbers, where a table has text,
    categories, dates or missing values. Selectors use it for ``features="auto"``.

    - Numbers are standardised. Missing and infinite values become the median, and a
      further 0/1 column says where they were.
    - Dates count as seconds since 1970, times of day and durations as seconds; they are
      then treated as numbers.
    - Booleans become 0 and 1.
    - Text and categories become one 0/1 column per value. Rare values share a column,
      and a missing value counts as a value of its own.
    - Left out: constants, columns without values, nested values (lists, dicts), text
      that differs in nearly every row or has hardly any frequent value, and row
      numbers: distinct whole numbers in a column with a name such as ``id``,
      ``user_id`` or ``index``. A log record of level INFO names them. If nothing else
      is there, constants stay.

    Parameters
    ----------
    max_categories : int, default=20
        Most columns for one text column, with the column of rare values. If there are
        many text columns, each gets fewer, at least 2: altogether at most 1,000, or 2
        each.
    min_frequency : float, default=0.01
        A value is rare if it has a smaller share of the rows than this, or occurs only
        once.

    Attributes
    ----------
    report_ : TableReport
        What became of each column: a tuple of ``(column, became, n_columns, why)``.
    n_features_in_ : int
        Number of columns seen in `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, if all are strings.

    See Also
    --------
    sklearn.compose.ColumnTransformer : To choose a transformer for each column.

    Notes
    -----
    The kind of each column is decided in `fit`: later rows may hold integers where
    there were floats, new categories (they count as rare ones, or as none), and missing
    values where there were none. Results are finite for any finite input.

    Examples
    --------
    >>> import pandas as pd
    >>> from coreselect.features import TableFeatures
    >>> table = pd.DataFrame(
    ...     {
    ...         "id": ["r1", "r2", "r3", "r4"],
    ...         "carat": [0.2, 0.6, None, 0.8],
    ...         "cut": ["Good", "Ideal", "Ideal", "Good"],
    ...     }
    ... )
    >>> features = TableFeatures()
    >>> features.fit_transform(table).round(2)
    array([[-1.61,  0.  ,  1.  ,  0.  ],
           [ 0.23,  0.  ,  0.  ,  1.  ],
           [ 0.23,  1.  ,  0.  ,  1.  ],
           [ 1.15,  0.  ,  1.  ,  0.  ]])
    >>> features.report_
    1 number (1 with missing values): carat
    cut: one-hot (2 columns)
    id: left out (every value differs)
    >>> print(*features.get_feature_names_out())
    carat missingindicator_carat cut_Good cut_Ideal
    """

    def __init__(self, max_categories: int = 20, min_frequency: float = 0.01) -> None:
        self.max_categories = max_categories
        self.min_frequency = min_frequency

    def fit(self, X: RowsLike, y: Column = None) -> Self:
        """Decide what becomes of each column.

        Parameters
        ----------
        X : {array-like, data frame} of shape (n_rows, n_features)
            A NumPy array, or a pandas, polars or pyarrow table, of any content.
        y : None
            Ignored.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If every column is left out; the error says why.
        """
        for name, check in _PARAMETER_CHECKS.items():
            check(name, getattr(self, name))
        X = as_frame(X)
        names, column_of = table_columns(X)
        validate_data(self, X, reset=True, skip_check_array=True)
        columns = [column_of(place) for place in range(len(names))]
        n_rows = len(columns[0].values)
        rare = max(2, ceil(as_written(self.min_frequency) * n_rows))
        decided = [
            _decide(name, column, rare, self.max_categories)
            for name, column in zip(names, columns, strict=True)
        ]
        if all(became == "left out" for became, _ in decided):
            decided = _keep_constants(names, columns, decided)
        self._kinds = {
            place: (names[place], columns[place].kind, became)
            for place, (became, _) in enumerate(decided)
            if became != "left out"
        }
        self._fit_numbers(kept := self._kept(columns.__getitem__))
        self._fit_words(kept, rare)
        self.report_ = self._report(names, decided)
        if left_out := self.report_.left_out():
            reasons = listed([f"{name!r} ({why})" for name, why in left_out.items()])
            count = len(left_out), len(names)
            logger.info(
                "TableFeatures leaves out %d of %d columns: %s", *count, reasons
            )
        return self

    def transform(self, X: RowsLike) -> Floats:
        """Turn rows into numbers.

        Parameters
        ----------
        X : {array-like, data frame} of shape (n_rows, n_features)
            A table with the columns of `fit`.

        Returns
        -------
        ndarray of float64 of shape (n_rows, n_columns)
            Always finite. First the numbers, then 0/1 columns: booleans, indicators of
            missing values, and categories.

        Raises
        ------
        ValueError
            If columns are not those of `fit`, or hold values of another kind; the error
            names them.
        """
        check_is_fitted(self)
        X = as_frame(X)
        _, column_of = table_columns(X)
        validate_data(self, X, reset=False, skip_check_array=True)
        kept = self._kept(column_of)
        parts = []
        if self._scaled or self._binary:
            filled = self._imputer.transform(self._numbers(kept))
            if n_scaled := len(self._scaled):
                filled[:, :n_scaled] = self._scaler.transform(filled[:, :n_scaled])
            parts.append(np.clip(filled, -_FARTHEST, _FARTHEST))
        if self._words:
            words = np.column_stack([kept[place] for place in self._words])
            parts.append(self._encoder.transform(words))
        return np.hstack(parts)

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> Array:
        """Return the names of the columns that `transform` returns.

        Parameters
        ----------
        input_features : array-like of str, optional
            Names of the columns of X; by default those of `fit`, or ``x0``, ``x1``, ...

        Returns
        -------
        ndarray of str objects
        """
        check_is_fitted(self)
        names = self._input_names(input_features)
        made = [names[place] for place in [*self._scaled, *self._binary]]
        made += [f"missingindicator_{names[place]}" for place in self._indicated]
        if self._words:
            words = names[self._words]
            made += self._encoder.get_feature_names_out(words).tolist()
        return np.array(made, dtype=object)

    def _input_names(self, given):
        names = getattr(self, "feature_names_in_", None)
        if given is None:
            if names is not None:
                return names
            return np.array([f"x{i}" for i in range(self.n_features_in_)], dtype=object)
        given = np.asarray(given, dtype=object)
        if len(given) != self.n_features_in_:
            raise ValueError(
                "input_features should have length equal to number of features "
                f"({self.n_features_in_}), got {len(given)}."
            )
        if names is not None and not np.array_equal(given, names):
            raise ValueError("input_features is not equal to feature_names_in_.")
        return given

    def _kept(self, column_of):
        """Return the values of every kept column by its place."""
        kept = {}
        for place, (name, kind, became) in self._kinds.items():
            values = as_kind(column_of(place), kind, name)
            if became == "missing or not":
                values = np.isnan(values).astype(np.float64)
            kept[place] = texts(values) if kind == "text" else values
        return kept

    def _fit_numbers(self, kept):
        became = {p: b for p, (_, kind, b) in self._kinds.items() if kind != "text"}
        self._binary = [p for p, b in became.items() if b in _BINARY]
        self._scaled = [p for p, b in became.items() if b not in _BINARY]
        self._indicated = []
        if not became:
            return
        # Divided by a power of two near the largest value, no square overflows. Less
        # the median, dates seconds apart do not look equal beside the year 1970.
        largest = [np.nanmax(np.abs(kept[place])) for place in self._scaled]
        self._exponents = np.frexp(largest)[1]
        self._centers = np.zeros(len(largest))
        self._centers = np.nanmedian(self._numbers(kept), axis=0)[: len(largest)]
        self._imputer = SimpleImputer(strategy="median", add_indicator=True)
        filled = self._imputer.fit_transform(self._numbers(kept))
        self._scaler = StandardScaler()
        if largest:
            self._scaler.fit(filled[:, : len(largest)])
        places = self._scaled + self._binary
        self._indicated = [places[i] for i in self._imputer.indicator_.features_]

    def _numbers(self, kept):
        """Return numbers, near one and centred, and beside them the 0/1 columns."""
        columns = [kept[place] for place in self._scaled + self._binary]
        numbers = np.column_stack(columns)
        scaled = numbers[:, : len(self._scaled)]
        with np.errstate(over="ignore"):
            scaled[:] = np.ldexp(scaled, -self._exponents) - self._centers
        return np.clip(numbers, -_FARTHEST, _FARTHEST)

    def _fit_words(self, kept, rare):
        self._words = [p for p, (_, kind, _) in self._kinds.items() if kind == "text"]
        if not self._words:
            return
        most = min(self.max_categories, max(2, _MOST_ONE_HOT // len(self._words)))
        self._encoder = OneHotEncoder(
            max_categories=most,
            min_frequency=rare,
            handle_unknown="infrequent_if_exist",
            sparse_output=False,
        )
        self._encoder.fit(np.column_stack([kept[place] for place in self._words]))

    def _report(self, names, decided):
        widths = Counter([*self._scaled, *self._binary, *self._indicated])
        if self._words:
            # Asking the encoder for names is how it says the number of its columns.
            marks = [f"{place}/" for place in self._words]
            made = self._encoder.get_feature_names_out(marks)
            widths.update(int(name.partition("/")[0]) for name in made)
        return TableReport(
            ColumnReport(name, became, widths[place], why)
            for place, (name, (became, why)) in enumerate(
                zip(names, decided, strict=True)
            )
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        return tags


def _decide(name, column, rare, max_categories):
    """Return what becomes of a column, and why if it is left out."""
    if column.kind == "missing":
        return "left out", "no values"
    if column.kind == "nested":
        return "left out", "nested values"
    if column.kind == "text":
        return _decide_text(texts(column.values), rare, max_categories)
    known = column.values[~np.isnan(column.values)]
    if known.min() == known.max():
        if len(known) < len(column.values):
            return "missing or not", ""
        return "left out", _CONSTANT
    if column.kind == "number" and _numbers_rows(name, known):
        return "left out", "row numbers"
    return column.kind, ""


def _decide_text(values, rare, max_categories):
    counts = Counter(values.tolist())
    n_missing = counts.pop(None, 0)
    n_known = len(values) - n_missing
    if len(counts) == 1 and not n_missing:
        return "left out", _CONSTANT
    differ = len(counts) >= _DISTINCT * n_known
    frequent = [n for _, n in counts.most_common(max_categories - 1) if n >= rare]
    if not differ and sum(frequent) >= _COVERED * n_known:
        return "one-hot", ""
    if kind := _stored_as_text(list(islice(counts, 100))):
        return "left out", f"{kind} stored as text: convert them"
    if not differ:
        return "left out", "hardly any value is frequent"
    nearly = "" if len(counts) == n_known else "nearly "
    return "left out", f"{nearly}every value differs"


def _stored_as_text(texts):
    """Return what texts can be read as, or None."""
    for kind, read in _READERS.items():
        try:
            for text in texts:
                read(text)
        except ValueError:
            continue
        return kind
    return None


def _numbers_rows(name, known):
    if not (isinstance(name, str) and _ROW_NUMBERS.fullmatch(name.strip())):
        return False
    return not np.any(known % 1) and len(np.unique(known)) == len(known)


def _keep_constants(names, columns, decided):
    """Keep constants, because there is nothing else; raise if there are none."""
    kept = [
        ("one-hot" if column.kind == "text" else column.kind, "")
        if why == _CONSTANT
        else (became, why)
        for column, (became, why) in zip(columns, decided, strict=True)
    ]
    if kept == decided:
        reasons = [f"{n!r} ({why})" for n, (_, why) in zip(names, decided, strict=True)]
        raise ValueError(
            f"X has no column that says anything about its rows: {listed(reasons)}. "
            "Encode those that count first, or use a method that reads no feature, "
            "such as UniformSelector."
        )
    return kept
