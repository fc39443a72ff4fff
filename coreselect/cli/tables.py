"""Open files of rows: within a family, tables or arrays, any format can be written."""

from coreselect._files import existing, suffix_of
from coreselect.rows.files import ARRAYS, TABLES, TEXT

from .errors import UsageError
from .source import ArraySource, TableSource


def known_suffix(path, argument):
    """Return the lower-case suffix of a path; raise if the format is not known."""
    suffix = suffix_of(path)
    if suffix not in TABLES + ARRAYS:
        known = ", ".join(TABLES + ARRAYS)
        raise UsageError(
            f"{argument} {str(path)!r}: the suffix tells the format, one of {known}"
        )
    return suffix


def check_same_family(source, target):
    """Raise unless the format of `target` can hold what `source` holds."""
    kinds = [known_suffix(source, "IN"), known_suffix(target, "-o")]
    for family in (TABLES, ARRAYS):
        if (kinds[0] in family) != (kinds[1] in family):
            fitting = ", ".join(TABLES if kinds[0] in TABLES else ARRAYS)
            raise UsageError(
                f"rows of a {kinds[0]} file cannot be written as {kinds[1]}; "
                f"use one of {fitting}"
            )


def read(path, delimiter=None):
    """Open a file of rows.

    Parameters
    ----------
    path : str or Path
    delimiter : str, optional
        The character between the cells of a text file; by default a comma in CSV, a tab
        in TSV.

    Returns
    -------
    Source
    """
    existing(path)
    suffix = known_suffix(path, "IN")
    if delimiter is not None and suffix not in TEXT:
        raise UsageError(f"--delimiter is for text; {str(path)!r} is a {suffix} file")
    return ArraySource(path) if suffix in ARRAYS else TableSource(path, delimiter)
