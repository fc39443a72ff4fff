"""Columns of a table that are no features: added ones, weights and the target."""

import numpy as np

from . import outputs
from .errors import UsageError, some
from .record import Added


def added_columns(source, args):
    """Return the names of the columns to add; make sure that they are free."""
    if args.from_selection:
        earlier = Added(args.row_column or "row", args.weights_column or "weight")
        for name in earlier:
            source.require(name, "--from-selection")
        source.earlier = earlier
    default = source.earlier or Added()
    added = Added(
        args.row_column or default.row, args.weights_column or default.weights
    )
    if added.row == added.weights:
        raise UsageError(f"--row-column and --weights-column are both {added.row!r}")
    taken = {*source.reserved, *source.names} - {*(source.earlier or ())}
    if clash := [name for name in added if name in taken]:
        way_out = "choose other names with --row-column and --weights-column"
        if source.earlier is None:
            way_out += ", or say --from-selection if an earlier selection wrote both"
        raise ValueError(
            f"{args.input!r} has {source.kind}s called {some(map(repr, clash))} "
            f"already; {way_out}."
        )
    return added


def input_weights(source, args):
    """Return the name of the weights of the input rows, or None; say which."""
    earlier = source.earlier
    if args.input_weights is not None:
        source.require(args.input_weights, "--input-weights")
        if earlier and args.input_weights != earlier.weights:
            outputs.say(
                f"input weights are {args.input_weights!r}; those of the earlier "
                f"selection, {earlier.weights!r}, do not count"
            )
        return args.input_weights
    if earlier:
        outputs.say(
            f"{args.input!r} was selected before: its weights {earlier.weights!r} "
            f"count, and {earlier.row!r} keeps the first file's row numbers"
        )
        return earlier.weights
    return None


def roles_of(source, args, weights):
    """Return the columns with a role other than feature: what for, by name."""
    roles = {}
    if args.target is not None:
        source.require(args.target, "--target")
        roles[args.target] = "target"
    if weights is not None:
        if weights == args.target:
            raise UsageError(
                f"{weights!r} cannot be the target and the weights at once"
            )
        roles[weights] = "input weights"
    return roles


def first_numbers(source):
    """Return the row numbers in the first file that an earlier selection wrote."""
    name = source.earlier.row
    numbers = np.asarray(source.values(name))
    if numbers.dtype.kind not in "iu" or (len(numbers) and numbers.min() < 0):
        raise ValueError(
            f"{name!r} in {str(source.path)!r} should hold the row numbers of an "
            "earlier selection, but not all of it are whole numbers of at least 0."
        )
    return numbers.astype(np.int64)
