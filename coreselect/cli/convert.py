"""`coreselect convert`: from text that is larger than memory to a Parquet file."""

from coreselect._files import suffix_of
from coreselect._folders import PARQUET, located
from coreselect.rows.files import TABLES

from . import outputs, tables
from .errors import UsageError, some
from .progress import passes


def run(args):
    """Convert, and return the exit code."""
    _check(args)
    source = tables.read_input(args)

    def write(path):
        with passes():
            source.write(path, None, {}, (), None)

    outputs.write_all([(args.output, write)], args.force, {})
    kinds = some(f"{name} ({kind})" for name, kind in source.types.items())
    outputs.say(f"wrote {args.output}: {source.n_rows:,} rows of {kinds}")
    return 0


def _check(args):
    """Raise on what is wrong before any row is read."""
    located(args.input)
    suffix = tables.known_suffix(args.input, "IN")
    if suffix not in TABLES:
        raise UsageError(
            f"IN {args.input!r}: {suffix} files hold arrays; convert reads tables, one "
            f"of {', '.join(TABLES)}"
        )
    if suffix_of(args.output) not in PARQUET:
        raise UsageError(f"OUT {args.output!r} must end in {' or '.join(PARQUET)}")
    outputs.check_outputs([args.input], {"OUT": args.output}, args.force)
