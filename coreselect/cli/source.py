"""The base class of files of rows."""

from abc import ABC, abstractmethod
from pathlib import Path

from coreselect.rows.columns import require_column


class Source(ABC):
    """A file of rows.

    Subclasses read one format, set these attributes, and implement `rows`, `values` and
    `write`.

    Attributes
    ----------
    path : Path
    n_rows : int
    names : list of str
        Names of the columns or arrays, in the order of the file.
    types : dict of str to str
        The type of each of them, as text for messages.
    numeric : list of str
        Names of those that can be features.
    index : list of str
        Names of the index columns of a pandas frame, which are not features by default.
    earlier : Added or None
        The columns that an earlier selection wrote, if the file records them.
    origin : list of str
        The columns that say how a resampler made the rows; they are not features.
    reserved : tuple of str
        Names that added columns must not have.
    matrix : str or None
        Name of the array of features, in files of arrays.
    """

    kind = "column"
    reserved = ()
    matrix = None
    earlier = None
    origin = ()
    index = ()

    def __init__(self, path):
        self.path = Path(path)

    @abstractmethod
    def rows(self, columns=None, exclude=(), target=None, weights=None):
        """Open the features, target and weights as `coreselect.rows.Rows`."""

    @abstractmethod
    def values(self, name):
        """Return the values called `name`, one per row, as an array."""

    def read_all(self):
        """Return the whole table as a `pyarrow.Table`; for tables only."""
        raise NotImplementedError

    def copies_text(self, path):
        """Return whether cells are copied to `path` as text."""
        return False

    @abstractmethod
    def write(self, path, at, added, dropped, record):
        """Write rows with all their columns and additional ones.

        Parameters
        ----------
        path : Path
            Its suffix tells the format.
        at : ndarray of int64
            Positions of the rows, ascending.
        added : dict of str to ndarray
            Columns to add, with one value for each row of `at`.
        dropped : set of str
            Columns to leave out, because `added` replaces them.
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
        """Return the name of the only column in the file."""
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
        out = {*exclude, *roles, *self.index, *self.origin, *(self.earlier or ())}
        left = [name for name in self.numeric if name not in out]
        if not left:
            have = [f"{n!r} ({why})" for n, why in self.ignored([], exclude, roles)]
            raise ValueError(
                f"{str(self.path)!r} has no numeric column that could be a feature; it "
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
                yield name, why.get(name, self.types[name])

    def check_unique(self):
        """Raise if two columns of the file have the same name."""
        if len(set(self.names)) < len(self.names):
            twice = next(n for n in self.names if self.names.count(n) > 1)
            raise ValueError(f"{str(self.path)!r} has two columns called {twice!r}.")
