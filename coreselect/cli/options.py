"""How option values are read, and the options that a method adds to its command.

`coreselect.cli.describe` derives the options of a method from its class, so that a new
selector needs no change here.
"""

import argparse
import csv
import re
from pathlib import Path

from coreselect._budget import bytes_of

from . import catalogue
from .errors import UsageError


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


def quota(text):
    """Read how many rows a group gets, such as `north=100` or `north=5%:20%`.

    Returns
    -------
    (str, int or float or tuple)
        The group, and its quota as `coreselect.draw` takes it.
    """
    label, _, how = text.rpartition("=")
    least, colon, most = how.partition(":")
    if not label or how in ("", ":"):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not GROUP=N, such as north=100, north=20% or north=50:200"
        )
    if not colon:
        return label, size(how)
    bounds = tuple(size(part) if part else None for part in (least, most))
    if type(bounds[0]) is type(bounds[1]) and bounds[0] > bounds[1]:
        raise argparse.ArgumentTypeError(f"in {text!r}, {least} is more than {most}")
    return label, bounds


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


def decimal(text):
    """Read the decimal mark of numbers."""
    if text not in (".", ","):
        raise argparse.ArgumentTypeError(f"{text!r} is not a point or a comma")
    return text


def encoding(text):
    """Read the name of an encoding that Python knows."""
    from coreselect.rows.first_lines import check_reading

    try:
        return check_reading(encoding=text)[3]
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not an encoding that Python knows, such as utf-8, latin-1 or "
            "utf-16"
        ) from None


def memory(text):
    """Read a number of bytes, such as `800MB`."""
    try:
        return bytes_of(text, "")
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a number of bytes such as 800MB, 1.5GB or 2GiB"
        ) from None


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


def method(name):
    """Return the selector class called `name`, or called so on the command line."""
    return catalogue.find(name, selects=True).load()


def add_method_options(parser, method):
    """Add the options of a `Method` to `parser`; return their flags by name."""
    group = parser.add_argument_group(f"options of the method {method.name}")
    flags = {}
    for option in method.options:
        name = option["name"]
        flag = _flag(parser, method, option.get("flag", name))
        flags[option["flag"] if option["kind"] == "column" else name] = flag
        group.add_argument(
            flag,
            dest=f"{option['where']}.{name}",
            default=argparse.SUPPRESS,
            required=option["required"],
            help=option["help"].replace("%", "%%"),
            **_reads(method, option),
        )
    return flags


def _flag(parser, method, name):
    """Return the flag of an option; if it is taken, put the method's name in front."""
    # A parameter of a method may have the name of an option of the command.
    flag = "--" + name.replace("_", "-")
    taken = flag in parser._option_string_actions
    return f"--{method.name}{flag[1:]}" if taken else flag


def _reads(method, option):
    """Return how argparse reads the value of an option."""
    kind = option["kind"]
    if kind == "file":
        return {"metavar": "FILE"}
    if kind == "column":
        return {"metavar": "COL"}
    if kind == "strategy":
        return {"type": strategy, "metavar": "HOW"}
    if kind == "boolean":
        return {"action": argparse.BooleanOptionalAction}
    if kind == "choice":
        return {"choices": option["choices"]}
    name, number = option["name"], int if kind == "integer" else float

    def read(text):
        try:
            value = number(text)
        except ValueError:
            if text == getattr(method.check(option), "word", None):
                return text
            expected = "a whole number" if number is int else "a number"
            raise argparse.ArgumentTypeError(f"{text!r} is not {expected}") from None
        try:
            # Only here is the class imported: help needs no more than its description.
            method.check(option)(name, value)
        except (TypeError, ValueError) as error:
            message = str(error).removeprefix(name).strip()
            raise argparse.ArgumentTypeError(message) from None
        return value

    return {"type": read, "metavar": "N" if number is int else "X"}


def given(args, prefix):
    """Return the given options of a method as a dict, by name.

    The prefix "method" is for its parameters, "select" for keywords of its `select`,
    "fit" for files with keywords of its `fit`, "column" for columns that hold such
    keywords, "rows" for files of further rows.
    """
    start = f"{prefix}."
    return {
        k.removeprefix(start): v for k, v in vars(args).items() if k.startswith(start)
    }


def make_selector(method, args):
    """Make a selector from the options of the command; `method` is its `Method`."""
    cls, parameters = method.load(), dict(given(args, "method"))
    accepted = cls._get_param_names()
    if "n_select" in accepted:
        # None lets the method choose its size.
        parameters["n_select"] = _size(cls, args, parameters)
    elif args.n_select is not None:
        raise UsageError(f"the method {method.name} takes no -n; see its own options")
    if "random_state" in accepted:
        parameters["random_state"] = args.seed
    return cls(**parameters)


def _size(cls, args, parameters):
    """Return n_select: "auto" with an error, and None with a budget, in its place."""
    takes = "epsilon" in cls._get_param_names()
    if "budget" in parameters:
        if args.n_select is not None:
            raise UsageError(
                f"-n {args.n_select} and --budget: give the number of rows or what "
                "they may cost, not both"
            )
        return None
    if "epsilon" in parameters:
        if args.n_select not in (None, "auto"):
            raise UsageError(
                f"-n {args.n_select} and --epsilon: give the number of rows or the "
                "error to reach, not both"
            )
        return "auto"
    if args.n_select == "auto" and (takes or "auto" not in cls.named_sizes):
        remedy = "give the number of rows, or which fraction of them"
        if takes:
            remedy = "give --epsilon X, the error to reach, in place of it"
        raise UsageError(
            f"-n auto: the method {cls.cli_name} does not find a size; {remedy}"
        )
    return args.n_select


def load_files(args, seen=None, n_rows=None):
    """Read the files that `--NAME-file` options name, as keywords of `fit`.

    Parameters
    ----------
    args : Namespace
    seen : Seen, optional
        What the method sees.
    n_rows : int, optional
        Number of rows of IN, for files with a value for each.
    """
    arrays = {name: _load(name, text) for name, text in given(args, "fit").items()}
    if seen is not None and seen.kept is not None:
        for option in args.chosen.options:
            values = arrays.get(option["name"], ())
            if option["where"] == "column" and len(values) == n_rows:
                arrays[option["name"]] = values[seen.kept]
    return arrays | {
        name: _load_rows(path, args.flags[name], seen)
        for name, path in given(args, "rows").items()
    }


def _load_rows(path, flag, seen):
    """Open a file of rows with the same columns."""
    from . import tables
    from .seen import missing_features

    source = tables.read(path)
    if (seen.names is None) != (source.matrix is not None):
        kinds = ("a table", "an array")
        own, other = kinds if seen.names is not None else kinds[::-1]
        raise ValueError(f"{flag} {path!r} holds {other}; like IN, it must be {own}.")
    for name in seen.names or ():
        source.require(name, f"{flag} needs the features of IN")
    if not seen.auto and (n_missing := missing_features(source, seen.names).sum()):
        raise ValueError(
            f"{flag} {path!r}: {n_missing:,} of {source.n_rows:,} rows miss a value in "
            "a feature; fill the values in."
        )
    return source.rows(seen.names, numeric=seen.reads and not seen.auto)


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


def check_method_target(args):
    """Raise if a method is asked to stratify and no target is named."""
    if given(args, "method").get("stratify") and args.target is None:
        raise UsageError("--stratify needs --target, the column of classes or numbers")
