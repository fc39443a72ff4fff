"""The arguments of `coreselect report`."""

from .shared import EXIT_CODES, add_columns, add_engine

TEXT = f"""\
SELECTION is what `coreselect select` wrote from DATA: the file of its rows, with their
row numbers and weights, or the report that --json wrote. It can also be a .npz file
that Selection.save wrote in Python. A CSV file holds no record of the method, so the
page leaves it out.

The page is one HTML file that needs no network. It says how the rows were selected, and
how alike they are to all rows, beside a uniform sample of as many rows. Target and
input weights are those of the selection where it records them. A selection from other
data is refused.

{EXIT_CODES}"""


def add_arguments(parser, _):
    """Add the arguments of `report`."""
    parser.epilog = TEXT
    add = parser.add_argument
    help = "where the rows were selected from: a file, a directory or a quoted glob"
    add("input", metavar="DATA", help=help)
    add("selection", metavar="SELECTION", help="the rows, as `select` wrote them")
    add("-o", "--output", metavar="PAGE.html", required=True, help="the page to write")
    columns = add_columns(
        parser,
        "the column to predict",
        seen="the columns to compare (default: all columns)",
    )
    for flag, text in (
        ("--input-weights", "the column of row weights in DATA"),
        ("--row-column", "the column of row numbers in SELECTION (default: row)"),
        ("--weights-column", "the column of weights in SELECTION (default: weight)"),
    ):
        columns.add_argument(flag, metavar="COL", help=text)
    add_engine(parser)
    add("--force", action="store_true", help="replace a file that exists")
