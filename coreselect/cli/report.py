"""`coreselect report`: one HTML page on a selection from a file."""

import shlex

import numpy as np

from coreselect._folders import located
from coreselect.reports import parameters_of, selection_page
from coreselect.selection import Selection

from . import outputs, tables
from .arguments.select import add_arguments
from .catalogue import find
from .parsers import Parser
from .progress import passes
from .rules import recorded_in
from .seen import complete_rows
from .selections import first_of, load_selection

_READING = ("delimiter", "decimal", "encoding")


def run(args):
    """Make the page, write it, and return the exit code."""
    located(args.input, "DATA")
    outputs.check_outputs([args.input, args.selection], {"-o": args.output}, args.force)
    source = tables.read_input(args)
    found = load_selection(args, source)
    target = _role(args.target, "target", found, source)
    weights = _role(args.input_weights, "input_weights", found, source)
    with passes():
        rows, selection, kept = _opened_rows(args, found, source, target, weights)
        page = selection_page(
            rows,
            selection,
            source.path.name,
            target=target or "y",
            numbers=kept,
            certificate=found.record.get("certificate", {}).get("text"),
            commands=_commands(args, found, target, weights),
            opened=_opened(args, found, source, target, weights),
            further=_further(found.record),
            notes=_notes(args, found, selection),
        )
    outputs.write_all([], args.force, {args.output: page.html})
    if args.output != "-":
        outputs.say(f"wrote {args.output}: open it in a browser")
    return 0


def _role(given, role, found, source):
    """Return the column of a role: the given one, else that of the selection."""
    name = first_of(found.record).get(role) if given is None else given
    if name is not None:
        source.require(name, f"--{role.replace('_', '-')}")
    return name


def _opened_rows(args, found, source, target, weights):
    """Return the rows, the selection, and the numbers of the rows (None for all).

    Rows that `select --drop-missing` left out do not belong to the population.
    """
    selection, record = found.selection, found.record
    named = args.columns, args.exclude, target, weights
    if not record.get("n_dropped"):
        return source.contents(*named), selection, None
    kept = complete_rows(source, record.get("seen"), *record.get("complete", ()))
    at = np.searchsorted(kept, selection.indices)
    if not np.array_equal(kept[np.minimum(at, len(kept) - 1)], selection.indices):
        raise ValueError(
            f"the selection was made from other data: a selected row of {args.input!r} "
            "misses a value."
        )
    selection = Selection(
        at,
        selection.weights,
        len(kept),
        record=selection.record,
        design=selection.design,
    )
    return source.contents(*named, only=kept), selection, kept


def _notes(args, found, selection):
    notes = []
    if n_excluded := found.record.get("n_excluded"):
        notes.append(
            f"{n_excluded:,} rows must not be selected (--exclude-file), but are among "
            "all rows here."
        )
    if n_dropped := found.record.get("n_dropped"):
        notes.append(f"{n_dropped:,} rows that miss a value were left out before.")
    if not found.record and selection.record is None:
        notes.append(
            f"{args.selection} has no place for the method, its parameters and seed."
        )
    elif selection.record is None:
        notes.append(
            "An earlier selection, from which this one was made, is not recorded."
        )
    return notes


def _commands(args, found, target, weights):
    """Return commands that make the selection and the page again."""
    roles = {"--target": target, "--input-weights": weights}
    commands = []
    if select := _select_command(args, found, roles):
        commands.append(("Select the rows, in the shell", select))
    words = ["coreselect", "report", args.input, args.selection, "-o", args.output]
    given = {
        "--target": args.target,
        "--input-weights": args.input_weights,
        "--row-column": args.row_column,
        "--weights-column": args.weights_column,
        **_seen(vars(args)),
        **_reading(args),
    }
    commands.append(("Make this page, in the shell", _typed(words, given)))
    return commands


def _select_command(args, found, roles):
    """Return the command that selected the rows, or None if it cannot be known."""
    record = found.selection.record
    if record is None or record.later or not found.record:
        return None
    method = find(record.method, selects=True)
    known, unknown = parameters_of(method.load(), record)
    words = ["coreselect", "select", args.input, "-o", found.path]
    words += ["--method", record.method]
    # The parser knows what the options of the method are called.
    parser = Parser()
    add_arguments(parser, words)
    flags = parser.get_default("flags")
    flags |= {"n_select": "-n", "features": "--features", "quotas": "--quota"}
    if unknown or not known.keys() <= flags.keys():
        return None
    given = {}
    for name, value in known.items():
        no = flags[name].replace("--", "--no-", 1)
        given |= {no: True} if value is False else {flags[name]: value}
    if quotas := known.get("quotas"):
        given["--quota"] = [f"{g}={_quota(quota)}" for g, quota in quotas.items()]
    for key, value in recorded_in(found.record).items():
        given[f"--{key.replace('_', '-')}"] = value
    given |= {**roles, "--seed": record.seed, **_seen(found.record), **_reading(args)}
    return _typed(words, given)


def _quota(quota):
    """Return a quota as `coreselect.cli.options.quota` reads it."""
    if isinstance(quota, list):
        return ":".join("" if bound is None else str(bound) for bound in quota)
    return str(quota)


def _opened(args, found, source, target, weights):
    """Return code that opens the rows as `select` did; None for arrays and chains."""
    record = found.selection.record
    if source.matrix is not None or record is None or record.later:
        return None
    if found.record.get("n_dropped"):
        return None
    named = {name: found.record.get(name) for name in ("columns", "exclude")}
    named |= {name: getattr(args, name) for name in _READING}
    named["header"] = False if args.no_header else None
    if record.parameters.get("features") is not None:
        named["numeric"] = False
    words = [repr(args.input)]
    words += [f"y={target!r}"] if target is not None else []
    words += [f"sample_weight={weights!r}"] if weights is not None else []
    words += [f"{name}={value!r}" for name, value in named.items() if value is not None]
    return f"coreselect.rows.open({', '.join(words)})"


def _further(record):
    """Return what the options of rules held, by the argument of `fit`."""
    further = {}
    for key, value in recorded_in(record).items():
        name, kind = key.split("_")
        what = "the column" if kind == "column" else "the row numbers in"
        further[name] = f"{what} {value!r}"
    return further


def _seen(options):
    """Return the options that say which columns are seen, as they are typed."""
    named = {f"--{name}": options.get(name) for name in ("columns", "exclude")}
    seen = {flag: _listed(names) for flag, names in named.items() if names}
    dropped = True if options.get("n_dropped") else None
    features = options.get("features_given")
    return seen | {"--features": features, "--drop-missing": dropped}


def _listed(names):
    # Quotes protect a comma in a name.
    return ",".join(f'"{name}"' if "," in name or not name else name for name in names)


def _reading(args):
    options = {f"--{name}": getattr(args, name) for name in _READING}
    return options | {"--no-header": args.no_header or None}


def _typed(words, given):
    """Return a command as it is typed; options that are None are left out."""
    typed = list(words)
    for flag, values in given.items():
        for value in values if isinstance(values, list) else [values]:
            if value is not None:
                typed += [flag] if value is True else [flag, str(value)]
    return shlex.join(typed)
