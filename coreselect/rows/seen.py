"""Rows as a method sees them: no columns, some columns, or what a transformer makes.

Each function here takes `Rows` and returns a view of the same rows. Blocks of the view
hold what is seen; `Rows.take` still gives the rows as they are.
"""

from importlib.util import find_spec
from numbers import Integral

import numpy as np
from scipy import sparse

from coreselect._numbers import to_dense
from coreselect._validation import is_number
from coreselect.rows._blocks import cut, default_block_rows
from coreselect.rows.arrays import ArrayHolder
from coreselect.rows.columns import is_arrow, require_column
from coreselect.rows.frames import is_frame, numbers_of
from coreselect.rows.sizes import bytes_of
from coreselect.rows.take import as_table

_KEPT_BYTES = 2**25  # as much as one block of rows


def see_nothing(rows):
    """Return a view whose blocks have no columns, for methods that read no feature."""
    return rows.seen(_Unseen)


def see_columns(rows, columns):
    """Return a view of some columns, which must be numbers.

    Parameters
    ----------
    rows : Rows
    columns : list
        Names of columns, or their numbers.
    """
    chosen = named_columns(columns, rows.columns, rows.n_features, rows.name)
    if rows.columns is None:
        return rows.seen(lambda raw: SeenHolder(raw, _Picker(chosen), rows.name))
    return rows.seen(lambda raw: raw.again(numeric=True, columns=chosen))


def named_columns(columns, names, n_features, of="X"):
    """Return the names of columns that are given by their names or numbers.

    `names` are those of all columns; None if these have none. Then their numbers are
    returned. A column that is named twice counts once, as in `rows.open`.
    """
    names = list(range(n_features)) if names is None else names
    found = []
    for column in columns:
        if column not in names and is_number(column, Integral):
            column = names[column] if 0 <= column < len(names) else column
        require_column(column, names, "features", of)
        found.append(column)
    return list(dict.fromkeys(found))


def see_through(rows, transformer, *, note=""):
    """Return a view of what a fitted transformer makes of the columns.

    Parameters
    ----------
    rows : Rows
        Opened with ``numeric=False``.
    transformer : fitted scikit-learn transformer
        It is given blocks of rows: arrays and frames as they are, tables of pyarrow
        and of files as frames of pandas, where pandas is installed.
    note : str
        What else errors say of it.

    Returns
    -------
    Rows
    """
    name = f"{rows.name} seen through features={type(transformer).__name__}{note}"
    view = rows.seen(lambda raw: SeenHolder(raw, transformer, name))
    view.name = name
    return view


def for_transformer(block):
    """Return a block of rows in a container that transformers of scikit-learn take.

    What is done to it in place, as by ``StandardScaler(copy=False)``, does not reach
    the rows of the user.
    """
    if sparse.issparse(block) or hasattr(block, "iloc"):
        return block.copy()
    if isinstance(block, np.ndarray):
        block = block.view()
        block.flags.writeable = False  # scikit-learn then copies
        return block
    if not is_arrow(block) or find_spec("pandas") is None:
        return block
    # The index of a frame that was written to a file is a column here.
    return block.to_pandas(date_as_object=False, ignore_metadata=True)


class _Picker:
    """Makes columns of an array, by number."""

    def __init__(self, columns):
        self._columns = columns

    def transform(self, X):
        X = X[:, np.newaxis] if X.ndim == 1 else X
        return X[:, self._columns]


class _Unseen:
    """The holder of rows without columns."""

    numeric = is_sparse = integral = False
    n_features = 0
    dtype = columns = feature_names = None

    def __init__(self, raw):
        self._raw, self.n_rows = raw, raw.n_rows
        self.take, self.column = raw.take, raw.column

    def again(self, *, numeric):
        return self._raw if not numeric else self._raw.again(numeric=True)

    def blocks(self, bounds):
        for start, stop in bounds:
            yield np.empty((stop - start, 0))

    def gather(self, indices):
        return np.empty((len(indices), 0))


