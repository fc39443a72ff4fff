"""Rows of arrays in npy and npz files.

The features are the array ``X``, or the only one of two dimensions. Other arrays, or
other fields of a structured array, may hold values of the rows, such as labels. npy
files are read by memory map. A sparse matrix in an npz file is stored as by
`scipy.sparse.save_npz`, and read as CSR.
"""

import zipfile
import zlib

import numpy as np
from scipy import sparse

from coreselect._files import require_same, stamp_of, suffix_of
from coreselect._scratch import is_stored, mapped, release
from coreselect.rows.arrays import ArrayHolder
from coreselect.rows.matrices import check_sparse

ARRAYS = (".npy", ".npz")
SPARSE_KEYS = {"format", "shape", "data", "indices", "indptr", "_is_array"}
_POSITIONS = {"shape", "indices", "indptr", "row", "col", "offsets"}
_BROKEN = (
    ValueError,
    TypeError,
    EOFError,
    OSError,
    LookupError,
    zipfile.BadZipFile,
    zlib.error,
)


class StoredArrays:
    """The arrays of a npy or npz file.

    Attributes
    ----------
    X : ndarray or CSR
    matrix : str or None
        The name of the array of features; None if the file holds a sparse matrix.
    arrays : dict of str to ndarray
        All other arrays.
    titles : dict of str to str
        The names of the fields of a structured array by their titles (second names).
    compressed : bool
    """

    def __init__(self, path, name=None):
        self.path, self.matrix = str(path), "X"
        self.arrays, self.titles, self.compressed = {}, {}, False
        try:
            read = self._read_npz if suffix_of(path) == ".npz" else self._read_npy
            read()
        except PermissionError:
            raise
        except _BROKEN as error:
            why = str(error) or type(error).__name__
            if "allow_pickle" in why or "Python objects" in why:
                why = "it has Python objects; store numbers or fixed-length strings"
            said = f"{name}={self.path!r}" if name else repr(self.path)
            kind = suffix_of(path)[1:]
            raise ValueError(
                f"{said} cannot be read as a {kind} file: {why}"
            ) from error

    @property
    def n_rows(self):
        """Number of rows of X."""
        return self.X.shape[0] if self.X.ndim else 0

    def _read_npy(self):
        stored = mapped(np.lib.format.open_memmap(self.path, mode="r"))
        fields = stored.dtype.names
        if fields is None:
            self.X = stored
            return
        if "X" not in fields:
            raise ValueError(
                f"its rows have the fields {', '.join(fields)} but no X; store a "
                "2-dimensional array, or a table as Parquet"
            )
        self.X = stored["X"]
        self.arrays = {name: stored[name] for name in fields if name != "X"}
        entries = {name: stored.dtype.fields[name] for name in fields}
        self.titles = {e[2]: name for name, e in entries.items() if len(e) == 3}

    def _read_npz(self):
        with zipfile.ZipFile(self.path) as archive:
            self.compressed = any(m.compress_type for m in archive.infolist())
        # NumPy would read a member anew whenever it is named.
        with np.load(self.path) as stored:
            arrays = {name: stored[name] for name in stored.files}
        if {"format", "shape", "data"} <= set(arrays):
            self.matrix = None
            for name in sorted(_POSITIONS & set(arrays)):
                # SciPy would cut off fractions.
                if (dtype := arrays[name].dtype).kind not in "iu":
                    raise ValueError(
                        f"its array {name!r} must hold whole numbers, got {dtype}"
                    )
            found = sparse.load_npz(self.path)
            check_sparse(found)
            self.X = found.tocsr()
            own = SPARSE_KEYS | {"offsets"}
            if found.format == "coo":
                own |= {"row", "col"}
            self.arrays = {k: v for k, v in arrays.items() if k not in own}
            return
        self.matrix = self._matrix(arrays)
        self.X = arrays.pop(self.matrix)
        self.arrays = arrays

    def _matrix(self, arrays):
        """Return the name of the feature matrix: `X`, or the only 2-D array."""
        found = [name for name, array in arrays.items() if array.ndim == 2]
        if "X" in arrays:
            return "X"
        if len(found) != 1:
            shown = ", ".join(f"{name} ({shown_as(a)})" for name, a in arrays.items())
            raise ValueError(
                "which array holds the features? It must be called X, or be the only "
                f"2-dimensional one; there are {shown or 'no arrays'}"
            )
        return found[0]

    def column(self, name, argument):
        """Return an array with one value per row."""
        if name not in self.arrays:
            there = ", ".join(map(repr, self.arrays)) or "none"
            raise ValueError(
                f"{argument}: {self.path!r} has no array {name!r} beside X; there are "
                f"{there}."
            )
        values = self.arrays[name]
        if np.shape(values)[:1] != (self.n_rows,):
            raise ValueError(
                f"{name!r} in {self.path!r} has shape {values.shape}; the features "
                f"have {self.n_rows} rows."
            )
        return values


def shown_as(array):
    """Return shape and dtype of an array as text."""
    size = " x ".join(map(str, array.shape)) or "one value"
    return f"{size} {array.dtype}"


def structured(parts, titles):
    """Return arrays with one entry per row as one structured array.

    `titles` gives some of its fields a title, a second name.
    """
    fields = [
        ((titles[name], name) if name in titles else name, a.dtype, a.shape[1:])
        for name, a in parts.items()
    ]
    table = np.empty(len(next(iter(parts.values()))), dtype=fields)
    for name, values in parts.items():
        table[name] = values
    return table


class StoredHolder(ArrayHolder):
    """Rows of a npy or npz file; raises if the file changes."""

    in_file = True

    def __init__(self, path, name="X", *, numeric=True):
        self._path, self._stamp = path, stamp_of(path)
        self._stored = StoredArrays(path, name)
        super().__init__(self._stored.X, name, numeric=numeric)

    @property
    def n_bytes(self):
        return 0 if is_stored(self._X) else super().n_bytes

    def __reduce_ex__(self, protocol):
        if suffix_of(self._path) == ".npz":
            return super().__reduce_ex__(protocol)
        # A memory map would be pickled with all its numbers.
        return _reopened, (self._path, self._name, self.numeric, self._stamp)

    def where(self, start, stop):
        """Return what errors call the source of some rows."""
        return repr(self._path)

    def again(self, *, numeric):
        require_same(self._path, self._stamp)
        return StoredHolder(self._path, self._name, numeric=numeric)

    def column(self, name, argument):
        if not self._stored.arrays:
            return super().column(name, argument)
        return self._stored.column(name, argument)

    def blocks(self, bounds):
        require_same(self._path, self._stamp)
        for block in super().blocks(bounds):
            yield block
            release(self._X)
            require_same(self._path, self._stamp)

    def gather(self, indices):
        require_same(self._path, self._stamp)
        return super().gather(indices)

    def take(self, indices):
        require_same(self._path, self._stamp)
        return super().take(indices)


def _reopened(path, name, numeric, stamp):
    require_same(path, stamp)
    return StoredHolder(path, name, numeric=numeric)
