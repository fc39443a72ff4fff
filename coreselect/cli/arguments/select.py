"""The arguments of `coreselect select`."""

from ..options import names, quota, size_or_auto
from .shared import (
    EXIT_CODES,
    add_columns,
    add_engine,
    add_exclude_file,
    add_features,
    add_input,
    add_method,
    add_options_of_method,
    add_roles,
    add_run,
    options_in,
)

# Objectives of `coreselect.certify` that a command can name.
CERTIFIED = ("least_squares", "ridge", "pca", "least_absolute", "kmeans")
# Options that must be given if another one is.
_NEEDED = {
    "--groups-column": "--quota",
    "--cost-column": "--budget",
    "--budget": "--cost-column",
}
TEXT = f"""\
The output has all columns of the input, in its row order and with its schema, and two
more: `row`, the number of the row in the input (from 0), and `weight`, the weight of
the row. Both names are kept in the file's metadata. If such a file is the input of a
later selection, these two columns are not features, its weights are used as input
weights, and `row` keeps the row numbers of the first file. CSV has no metadata: give
--from-selection instead.

A CSV file is copied as text, cell by cell; blank cells and NA are missing values. CSV
and Parquet files are never loaded whole. In a .npz file the array X, or the only
2-dimensional array, holds the features. Arrays with one entry per row are taken row by
row; all other arrays are copied.

`coreselect select --method NAME --help` adds the options of a method, and `coreselect
methods` lists the methods.

{EXIT_CODES}"""


def add_arguments(parser, words):
    """Add the arguments of `select`, and the options of the method in `words`."""
    parser.epilog = TEXT
    add = parser.add_argument
    add_input(parser, ".csv, .tsv, .parquet, .npy or .npz")
    add("-o", "--output", metavar="OUT", required=True, help="the file to write, or -")
    add_method(parser, "how to select, see `coreselect methods`", selects=True)
    add(
        "-n",
        "--n-select",
        type=size_or_auto,
        metavar="N",
        help="number of rows: a count, a fraction such as 0.1 or 10%%, or auto where "
        "the method can find it; --epsilon or --budget, where the method has them, "
        "take its place",
    )
    columns = add_columns(parser, "the column to predict; it is not a feature")
    add_features(columns)
    add_roles(columns)
    _add_rules(parser)
    add_engine(parser)
    add_run(parser, "the same seed selects the same rows (default: 0)")
    add = parser.add_argument
    add("--json", metavar="FILE", help="write a report as JSON; - prints it")
    add(
        "--estimate",
        type=names,
        default=[],
        metavar="A,B",
        help="columns of numbers whose totals over all rows are estimated from the "
        "selected ones, with standard errors and 95 %% intervals where rows are drawn "
        "at random",
    )
    add(
        "--certify",
        metavar="OBJECTIVE",
        choices=CERTIFIED,
        help=f"report the error of the selection for one of {', '.join(CERTIFIED)}; "
        "intercept, alpha, n_clusters and power are those of the method, if it has "
        "them",
    )
    add(
        "--certify-intercept",
        action="store_true",
        help="certify models with an intercept, even if the method has none",
    )
    add("--dry-run", action="store_true", help="print what would be done, do nothing")
    add_options_of_method(parser, words, selects=True)
    named, given = parser._option_string_actions, options_in(words)
    for option, other in _NEEDED.items():
        if other in given and option in named:
            named[option].required = True


def _add_rules(parser):
    """Add the options that say which rows must, may and must not be selected."""
    group = parser.add_argument_group("rules for the selection")
    add = group.add_argument
    add(
        "--groups-column",
        metavar="COL",
        help="the column of groups; each gets its share of the rows, or its --quota",
    )
    add(
        "--quota",
        type=quota,
        action="append",
        default=[],
        metavar="GROUP=N",
        help="rows of a group: a count, a share of the selected rows such as 0.2 or "
        "20%%, or LEAST:MOST, one of which may be left out; give it once per group. "
        "Under --design poisson it holds on average; under multinomial it counts draws",
    )
    add(
        "--include-file",
        metavar="FILE",
        help="rows that must be selected: one row number per line, from 0",
    )
    add_exclude_file(group)
    add(
        "--cost-column",
        metavar="COL",
        help="the column of what each row costs, for --budget in place of -n",
    )
