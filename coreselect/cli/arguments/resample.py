"""The arguments of `coreselect resample`."""

from ..options import names
from .shared import (
    EXIT_CODES,
    add_columns,
    add_drop_missing,
    add_engine,
    add_input,
    add_method,
    add_options_of_method,
    add_roles,
    add_run,
)

TEXT = f"""\
The output has the kept rows with all columns of the input, in its row order. New rows
are below them: their features are made, their class is that of the row they were made
from, and their other columns are empty. (Copies have all columns of their row.) Five
columns say where a row comes from: `row`, the number of the row in the input (from 0)
that it is or was made from; `weight`; `kind`, kept or how it was made; `neighbor`, the
second row it was made from; and `step`, how far it lies on the way from `row` to
`neighbor`. Methods that only drop rows add only `row` and `weight`. With --provenance
FILE these columns are written to that file, in the same order, and the output has the
columns of the input only.

Features are all numeric columns. Methods that take categories also take text, booleans
and dictionaries, except text that differs in nearly every row. Where there is text,
smotenc runs in place of smote (smoten if there are no numbers). Methods that only copy
or drop rows at random take columns of any kind, with missing values. Scale the features
first: distances are Euclidean. smote, borderline-smote, adasyn, smote-undersample,
random-over and random-under hold in memory only one class and the rows that new ones
are made from; for the other methods, all features must fit in memory. Rows are written
part by part. Resample training data only, never the rows that a model is tested on.

HOW, the value of --sampling-strategy, is a word (minority, majority, "not minority",
"not majority", all, auto), a ratio such as 0.5 (rows of the smaller class to rows of
the larger class, after resampling), counts such as yes=500,no=800, or, for cleaning
methods, a list of classes such as yes,no or 1,

`coreselect resample --method NAME --help` adds the options of a method, and `coreselect
methods` lists the methods.

{EXIT_CODES}"""


def add_arguments(parser, words):
    """Add the arguments of `resample`, and the options of the method in `words`."""
    parser.epilog = TEXT
    add = parser.add_argument
    add_input(parser, ".csv, .tsv or .parquet")
    add("-o", "--output", metavar="OUT", required=True, help="the file to write, or -")
    add_method(parser, "how to resample, see `coreselect methods`", selects=False)
    add(
        "--provenance",
        metavar="FILE",
        help="write the columns that say where rows come from to this table, not into "
        "the output",
    )
    columns = add_columns(parser, "the column of classes", target_required=True)
    add = columns.add_argument
    add(
        "--categorical",
        type=names,
        metavar="A,B",
        help="numbers that are categories, for methods that take them; columns of text "
        "always are",
    )
    add_drop_missing(columns)
    add_roles(columns)
    add_engine(parser)
    add_run(parser, "the same seed makes the same rows (default: 0)")
    add = parser.add_argument
    add("--json", metavar="FILE", help="write a report as JSON; - prints it")
    add("--dry-run", action="store_true", help="print what would be done, do nothing")
    add_options_of_method(parser, words, selects=False)
