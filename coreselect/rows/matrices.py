"""Check the structure of sparse matrices before compiled code relies on it."""

from itertools import chain

import numpy as np


def check_sparse(X, name="X"):
    """Raise unless all row and column numbers of a sparse matrix lie inside it.

    SciPy does not check them. In a matrix made by hand or read from a damaged file,
    wrong numbers make it read and write memory outside the matrix. Takes O(nnz) and
    does not change `X`.
    """
    # Rows of CSR are columns of CSC, so one test serves both with the shape turned.
    # Only entries that the pointers reach are read, and only these need to be right.
    if X.format in ("csr", "csc", "bsr"):
        sizes = X.shape if X.format == "csr" else X.shape[::-1]
        if X.format == "bsr":
            sizes = np.floor_divide(X.shape, X.blocksize)
        _check_pointers(X, sizes[0], name)
        _check_range(X.indices[: X.indptr[-1]], sizes[1], name)
    elif X.format == "coo":
        for axis, size in enumerate(X.shape):
            positions = (X.row, X.col)[axis]
            _check_range(positions, size, name)
            if len(positions) != len(X.data):
                _refuse(name, f"{len(X.data)} values at {len(positions)} positions")
    elif X.format == "lil":
        counts = [[len(row) for row in rows] for rows in (X.rows, X.data)]
        if len(counts[0]) != X.shape[0] or counts[0] != counts[1]:
            _refuse(name, "its lists of positions and of values differ in length")
        positions = np.fromiter(chain.from_iterable(X.rows), np.int64)
        _check_range(positions, X.shape[1], name)
    elif X.format == "dok":
        positions = np.array(list(X.keys()), dtype=np.int64).reshape(-1, 2)
        for axis, size in enumerate(X.shape):
            _check_range(positions[:, axis], size, name)


def check_taken(X, indices):
    """Return rows of a CSR matrix; raise unless their columns lie inside it.

    Takes O(nnz) of these rows.
    """
    _check_pointers(X, X.shape[0], "X")
    taken = X[indices]
    _check_range(taken.indices, X.shape[1], "X")
    return taken


def _check_pointers(X, size, name):
    pointers = X.indptr
    if pointers.dtype.kind != "i" or X.indices.dtype.kind != "i":
        _refuse(name, "its positions are not whole numbers")
    if len(pointers) != size + 1 or pointers[0] != 0 or (np.diff(pointers) < 0).any():
        _refuse(name, f"indptr must rise from 0 in {size} steps")
    if pointers[-1] > min(len(X.indices), len(X.data)):
        _refuse(name, f"indptr ends at {pointers[-1]}, beyond {len(X.data)} values")


def _check_range(positions, size, name):
    if len(positions) and not 0 <= positions.min() <= positions.max() < size:
        wrong = positions.min() if positions.min() < 0 else positions.max()
        _refuse(name, f"position {wrong} is outside of 0 to {size - 1}")


def _refuse(name, why):
    raise ValueError(
        f"{name} is a damaged sparse matrix: {why}. Make it again, for example from "
        "(data, (row, col))."
    )
