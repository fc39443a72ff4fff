"""Files of rows, with the roles that their columns or arrays can have."""

import shutil
import tempfile
from abc import ABC, abstractmethod
from pathlib import Path
from weakref import finalize

import numpy as np

from coreselect import rows
from coreselect._files import TEXT, require, suffix_of
from coreselect.rows.cells import TextCopy
from coreselect.rows.columns import (
    index_note,
    is_number,
    refuse_repeats,
    require_column,
)
from coreselect.rows.files import open_file
from coreselect.rows.stored import SPARSE_KEYS, StoredArrays, shown_as, structured
from coreselect.rows.tables import KEY, numeric_names
from coreselect.rows.writing import write_npz, write_table

from .errors import UsageError
from .memory import naming_full_folder
from .record import Added, loaded, recorded, recorded_origin

_TITLES = Added("coreselect row", "coreselect weight")
_ROLES = ("--target", "--input-weights")


class Source(ABC):
    """A file of rows.

    Subclasses read one format, set these attributes, and implement `rows`, `values` and
    `write`.

    Attributes
    ----------
    path : Path
    n_rows : int
    names : list of str
        Columns or arrays, in the order of the file.
    types : dict of str to str
        The type of each of them, as text for messages.
    numeric : list of str
        Those that can be features.
    index : list of str
        Index columns of a pandas frame, which are not features by default.
    unclear : collection of str
        Columns of text that may hold numbers with commas.
    notes : list of str
        What is not usual about the text of the file, for messages.
    earlier : Added or None
        The columns that an earlier selection wrote, if the file records them.
    record : dict
        The record of that selection; empty if there is none.
    origin : list of str
        Columns that say how a resampler made the rows; they are not features.
    reserved : tuple of str
        Names that added columns must not have.
    matrix : str or None
        The array of features, in files of arrays.
    engine : str
        What reads the rows; see `coreselect.rows.open`.
    """

    kind = "column"
    reserved = ()
    matrix = None
    engine = "local"
    earlier = None
    record: dict = {}
    origin = ()
    index = ()
    notes = ()
    unclear = ()

    def __init__(self, path):
        self.path = Path(path)

    @abstractmethod
    def rows(self, columns=None, target=None, weights=None, *, numeric=True, only=None):
        """Open the features, target and weights as `coreselect.rows.Rows`.

        `only` are the numbers of the rows to open, ascending; by default all.
        """

    @abstractmethod
    def contents(
        self, columns=None, exclude=(), target=None, weights=None, *, only=None
    ):
        """Open columns of any content, by default all but those of a selection."""

    @abstractmethod
    def values(self, name, argument="column"):
        """Return the values called `name` as an array; None stands for the features."""

    @abstractmethod
    def take(self, names, argument, at=None):
        """Return one value per row of `at`, by default of all, by column.

        Numbers and booleans stay what they are, decimals become float64, and all else
        text. No value may be missing. `argument` is the option that names the columns.
        """

    @abstractmethod
    def holds_numbers(self, name):
        """Return whether what is called `name` has one number per row."""

    def require_numbers(self, names, argument):
        """Raise unless all columns in `names` are there and hold numbers."""
        for name in names:
            self.require(name, argument)
            if not self.holds_numbers(name):
                raise ValueError(
                    f"{argument} names {name!r}, which does not hold one number per "
                    f"row, but {self.types[name]}."
                )

    def copies_text(self, path):
        """Return whether cells are copied to `path` as text."""
        return False

    @abstractmethod
    def write(self, path, at, added, dropped, record):
        """Write rows `at`, ascending, with all their columns and additional ones.
        `added` is a dict of columns with one value for each row, which replace the
        columns `dropped`; `record` is JSON text to keep where the format has a place.
        """

    def require(self, name, argument):
        """Raise unless the file holds something called `name`."""
        if name not in self.names:
            if not self.names:
                raise ValueError(
                    f"{argument} {name}: {str(self.path)!r} holds one array and no "
                    "names; use an .npz file with an array for each."
                )
            require_column(name, self.names, f"{argument}, in {str(self.path)!r}")

    def require_values(self, name, argument):
        """Raise unless something called `name` holds one value per row."""
        self.require(name, argument)

    def only_name(self):
        """Return the name of the only column; None stands for an only array."""
        names = [name for name in self.names if name not in self.index]
        if len(names) > 1:
            raise ValueError(f"there are {len(names)} columns in it; one is expected.")
        return names[0] if names else None

    def features(self, columns, exclude, roles, *, numeric=True):
        """Return the names of the feature columns, in the order of the file.

        By default these are those of numbers that have no other role, or with
        ``numeric=False`` those of any type. None stands for all columns of an array.
        """
        for option, named in (("--columns", columns), ("--exclude", exclude)):
            for name in named or ():
                self.require(name, option)
        if columns is not None:
            if both := [name for name in columns if name in roles]:
                raise UsageError(
                    f"--columns names {both[0]!r}, which is the {roles[both[0]]}"
                )
            if written := [n for n in columns if n in (self.earlier or ())]:
                raise ValueError(
                    f"--columns names {written[0]!r}, which an earlier selection wrote "
                    "and this one replaces."
                )
            return list(dict.fromkeys(columns))
        # Numbers of rows and weights are numeric, but no method should learn from them.
        out = {*exclude, *roles, *self.index, *self.origin, *(self.earlier or ())}
        known = self.numeric
        if not numeric:  # columns without any value have no type
            known = [name for name in self.names if self.types[name] != "null"]
        left = [name for name in known if name not in out]
        if not left:
            have = [f"{n!r} ({why})" for n, why in self.ignored([], exclude, roles)]
            kind = "numeric column" if numeric else "column"
            raise ValueError(
                f"{str(self.path)!r} has no {kind} that could be a feature; it "
                f"has {', '.join(have[:20]) or 'no columns'}."
            )
        return left

    def ignored(self, features, exclude, roles):
        """Yield the name of every column that is not a feature, and the reason."""
        why = dict.fromkeys(exclude, "excluded")
        why |= dict.fromkeys(self.earlier or (), "of an earlier selection")
        why |= dict.fromkeys(self.origin, "of a resampling")
        why |= dict.fromkeys(self.index, "index")
        why |= roles
        for name in self.names:
            if name not in features:
                kind = self.types[name]
                yield name, why.get(name, "no values" if kind == "null" else kind)


