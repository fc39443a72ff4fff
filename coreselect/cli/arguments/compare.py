"""The arguments of `coreselect compare`."""

import argparse

from ..options import at_least_one, names, sizes
from .shared import add_columns, add_exclude_file, add_features, add_input, add_run

TEXT = """\
A quarter of the rows is held out, with the shares of the classes kept. The other rows
are for training: the estimator is fitted to all of them and, once per seed, to the rows
that each method selects from them, with the weights of the selection. Every fit is
scored on the held-out rows: accuracy for classes, R2 for numbers, or what --scoring
names. Rows of the table are printed as they are known, and once more at the end, the
best first, with a verdict: how many rows each method needs beside uniform sampling,
with a 95 % interval over the seeds. A method that fails gets a row with the reason.

Text, booleans and whole numbers with at most 50 different values are classes; other
targets are numbers. The estimator `auto` is a LogisticRegression (classes) or a Ridge
(numbers) of standardised features.

Methods run with their default parameters, with two exceptions. If the estimator has an
intercept, methods with a parameter fit_intercept (such as leverage) get
fit_intercept=True. Methods that select for an estimator (auto) get that of --estimator.

Exit codes: 0 success, also if a method failed; 1 a problem with the data or a file, and
nothing is written; 2 a problem with the command itself; 130 interrupted by Ctrl-C: the
results so far are printed and written.
"""


def add_arguments(parser, _):
    """Add the arguments of `compare`."""
    parser.epilog = TEXT
    add = parser.add_argument
    add_input(parser, ".csv, .tsv, .parquet or .npz")
    add(
        "-n",
        "--n-select",
        type=sizes,
        metavar="N,N",
        help="numbers of rows: counts, or fractions such as 0.1 or 10%% (default: "
        "100,500,1000)",
    )
    columns = add_columns(
        parser,
        "the column to predict",
        seen="the columns that are seen (default: all that have no other role)",
        target_required=True,
    )
    add_features(columns, default="auto")
    add_exclude_file(columns)
    add(
        "--methods",
        type=names,
        metavar="A,B",
        help="the methods to compare, or all (default: logistic for classes or "
        "leverage for numbers, and kmeans); uniform is always added",
    )
    _add_training(parser)
    add_run(parser, "the first seed (default: 0)")
    add("--json", metavar="FILE", help="write the results as JSON; - prints only JSON")
    add("--csv", metavar="FILE", help="write the table as CSV; - prints only CSV")
    add("--plot", metavar="FILE", help="draw scores against sizes: a .png or .svg file")
    add("--html", metavar="FILE", help="write table, verdict and picture as one page")


def _add_training(parser):
    """Add the options on what is fitted, to which rows, and how it is scored."""
    add = parser.add_argument
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
        "--scoring",
        metavar="NAME",
        help="a score of scikit-learn, such as roc_auc or neg_mean_absolute_error",
    )
    splits = parser.add_mutually_exclusive_group()
    splits.add_argument(
        "--test-size",
        type=_share,
        default=0.25,
        metavar="X",
        help="the fraction of the rows that is held out (default: 0.25)",
    )
    splits.add_argument(
        "--cv",
        type=_folds,
        metavar="K",
        help="hold out each of K folds in turn, and average the scores",
    )
    add(
        "--seeds",
        type=at_least_one,
        default=5,
        metavar="N",
        help="number of runs, each with its own seed; fewer than 5 give no interval "
        "(default: 5)",
    )


def _share(text):
    try:
        value = float(text)
    except ValueError:
        value = 0
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not between 0 and 1")
    return value


def _folds(text):
    if not text.isdecimal() or int(text) < 2:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a whole number of at least 2"
        )
    return int(text)
