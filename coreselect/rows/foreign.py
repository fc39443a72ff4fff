"""Rows of sources that others write: any object that meets the protocol `Holder`."""

from collections.abc import Iterable, Iterator
from typing import Any, Protocol, runtime_checkable

import numpy as np
from scipy import sparse

from coreselect._typing import Array, Integers
from coreselect._validation import Integer
from coreselect.rows.arrays import block_dtype
from coreselect.rows.columns import choose_columns, require_shape
from coreselect.rows.matrices import check_sparse


@runtime_checkable
class Holder(Protocol):
    """What a source of rows offers so that `coreselect.rows.open` can read it.

    No class needs to inherit from this one: an object with these attributes and methods
    is enough. Every selector takes it in place of an array, and selects the same rows
    as from the array of all its rows.

    Attributes
    ----------
    n_rows : int
        Number of rows; it must not change.
    n_features : int
        Number of columns that blocks have.
    feature_names : list of str or None
        Their names, or None if they have none.
    dtype : numpy dtype
        The dtype of blocks: float32, float64, or integers, which become float64. Blocks
        of another dtype are refused.
    is_sparse : bool
        Whether blocks are CSR matrices and not arrays.

    Notes
    -----
    Each pass of a method calls `blocks` once, with bounds that depend on nothing but
    the number of rows and columns. Rows are asked for by number with `gather`, and
    given to the user by `take`. What a block holds is checked: its shape, its kind, and
    whether all numbers are finite.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect import UniformSelector
    >>> class Squares:
    ...     '''The squares of the numbers from 0 to n - 1, which are never stored.'''
    ...
    ...     n_features, feature_names = 1, ["square"]
    ...     dtype, is_sparse = np.dtype(float), False
    ...
    ...     def __init__(self, n_rows):
    ...         self.n_rows = n_rows
    ...
    ...     def blocks(self, bounds):
    ...         return (self.gather(np.arange(*bound)) for bound in bounds)
    ...
    ...     def gather(self, indices):
    ...         return indices[:, None] ** 2.0
    ...
    ...     def take(self, indices):
    ...         return self.gather(indices)
    ...
    ...     def column(self, name, argument):
    ...         raise ValueError(f"{argument}: there is no column {name!r}.")
    >>> squares = Squares(10**6)
    >>> UniformSelector(5, random_state=0).fit_select(squares).take(squares).shape
    (5, 1)
    """

    @property
    def n_rows(self) -> int: ...

    @property
    def n_features(self) -> int: ...

    @property
    def feature_names(self) -> list[str] | None: ...

    @property
    def dtype(self) -> Any: ...

    @property
    def is_sparse(self) -> bool: ...

    def blocks(self, bounds: Iterable[tuple[int, int]]) -> Iterator[Any]:
        """Yield the features of rows ``start`` to ``stop - 1`` for all pairs of bounds.

        Parameters
        ----------
        bounds : iterable of (int, int)
            Pairs (start, stop) that follow one another without gaps. The first may
            start at any row.

        Yields
        ------
        ndarray or CSR of shape (stop - start, n_features)
            The same numbers in every pass. It is not changed.
        """
        ...

    def gather(self, indices: Integers) -> Any:
        """Return the features of some rows, in the order of `indices`.

        Parameters
        ----------
        indices : ndarray of int64 of shape (n,)
            Row numbers in any order, maybe with repeats, or none.

        Returns
        -------
        ndarray or CSR of shape (n, n_features)
        """
        ...

    def take(self, indices: Integers) -> Any:
        """Return some rows with all that belongs to them, in a container of any kind.

        Parameters
        ----------
        indices : ndarray of int64 of shape (n,)
            Row numbers in any order, maybe with repeats, or none.

        Returns
        -------
        rows
            What `Selection.take` returns.
        """
        ...

    def column(self, name: str, argument: str) -> Array:
        """Return a column with one value per row, such as targets or weights.

        Parameters
        ----------
        name : str
            The name that the user gave, for example as ``y="price"``.
        argument : str
            The argument that named it, for error messages.

        Returns
        -------
        ndarray of shape (n_rows,)

        Raises
        ------
        ValueError
            If there is no such column.
        """
        ...


_PARTS = [name for name in vars(Holder) if not name.startswith("_")]


def refuse_part_of_holder(data, name):
    """Raise if data are meant as a `Holder`, but lack some of it."""
    missing = [part for part in _PARTS if not hasattr(data, part)]
    if missing and hasattr(data, "blocks") and hasattr(data, "gather"):
        raise TypeError(
            f"{name} is of type {type(data).__name__}, which has no "
            f"{', '.join(missing)}; coreselect.rows.Holder lists what a source of rows "
            "needs."
        )


def is_holder(data):
    """Return whether `data` meets the protocol `Holder`."""
    return isinstance(data, Holder) and not _is_delayed(data)


