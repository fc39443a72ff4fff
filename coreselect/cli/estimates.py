"""Totals of columns over all rows, estimated from the selected rows."""

from . import outputs
from .phrases import in_shell_words


def estimated(source, args, selection, at):
    """Return estimates by column, as dicts for JSON; print each in one line.

    `at` are the numbers in the file of the selected rows.
    """
    values, found = (
        source.take(list(dict.fromkeys(args.estimate)), "--estimate", at),
        {},
    )
    for name in values:
        try:
            entry = {"total": selection.estimate(values[name])}
        except ValueError as error:
            raise ValueError(f"--estimate {name}: {error}") from error
        found[name] = entry | _errors(source, args, selection, values[name])
        outputs.say(f"estimate of {name}: {_said(found[name])}")
    return found


def _errors(source, args, selection, values):
    """Return standard error and interval of a total, or None each and the reason."""
    try:
        if source.earlier and selection.design is None:
            raise ValueError(
                "IN is a selection itself, and it is not known how the rows of both "
                "were drawn."
            )
        _, std = selection.estimate(values, return_std=True)
        return {"std": std, "interval": list(selection.interval(values))}
    except ValueError as error:
        reason = in_shell_words(str(error), args.flags)
        return {"std": None, "interval": None, "reason": reason}


def _said(entry):
    total = f"total {entry['total']:,.6g}"
    if entry["std"] is None:
        return f"{total}; no standard error: {entry['reason']}"
    low, high = (f"{end:,.6g}" for end in entry["interval"])
    return f"{total}, standard error {entry['std']:,.3g}, 95 % interval {low} to {high}"
