"""Arguments that several commands have."""

from ..catalogue import all_methods, find, names_of_methods
from ..engines import ENGINES
from ..errors import UsageError
from ..options import (
    add_method_options,
    decimal,
    delimiter,
    encoding,
    memory,
    names,
    seed,
)
from ..parsers import Parser
from ..streams import FORMATS

EXIT_CODES = """\
Exit codes: 0 success; 1 a problem with the data or a file, and nothing is written; 2 a
problem with the command itself; 130 interrupted, and nothing is written.
"""


def add_input(parser, kinds, joined="Parquet"):
    """Add the argument that names the rows.

    `kinds` are the suffixes of its file, and `joined` the files that are one table.
    """
    parser.add_argument(
        "input",
        metavar="IN",
        help=f"a {kinds} file; a directory or a quoted glob of {joined} files; or -",
    )


def add_roles(columns):
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


def add_method(parser, text, *, selects):
    """Add the option that names the method."""
    method = parser.add_argument("--method", metavar="NAME", required=True, help=text)
    method.known = names_of_methods(selects=selects)  # for messages


def add_options_of_method(parser, words, *, selects):
    """Add the options of the method in `words`; it decides which must be given."""
    early = Parser(prog=parser.prog, add_help=False)
    early.add_argument("--method")
    name = early.parse_known_args(words)[0].method
    try:
        method = None if name is None else find(name, selects=selects)
    except UsageError as error:
        parser.error(str(error))
    named = parser._option_string_actions
    if "-n" in named:
        needed = method is None or method.needs_size
        instead = {"--epsilon", "--budget", "--cost-column"}
        named["-n"].required = needed and not instead & options_in(words)
    if method is not None:
        named["--target"].required |= method.needs_target
        flags = add_method_options(parser, method)
        # For messages: a method is called by its class in Python.
        for other in all_methods().values():
            flags[other.class_name] = f"--method {other.name}"
        flags[method.class_name] = method.name
        parser.set_defaults(chosen=method, flags=flags)


def options_in(words):
    """Return the options among the words of a command."""
    return {word.partition("=")[0] for word in words}


def add_columns(
    parser,
    target_text,
    *,
    target_required=False,
    seen="the features (default: all numeric columns that have no other role)",
):
    """Add the options that say which columns are features and target."""
    group = parser.add_argument_group("columns")
    features = group.add_mutually_exclusive_group()
    features.add_argument(
        "--columns",
        type=names,
        metavar="A,B",
        help=seen,
    )
    features.add_argument(
        "--exclude",
        type=names,
        default=[],
        metavar="A,B",
        help="columns that are not among them",
    )
    target = {"required": target_required, "help": target_text}
    group.add_argument("--target", metavar="COL", **target)
    add_reading(parser)
    add_memory(parser)
    return group


def add_features(
    columns,
    default="numeric if all columns seen are numbers without missing values or the "
    "method takes no negative numbers, else auto",
):
    """Add the options that say how columns are seen; `default` is for the help."""
    columns.add_argument(
        "--features",
        choices=("numeric", "auto"),
        help="how columns are seen: numeric takes the numbers as they are; auto also "
        "makes numbers of text, dates and missing values, and standardises (default: "
        f"{default})",
    )
    add_drop_missing(columns)


def add_exclude_file(group):
    """Add the option that leaves out rows by their numbers."""
    group.add_argument(
        "--exclude-file",
        metavar="FILE",
        help="rows that are left out: one row number per line, from 0",
    )


def add_drop_missing(columns):
    """Add the option that leaves out rows with missing values."""
    columns.add_argument(
        "--drop-missing",
        action="store_true",
        help="leave out rows that miss a value in a column seen, the target, the "
        "weights or another column that an option names; the others keep their row "
        "numbers",
    )


def add_reading(parser):
    """Add the options that say how the text of the input is read."""
    parser.add_argument(
        "--format",
        choices=FORMATS,
        help="the format of -, which is standard input or output",
    )
    group = parser.add_argument_group("how text files are read")
    add = group.add_argument
    add(
        "--delimiter",
        metavar="CHAR",
        type=delimiter,
        help="separates the cells; tab or \\t is a tab (default: the first lines tell)",
    )
    add(
        "--decimal",
        metavar="MARK",
        type=decimal,
        help="the decimal mark of numbers, . or , (default: the first lines tell)",
    )
    add(
        "--no-header",
        action="store_true",
        help="the first line is a row; columns are named c0, c1, ...",
    )
    add(
        "--encoding",
        metavar="NAME",
        type=encoding,
        help="such as latin-1 (default: UTF-8, or UTF-16 if the first bytes show it)",
    )


def add_memory(parser):
    """Add the options that say how much memory and which scratch folder to use."""
    group = parser.add_argument_group("memory")
    group.add_argument(
        "--memory",
        metavar="SIZE",
        type=memory,
        help="take at most this much memory, such as 800MB or 2GB; Python and its "
        "modules take about 350 MB of it. The rows stay the same",
    )
    group.add_argument(
        "--scratch",
        metavar="DIR",
        help="the folder of temporary files (default: that of the system)",
    )


def add_engine(parser):
    """Add the options that say what reads the rows."""
    group = parser.add_argument_group("workers")
    group.add_argument(
        "--engine",
        choices=ENGINES,
        default="local",
        help="what reads the rows: local, this process (default); or dask, the workers "
        "of a cluster, by default one of this machine with a worker per core. The rows "
        "stay the same",
    )
    group.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="the scheduler of the cluster, such as tcp://10.0.0.1:8786; its workers "
        "must find IN under the same path",
    )


def add_run(parser, seed_text):
    parser.add_argument("--seed", type=seed, default=0, help=seed_text)
    parser.add_argument("--force", action="store_true", help="replace files that exist")