def _is_delayed(data):
    """Return whether `data` is a delayed object of Dask, which has any attribute."""
    return type(data).__module__ == "dask.delayed"


def refuse_delayed(data, name):
    """Raise if data are a delayed object of Dask."""
    if _is_delayed(data):
        raise TypeError(
            f"{name} is a delayed object of Dask, whose rows are not known. Make an "
            "array of it with dask.array.from_delayed, or load it with its method "
            "compute."
        )


class ForeignHolder:
    """Rows of a `Holder` of others, whose blocks are checked as they come."""

    in_file = may_change = True

    def __init__(
        self, source, columns=None, exclude=None, roles=None, name="X", *, numeric=True
    ):
        self._source, self._name, self.numeric = source, name, numeric
        self.n_rows, self._width = source.n_rows, source.n_features
        for argument in ("n_rows", "n_features"):
            Integer(0)(f"{name}.{argument}", getattr(source, argument))
        self._choose(source.feature_names, columns, exclude, roles)
        require_shape(self.n_rows, self.n_features, name)
        self.take, self.column = source.take, source.column
        self.edges = getattr(source, "edges", None)
        self.bytes_at_once = getattr(source, "bytes_at_once", 0)
        self.is_sparse = bool(source.is_sparse)
        given = np.dtype(source.dtype)
        if given.kind not in "biuf":
            raise TypeError(f"{name}.dtype must be one of numbers, got {given}.")
        self.integral = given.kind in "iu"
        self._given, self._dtype = given.newbyteorder("="), block_dtype(given)
        self.dtype = self._dtype if numeric else None

    def _choose(self, names, columns, exclude, roles):
        """Find the columns that are features, as places in the blocks."""
        self.columns = self.feature_names = self._at = None
        self._chosen = {"columns": columns, "exclude": exclude, "roles": roles}
        self.n_features = self._width
        if names is None:
            for argument, value in (("columns", columns), ("exclude", exclude)):
                if value is not None:
                    raise ValueError(
                        f"{argument}={value!r} names columns, but {self._name} has no "
                        "feature_names."
                    )
            return
        if len(names) != self._width:
            raise ValueError(
                f"{self._name} has {self._width} features, but {len(names)} "
                "feature_names."
            )
        names = list(names)
        # Targets and weights may come from elsewhere than the features.
        roles = {role: name for role, name in (roles or {}).items() if name in names}
        chosen = choose_columns(names, columns, exclude, roles, of=self._name)
        self.columns = self.feature_names = chosen
        self.n_features = len(chosen)
        if chosen != names:
            self._at = [names.index(name) for name in chosen]

    def again(self, *, numeric, columns=None):
        """Return the same rows, maybe with other columns as the features."""
        how = self._chosen if columns is None else self._chosen | {"columns": columns}
        return ForeignHolder(self._source, name=self._name, numeric=numeric, **how)

    def blocks(self, bounds):
        """Yield the blocks in order; raise where one is not what was asked for."""
        bounds = list(bounds)
        blocks = self._source.blocks(bounds)
        if not isinstance(blocks, Iterable):
            raise TypeError(
                f"{self._name}: blocks() must yield blocks, but returned {blocks!r}."
            )
        blocks = iter(blocks)
        for start, stop in bounds:
            block = next(blocks, None)
            if block is None:
                raise ValueError(
                    f"{self._name}: blocks() ended before the rows {start} to "
                    f"{stop - 1}."
                )
            yield self._checked(block, stop - start, "blocks()")
        if next(blocks, None) is not None:
            raise ValueError(
                f"{self._name}: blocks() gave more blocks than the {len(bounds)} pairs "
                "of bounds that it was asked for."
            )

    def gather(self, indices):
        return self._checked(self._source.gather(indices), len(indices), "gather()")

    def _checked(self, block, n_rows, method):
        """Return a block as an array or canonical CSR of the dtype of these rows."""
        X = block if sparse.issparse(block) else np.asarray(block)
        wanted = (n_rows, self._width)
        if X.shape != wanted or sparse.issparse(X) != self.is_sparse:
            kind = "a sparse matrix" if sparse.issparse(X) else "an array"
            raise ValueError(
                f"{self._name}: {method} gave {kind} of shape {X.shape} where "
                f"{'CSR' if self.is_sparse else 'an array'} of shape {wanted} was due."
            )
        if X.dtype.newbyteorder("=") != self._given:
            raise TypeError(
                f"{self._name}: {method} gave numbers of type {X.dtype}, but "
                f"{self._name}.dtype is {self._given}."
            )
        if self.is_sparse:
            check_sparse(X, self._name)
            X = X.tocsr()
            if not X.has_canonical_format:
                X = X.copy()  # sum_duplicates would change what is theirs
                X.sum_duplicates()
        X = X if self._at is None else X[:, self._at]
        return X.astype(self._dtype, copy=False)
