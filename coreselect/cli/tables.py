"""Files of rows: what they hold, and how chosen rows of them are written.

`read` opens a file by its suffix. Two families exist: tables (CSV, TSV, Parquet), whose
columns have names, and arrays (npy, npz). Within a family every format can be written
from every other.
"""

from abc import ABC, abstractmethod
from pathlib import Path

from coreselect.rows.arrays import require_column

from .errors import UsageError

TABLES = (".csv", ".tsv", ".parquet", ".pq")
ARRAYS = (".npy", ".npz")


def suffix_of(path, argument):
    """Return the lower-case suffix of a path, or say which ones are known."""
    suffix = Path(path).suffix.lower()
    if suffix not in TABLES + ARRAYS:
        known = ", ".join(TABLES + ARRAYS)
        raise UsageError(
            f"{argument} {str(path)!r}: the suffix tells the format, one of {known}"
        )
    return suffix


def check_same_family(source, target):
    """Raise unless the format of `target` can hold what `source` holds."""
    kinds = [suffix_of(source, "IN"), suffix_of(target, "-o")]
    for family in (TABLES, ARRAYS):
        if (kinds[0] in family) != (kinds[1] in family):
            fitting = ", ".join(TABLES if kinds[0] in TABLES else ARRAYS)
            raise UsageError(
                f"rows of a {kinds[0]} file cannot be written as {kinds[1]}; "
                f"use one of {fitting}"
            )


def check_input(path):
    """Raise unless there is a file at `path`."""
    if Path(path).is_dir():
        raise IsADirectoryError(f"{str(path)!r} is a directory; name one file in it.")
    if not Path(path).exists():
        raise FileNotFoundError(f"{str(path)!r}: there is no such file.")


def read(path, delimiter=None):
    """Open a file of rows.

    Parameters
    ----------
    path : str or Path
    delimiter : str, optional
        What stands between the cells of a text file; by default a comma in CSV, a tab
        in TSV.

    Returns
    -------
    Source
    """
    check_input(path)
    suffix = suffix_of(path, "IN")
    if delimiter is not None and suffix not in (".csv", ".tsv"):
        raise UsageError(f"--delimiter is for text; {str(path)!r} is a {suffix} file")
    if suffix in ARRAYS:
        from .arrays import ArraySource

        return ArraySource(path)
    if suffix in (".csv", ".tsv"):
        from .text import TextSource

        return TextSource(path, delimiter or ("\t" if suffix == ".tsv" else ","))
    from .parquet import ParquetSource

    return ParquetSource(path)


class Source(ABC):
    """A file of rows.

    Subclasses read a format and set these attributes; `rows`, `values` and `write` are
    theirs as well.

    Attributes
    ----------
    path : Path
    n_rows : int
    names : list of str
        Columns or arrays, in the order of the file.
    types : dict of str to str
        What each of them holds, for people to read.
    numeric : list of str
        Those that can be features.
    index : list of str
        Those that are the index of a pandas frame: no features unless named.
    earlier : Added or None
        The columns that an earlier selection wrote, if the file says so.
    reserved : tuple of str
        Names that no column to be added may have.
    matrix : str or None
        The array of features, in files of arrays.
    """

    kind = "column"
    reserved = ()
    matrix = None
    earlier = None
    index = ()

    def __init__(self, path):
        self.path = Path(path)

    @abstractmethod
    def rows(self, columns=None, exclude=(), target=None, weights=None):
        """Open the features, target and weights as `coreselect.rows.Rows`."""

    @abstractmethod
    def values(self, name):
        """Return the values called `name`, one a row, as an array."""

    @abstractmethod
    def write(self, path, at, added, dropped, record):
        """Write rows with all their columns and some more.

        Parameters
        ----------
        path : Path
            Its suffix tells the format.
        at : ndarray of int64
            Positions of the rows, ascending.
        added : dict of str to ndarray
            Columns to add, a value for each row of `at`.
        dropped : set of str
            Columns to leave out: those that `added` replaces.
        record : str
            JSON text to keep in the file, where the format has a place for it.
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

    def only_name(self):
        """Return the name of the one thing in the file."""
        if len(self.names) > 1:
            raise ValueError(
                f"there are {len(self.names)} columns in it; one is expected."
            )
        return self.names[0] if self.names else None

    def features(self, columns, exclude, roles):
        """Return the names of the feature columns, in the order of the file."""
        for option, named in (("--columns", columns), ("--exclude", exclude)):
            for name in named or ():
                self.require(name, option)
        if columns is not None:
            if written := [n for n in columns if n in (self.earlier or ())]:
                raise ValueError(
                    f"--columns names {written[0]!r}, which an earlier selection wrote "
                    "and this one replaces."
                )
            return list(dict.fromkeys(columns))
        out = {*exclude, *roles, *self.index, *(self.earlier or ())}
        left = [name for name in self.numeric if name not in out]
        if not left:
            have = [f"{n!r} ({why})" for n, why in self.ignored([], exclude, roles)]
            raise ValueError(
                f"{str(self.path)!r} has no numeric column that could be a feature; it "
                f"has {', '.join(have[:20]) or 'no columns'}."
            )
        return left

    def ignored(self, features, exclude, roles):
        """Yield what is no feature, and why not."""
        why = dict.fromkeys(exclude, "excluded")
        why |= dict.fromkeys(self.earlier or (), "of an earlier selection")
        why |= dict.fromkeys(self.index, "index")
        why |= roles
        for name in self.names:
            if name not in features:
                yield name, why.get(name, self.types[name])

    def check_unique(self):
        """Raise on a name that stands twice in the file."""
        if len(set(self.names)) < len(self.names):
            twice = next(n for n in self.names if self.names.count(n) > 1)
            raise ValueError(f"{str(self.path)!r} has two columns called {twice!r}.")
