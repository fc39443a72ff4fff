"""What every format of files of rows has in common."""

from abc import ABC, abstractmethod
from pathlib import Path

from coreselect.rows.columns import require_column


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
    origin : list of str
        The columns that say how a resampler made the rows: no features.
    reserved : tuple of str
        Names that no column to be added may have.
    matrix : str or None
        The array of features, in files of arrays.
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
        """Return the values called `name`, one a row, as an array."""

    def read_all(self):
        """Return the whole table as a `pyarrow.Table`; of tables only."""
        raise NotImplementedError

    def copies_text(self, path):
        """Say whether cells go to `path` as the text that they are."""
        return False

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
        """Yield what is no feature, and why not."""
        why = dict.fromkeys(exclude, "excluded")
        why |= dict.fromkeys(self.earlier or (), "of an earlier selection")
        why |= dict.fromkeys(self.origin, "of a resampling")
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
