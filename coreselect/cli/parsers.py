"""The arguments of every command; nothing here needs more than argparse."""

import argparse

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
Exit codes: 0 done; 1 a problem of data or files, nothing is written; 2 a problem of the
command itself.
"""
_SELECT_TEXT = f"""\
The output holds all columns of the input, in its row order and with its schema, and
two more: `row`, the number of the row in the input (from 0), and `weight`, what the row
stands for. Both names are kept in the file's metadata: when the input is such an output
itself, these two columns are no features, its weights count as input weights, and row
numbers stay those of the first file. CSV cannot keep that: say --from-selection.

A CSV file is copied as text, cell by cell; a Parquet file is never loaded whole. Of a
.npz file the array X, or the only 2-dimensional one, holds the features; every array
with as many entries as there are rows is taken row by row, all others are copied.

`coreselect select --method NAME --help` adds the options of a method, and `coreselect
methods` lists the methods.

{_EXIT_CODES}"""
_RESAMPLE_TEXT = f"""\
The output holds the kept rows with all columns of the input, in its row order, and
below them the new ones: features are made, the class is that of the row it was made
from, other columns are empty (a copied row has them all). Five columns say where a row
comes from: `row`, the number of the row in the input (from 0) that it is or was made
from; `weight`; `kind`, kept or how it was made; `neighbor` and `step`: it lies so far
from `row` to that row. Methods that only drop rows add the first two alone. With
--provenance FILE they are written there, in the same order, and the output has the
columns of the input alone.

Features are all numeric columns; methods that take categories also take text, booleans
and dictionaries. Scale the features first: distances are Euclidean. The table is held
in memory. Resample training data, never what a model is tested on.

