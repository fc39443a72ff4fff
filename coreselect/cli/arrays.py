"""npy and npz files: a matrix of features, and arrays with one value per row.

A selection from a .npy file is a structured array with the field `X` and two more for
row numbers and weights; each of the two has a title (a second name) for its role. In a
.npz file, arrays with one entry per row are taken row by row, and all others are copied
unchanged. A sparse matrix is stored as by `scipy.sparse.save_npz`, and read as CSR.
"""

import zipfile
import zlib

import numpy as np
from scipy import sparse

from coreselect import rows
from coreselect.rows.matrices import check_sparse

from .record import KEY, Added, recorded
from .source import Source

_SPARSE_KEYS = {"format", "shape", "data", "indices", "indptr", "_is_array"}
_POSITIONS = {"shape", "indices", "indptr", "row", "col", "offsets"}
_TITLES = Added("coreselect row", "coreselect weight")
_BROKEN = (
    ValueError,
    TypeError,
    EOFError,
    OSError,
    LookupError,
    zipfile.BadZipFile,
    zlib.error,
)


class ArraySource(Source):
    """A .npy or .npz file."""

    kind = "array"

    def __init__(self, path):
        super().__init__(path)
        self.compressed = False
        try:
            if self.path.suffix.lower() == ".npz":
                self._read_npz()
            else:
                self._read_npy()
        except _BROKEN as error:
            why = str(error) or type(error).__name__
            if "allow_pickle" in why or "Python objects" in why:
                why = "it has Python objects; store numbers or fixed-length strings"
            raise ValueError(f"cannot read {str(path)!r}: {why}") from error
        self.n_rows = self.X.shape[0] if self.X.ndim else 0
        self.reserved = (KEY, self.matrix, *_SPARSE_KEYS)
        self.names = list(self.arrays)
        self.numeric = []
        self.types = {name: _shown(array) for name, array in self.arrays.items()}

    def _read_npy(self):
        stored = np.load(self.path, mmap_mode="r")
        self.matrix = "X"
        self.arrays = {}
        if stored.dtype.names is None:
            self.X = stored
            return
        if "X" not in stored.dtype.names:
            raise ValueError(
                f"its rows have the fields {', '.join(stored.dtype.names)} but no X; "
                "store a 2-dimensional array, or a table as Parquet"
            )
        self.X = stored["X"]
        self.arrays = {name: stored[name] for name in stored.dtype.names if name != "X"}
        fields = {name: stored.dtype.fields[name] for name in stored.dtype.names}
        titles = {field[2]: name for name, field in fields.items() if len(field) == 3}
        if set(_TITLES) <= set(titles):
            self.earlier = Added(*(titles[title] for title in _TITLES))

    def _read_npz(self):
        with zipfile.ZipFile(self.path) as archive:
            self.compressed = any(m.compress_type for m in archive.infolist())
        with np.load(self.path) as stored:
            arrays = {name: stored[name] for name in stored.files}
        record = arrays.pop(KEY, np.array(""))
        if record.ndim or record.dtype.kind != "U":
            raise ValueError(
                f"its array {KEY!r} is not the record of a selection; rename it"
            )
        self.earlier = recorded(str(record), arrays)
        if {"format", "shape", "data"} <= set(arrays):
            self.matrix = None
            for name in _POSITIONS & set(arrays):  # SciPy would cut off fractions
                if (dtype := arrays[name].dtype).kind not in "iu":
                    raise ValueError(
                        f"its array {name!r} must hold whole numbers, got {dtype}"
                    )
            stored = sparse.load_npz(self.path)
            check_sparse(stored)
            self.X = stored.tocsr()
            own = _SPARSE_KEYS | {"offsets"}
            if stored.format == "coo":
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
            shown = ", ".join(f"{name} ({_shown(a)})" for name, a in arrays.items())
            raise ValueError(
                "which array holds the features? It must be called X, or be the only "
                f"2-dimensional one; there are {shown or 'no arrays'}"
            )
        return found[0]

    def rows(self, columns=None, exclude=(), target=None, weights=None):
        for name in (target, weights):
            if name is not None and np.shape(self.arrays[name])[:1] != (self.n_rows,):
                raise ValueError(
                    f"{name!r} in {str(self.path)!r} has shape "
                    f"{self.arrays[name].shape}; the features have {self.n_rows} rows."
                )
        y, weight = (None if n is None else self.arrays[n] for n in (target, weights))
        return rows.open(self.X, y, weight)

    def values(self, name):
        return self.X if name is None else self.arrays[name]

    def only_name(self):
        # A single array, such as targets, need not be called X or have two axes.
        count = len(self.arrays) + (self.X is not None)
        if count != 1:
            raise ValueError(f"there are {count} arrays in it; one is expected.")

    def features(self, columns, exclude, roles):
        if columns is not None or exclude:
            raise ValueError(
                f"--columns and --exclude name columns, but {str(self.path)!r} holds "
                "an array: all its columns are features."
            )

    def write(self, path, at, added, dropped, record):
        others = {k: v for k, v in self.arrays.items() if k not in dropped}
        by_row = {k: v for k, v in others.items() if np.shape(v)[:1] == (self.n_rows,)}
        taken = {name: values[at] for name, values in by_row.items()}
        X = self.X[at]
        if path.suffix.lower() == ".npz":
            self._write_npz(path, X, {**others, **taken, **added}, record)
            return
        left = [name for name in others if name not in by_row]
        if sparse.issparse(X) or left:
            what = "a sparse matrix" if sparse.issparse(X) else f"the array {left[0]!r}"
            raise ValueError(f"a .npy file cannot hold {what}; write a .npz file.")
        with open(path, "wb") as file:  # NumPy would add a suffix to a file name
            np.save(file, _structured(X, taken, added))

    def _write_npz(self, path, X, arrays, record):
        arrays = {**arrays, KEY: np.array(record)}
        compression = zipfile.ZIP_DEFLATED if self.compressed else zipfile.ZIP_STORED
        if sparse.issparse(X):
            with open(path, "wb") as file:
                sparse.save_npz(file, X, compressed=self.compressed)
        else:
            arrays = {self.matrix: X, **arrays}
        # The file may hold a sparse matrix already; the other arrays are appended.
        with zipfile.ZipFile(path, "a", compression) as archive:
            for name, values in arrays.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                    np.lib.format.write_array(
                        member, np.asanyarray(values), allow_pickle=False
                    )


def _structured(X, taken, added):
    """Return rows and the arrays with one entry per row as one structured array."""
    parts = {"X": X, **taken, **added}
    titles = dict(zip(added, _TITLES, strict=True))
    fields = [
        ((titles[name], name) if name in titles else name, a.dtype, a.shape[1:])
        for name, a in parts.items()
    ]
    table = np.empty(len(X), dtype=fields)
    for name, values in parts.items():
        table[name] = values
    return table


def _shown(array):
    size = " x ".join(map(str, array.shape)) or "one value"
    return f"{size} {array.dtype}"
