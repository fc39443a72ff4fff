"""The verbs of streams, for selectors and for `Stream`."""

from __future__ import annotations

import json
from contextlib import contextmanager
from copy import copy
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.exceptions import NotFittedError

from coreselect._typing import Column, Floats, Integers, RowsLike
from coreselect.selection import Selection
from coreselect.streams._bytes import pack
from coreselect.streams._engine import Coreset, Engine


class _Made:
    """An attribute that is made from the rows of a stream when it is read."""

    # Python calls `__get__` only while the instance has no attribute of that name, as
    # it has after `fit`.

    def __init__(self, make):
        self._make = make

    def __set_name__(self, owner, name):
        self._name = name

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        engine = vars(instance).get("_stream")
        if engine is None:
            raise AttributeError(
                f"this {owner.__name__} has no attribute {self._name!r}; partial_fit "
                "sets it."
            )
        return self._make(engine)


class Verbs:
    """What a stream can do. Subclasses write ``_begin()``, which returns an engine."""

    _stream: Engine
    selection_: Selection
    sample_indices_: Integers
    sample_weight_: Floats
    coreset_: Coreset
    if not TYPE_CHECKING:  # checkers read the types above
        selection_ = _Made(lambda engine: engine.selection())
        sample_indices_ = _Made(lambda engine: engine.selection().indices)
        sample_weight_ = _Made(lambda engine: engine.selection().weights)
        coreset_ = _Made(lambda engine: engine.coreset())

    def _begin(self):
        """Return an engine that has seen no rows; each subclass writes its own."""
        raise NotImplementedError

    def partial_fit(
        self, X: RowsLike, y: Column = None, sample_weight: Column = None
    ) -> Self:
        """Take the next rows of a stream.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame, path} of shape (n_rows, n_features)
            Anything that `fit` takes, as one batch. All batches must have the same
            columns, in the same kind of container; types of numbers may differ.
        y : array-like of shape (n_rows,), str or None
            Targets, or the column that holds them: in every batch or in none.
        sample_weight : array-like of shape (n_rows,), str or None
            Non-negative weights, or the column that holds them; None means ones.

        Returns
        -------
        self
            With `selection_` and `coreset_`, which are made when they are read.

        Raises
        ------
        TypeError, ValueError
            If the batch does not match earlier ones, or parameters changed since the
            first one; the stream then stays as it was.

        Notes
        -----
        How the rows are cut into batches changes nothing. At most ``leaf + 2 n_select
        (3 + log2(n_rows / leaf))`` rows are held, with ``leaf = max(8192, 8
        n_select)``.
        """
        return self._take(X, y, sample_weight)

    def _take(self, *batch, **more):
        engine = vars(self).get("_stream")
        if engine is None:
            engine = self._begin()
            engine.add(*batch, **more)
            self._take_over(engine)
        else:
            with self._changed("partial_fit") as engine:
                engine.add(*batch, **more)
        return self

    def _take_over(self, engine):
        """Keep a stream, in place of what was fitted."""
        columns = engine.columns
        self.n_features_in_ = columns.n_features
        if columns.feature_names is not None:
            self.feature_names_in_ = np.asarray(columns.feature_names, dtype=object)
        self._stream = engine

    def _engine(self, verb):
        engine = vars(self).get("_stream")
        if engine is None:
            raise NotFittedError(
                f"this {type(self).__name__} holds no stream; call partial_fit before "
                f"{verb}."
            )
        return engine

    @contextmanager
    def _changed(self, verb):
        """Yield a copy of the engine, which is kept if no error comes."""
        # So copies of a selector go on by themselves, and errors change nothing.
        engine = copy(self._engine(verb))
        yield engine
        self._stream = engine

    def merge(self, other: Self) -> Self:
        """Let the rows of another stream follow those of this one.

        Parameters
        ----------
        other : object of the same class
            With the same parameters but `random_state`, which should differ. It stays
            as it is.

        Returns
        -------
        self
            Positions go on counting: row i of `other` is now row ``n + i``, if this
            stream had n rows.

        Raises
        ------
        TypeError, ValueError
            If the classes, the parameters or the columns differ.
        """
        mine = self._engine("merge")
        if type(other) is not type(self):
            raise TypeError(
                f"other must be a {type(self).__name__} with a stream, got {other!r}."
            )
        theirs = other._engine("merge")
        if type(theirs.selector) is not type(mine.selector):
            raise TypeError(
                f"other is a stream of {type(theirs.selector).__name__}, but this one "
                f"is of {type(mine.selector).__name__}; merge streams of one class."
            )
        a, b = _parameters(mine), _parameters(theirs)
        for name in a:
            if a[name] != b[name]:
                raise ValueError(
                    f"other has {name}={b[name]!r}, but this stream has "
                    f"{name}={a[name]!r}; merge streams with the same parameters."
                )
        with self._changed("merge") as engine:
            engine.merge(theirs)
        return self

    def drop(self, indices: Any) -> Self:
        """Forget rows, such as those that someone wants to have deleted.

        Parameters
        ----------
        indices : array-like of int of shape (n_dropped,)
            Positions in the stream. Rows that are not held any more may be named, too.

        Returns
        -------
        self
            Weights of the other rows stay as they are. So if the weights of the method
            are unbiased, sums over the other rows are.

        Raises
        ------
        IndexError, TypeError, ValueError
            If these are not positions of the stream.
        """
        with self._changed("drop") as engine:
            engine.drop(indices)
        return self

    def to_bytes(self) -> bytes:
        """Return the stream as bytes, without pickles.

        Returns
        -------
        bytes
            For ``from_bytes`` of the same class, in this or a later version.

        Raises
        ------
        TypeError
            If X, y or a parameter holds objects other than numbers and text.
        ImportError
            If batches are data frames, and pyarrow is missing.
        """
        engine = self._engine("to_bytes")
        params = engine.selector.get_params(deep=False)
        apart = {*engine.compared_apart} - {"random_state"}
        params = {
            name: _plain(name, value)
            for name, value in params.items()
            if name not in apart
        }
        return pack(engine, type(engine.selector).__name__, params)


def _parameters(engine):
    """Return what two streams must have in common to be merged."""
    params = engine.selector.get_params(deep=False) | {"window": engine.window}
    for name in engine.compared_apart:
        del params[name]
    if params["features"] is not None:
        params["features"] = list(params["features"])
    return params


def _plain(name, value):
    """Return a parameter as types that JSON has."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    try:
        json.dumps(value)
    except TypeError:
        raise TypeError(
            f"{name}={value!r} cannot be kept in bytes; use numbers and text."
        ) from None
    return value