class SeenHolder:
    """Rows of what a transformer makes of the rows of another holder, block by block.

    What takes no more memory than a block is kept; otherwise each pass transforms anew.
    """

    numeric = True
    columns = None
    advice = (
        "Let the transformer fill them in, for example with "
        "sklearn.impute.SimpleImputer as the first step of a Pipeline."
    )

    def __init__(self, raw, transformer, name):
        self._raw, self._transformer, self._name = raw, transformer, name
        self.n_rows, self.in_file = raw.n_rows, getattr(raw, "in_file", False)
        self.take, self.column = raw.take, raw.column
        self.may_change = getattr(raw, "may_change", False)
        self.edges = getattr(raw, "edges", None)
        self.bytes_at_once = getattr(raw, "bytes_at_once", 0)
        self.where = getattr(raw, "where", None)
        self._kept = None
        # The first row tells the width and the type of all.
        self.is_sparse = self.n_features = self.dtype = None
        first = self._made(raw.gather(np.zeros(1, dtype=np.int64)))
        self.is_sparse, self.dtype = sparse.issparse(first), first.dtype
        self.n_features = first.shape[1]
        self.integral = False
        self.feature_names = self._names()

    def _names(self):
        try:
            names = list(map(str, self._transformer.get_feature_names_out()))
        except (AttributeError, TypeError, ValueError):  # it cannot tell
            return None
        return names if len(names) == self.n_features else None

    def again(self, *, numeric):
        return self if numeric else self._raw

    def __getstate__(self):
        return vars(self) | {"_kept": None}

    def gather(self, indices):
        if self._kept is not None:
            return self._kept[indices]
        if not len(indices):  # most transformers refuse a table without rows
            return self.gather(np.zeros(1, dtype=np.int64))[:0]
        return self._made(self._raw.gather(indices))

    def blocks(self, bounds):
        if self._kept is not None:
            for start, stop in bounds:
                yield self._kept[start:stop]
            return
        parts, n_rows, size = [], 0, 0
        for part in self._parts(bounds):
            n_rows, size = n_rows + part.shape[0], size + bytes_of(part)
            if size <= _KEPT_BYTES:
                parts.append(part)
            else:
                parts.clear()
            yield part
        if n_rows == self.n_rows and size <= _KEPT_BYTES:
            self._kept = _joined(parts)

    def _parts(self, bounds):
        """Yield the blocks; raw rows that are wider are read in smaller parts."""
        most = default_block_rows(self._raw.n_features)
        pieces = [
            [(start + a, start + b) for a, b in cut(stop - start, most)]
            for start, stop in bounds
        ]
        raw = self._raw.blocks([bound for piece in pieces for bound in piece])
        for piece in pieces:
            yield _joined([self._made(next(raw)) for _ in piece])

    def _made(self, block):
        """Return what the transformer makes of a block, as an array or CSR."""
        n_rows = block.shape[0]
        try:
            made = self._transformer.transform(for_transformer(block))
        except (TypeError, ValueError) as error:
            kind = TypeError if isinstance(error, TypeError) else ValueError
            raise kind(f"{self._name}: {error}") from error
        if isinstance(made, (list, tuple)):
            made = as_table(made)
        if getattr(made, "shape", (n_rows,))[0] != n_rows:
            raise ValueError(
                f"{self._name} has {made.shape[0]} rows for {n_rows} rows of the data; "
                "a transformer must make one row of each."
            )
        if is_frame(made, self._name):
            X = numbers_of(made, self._name)
        else:
            (X,) = ArrayHolder(made, self._name).blocks([(0, n_rows)])
        if self.n_features not in (None, X.shape[1]):
            raise ValueError(
                f"{self._name} has {self.n_features} columns for the first row, but "
                f"{X.shape[1]} for others; a transformer must make the same of each."
            )
        if self.is_sparse is not None and sparse.issparse(X) != self.is_sparse:
            X = sparse.csr_array(X) if self.is_sparse else to_dense(X)
        return X if self.dtype is None else X.astype(self.dtype, copy=False)


def _joined(parts):
    if len(parts) == 1:
        return parts[0]
    if sparse.issparse(parts[0]):
        return sparse.csr_array(sparse.vstack(parts, format="csr"))
    return np.concatenate(parts)
