"""`coreselect resample`: write a table with other shares of the classes."""

import time

import numpy as np

from coreselect._files import require
from coreselect._folders import located
from coreselect.rows.writing import write_table
from coreselect.selection import Selection

from . import outputs, tables
from .errors import UsageError, some
from .mixed import columns_of
from .options import given
from .record import describe, dumps
from .resampled import ResampledTable
from .roles import added_columns, first_numbers, input_weights, roles_of, show_plan
from .seen import complete_rows, words_on_dropped


def run(args):
    """Resample, write, and return the exit code."""
    _check_files(args)
    source = tables.read_input(args)
    added = added_columns(source, args)
    weights = input_weights(source, args)
    roles = roles_of(source, args, weights)
    columns = columns_of(source, args, roles)
    features, kept = columns.features, None
    if args.drop_missing:
        kept = complete_rows(source, features, args.target, weights)
    classes, codes = _classes(source.read([args.target], kept), args)
    sampler = _make(columns, args, classes)
    dropped = words_on_dropped(source, kept)
    if args.dry_run:
        plan = (features, roles, sampler, len(features), args.output)
        reads = sampler.__sklearn_tags__().selector_tags.reads_features
        show_plan(
            source,
            args,
            *plan,
            dropped=dropped,
            seen=None if reads else "not looked at",
            classes=_shown(_counts(classes, codes)),
        )
        return 0
    if dropped:
        outputs.say(f"--drop-missing leaves out {dropped}")
    start = time.perf_counter()
    # Named columns are refused where they are not numbers, and not left out.
    rows = source.rows(features, None, weights, numeric=False, only=kept)
    result = sampler.fit_select(rows, classes[codes])
    record = result.record
    made = hasattr(result, "take_labels")
    new_codes = result.take_labels(codes) if made else result.take(codes)
    if kept is not None:
        result = _renumbered(result, kept, source.n_rows)
    table = ResampledTable(source, features, args.target, result)
    facts = {
        "n_new": table.n_new,
        "target": args.target,
        "input_weights": weights,
        "classes_in": _counts(classes, codes),
        "classes_out": _counts(classes, new_codes),
    }
    seconds = time.perf_counter() - start
    _write(source, args, record, table, added, facts, seconds)
    return 0


def _check_files(args):
    """Raise unless all files are tables and the outputs can be written."""
    located(args.input)
    named = {"-o": args.output, "--provenance": args.provenance}
    for option, path in {"IN": args.input, **named}.items():
        if path is not None and tables.known_suffix(path, option) not in tables.TABLES:
            raise UsageError(
                f"{option} {path!r}: resample works on tables, that is on one of "
                f"{', '.join(tables.TABLES)}"
            )
    outputs.check_outputs([args.input], {**named, "--json": args.json}, args.force)


def _renumbered(result, kept, n_rows):
    """Return a result for some rows in the row numbers of the file."""
    if isinstance(result, Selection):
        return Selection(kept[result.indices], result.weights, n_rows)
    return result.renumber(kept, n_rows)


def _classes(table, args):
    """Return the classes, sorted, and the number of the class of every row."""
    arrow = require("pyarrow", "io")
    column = table.column(args.target)
    if arrow.types.is_dictionary(column.type):  # which may hold classes without rows
        column = column.cast(column.type.value_type)
    if missing := column.null_count:
        raise ValueError(
            f"--target {args.target}: {missing} of {len(column)} rows have no class; "
            "--drop-missing leaves them out."
        )
    try:
        column = column.dictionary_encode().combine_chunks()
    except arrow.ArrowNotImplementedError:
        raise ValueError(
            f"--target {args.target}: this column holds {column.type}; a class must be "
            "a number, a text, a date or a boolean."
        ) from None
    classes = column.dictionary.to_pylist()
    if len(classes) == 1:
        raise ValueError(
            f"--target {args.target} is {classes[0]!r} in every row; there must be two "
            "classes or more."
        )
    classes = np.asarray(classes)
    if classes.dtype.kind == "S":
        raise ValueError(
            f"--target {args.target}: this column holds bytes. Convert it to text "
            "first; for a text file that is not UTF-8, add --encoding latin-1."
        )
    if classes.dtype.kind == "f":
        odd = classes[~np.isfinite(classes) | (classes != np.floor(classes))]
        if len(odd):
            raise ValueError(
                f"--target {args.target} holds {odd[0]}, which is a measurement and no "
                "class; resample changes the shares of classes."
            )
    # Dates and decimals are Python objects; new rows take their class from the table.
    classes = classes.astype(str) if classes.dtype == object else classes
    classes, number = np.unique(classes, return_inverse=True)
    codes = number.astype(np.int32)[column.indices.to_numpy()]
    # As objects, equal texts of many rows are one, which takes 8 bytes per row.
    return classes.astype(object) if classes.dtype.kind == "U" else classes, codes


def _make(columns, args, classes):
    """Make a resampler from the options of the command."""
    cls, parameters = columns.method.load(), dict(given(args, "method"))
    names = cls._get_param_names()
    if "sampling_strategy" in parameters:
        parameters["sampling_strategy"] = _labelled(
            parameters["sampling_strategy"], classes
        )
    if "random_state" in names:
        parameters["random_state"] = args.seed
    if "categorical_features" in names:
        parameters["categorical_features"] = columns.categories
    return cls(**parameters)


def _labelled(strategy, classes):
    """Return a strategy whose classes have the type of the file's, not text."""
    if not isinstance(strategy, (dict, list)):
        return strategy
    known = {str(label): label for label in classes.tolist()}
    if unknown := [text for text in strategy if text not in known]:
        raise ValueError(
            f"--sampling-strategy names the class {unknown[0]!r}; the target has "
            f"{some(known)}."
        )
    if isinstance(strategy, list):
        return [known[text] for text in strategy]
    return {known[text]: n for text, n in strategy.items()}


def _counts(classes, codes):
    """Return the number of rows of each class that has rows, by its text."""
    found = zip(classes, np.bincount(codes, minlength=len(classes)), strict=True)
    return {str(label): int(number) for label, number in found if number}


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
