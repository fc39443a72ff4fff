"""The arguments of `coreselect convert`."""

from .shared import EXIT_CODES, add_input, add_memory, add_reading

TEXT = f"""\
A method reads its input several times, and text is parsed anew each time. So convert a
large text file once, and select from the Parquet file.

The file is read twice, a few MB at a time. The first pass finds the types of the
columns: those that all cells of a column fit, as `coreselect select` reads them. A line
says which columns hold text because of single cells. Cells become values: 007 becomes
the number 7. Blank cells and NA become nulls. All columns are written, in the order of
the rows. A directory or a quoted glob of text files is written as one file, in the
order of their names.

{EXIT_CODES}"""


def add_arguments(parser, _):
    """Add the arguments of `convert`."""
    parser.epilog = TEXT
    add_input(parser, ".csv, .tsv or .parquet", "Parquet or text")
    parser.add_argument("output", metavar="OUT.parquet", help="the file to write")
    add_reading(parser)
    add_memory(parser)
    parser.add_argument(
        "--force", action="store_true", help="replace a file that exists"
    )
