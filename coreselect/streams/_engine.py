"""What is behind `partial_fit`: batches go in, a selection of all rows comes out."""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from coreselect._random import NODES, draw_seed, stream
from coreselect._threads import threads_for
from coreselect._typing import Array, Column, Floats, Integers, RowsLike, Seed
from coreselect._validation import (
    check_nonnegative,
    check_size_type,
    is_number,
)
from coreselect.base import see
from coreselect.rows import Rows
from coreselect.rows import open as open_rows
from coreselect.rows.frames import is_frame, select_columns
from coreselect.rows.take import check_indices
from coreselect.sampling import draw
from coreselect.selection import Record, Selection, recorded
from coreselect.streams._held import (
    Held,
    check_joinable,
    content_of,
    joined,
    like_before,
    plain,
)
from coreselect.streams._nodes import Counter, State

LEAF = 8192  # least number of rows of a leaf
_ROOM = 8  # rows of a leaf for each row to select, at least
_SHARE = 4  # of a window; no node is longer than one part
_VALUES = 2**22  # of a batch, read at a time


class Coreset(NamedTuple):
    """The selected rows of a stream, themselves.

    Parameters
    ----------
    X : ndarray, sparse matrix or data frame of shape (n_selected, n_features)
        In the kind of container that the batches had. Columns of a frame that were
        named as targets or weights are left out.
    y : ndarray of shape (n_selected,) or (n_selected, n_outputs), or None
    weights : ndarray of float64 of shape (n_selected,)
        What each row stands for.
    indices : ndarray of int64 of shape (n_selected,)
        Positions of the rows in the stream: ascending, or best first if the selector
        ranks rows.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect import UniformSelector
    >>> selector = UniformSelector(2, random_state=0).partial_fit(np.eye(6))
    >>> X, y, weights, indices = selector.coreset_
    >>> X.shape, weights
    ((2, 6), array([3., 3.]))
    """

    X: Any
    y: Array | Any  # None if there are no targets
    weights: Floats
    indices: Integers


class Columns(NamedTuple):
    """What the first batch fixes for all others."""

    n_features: int
    feature_names: Sequence[str] | None
    features: Sequence[Any] | None  # those columns of a frame that are features
    first: Held  # no row, but the types of all values