HOW, of --sampling-strategy, is a word (minority, majority, "not minority", "not
majority", all, auto), a ratio such as 0.5 (smaller class to larger, afterwards), counts
such as yes=500,no=800, or, for cleaning, a list of classes such as yes,no or 1,

`coreselect resample --method NAME --help` adds the options of a method, and `coreselect
methods` lists the methods.

{_EXIT_CODES}"""
_COMPARE_TEXT = f"""\
A quarter of the rows is held out, with the shares of the classes kept. All others are
the training rows: the estimator is fitted on all of them (`full`) and on what each
method selects of them, with the weights of the selection, once per seed. Every fit is
scored on the held-out rows: accuracy for classes, R2 for numbers, or whatever the score
method of your estimator returns. Shown are mean and standard deviation of the scores,
the difference of the mean from the score of `full`, and medians of the times.

Text, booleans and whole numbers of at most 50 values are classes; other targets are
numbers. The estimator `auto` is a StandardScaler before a LogisticRegression (classes)
or a Ridge (numbers).

Methods run with their default parameters; only where the estimator has an intercept,
those with a parameter fit_intercept (leverage is one) get fit_intercept=True, and those
made for an estimator (auto) get the one of --estimator.

{_EXIT_CODES}"""


class Parser(argparse.ArgumentParser):
    """An argument parser that a function fills in when it is first used."""

    def __init__(self, *args, fill=None, **kwargs):
        kwargs.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(*args, allow_abbrev=False, **kwargs)
        self._fill = fill

    def parse_known_args(self, args=None, namespace=None):
        if self._fill is not None:
            fill, self._fill = self._fill, None
            fill(self, args)
        return super().parse_known_args(args, namespace)

    def error(self, message):
        problem = f"coreselect: error: {one_line(message)}\n"
        self.exit(2, f"{problem}Try: {self.prog} --help\n")


class _Version(argparse.Action):
    """Print the version, which is looked up only when asked for."""

    def __call__(self, parser, namespace, values, option_string=None):
        from coreselect import __version__

        print(f"coreselect {__version__}")
        parser.exit()


def command_line():
    """Return the parser of the whole command line."""
    parser = Parser(
        prog="coreselect",
        description="Pick the rows that matter: of many rows a few, with weights.",
        epilog="`coreselect COMMAND --help` shows the options of a command.",
    )
    parser.add_argument(
        "--version", action=_Version, nargs=0, help="show the version and exit"
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, fill, summary in (
        ("select", _select, "write the rows of a file that matter, with weights"),
        ("resample", _resample, "change the shares of classes: new rows, fewer rows"),
        ("compare", _compare, "train on all rows and on selections, side by side"),
        ("methods", _methods, "list the methods, their cost and when to use which"),
    ):
        text = f"{summary[0].upper()}{summary[1:]}."
        commands.add_parser(name, help=summary, description=text, fill=fill)
    return parser


def _select(parser, args):
    """Fill in the parser of `select`; a method that `args` names adds its options."""
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
        help="how many rows: a count, a fraction such as 0.1 or 10%%, or auto where "
        "the method finds it; methods with an option --epsilon take that instead",
    )
    columns = _add_columns(parser, "the column to predict; it is not a feature")
    _add_roles(columns)
    _add_run(parser, "equal seeds select equal rows (default: 0)")
    add = parser.add_argument
    add("--json", metavar="FILE", help="write what was done as JSON; - prints it")
    add(
        "--certify",
        metavar="OBJECTIVE",
        choices=CERTIFIED,
        help=f"report the error of the selection: of {', '.join(CERTIFIED)}; with the "
        "intercept, alpha, n_clusters and power of the method, where it has them",
    )
    add(
        "--certify-intercept",
        action="store_true",
        help="certify models with an intercept, whether or not the method knows of it",
    )
    add("--dry-run", action="store_true", help="say what would be done, do nothing")
    _add_method(parser, args, method)


def _resample(parser, args):
    """Fill in the parser of `resample`, as of `select`."""
    parser.epilog = _RESAMPLE_TEXT
    add = parser.add_argument
    add("input", metavar="IN", help="a .csv, .tsv or .parquet file")
    add("-o", "--output", metavar="OUT", required=True, help="the file to write")
    add("--method", metavar="NAME", help="how to resample, see `coreselect methods`")
    add(
        "--provenance",
        metavar="FILE",
        help="write where rows come from to this table, not into the output",
    )
    columns = _add_columns(parser, "the column of classes", target_required=True)
    add = columns.add_argument
    add(
        "--categorical",
        type=names,
        metavar="A,B",
        help="features that are categories, for methods that take them (default: those "
        "that are not numbers)",
    )
    _add_roles(columns)
    _add_run(parser, "equal seeds make equal rows (default: 0)")
    add = parser.add_argument
    add("--json", metavar="FILE", help="write what was done as JSON; - prints it")
    add("--dry-run", action="store_true", help="say what would be done, do nothing")
    _add_method(parser, args, resampler)


def _add_roles(columns):
    """Add the options that name the columns of weights and row numbers."""
    add = columns.add_argument
    add(
        "--input-weights",
        metavar="COL",
        help="the column of row weights; not a feature",
    )
    add("--row-column", metavar="NAME", help="name of the row numbers (default: row)")
    add("--weights-column", metavar="NAME", help="of the weights (default: weight)")
    add(
        "--from-selection",
        action="store_true",
        help="the columns of these two names come from an earlier selection",
    )


def _add_method(parser, args, find):
    """Add the options of the method that `args` names and `find` finds."""
    early = Parser(prog=parser.prog, add_help=False)
    early.add_argument("--method")
    name = early.parse_known_args(args)[0].method
    if name is not None:
        try:
            add_method_options(parser, find(name))
        except UsageError as error:
            parser.error(str(error))


def _compare(parser, _):
    """Fill in the parser of `compare`."""
    parser.epilog = _COMPARE_TEXT
    add = parser.add_argument
    add("input", metavar="IN", help="a .csv, .tsv, .parquet or .npz file")
    add(
        "-n",
        "--n-select",
        type=sizes,
        required=True,
        metavar="N,N",
        help="how many rows: counts, or fractions such as 0.1 or 10%%",
    )
    _add_columns(parser, "the column to predict", target_required=True)
    add(
        "--methods",
        type=names,
        metavar="A,B",
        help="which methods (default: all); uniform always joins",
    )
    add(
        "--estimator",
        default="auto",
        metavar="PATH",
        help="auto, or a dotted path such as sklearn.linear_model.Ridge",
    )
    task = parser.add_mutually_exclusive_group()
    for name, what in (("classification", "classes"), ("regression", "numbers")):
        text = f"the target holds {what}"
        how = {"dest": "task", "action": "store_const", "const": name, "help": text}
        task.add_argument(f"--{name}", **how)
    add("--seeds", type=at_least_one, default=5, metavar="N", help="runs (default: 5)")
    _add_run(parser, "the first of the seeds (default: 0)")
    add("--json", metavar="FILE", help="write the results as JSON; - prints only that")
    add("--csv", metavar="FILE", help="write the table as CSV; - prints only that")


def _methods(parser, _):
    """Fill in the parser of `methods`."""
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
    """Add the options that say what the columns of a file are."""
    group = parser.add_argument_group("columns")
    features = group.add_mutually_exclusive_group()
    features.add_argument(
        "--columns",
        type=names,
        metavar="A,B",
        help="the features (default: all numeric columns without another role)",
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
        help="between the cells of a text file; \\t is a tab",
    )
    return group


def _add_run(parser, seed_text):
    parser.add_argument("--seed", type=seed, default=0, help=seed_text)
    parser.add_argument("--force", action="store_true", help="replace files that exist")
