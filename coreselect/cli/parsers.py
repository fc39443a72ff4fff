"""The arguments of every command. Only argparse is imported, so help is instant."""

import argparse

from . import outputs
from .errors import UsageError, one_line
from .options import (
    add_method_options,
    at_least_one,
    delimiter,
    method,
    names,
    resampler,
    seed,
    size_or_auto,
    sizes,
)

# Objectives of `coreselect.certify` that a command can name.
CERTIFIED = ("least_squares", "ridge", "pca", "least_absolute", "kmeans")

_EXIT_CODES = """\
Exit codes: 0 success; 1 a problem with the data or a file, and nothing is written; 2 a
problem with the command itself; 130 interrupted, and nothing is written.
"""
_SELECT_TEXT = f"""\
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

{_EXIT_CODES}"""
_RESAMPLE_TEXT = f"""\
The output has the kept rows with all columns of the input, in its row order. New rows
are below them: their features are made, their class is that of the row they were made
from, and their other columns are empty. (Copies have all columns of their row.) Five
columns say where a row comes from: `row`, the number of the row in the input (from 0)
that it is or was made from; `weight`; `kind`, kept or how it was made; `neighbor`, the
second row it was made from; and `step`, how far it lies on the way from `row` to
`neighbor`. Methods that only drop rows add only `row` and `weight`. With --provenance
FILE these columns are written to that file, in the same order, and the output has the
columns of the input only.

Features are all numeric columns; methods that take categories also take text, booleans
and dictionaries. Scale the features first: distances are Euclidean. The table is held
in memory. Resample training data only, never the rows that a model is tested on.

HOW, the value of --sampling-strategy, is a word (minority, majority, "not minority",
"not majority", all, auto), a ratio such as 0.5 (rows of the smaller class to rows of
the larger class, after resampling), counts such as yes=500,no=800, or, for cleaning
methods, a list of classes such as yes,no or 1,

`coreselect resample --method NAME --help` adds the options of a method, and `coreselect
methods` lists the methods.

{_EXIT_CODES}"""
_COMPARE_TEXT = f"""\
A quarter of the rows is held out, with the shares of the classes kept. The other rows
are for training: the estimator is fitted to all of them (`full`) and, once per seed, to
the rows that each method selects from them, with the weights of the selection. Every
fit is scored on the held-out rows: accuracy for classes, R2 for numbers, or what the
score method of your estimator returns. The table shows mean and standard deviation of
the scores, the difference of the mean from the score of `full`, and median times.

Text, booleans and whole numbers with at most 50 different values are classes; other
targets are numbers. The estimator `auto` is a StandardScaler followed by a
LogisticRegression (classes) or a Ridge (numbers).

Methods run with their default parameters, with two exceptions. If the estimator has an
intercept, methods with a parameter fit_intercept (such as leverage) get
fit_intercept=True. Methods that select for an estimator (auto) get that of --estimator.

{_EXIT_CODES}"""


class Parser(argparse.ArgumentParser):
    """An argument parser whose arguments are added by a function on first use."""

    def __init__(self, *args, fill=None, **kwargs):
        kwargs.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(*args, allow_abbrev=False, **kwargs)
        self._fill = fill

    def parse_known_args(self, args=None, namespace=None):
        # Options of methods need all selectors, which take half a second to import. So
        # a command gets its options only once it is the one that was called.
        if self._fill is not None:
            fill, self._fill = self._fill, None
            fill(self, args)
        return super().parse_known_args(args, namespace)

    def print_help(self, file=None):
        # argparse is silent about output that cannot be written.
        outputs.show(self.format_help())

    def error(self, message):
        problem = f"coreselect: error: {one_line(message)}\n"
        self.exit(2, f"{problem}Try: {self.prog} --help\n")


class _Version(argparse.Action):
    """Print the version; the package is imported only then."""

    def __call__(self, parser, namespace, values, option_string=None):
        from coreselect import __version__

        outputs.show(f"coreselect {__version__}\n")
        parser.exit()


