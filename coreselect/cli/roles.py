"""Columns of a table that are not features: added ones, weights and the target."""

import numpy as np

from . import outputs
from .errors import UsageError, some
from .options import given
from .record import Added


def added_columns(source, args):
    """Return the names of the columns to add; raise if the file has them already."""
    if args.from_selection:
        earlier = Added(args.row_column or "row", args.weights_column or "weight")
        for name in earlier:
            source.require(name, "--from-selection")
        source.earlier = earlier
    # A selection of a selection replaces the columns of the first one.
    default = source.earlier or Added()
    added = Added(
        args.row_column or default.row, args.weights_column or default.weights
    )
    if added.row == added.weights:
        raise UsageError(f"--row-column and --weights-column are both {added.row!r}")
    taken = {*source.reserved, *source.names} - {*(source.earlier or ())}
    if clash := [name for name in added if name in taken]:
        remedy = "choose other names with --row-column and --weights-column"
        if source.earlier is None:
            remedy += ", or give --from-selection if an earlier selection wrote both"
        raise ValueError(
            f"{args.input!r} has {source.kind}s called {some(map(repr, clash))} "
            f"already; {remedy}."
        )
    return added


def input_weights(source, args):
    """Return the name of the column of input weights, or None; print which it is."""
    earlier = source.earlier
    if args.input_weights is not None:
        source.require(args.input_weights, "--input-weights")
        if earlier and args.input_weights != earlier.weights:
            outputs.say(
                f"input weights are {args.input_weights!r}; those of the earlier "
                f"selection, {earlier.weights!r}, are not used"
            )
        return args.input_weights
    if earlier:
        outputs.say(
            f"{args.input!r} is the output of a selection: its weights "
            f"{earlier.weights!r} are used as input weights, and {earlier.row!r} "
            "keeps the first file's row numbers"
        )
        return earlier.weights
    return None


def roles_of(source, args, weights):
    """Return the roles of the columns that are not features, as a dict by name."""
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
    """Return the row numbers of the first file, which an earlier selection wrote."""
    # So that the output counts rows as the first file does, however often one selects.
    name = source.earlier.row
    numbers = np.asarray(source.values(name))
    if numbers.dtype.kind not in "iu" or (len(numbers) and numbers.min() < 0):
        raise ValueError(
            f"{name!r} in {str(source.path)!r} must hold the row numbers of an "
            "earlier selection, but not all values are whole numbers of at least 0."
        )
    return numbers.astype(np.int64)


def show_plan(
    source,
    args,
    features,
    roles,
    estimator,
    n_features,
    output,
    *,
    classes=None,
    dropped=None,
    seen=None,
):
    """Print what a run would do, for `--dry-run`."""
    parameters = estimator.get_params(deep=False) | given(args, "select")
    parameters.pop("random_state", None)
    shown = ", ".join(f"{name}={value}" for name, value in parameters.items())
    ignored = [
        f"{name} ({why})"
        for name, why in source.ignored(features or (), args.exclude, roles)
    ]
    names = some(features) if features else f"the columns of {source.matrix or 'X'}"
    lines = {
        "input": f"{args.input}: {source.n_rows:,} rows",
        "dropped": dropped,
        "classes": classes,
        "features": f"{n_features:,}: {names}",
        "seen": seen,
        "ignored": some(ignored) or "-",
        "method": f"{estimator.cli_name} ({shown}), seed {args.seed}",
        "passes": estimator.passes,
        "output": output,
    }
    for name, text in lines.items():
        if text is not None:
            outputs.show(f"{name:<12} {text}\n")
