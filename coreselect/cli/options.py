"""How option values are read, and the options that a method adds to its command.

The constructor parameters of a selector become options through its `parameter_checks`,
further keywords of its `select` through its `select_checks`. The keywords of its `fit`
become options `--NAME-file`. A new selector needs no change here.
"""

import argparse
import csv
import inspect
import re
import textwrap
from pathlib import Path

from .errors import UsageError

_COMMON = ("n_select", "random_state")  # -n and --seed
_FIT_COMMON = ("X", "y", "sample_weight")
STRATEGY = "sampling_strategy"


def size(text):
    """Read a number of rows: a count, or a fraction as `0.1` or `10%`."""
    problem = argparse.ArgumentTypeError(
        f"{text!r} is not a number of rows; give a count of at least 0, or a fraction "
        "above 0 and at most 1, such as 0.1 or 10%"
    )
    try:
        if text.endswith("%"):
            value = float(text[:-1]) / 100
        else:
            value = int(text) if re.fullmatch(r"[+-]?[\d_]+", text) else float(text)
    except ValueError:
        raise problem from None
    if isinstance(value, int):
        if value < 0:
            raise problem
    elif not 0 < value <= 1:
        raise problem
    return value


def size_or_auto(text):
    """Read a number of rows, or `auto`, with which the method finds it."""
    return text if text == "auto" else size(text)


def sizes(text):
    """Read numbers of rows separated by commas; repeats are dropped, order is kept."""
    return list(dict.fromkeys(size(part.strip()) for part in text.split(",")))


def names(text):
    """Read names separated by commas; quotes protect a comma in a name.

    The empty text stands for a column without a name; in a list, write it as `""`.
    """
    cells = next(csv.reader([text], skipinitialspace=True), []) or [""]
    found = [name.strip() for name in cells]
    if not all(found) and text and '""' not in text:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a list of names such as a,b,c"
        )
    return found


def strategy(text):
    """Read a sampling strategy: which classes get, or keep, how many rows.

    It is a word such as `minority`, a ratio, `CLASS=COUNT,CLASS=COUNT` or
    `CLASS,CLASS`. A number with a comma behind it, as in `1,`, is a class.
    """
    from coreselect.imbalance import STRATEGY_NAMES

    if text in STRATEGY_NAMES:
        return text
    try:
        value = float(text)
    except ValueError:
        value = None
    if value is not None:
        if not 0 < value <= 1:
            raise argparse.ArgumentTypeError(f"the ratio {text} is not in (0, 1]")
        return value
    pairs = [part.rpartition("=") for part in names(text.removesuffix(","))]
    if not any(equals for _, equals, _ in pairs):
        return [label for _, _, label in pairs]
    if not all(
        equals and label and count.isdecimal() for label, equals, count in pairs
    ):
        raise argparse.ArgumentTypeError(
            f"{text!r} is neither one of {', '.join(STRATEGY_NAMES)} nor a ratio such "
            "as 0.5, nor a list such as a=500,b=200 or a,b; put a class with a comma "
            'in double quotes: "a,b"=500'
        )
    return {label: int(count) for label, _, count in pairs}


def delimiter(text):
    """Read the delimiter between cells, one character; \\t is a tab."""
    # Characters of numbers and names cannot separate cells.
    text = {"\\t": "\t", "tab": "\t"}.get(text, text)
    if len(text) != 1 or not text.isascii() or text.isalnum() or text in '"\r\n.-':
        raise argparse.ArgumentTypeError(
            f"{text!r} is not one character such as ; | or \\t that separates cells"
        )
    return text


def at_least_one(text):
    """Read a count of at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a whole number of at least 1"
        )
    return int(text)


def seed(text):
    """Read a seed: a whole number of at least 0."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a whole number of at least 0"
        )
    return int(text)


def all_methods():
    """Return the selector classes as a dict, by their command line names."""
    import coreselect

    return {cls.cli_name: cls for cls in coreselect.all_selectors().values()}


def all_resamplers():
    """Return the resampler classes as a dict, by their command line names."""
    import coreselect

    return {cls.cli_name: cls for cls in coreselect.all_resamplers().values()}