def command_line():
    """Return the parser of the whole command line."""
    parser = Parser(
        prog="coreselect",
        description="Pick the rows that matter: few rows with weights out of many.",
        epilog="`coreselect COMMAND --help` shows the options of a command.",
    )
    parser.add_argument(
        "--version", action=_Version, nargs=0, help="show the version and exit"
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, fill, summary in (
        ("select", _select, "write the rows of a file that matter, with weights"),
        ("resample", _resample, "change the class shares by making or dropping rows"),
        ("compare", _compare, "train on all rows and on selections, side by side"),
        ("methods", _methods, "list the methods, their cost and when to use each"),
    ):
        text = f"{summary[0].upper()}{summary[1:]}."
        commands.add_parser(name, help=summary, description=text, fill=fill)
    return parser


def _select(parser, args):
    """Add the arguments of `select`, and the options of the method in `args`."""
    parser.epilog = _SELECT_TEXT
    add = parser.add_argument
    add("input", metavar="IN", help="a .csv, .tsv, .parquet, .npy or .npz file")
    add("-o", "--output", metavar="OUT", required=True, help="the file to write")
    add("--method", metavar="NAME", help="how to select, see `coreselect methods`")
    add(
        "-n",
        "--n-select",
        type=size_or_auto,
        metavar="N",
        help="number of rows: a count, a fraction such as 0.1 or 10%%, or auto where "
        "the method can find it; for methods with an option --epsilon, give that "
        "instead of auto",
    )
    columns = _add_columns(parser, "the column to predict; it is not a feature")
    _add_roles(columns)
    _add_run(parser, "the same seed selects the same rows (default: 0)")
    add = parser.add_argument
    add("--json", metavar="FILE", help="write a report as JSON; - prints it")
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
    _add_method(parser, args, method)


def _resample(parser, args):
    """Add the arguments of `resample`, and the options of the method in `args`."""
    parser.epilog = _RESAMPLE_TEXT
    add = parser.add_argument
    add("input", metavar="IN", help="a .csv, .tsv or .parquet file")
    add("-o", "--output", metavar="OUT", required=True, help="the file to write")
    add("--method", metavar="NAME", help="how to resample, see `coreselect methods`")
    add(
        "--provenance",
        metavar="FILE",
        help="write the columns that say where rows come from to this table, not into "
        "the output",
    )
    columns = _add_columns(parser, "the column of classes", target_required=True)
    add = columns.add_argument
    add(
        "--categorical",
        type=names,
        metavar="A,B",
        help="features that are categories, for methods that take them (default: all "
        "features that are not numbers)",
    )
    _add_roles(columns)
    _add_run(parser, "the same seed makes the same rows (default: 0)")
    add = parser.add_argument
    add("--json", metavar="FILE", help="write a report as JSON; - prints it")
    add("--dry-run", action="store_true", help="print what would be done, do nothing")
    _add_method(parser, args, resampler)


def _add_roles(columns):
    """Add the options that name the columns of weights and row numbers."""
    add = columns.add_argument
    add(
        "--input-weights",
        metavar="COL",
        help="the column of row weights; it is not a feature",
    )
    add(
        "--row-column",
        metavar="NAME",
        help="name of the column of row numbers in the output (default: row)",
    )
    add(
        "--weights-column",
        metavar="NAME",
        help="name of the column of weights in the output (default: weight)",
    )
    add(
        "--from-selection",
        action="store_true",
        help="IN is the output of an earlier selection, which wrote these two columns",
    )


def _add_method(parser, args, find):
    """Add the options of the method in `args`, whose class `find` returns."""
    # The method is found first, since it decides which other options there are.
    early = Parser(prog=parser.prog, add_help=False)
    early.add_argument("--method")
    name = early.parse_known_args(args)[0].method
    if name is not None:
        try:
            add_method_options(parser, find(name))
        except UsageError as error:
            parser.error(str(error))


def _compare(parser, _):
    """Add the arguments of `compare`."""
    parser.epilog = _COMPARE_TEXT
    add = parser.add_argument
    add("input", metavar="IN", help="a .csv, .tsv, .parquet or .npz file")
    add(
        "-n",
        "--n-select",
        type=sizes,
        required=True,
        metavar="N,N",
        help="numbers of rows: counts, or fractions such as 0.1 or 10%%",
    )
    _add_columns(parser, "the column to predict", target_required=True)
    add(
        "--methods",
        type=names,
        metavar="A,B",
        help="the methods to compare (default: all); uniform is always added",
    )
    add(
        "--estimator",
        default="auto",
        metavar="PATH",
        help="auto, or a dotted path such as sklearn.linear_model.Ridge",
    )
    task = parser.add_mutually_exclusive_group()
    for name, values in (("classification", "classes"), ("regression", "numbers")):
        text = f"the target holds {values}"
        how = {"dest": "task", "action": "store_const", "const": name, "help": text}
        task.add_argument(f"--{name}", **how)
    add(
        "--seeds",
        type=at_least_one,
        default=5,
        metavar="N",
        help="number of runs, each with its own seed (default: 5)",
    )
    _add_run(parser, "the first seed (default: 0)")
    add("--json", metavar="FILE", help="write the results as JSON; - prints only JSON")
    add("--csv", metavar="FILE", help="write the table as CSV; - prints only CSV")


def _methods(parser, _):
    """Add the arguments of `methods`."""
    parser.epilog = _EXIT_CODES
    parser.add_argument(
        "--json",
        metavar="FILE",
        nargs="?",
        const="-",
        help="write the list as JSON; without FILE, or with -, print it",
    )
    parser.add_argument("--force", action="store_true", help="replace files that exist")


def _add_columns(parser, target_text, *, target_required=False):
    """Add the options that say which columns are features and target."""
    group = parser.add_argument_group("columns")
    features = group.add_mutually_exclusive_group()
    features.add_argument(
        "--columns",
        type=names,
        metavar="A,B",
        help="the features (default: all numeric columns that have no other role)",
    )
    features.add_argument(
        "--exclude",
        type=names,
        default=[],
        metavar="A,B",
        help="columns that are not features",
    )
    add = group.add_argument
    add("--target", metavar="COL", required=target_required, help=target_text)
    add(
        "--delimiter",
        metavar="CHAR",
        type=delimiter,
        help="separates the cells of a text file; \\t is a tab",
    )
    return group


def _add_run(parser, seed_text):
    parser.add_argument("--seed", type=seed, default=0, help=seed_text)
    parser.add_argument("--force", action="store_true", help="replace files that exist")
