"""`coreselect convert`: from text that is larger than memory to a Parquet file."""

from coreselect._files import TEXT, suffix_of
from coreselect._folders import PARQUET, located, texts_in
from coreselect.rows.files import TABLES
from coreselect.rows.texts import Texts
from coreselect.rows.writing import write_table

from . import outputs, tables
from .errors import UsageError, some
from .phrases import in_shell_words
from .progress import passes


def run(args):
    """Convert, and return the exit code."""
    texts = texts_in(args.input)
    suffix = _checked(args, texts)
    if suffix in TEXT:
        texts = [args.input]
    source = _open_all(args, texts) if texts else tables.read_input(args)

    def write(path):
        with passes():
            write_table(path, source.schema, source.stream())

    outputs.write_all([(args.output, write)], args.force, {})
    kinds = some(f"{field.name} ({field.type})" for field in source.schema)
    rows = "1 row" if source.n_rows == 1 else f"{source.n_rows:,} rows"
    outputs.say(f"wrote {args.output}: {rows} of {kinds}")
    return 0


def _checked(args, texts):
    """Return the suffix of IN; raise on what is wrong before any row is read."""
    if not texts:
        try:
            located(args.input)
        except IsADirectoryError:
            raise IsADirectoryError(
                f"{args.input!r} is a directory without Parquet or text files."
            ) from None
    suffix = tables.known_suffix(args.input, "IN")
    if suffix not in TABLES:
        raise UsageError(
            f"IN {args.input!r}: {suffix} files hold arrays; convert reads tables, one "
            f"of {', '.join(TABLES)}"
        )
    if suffix_of(args.output) not in PARQUET:
        raise UsageError(f"OUT {args.output!r} must end in {' or '.join(PARQUET)}")
    outputs.check_outputs(texts or [args.input], {"OUT": args.output}, args.force)
    return suffix


def _open_all(args, texts):
    """Open text files as one table; print notes on unusual text."""
    with passes():
        source = Texts(texts, **tables.how_text_is_read(args))
    for path, notes in source.notes.items():
        if notes:
            outputs.say(f"{path}: {in_shell_words('; '.join(notes))}")
    return source