def method(name):
    """Return the selector class called `name`."""
    known = all_methods()
    if name in known:
        return known[name]
    if name in all_resamplers():
        raise UsageError(f"{name!r} resamples classes; use `coreselect resample`")
    raise _unknown(name, known)


def resampler(name):
    """Return the resampler class called `name`."""
    known = all_resamplers()
    if name in known:
        return known[name]
    if name in all_methods():
        raise UsageError(f"{name!r} selects rows; use `coreselect select`")
    raise _unknown(name, known)


def _unknown(name, known):
    problem = "--method is missing" if name is None else f"there is no method {name!r}"
    return UsageError(f"{problem}; choose from: {', '.join(known)}")


def add_method_options(parser, cls):
    """Add the options of the selector or resampler class `cls` to `parser`."""
    group = parser.add_argument_group(f"options of the method {cls.cli_name}")
    for prefix, described, checks in (
        ("method", cls, cls.parameter_checks),
        ("select", cls.select, getattr(cls, "select_checks", {})),
    ):
        texts = parameter_texts(described)
        for name, parameter in inspect.signature(described).parameters.items():
            check = checks.get(name)
            if name in _COMMON or not (name == STRATEGY or _is_plain(check)):
                continue
            text = texts.get(name, "")
            if parameter.default not in (None, parameter.empty):
                text = f"{text} (default: {parameter.default})".strip()
            group.add_argument(
                _flag(parser, cls, name),
                dest=f"{prefix}.{name}",
                default=argparse.SUPPRESS,
                help=text.replace("%", "%%"),
                **_reads(check, name),
            )
    row_arguments = getattr(cls, "row_arguments", {})
    for name in fit_keywords(cls):
        as_rows = name in row_arguments
        kinds = (
            "a .npy file, a CSV file with one column, or FILE:COLUMN of a Parquet file"
        )
        if as_rows:
            kinds = "a file of rows with the same features as IN"
        group.add_argument(
            _flag(parser, cls, f"{row_arguments.get(name, name)}_file"),
            dest=f"{'rows' if as_rows else 'fit'}.{name}",
            default=argparse.SUPPRESS,
            metavar="FILE",
            help=f"`{name}` of fit: {kinds}",
        )


def _flag(parser, cls, name):
    """Return the flag of an option; if it is taken, put the method's name in front."""
    # A parameter of a method may have the name of an option of the command.
    flag = "--" + name.replace("_", "-")
    taken = flag in parser._option_string_actions
    return f"--{cls.cli_name}{flag[1:]}" if taken else flag


def _is_plain(check):
    """Return whether values that pass a check can be written on a command line.

    Estimators and functions cannot.
    """
    from coreselect._validation import Boolean, Integer, OneOf, OrNone, Real

    inner = check.check if isinstance(check, OrNone) else check
    return isinstance(inner, (Boolean, Integer, OneOf, Real))


def _reads(check, name):
    """Return how argparse reads the value of a parameter with this check."""
    from coreselect._validation import Boolean, Integer, OneOf, OrNone

    if name == STRATEGY:
        return {"type": strategy, "metavar": "HOW"}
    if isinstance(check, OrNone):  # None is given by leaving the option out
        check = check.check
    if isinstance(check, Boolean):
        return {"action": argparse.BooleanOptionalAction}
    if isinstance(check, OneOf):
        return {"choices": check.options}
    kind = int if isinstance(check, Integer) else float

    def read(text):
        try:
            value = kind(text)
            check(name, value)
        except (TypeError, ValueError) as error:
            expected = "a whole number" if kind is int else "a number"
            known = str(error).startswith(name)
            raise argparse.ArgumentTypeError(
                str(error) if known else f"{text!r} is not {expected}"
            ) from None
        return value

    return {"type": read, "metavar": "N" if kind is int else "X"}


def fit_keywords(cls):
    """Return the names of the arguments of `fit` beyond X, y and sample_weight."""
    parameters = inspect.signature(cls.fit).parameters.values()
    return [
        p.name
        for p in parameters
        if p.name not in ("self", *_FIT_COMMON)
        and p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
    ]