class TableSource(Source):
    """A CSV, TSV or Parquet file."""

    def __init__(self, path, **reading):
        super().__init__(path)
        self._reading = reading
        self._file = open_file(str(path), None, None, {}, numeric=False, **reading)
        self.schema, self.n_rows = self._file.schema, self._file.n_rows
        self.names = self.schema.names
        refuse_repeats(self.names, name=repr(str(path)))
        self.types = {field.name: str(field.type) for field in self.schema}
        self.numeric = numeric_names(self.schema)
        found = loaded((self.schema.metadata or {}).get(KEY.encode(), b""))
        self.earlier = recorded(found, self.names)
        self.record = found if self.earlier else {}
        self.origin = recorded_origin(found, self.names)
        self.index = self._file.index
        self.notes = list(self._file.notes)
        if hasattr(self._file, "dialect"):
            self.unclear = self._file.dialect.commas.keys() - set(self.numeric)
        if note := index_note(self.names):
            self.notes.append(note)

    def rows(self, columns=None, target=None, weights=None, *, numeric=True, only=None):
        how = {"columns": columns, "numeric": numeric, "engine": self.engine}
        if only is None:
            return self._open(target, weights, **how)
        # A copy of these rows: whatever stands in the others is never looked at.
        folder = tempfile.mkdtemp(prefix="coreselect-")
        # The rows are read for as long as this source is used, at most until the end.
        finalize(self, shutil.rmtree, folder, ignore_errors=True)
        copy = Path(folder, f"{self.path.stem[:50]}.parquet")
        others = [name for name in (target, weights) if name is not None]
        used = list(dict.fromkeys([*columns, *others]))
        schema = require("pyarrow", "io").schema(map(self.schema.field, used))
        with naming_full_folder():
            write_table(copy, schema, self._file.stream(only, used))
        return rows.open(copy, target, weights, roles=_ROLES, **how)

    def contents(
        self, columns=None, exclude=(), target=None, weights=None, *, only=None
    ):
        for name in exclude:
            self.require(name, "--exclude")
        if columns is None:
            out = {*exclude, *self.index, *(self.earlier or ()), target, weights}
            columns = [name for name in self.names if name not in out]
        return self.rows(columns, target, weights, numeric=False, only=only)

    def _open(self, *values, **how):
        return rows.open(self.path, *values, roles=_ROLES, **self._reading, **how)

    def values(self, name, argument="column"):
        return self._file.column(name, argument)

    def take(self, names, argument, at=None):
        table = self.read(names, at)
        return {name: _plain(table.column(name), argument, name) for name in names}

    def holds_numbers(self, name):
        return name in self.numeric

    def read(self, names, at=None):
        """Return columns of the rows `at`, by default of all, as a `pyarrow.Table`."""
        opened = self._open(columns=names, numeric=False)
        return (opened.whole() if at is None else opened.gather(at)).X

    def stream(self, at=None):
        """Yield the rows `at`, ascending, by default all, as record batches."""
        return self._file.stream(at)

    def copies_text(self, path):
        return {suffix_of(self.path), suffix_of(path)} <= set(TEXT)

    @property
    def text(self):
        """The `TextCopy` of this file; for text files only."""
        return TextCopy(str(self.path), self._file.dialect, self.n_rows)

    def write(self, path, at, added, dropped, record):
        if self.copies_text(path):
            self.text.copy(path, at, added, dropped)
        else:
            write_table(path, self.schema, self.stream(at), added, dropped, record)


