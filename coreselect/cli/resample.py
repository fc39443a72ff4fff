"""`coreselect resample`: write a table with other shares of the classes."""

import time

import numpy as np

from coreselect._files import existing, require
from coreselect.rows import open as open_rows
from coreselect.rows.writing import write_table

from . import outputs, tables
from .errors import UsageError, some
from .options import given
from .record import describe, dumps
from .resampled import ResampledTable
from .roles import added_columns, first_numbers, input_weights, roles_of, show_plan

# Types of columns that hold categories.
_NOMINAL = ("string", "large_string", "string_view", "dictionary", "bool")


def run(args):
    """Resample, write, and return the exit code."""
    cls = args.chosen.load()
    _check_files(args)
    source = tables.read_input(args)
    added = added_columns(source, args)
    weights = input_weights(source, args)
    roles = roles_of(source, args, weights)
    features = _features(source, cls, args, roles)
    y = _classes(source, args)
    sampler = _make(source, cls, args, features, y)
    if args.dry_run:
        plan = (features, roles, sampler, len(features), args.output)
        show_plan(source, args, *plan, classes=_shown(_counts(y)))
        return 0
    start = time.perf_counter()
    weight = None if weights is None else source.values(weights, "--input-weights")
    # Named columns are refused where they are not numbers, and not left out.
    rows = open_rows(source.read_all(), columns=features, numeric=False)
    result = sampler.fit_select(rows, y, weight)
    table = ResampledTable(source, features, args.target, y, result)
    facts = {
        "n_new": table.n_new,
        "target": args.target,
        "input_weights": weights,
        "classes_in": _counts(y),
        "classes_out": _counts(table.labels),
    }
    seconds = time.perf_counter() - start
    _write(source, args, result.record, table, added, facts, seconds)
    return 0


def _check_files(args):
    """Raise unless all files are tables and the outputs can be written."""
    existing(args.input)
    named = {"-o": args.output, "--provenance": args.provenance}
    for option, path in {"IN": args.input, **named}.items():
        if path is not None and tables.known_suffix(path, option) not in tables.TABLES:
            raise UsageError(
                f"{option} {path!r}: resample works on tables, that is on one of "
                f"{', '.join(tables.TABLES)}"
            )
    outputs.check_outputs([args.input], {**named, "--json": args.json}, args.force)


def _features(source, cls, args, roles):
    """Return the feature names: numbers, and categories if the method takes them."""
    if args.categorical and "categorical_features" not in cls._get_param_names():
        raise UsageError(f"the method {cls.cli_name} takes no --categorical")
    for name in args.categorical or ():
        source.require(name, "--categorical")
    # For a method that wraps another one, `_strings` is not settled by the class.
    if cls._strings is True:
        source.numeric = [
            name
            for name in source.names
            if name in source.numeric or _is_nominal(source, name)
        ]
    features = source.features(args.columns, args.exclude, roles)
    for name in features:
        if name in roles:
            raise UsageError(f"--columns names {name!r}, which is the {roles[name]}")
    for name in args.categorical or ():
        if name not in features:
            raise UsageError(f"--categorical names {name!r}, which is not a feature")
    return features


def _is_nominal(source, name):
    return source.types[name].startswith(_NOMINAL)


def _classes(source, args):
    """Return the classes of the rows."""
    classes = source.read_all().column(args.target).to_pylist()
    if missing := classes.count(None):
        raise ValueError(
            f"--target {args.target}: {missing} of {len(classes)} rows have no class; "
            "remove these rows first."
        )
    classes = np.asarray(classes)
    if classes.dtype.kind == "S":
        raise ValueError(
            f"--target {args.target}: this column holds bytes. Convert it to text "
            "first; for a text file that is not UTF-8, add --encoding latin-1."
        )
    # Dates and decimals are Python objects; new rows take their class from the table.
    return classes.astype(str) if classes.dtype == object else classes


def _make(source, cls, args, features, y):
    """Make a resampler from the options of the command."""
    parameters = dict(given(args, "method"))
    names = cls._get_param_names()
    if "sampling_strategy" in parameters:
        parameters["sampling_strategy"] = _labelled(parameters["sampling_strategy"], y)
    if "random_state" in names:
        parameters["random_state"] = args.seed
    if "categorical_features" in names:
        parameters["categorical_features"] = args.categorical or [
            name for name in features if _is_nominal(source, name)
        ]
    return cls(**parameters)


def _labelled(strategy, y):
    """Return a strategy whose classes have the type of the file's, not text."""
    if not isinstance(strategy, (dict, list)):
        return strategy
    known = {str(label): label for label in np.unique(y).tolist()}
    if unknown := [text for text in strategy if text not in known]:
        raise ValueError(
            f"--sampling-strategy names the class {unknown[0]!r}; the target has "
            f"{some(known)}."
        )
    if isinstance(strategy, list):
        return [known[text] for text in strategy]
    return {known[text]: n for text, n in strategy.items()}


def _counts(y):
    """Return the number of rows of each class, by its text."""
    labels, numbers = np.unique(y, return_counts=True)
    return dict(zip(map(str, labels), numbers.tolist(), strict=True))


def _shown(counts):
    return some(f"{label} {n:,}" for label, n in counts.items())


def _write(source, args, record, table, added, facts, seconds):
    """Write the rows, their origins and the report; print a summary."""
    if source.earlier is not None:
        table.renumber(first_numbers(source))
    weights = require("pyarrow", "io").array(table.weights)
    origin = dict(table.origin)
    columns = {added.row: origin.pop("row"), added.weights: weights, **origin}
    record = describe(record, table, added, source.record, **facts)
    within = {} if args.provenance else columns
    if within:
        taken = {*source.names} - {*(source.earlier or ())}
        if clash := [name for name in origin if name in taken]:
            raise ValueError(
                f"{args.input!r} has a column called {clash[0]!r} already; use "
                "--provenance FILE to write where rows come from to a separate file."
            )
        record["provenance_columns"] = list(origin)
    text = dumps(record)
    jobs = [(args.output, lambda path: table.write(path, within, text))]
    if args.provenance:
        alone = require("pyarrow", "io").table(columns)
        write = (alone.schema, [alone], {}, (), text)
        jobs += [(args.provenance, lambda path: write_table(path, *write))]
    outputs.write_with_report(args, jobs, record | {"resample_seconds": seconds})
    new = f" and {table.n_new:,} new ({', '.join(table.kinds)})" if table.n_new else ""
    outputs.say(
        f"wrote {args.output}: {len(table.kept):,} of {source.n_rows:,} rows{new}; "
        f"classes: {_shown(facts['classes_out'])}"
    )