class Engine:
    """The rows that a stream holds, and the selector that draws them.

    Parameters
    ----------
    selector : BaseSelector with `partial_fit`
        A clone that only this engine has.
    window : int or None
    """

    columns: Columns | Any  # None before the first batch
    # Parameters that streams may differ in, or that `merge` compares by itself.
    compared_apart: tuple[str, ...] = ("random_state",)

    def __init__(self, selector, window, seed):
        self.selector, self.window, self.seed = selector, window, seed
        self.state = State()
        self.columns = None
        self.weighted = False
        self._drawn = None

    def __getstate__(self):
        return vars(self) | {"_drawn": None}

    @property
    def size(self) -> int:
        return self.selector.n_select

    @property
    def counter(self) -> Counter:
        """The leaves and nodes of this stream."""
        leaf, most = max(LEAF, _ROOM * self.size), None
        if self.window is not None:
            most = max(1, self.window // _SHARE)
            leaf = min(leaf, most)
        return Counter(leaf, most, self._reduce)

    def _reads_features(self):
        return self.selector._selector_tags().reads_features

    def _seen(self, rows):
        """Return rows as the method sees them."""
        reads = self._reads_features()
        return see(rows, self.selector.features, self.seed, reads_features=reads)[0]

    # --- changes ---

    def add(self, X: RowsLike, y: Column, sample_weight: Column, **more: Any) -> None:
        """Take the rows of a batch, and what else the method was given."""
        rows = self._open(X, y, sample_weight)
        self._check_like_before(rows)
        rows = self._checked(rows, **more)
        counter, state = self.counter, self.state
        step = max(counter.leaf, _VALUES // rows.n_features)
        chosen = rows.columns if isinstance(X, Rows) else None
        # A batch may be a file that is larger than memory.
        for start in range(0, rows.n_rows, step):
            stop = min(rows.n_rows, start + step)
            held = self._held(rows, start, stop, chosen)
            held = held.only(held.weight > 0).shifted(state.n_seen - start)
            state = counter.append(state, held, stop - start)
        self.weighted |= rows.weight is not None
        self._set(state)

    def _checked(self, rows):
        """Check the rows of a batch; return those that count, by their weights."""
        self._seen(rows).check_finite()
        return rows

    def _open(self, X, y, sample_weight):
        """Open a batch; unlike in `fit`, all of its weights may be 0."""
        single = sample_weight is None or is_number(sample_weight)
        per_row = {} if single else {"sample_weight": sample_weight}
        rows = self.selector._open(X, y, roles=("y", "weight"), per_row=per_row)
        if sample_weight is not None:
            given = rows.per_row.pop("sample_weight", sample_weight)
            given = np.full(rows.n_rows, given) if single else given
            rows.weight = check_nonnegative(given, rows.n_rows, "sample_weight")
        return rows

    def _check_like_before(self, rows):
        columns = self.columns
        if columns is None:
            return
        _check_names(rows.feature_names, columns.feature_names)
        name = type(self.selector).__name__
        if rows.n_features != columns.n_features:
            raise ValueError(
                f"X has {rows.n_features} features, but {name} is expecting "
                f"{columns.n_features} features as input."
            )
        _check_targets(rows.y, columns.first.y, "the first batch")

    def _held(self, rows, start, stop, chosen):
        places = np.arange(start, stop)
        X = plain(rows.take(places), rows.named)
        if chosen is not None and is_frame(X):
            X = select_columns(X, list(chosen))
        if self.columns is not None:
            X = like_before(X, self.columns.first.X)
        # Copies: users may fill the same arrays with the next batch.
        y = None if rows.y is None else rows.y[places]
        held = Held(X, y, rows.each_weight()[places], places)
        if self.columns is None:
            names, n_features = rows.feature_names, rows.n_features
            none = held.take(np.arange(0))
            self.columns = Columns(n_features, names, rows.columns, none)
        return held

    def merge(self, other: Engine) -> None:
        """Take what another engine holds; its rows follow."""
        mine, theirs = self.columns, other.columns
        _check_names(theirs.feature_names, mine.feature_names, "other")
        if theirs.n_features != mine.n_features:
            raise ValueError(
                f"other has {theirs.n_features} features, but this stream has "
                f"{mine.n_features}; merge streams of the same columns."
            )
        _check_targets(theirs.first.y, mine.first.y, "this stream", "other")
        like_before(theirs.first.X, mine.first.X, "X of other")
        state = self.counter.followed(self.state, other.state)
        self.weighted |= other.weighted
        self._set(state)

    def drop(self, indices: Any) -> None:
        """Forget rows by their positions."""
        dropped = check_indices(indices, self.state.n_seen, of="the stream")
        self._set(self.state.only(lambda index: ~np.isin(index, dropped)))

    def _set(self, state):
        if self.window is not None:
            first = state.n_seen - self.window
            kept = tuple(node for node in state.nodes if node.stop > first)
            state = State(state.n_seen, kept, state.start, state.pieces)
        self.state, self._drawn = state, None

    # --- selections ---

    def selection(self, n_select: Any = None, random_state: Seed = None) -> Selection:
        """Return a selection of all rows, in their positions in the stream."""
        if n_select is None and random_state is None:
            return self._fitted()[2]
        if n_select is not None:
            check_rows(n_select)
            if n_select > self.size and self.state.nodes:
                raise ValueError(
                    f"n_select={n_select} is more than the {self.size} rows that this "
                    "stream holds enough rows for; set n_select before the first batch."
                )
        fitted, held, _ = self._fitted()
        made = fitted.select(n_select, random_state=random_state)
        return self._in_stream(made, held, made.record)

    def coreset(self) -> Coreset:
        """Return the selected rows themselves."""
        _, held, selection = self._fitted()
        rows = held.take(np.searchsorted(held.index, selection.indices))
        return Coreset(rows.X, rows.y, selection.weights, selection.indices)

    def _fitted(self):
        """Return the selector fitted to all held rows, these rows, the selection."""
        if self._drawn is None:
            state = self.state
            if self.window is not None:
                first = state.n_seen - self.window
                state = state.only(lambda index: index >= first)
            held = joined(state.holding())
            if not held.n_rows:
                raise ValueError(
                    f"none of the {state.n_seen} rows of the stream is left to select "
                    "from: rows of weight 0, dropped rows and rows before the window "
                    "do not count."
                )
            # As long as no leaf is full, this is the selection that `fit` makes.
            fitted = self._fit(self._opened(held), self.size, self.seed)
            record = Record.of(self.selector, self.weighted)
            made = self._in_stream(fitted.selection_, held, record)
            self._drawn = fitted, held, made
        return self._drawn

    def _in_stream(self, made, held, record):
        # Of rows that were drawn several times, no design is known.
        design = None if self.state.nodes else made.design
        rows, n_seen = held.index[made.indices], self.state.n_seen
        return recorded(Selection(rows, made.weights, n_seen, design=design), record)

    def _reduce(self, held, level, start):
        """Draw as many rows as a node holds."""
        size = max(1, 2 * self.size)
        if held.n_rows <= size:
            return held
        random = stream(self.seed, NODES, level, start)
        rows = self._opened(held)
        if self._reads_features() and not _any(self._seen(rows)):
            # Methods that score by length have nothing to go by, and raise errors; here
            # such rows come beside others.
            weight = held.weight
            drawn = draw(weight, size, base_weight=weight, random_state=random)
        else:
            drawn = self._fit(rows, size, draw_seed(random)).selection_
        found = held.take(drawn.indices)
        return Held(found.X, found.y, drawn.weights, found.index)

    def _opened(self, held):
        features = self.columns.features
        return open_rows(
            held.X,
            held.y,
            held.weight,
            columns=None if features is None else list(features),
            numeric=self._reads_features() and self.selector.features is None,
        )

    def _fit(self, rows, size, seed, **data):
        """Return a selector that made its selection from some rows."""
        selector = self.selector._for_part(size)
        rows, _ = selector._see(rows, None, None)
        # Parts are small and many, so a second thread would mostly wait for the next.
        with threads_for(rows, width=1):
            return selector._fit_seen(rows, seed, **data)

    # --- bytes ---

    def packed(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return a header and arrays of what else the engine holds."""
        return {}, {}

    def unpack(self, header: dict[str, Any], arrays: dict[str, Any]) -> None:
        """Take what `packed` returned."""


def check_rows(n_select: Any) -> None:
    """Raise unless `n_select` is a number of rows, for streams have no length yet."""
    if not isinstance(n_select, str) and n_select is not None:
        check_size_type(n_select)
        if is_number(n_select, numbers.Integral):
            return
    raise ValueError(
        f"n_select={n_select!r} is no number of rows; a stream has no length yet, so "
        "give n_select as an int."
    )


def _check_names(names, before, of="X"):
    """Raise, as scikit-learn does, if the names of columns differ."""
    if names is None or before is None or list(names) == list(before):
        return
    message = "The feature names should match those that were passed during fit.\n"
    unseen, missing = sorted({*names} - {*before}), sorted({*before} - {*names})
    for which, what in (
        (unseen, "Feature names unseen at fit time"),
        (missing, "Feature names seen at fit time, yet now missing"),
    ):
        if which:
            shown = [*which[:5], "..."] if len(which) > 5 else which
            message += f"{what}:\n" + "".join(f"- {name}\n" for name in shown)
    if not unseen and not missing:
        message += "Feature names must be in the same order as they were in fit.\n"
    raise ValueError(f"{of}: {message}" if of != "X" else message)


def _check_targets(y, before, where, whose=""):
    """Raise unless targets can be put below those of `where`."""
    name = f"y of {whose}" if whose else "y"
    if (y is None) != (before is None):
        here, there = ("is missing", "has y") if y is None else ("is given", "has none")
        raise ValueError(
            f"{name} {here}, but {where} {there}; pass y in every batch or in none."
        )
    if y is None:
        return
    if content_of(y) != content_of(before) or y.shape[1:] != before.shape[1:]:
        raise ValueError(
            f"{name} holds {content_of(y)} in rows of shape {y.shape[1:]}, but {where} "
            f"has {content_of(before)} in rows of shape {before.shape[1:]}; pass the "
            "same kind of y in every batch."
        )
    check_joinable(y, before, name)


def _any(rows):
    """Return whether a feature of some row is not zero."""

    def found(block):
        values = block.X.data if sparse.issparse(block.X) else block.X
        return bool(values[:1].any() or values.any())

    return rows.reduce(found, lambda a, b: a or b)
