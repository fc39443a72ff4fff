"""Open files of rows: within a family, tables or arrays, any format can be written."""

from coreselect._files import TEXT, suffix_of
from coreselect._folders import format_of, located
from coreselect.rows.files import READING, TABLES, way_out
from coreselect.rows.stored import ARRAYS

from .errors import UsageError
from .outputs import say
from .phrases import in_shell_words
from .progress import passes
from .source import ArraySource, TableSource


def known_suffix(path, argument):
    """Return the lower-case suffix of a path; raise if the format is not known."""
    suffix = format_of(path) if argument == "IN" else suffix_of(path)
    if suffix not in TABLES + ARRAYS:
        known = ", ".join(TABLES + ARRAYS)
        hint = way_out(suffix) if argument == "IN" else ""
        if str(path).startswith("/dev/"):
            hint = " For standard input or output, give - and --format."
        raise UsageError(
            f"{argument} {str(path)!r}: the suffix tells the format, one of {known}"
            + (hint and f".{hint}")
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


def read_input(args):
    """Open the input of a command as its options say; print notes on unusual text."""
    with passes():
        source = read(args.input, **how_text_is_read(args))
    source.engine = getattr(args, "engine", "local")
    if source.notes:
        say(f"{args.input}: {in_shell_words('; '.join(source.notes))}")
    return source


def how_text_is_read(args):
    """Return how the options of a command say that text is read."""
    return {
        "delimiter": args.delimiter,
        "decimal": args.decimal,
        "header": not args.no_header,
        "encoding": args.encoding,
    }


def read(path, **reading):
    """Open a file of rows, or a directory or glob of Parquet files.

    Parameters
    ----------
    path : str or Path
    **reading
        How text is read; see `coreselect.rows.files.READING`.

    Returns
    -------
    Source
    """
    located(path)
    suffix = known_suffix(path, "IN")
    if suffix in TEXT:
        return TableSource(path, **reading)
    for option, value in reading.items():
        if value != READING[option]:
            flag = "no-header" if option == "header" else option
            raise UsageError(f"--{flag} is for text; {str(path)!r} is a {suffix} file")
    return ArraySource(path) if suffix in ARRAYS else TableSource(path)
