"""What a method sees of a file: which columns, and as they are or made numbers of."""

import re
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np

from coreselect.base import see
from coreselect.rows.seen import see_through
from coreselect.selection import Selection

from . import outputs
from .errors import UsageError, some
from .options import given

# How messages name a row.
_ROW = re.compile(r"\b((?:is|at|in|for) (?:row|position) )(\d+)\b")


class Seen(NamedTuple):
    """What a method sees of a file.

    Attributes
    ----------
    names : list of str or None
        The columns; None stands for all of an array.
    auto : bool
        Whether numbers are made of them by `coreselect.features.TableFeatures`.
    reads : bool
        Whether anything depends on them. If not, they may hold anything.
    kept : ndarray of int64 or None
        Numbers of the rows without a missing value, if the others are left out.
    """

    names: list | None
    auto: bool
    reads: bool
    kept: np.ndarray | None

    def rows(self, source, target, weights):
        """Open the rows; the columns seen are the features."""
        numeric = self.reads and not self.auto
        return source.rows(self.names, target, weights, numeric=numeric, only=self.kept)

    @property
    def how(self):
        """The value that `--features` has here; None if no column is looked at."""
        return ("auto" if self.auto else "numeric") if self.reads else None

    def words(self):
        """Say how the columns are seen."""
        if not self.reads:
            return "not looked at"
        return "made numbers of (auto)" if self.auto else "numbers as they are"

    def in_file(self, rows):
        """Return the numbers in the file of some of the rows that are not left out."""
        return rows if self.kept is None else self.kept[rows]

    @contextmanager
    def naming_rows(self):
        """Name rows in errors by their numbers in the file."""
        try:
            yield
        except ValueError as error:
            message, kept = str(error), self.kept
            if kept is None or "_target" in message:  # these are other rows
                raise
            said = _ROW.sub(lambda found: found[1] + str(kept[int(found[2])]), message)
            raise ValueError(said) from error

    def numbered(self, selection, n_rows):
        """Return a selection in the row numbers of the file."""
        if self.kept is None:
            return selection
        return Selection(
            self.in_file(selection.indices),
            selection.weights,
            n_rows,
            design=selection.design,
        )


def seen_by(selector, source, args, roles):
    """Decide what a selector sees, from the options and the data.

    By default numbers stay as they are if every column seen is one and no value is
    missing: the shell then chooses the same rows as Python. Gradients are those of the
    numbers as they are.
    """
    tags = selector.__sklearn_tags__()
    reads = tags.selector_tags.reads_features or args.certify is not None
    chosen = args.features
    if chosen is None and tags.input_tags.positive_only:
        chosen = "numeric"  # standardised columns would have negative numbers
    if "gradients" in given(args, "rows"):
        if chosen == "auto":
            raise UsageError(
                f"{args.flags['gradients']} holds gradients of the columns of IN, and "
                "--features auto makes others of them; use --features numeric"
            )
        chosen = "numeric"
    as_numbers = chosen == "numeric"
    names = source.features(args.columns, args.exclude, roles, numeric=as_numbers)
    kept = None
    if args.drop_missing:
        kept = complete_rows(source, names, *roles, *args.estimate)
    auto = chosen == "auto"
    if chosen is None and reads:
        refuse_misread(names, source, args, roles)
        auto = not set(names or ()) <= set(source.numeric)
        if not auto and kept is None:
            auto = _misses_values(source.rows(names, numeric=False))
    return Seen(names, auto, reads, kept)


def refuse_misread(names, source, args, roles):
    """Raise if no column is a number, and some look like numbers that were misread."""
    names = set(names or ())
    if not names & set(source.numeric) and names & set(source.unclear):
        source.features(args.columns, args.exclude, roles)


def complete_rows(source, names, *others):
    """Return the numbers of the rows without a missing value; None if these are all.

    `names` are the features, None for those of an array; `others` are further columns,
    and may be None.
    """
    missing = missing_features(source, names) | rows_missing(source, others)
    if missing.all():
        raise ValueError(
            "--drop-missing would drop every row: each misses a value in one of the "
            "columns seen; --exclude the columns with few values."
        )
    return np.flatnonzero(~missing) if missing.any() else None


def missing_features(source, names):
    """Return which rows miss a value in the features; None: those of an array."""
    if names is None:
        return source.rows(None, numeric=False).map(_missing_in)
    return rows_missing(source, names)


def rows_missing(source, names):
    """Return which rows miss a value in a column of `names`, which may hold None."""
    names = list(dict.fromkeys(name for name in names if name is not None))
    if names and source.kind == "column":
        return source.rows(names, numeric=False).map(_missing_in)
    missing = np.zeros(source.n_rows, bool)
    for values in map(source.values, names):
        missing |= _missing(values)
    return missing


def refuse_missing(source, names, option):
    """Raise if a row misses a value in one of the columns that an option names."""
    if n_missing := rows_missing(source, names).sum():
        raise ValueError(
            f"{option} {','.join(names)}: {n_missing:,} of {source.n_rows:,} rows miss "
            "a value; --drop-missing leaves them out."
        )


def words_on_dropped(source, kept):
    """Say how many rows are left out; None if none are."""
    if kept is None:
        return None
    n_dropped = source.n_rows - len(kept)
    return f"{n_dropped:,} of {source.n_rows:,} rows, which miss a value"


def _misses_values(rows):
    """Return whether a value is missing; a sparse matrix stays as it is."""
    if rows.is_sparse:
        return False
    return bool(rows.reduce(lambda block: _missing_in(block).any(), np.logical_or))


def _missing_in(block):
    return _missing(block.X)


def _missing(X):
    """Return which rows of an array, CSR or pyarrow table miss a value."""
    if hasattr(X, "column_names"):
        found = np.zeros(X.num_rows, bool)
        for column in X.columns:
            found |= column.is_null(nan_is_null=True).to_numpy()
        return found
    if hasattr(X, "tocsr"):
        return np.bincount(X.nonzero()[0][np.isnan(X.data)], minlength=X.shape[0]) > 0
    missing = np.isnan(X) if X.dtype.kind == "f" else np.zeros(X.shape, bool)
    return missing if missing.ndim == 1 else missing.any(axis=1)


def as_seen(selector, data, seen, seed):
    """Return the rows of a fitted selector as it saw them, for a certificate."""
    if not seen.auto:
        return data
    fitted = getattr(selector, "features_", None)
    if fitted is None:  # the method itself looks at no column
        return see(data, "auto", seed)[0]
    return see_through(data, fitted)


def tell(seen, source, args, roles, selector):
    """Print in one line which columns are seen, and why the others are not."""
    if dropped := words_on_dropped(source, seen.kept):
        outputs.say(f"--drop-missing leaves out {dropped}")
    ignored = [
        f"{name} ({why})"
        for name, why in source.ignored(seen.names or (), args.exclude, roles)
    ]
    left = f"; not seen: {some(ignored)}" if ignored else ""
    fitted = getattr(selector, "features_", None)
    if not seen.reads:
        outputs.say(f"features: none; {selector.cli_name} looks at no column")
    elif seen.auto and fitted is not None:
        became = "; ".join(repr(fitted.report_).splitlines())
        outputs.say(f"features: auto: {became}{left}")
    elif seen.auto:
        outputs.say(f"features: auto, for the certificate: {some(seen.names)}{left}")
    elif seen.names is not None:
        shown = f"{some(seen.names)} ({len(seen.names)}, {seen.words()})"
        outputs.say(f"features: {shown}{left}")
