"""What `fit` is told of each row: whether it must be in, its group, its cost, ..."""

from contextlib import suppress

import numpy as np

from coreselect._files import existing
from coreselect._words import suggestion

from . import outputs
from .catalogue import all_methods
from .errors import UsageError, some
from .options import given
from .seen import refuse_missing

_COLUMNS = {"groups": "--groups-column", "cost": "--cost-column"}
_FILES = {"include": "--include-file", "exclude": "--exclude-file"}
# What a record calls them, and the options without their hyphens.
_RECORDED = ("groups_column", "cost_column", "include_file", "exclude_file")


def columns_named(args):
    """Return the option and its column by the keyword of `fit`, as far as given."""
    named = {
        name: (option, vars(args)[f"{name}_column"])
        for name, option in _COLUMNS.items()
        if vars(args)[f"{name}_column"] is not None
    }
    for name, column in given(args, "column").items():
        named[name] = args.flags[f"{name}_column"], column
    return named


def recorded(args):
    """Return the columns and files that options name, as a record calls them."""
    columns = {f"{name}_column": c for name, (_, c) in columns_named(args).items()}
    files = {f"{name}_file": vars(args)[f"{name}_file"] for name in _FILES}
    return columns | {key: path for key, path in files.items() if path}


def recorded_in(record):
    """Return what `recorded` put into a record."""
    method = all_methods().get(record.get("method"))
    options = method.options if method else ()
    columns = [o["flag"] for o in options if o["where"] == "column"]
    named = {key: record.get(key) for key in (*_RECORDED, *columns)}
    return {key: value for key, value in named.items() if value}


def check_size_found(args):
    """Raise if a method would find its size beside rules that change it."""
    rules = {"--quota": args.quota, "--include-file": args.include_file}
    rules["--groups-column"] = args.groups_column
    asked = [option for option, value in rules.items() if value]
    if asked and "epsilon" in given(args, "method"):
        raise UsageError(
            f"--epsilon lets {args.chosen.name} find its size, which "
            f"{' and '.join(asked)} would change; give -n N in its place"
        )


def roles_of_rules(source, args):
    """Return the roles of columns of groups, costs, ..., which are no features."""
    roles, options = {}, {}
    for name, (option, column) in columns_named(args).items():
        if name in given(args, "fit"):
            raise UsageError(f"{option} and --{name}-file: give one of them")
        if name == "groups":
            source.require_values(column, option)
        else:
            source.require_numbers([column], option)
        if column in roles:
            raise UsageError(
                f"{options[column]} and {option} both name {column!r}; a column "
                "cannot be both"
            )
        roles[column], options[column] = name.removesuffix("s"), option
    return roles


def rows_named(source, args):
    """Return the rows that files name, as masks, under "include" and "exclude"."""
    named = {}
    for name, option in _FILES.items():
        if (path := vars(args)[f"{name}_file"]) is not None:
            told = "must be selected" if name == "include" else "are left out"
            named[name] = rows_in(path, option, source, told)
    both = np.flatnonzero(np.all([*named.values()], axis=0)) if len(named) == 2 else ()
    if len(both):
        raise ValueError(
            f"--include-file and --exclude-file both name {len(both):,} row(s), such "
            f"as {both[0]}; name each row in one of them."
        )
    if named and source.earlier:
        outputs.say(
            f"these files count the rows of {args.input!r} from 0; the column "
            f"{source.earlier.row!r} counts those of an earlier file"
        )
    return named


def rows_in(path, option, source, told):
    """Return which rows a file names: one row number per line.

    `told` is what becomes of them, for a message.
    """
    mask = np.zeros(source.n_rows, bool)
    try:
        with open(existing(path, option), encoding="utf-8-sig") as file:
            for number, line in enumerate(file, 1):
                if cell := line.strip():
                    if problem := _problem(cell, len(mask)):
                        raise ValueError(f"{option} {path}, line {number}: {problem}")
                    mask[int(cell)] = True
    except UnicodeDecodeError:
        raise ValueError(
            f"{option} {path}: this is no text; write one row number per line."
        ) from None
    outputs.say(f"{option} {path}: {np.count_nonzero(mask):,} rows {told}")
    return mask


def _problem(cell, n_rows):
    """Say why a cell is not the number of a row; None if it is one."""
    if not (cell.isascii() and cell.isdecimal()):
        shown = cell if len(cell) <= 40 else f"{cell[:40]}..."
        return (
            f"{shown!r} is not a row number; write one whole number per line and no "
            "header, 0 for the first row."
        )
    if len(cell) > 18 or int(cell) >= n_rows:
        return f"there is no row {cell[:40]}; rows are numbered 0 to {n_rows - 1}."
    return None


def fit_with_rules(source, args, named, kept):
    """Return what `fit` gets: groups, cost, include, exclude, ..., as far as given.

    `named` is what `rows_named` returned, `kept` the numbers of the rows that are not
    left out, None for all.
    """
    found = {}
    for name, rows in named.items():
        if kept is not None and name == "include":
            lost = np.setdiff1d(np.flatnonzero(rows), kept)
            if len(lost):
                raise ValueError(
                    f"--include-file {args.include_file} names {len(lost):,} row(s) "
                    f"that miss a value, such as row {lost[0]}, and --drop-missing "
                    "leaves them out; fill in the values, or take the rows out of the "
                    "file."
                )
        found[name] = np.flatnonzero(rows if kept is None else rows[kept])
    for name, (option, column) in columns_named(args).items():
        if kept is None:
            refuse_missing(source, [column], option)
        found[name] = source.take([column], option, kept)[column]
    return found


def quotas_by_label(args, groups):
    """Return the quotas of `--quota` by the labels that groups have.

    In a column of numbers, `3` and `3.0` are the same label.
    """
    labels, quotas = sorted(set(groups.tolist())), {}
    known = {_word(label): label for label in labels}
    for text, quota in args.quota:
        label = known.get(_read_like(labels[0], text))
        if label is None:
            raise ValueError(
                f"--quota names group {text!r}, which no row of the column "
                f"{args.groups_column!r} has; its groups are {some(map(str, labels))}."
                f"{suggestion(text, map(str, labels))}"
            )
        if label in quotas:
            raise UsageError(f"--quota names group {str(label)!r} twice")
        quotas[label] = quota
    return quotas


def _word(label):
    return str(label).lower() if isinstance(label, bool) else label


def _read_like(label, text):
    """Convert a text to the type of a label; return None if it should be a number."""
    if isinstance(label, bool):
        return text.lower()
    if isinstance(label, str):
        return text
    for number in (int, float):
        with suppress(ValueError):
            return number(text)
    return None
