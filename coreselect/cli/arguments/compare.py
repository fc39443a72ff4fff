"""The arguments of `coreselect compare`."""

from ..options import at_least_one, names, sizes
from .shared import EXIT_CODES, add_columns, add_run

TEXT = f"""\
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

{EXIT_CODES}"""


def add_arguments(parser, _):
    """Add the arguments of `compare`."""
    parser.epilog = TEXT
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
    add_columns(parser, "the column to predict", target_required=True)
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
    add_run(parser, "the first seed (default: 0)")
    add("--json", metavar="FILE", help="write the results as JSON; - prints only JSON")
    add("--csv", metavar="FILE", help="write the table as CSV; - prints only CSV")
