"""Open files of rows by their suffix.

There are two families: tables (CSV, TSV, Parquet), whose columns have names, and arrays
(npy, npz). Within a family, a file of any format can be written in any other.
"""

from pathlib import Path

from coreselect._files import existing

from .errors import UsageError

TEXT = (".csv", ".tsv")
TABLES = (*TEXT, ".parquet", ".pq")
ARRAYS = (".npy", ".npz")


def suffix_of(path, argument):
    """Return the lower-case suffix of a path; raise if the format is not known."""
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
    suffix = suffix_of(path, "IN")
    if delimiter is not None and suffix not in TEXT:
        raise UsageError(f"--delimiter is for text; {str(path)!r} is a {suffix} file")
    if suffix in ARRAYS:
        from .arrays import ArraySource

        return ArraySource(path)
    if suffix in TEXT:
        from .text import TextSource

        return TextSource(path, delimiter or ("\t" if suffix == ".tsv" else ","))
    from .parquet import ParquetSource

    return ParquetSource(path)