def parameter_texts(described):
    """Return the first sentence about every parameter in a numpydoc docstring."""
    doc = inspect.getdoc(described) or ""
    found = re.search(r"^Parameters\n-+\n(.*?)(?:^[^\n]+\n-+\n|\Z)", doc, re.M | re.S)
    texts = {}
    for entry in re.split(r"^(?=\S)", found[1], flags=re.M)[1:] if found else ():
        head, _, body = entry.partition("\n")
        sentence = re.split(r"(?<=\.)\s|\n\s*\n", textwrap.dedent(body).strip())[0]
        for name in head.partition(":")[0].split(","):
            texts[name.strip()] = " ".join(sentence.split()).rstrip(".")
    return texts


def given(args, prefix):
    """Return the given options of a method as a dict, by name.

    The prefix "method" is for its parameters, "select" for keywords of its `select`,
    "fit" for files with keywords of its `fit`, "rows" for files of further rows.
    """
    start = f"{prefix}."
    return {
        k.removeprefix(start): v for k, v in vars(args).items() if k.startswith(start)
    }


def make_selector(cls, args):
    """Make a selector of class `cls` from the options of the command."""
    parameters = dict(given(args, "method"))
    accepted = inspect.signature(cls).parameters
    if "n_select" in accepted:
        # None lets the method choose its size.
        parameters["n_select"] = _size(cls, args, parameters)
    elif args.n_select is not None:
        raise UsageError(f"the method {cls.cli_name} takes no -n; see its own options")
    if "random_state" in accepted:
        parameters["random_state"] = args.seed
    for name, parameter in accepted.items():
        if parameter.default is parameter.empty and name not in parameters:
            options = ", ".join(getattr(cls.parameter_checks.get(name), "options", ()))
            raise UsageError(
                f"--{name.replace('_', '-')} of {cls.cli_name} is missing"
                + (f"; choose from: {options}" if options else "")
            )
    return cls(**parameters)


def _size(cls, args, parameters):
    """Return n_select; it is "auto" if an error is given in place of a size."""
    takes = "epsilon" in inspect.signature(cls).parameters
    if "epsilon" in parameters:
        if args.n_select not in (None, "auto"):
            raise UsageError(
                f"-n {args.n_select} and --epsilon: give the number of rows or the "
                "error to reach, not both"
            )
        return "auto"
    remedy = "; or --epsilon, the error to reach" if takes else ""
    if args.n_select is None and None not in cls.named_sizes:
        raise UsageError(
            f"-n is missing: how many rows, or which fraction of them{remedy}"
        )
    if args.n_select == "auto" and (takes or "auto" not in cls.named_sizes):
        remedy = remedy or "; say how many rows, or which fraction of them"
        raise UsageError(
            f"-n auto: the method {cls.cli_name} does not find a size{remedy}"
        )
    return args.n_select


def load_files(args, features=None):
    """Read the files that `--NAME-file` options name, as keywords of `fit`.

    Parameters
    ----------
    args : Namespace
    features : list of str, optional
        The feature columns, for files that hold rows.
    """
    arrays = {name: _load(name, text) for name, text in given(args, "fit").items()}
    return arrays | {
        name: _load_rows(path, features) for name, path in given(args, "rows").items()
    }


def _load_rows(path, features):
    """Open a file of rows with the same features."""
    from . import tables

    source = tables.read(path)
    for name in features or ():
        source.require(name, "the features of IN")
    return source.rows(features)


def _load(name, text):
    """Read an array: FILE.npy, FILE.csv with one column, or FILE.parquet:COLUMN."""
    from . import tables

    option = f"--{name.replace('_', '-')}-file"
    # A colon may also be part of the path.
    path, _, column = (
        text.rpartition(":") if not Path(text).exists() else (text, "", "")
    )
    source = tables.read(path or text)
    try:
        if column:
            source.require(column, option)
        return source.values(column or source.only_name())
    except ValueError as error:
        raise ValueError(f"{option} {text}: {error}") from None


def check_method_target(cls, args):
    """Raise if a method is asked to stratify and no target is named."""
    if given(args, "method").get("stratify") and args.target is None:
        raise UsageError(
            f"--stratify of {cls.cli_name} needs --target, the column of classes"
        )