class ArraySource(Source):
    """A npy or npz file: a matrix of features, and arrays with one value per row.

    A selection from a .npy file is a structured array with the field `X` and two more
    for row numbers and weights; each of the two has a title (a second name) for its
    role. In a .npz file, arrays with one entry per row are taken row by row, and all
    others are copied unchanged.
    """

    kind = "array"
    numeric = ()

    def __init__(self, path):
        super().__init__(path)
        self._stored = stored = StoredArrays(path)
        self.matrix, self.arrays = stored.matrix, dict(stored.arrays)
        self.n_rows = stored.n_rows
        if set(_TITLES) <= set(stored.titles):
            self.earlier = Added(*(stored.titles[title] for title in _TITLES))
        if suffix_of(self.path) == ".npz":
            record = self.arrays.pop(KEY, np.array(""))
            if record.ndim or record.dtype.kind != "U":
                raise ValueError(
                    f"cannot read {str(path)!r}: its array {KEY!r} is not the record "
                    "of a selection; rename it"
                )
            found = loaded(str(record))
            self.earlier = recorded(found, self.arrays)
            self.record = found if self.earlier else {}
        self.reserved = (KEY, self.matrix, *SPARSE_KEYS)
        self.names = list(self.arrays)
        self.types = {name: shown_as(array) for name, array in self.arrays.items()}

    def rows(self, columns=None, target=None, weights=None, *, numeric=True, only=None):
        X, given = self._stored.X, []
        for name, role in zip((target, weights), _ROLES, strict=True):
            values = name and self._stored.column(name, role)
            given.append(values if only is None or name is None else values[only])
        if only is not None:
            X = rows.take_rows(X, only)
        if only is None and suffix_of(self.path) == ".npy":
            X = self.path  # which workers can read
        how = {"numeric": numeric, "engine": self.engine}
        return rows.open(X, *given, roles=_ROLES, **how)

    def contents(
        self, columns=None, exclude=(), target=None, weights=None, *, only=None
    ):
        self.features(columns, exclude, ())
        return self.rows(None, target, weights, numeric=False, only=only)

    def values(self, name, argument="column"):
        return self._stored.X if name is None else self.arrays[name]

    def take(self, names, argument, at=None):
        rows = slice(None) if at is None else at
        return {name: self.arrays[name][rows] for name in names}

    def holds_numbers(self, name):
        array = self.arrays[name]
        return array.shape == (self.n_rows,) and array.dtype.kind in "biuf"

    def require_values(self, name, argument):
        self.require(name, argument)
        if self.arrays[name].shape != (self.n_rows,):
            raise ValueError(
                f"{argument} names {name!r}, which does not hold one value per row, "
                f"but {self.types[name]}."
            )

    def only_name(self):
        # A single array, such as targets, need not be called X or have two axes.
        if self.arrays:
            raise ValueError(
                f"there are {len(self.arrays) + 1} arrays in it; one is expected."
            )

    def features(self, columns, exclude, roles, *, numeric=True):
        if columns is not None or exclude:
            raise ValueError(
                f"--columns and --exclude name columns, but {str(self.path)!r} holds "
                "an array: all its columns are features."
            )

    def write(self, path, at, added, dropped, record):
        others = {k: v for k, v in self.arrays.items() if k not in dropped}
        by_row = {k: v for k, v in others.items() if np.shape(v)[:1] == (self.n_rows,)}
        taken = {name: values[at] for name, values in by_row.items()}
        X = rows.take_rows(self._stored.X, at)
        if suffix_of(path) == ".npz":
            arrays = {self.matrix: X, **others, **taken, **added, KEY: np.array(record)}
            how = {"matrix": self.matrix, "compressed": self._stored.compressed}
            write_npz(path, arrays, **how)
            return
        left = [name for name in others if name not in by_row]
        if hasattr(X, "tocsr") or left:
            what = f"the array {left[0]!r}" if left else "a sparse matrix"
            raise ValueError(f"a .npy file cannot hold {what}; write a .npz file.")
        # The only place of a .npy file that can say which fields a selection added.
        titles = dict(zip(added, _TITLES, strict=True))
        with open(path, "wb") as file:  # NumPy would add a suffix to a file name
            np.save(file, structured({"X": X, **taken, **added}, titles))


def _plain(column, argument, name):
    """Return a column of pyarrow as an array of numbers, booleans or text."""
    arrow = require("pyarrow", "io")
    if arrow.types.is_decimal(column.type):
        column = column.cast("float64")
    elif not is_number(column.type):
        try:
            column = column.cast("string")
        except arrow.ArrowException:
            raise ValueError(
                f"{argument} names {name!r}, which holds neither numbers nor text, but "
                f"{column.type}."
            ) from None
    return column.to_numpy()
