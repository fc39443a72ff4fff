"""`coreselect dedupe`: from a file of rows to the rows that are no near-duplicates."""

import io

import numpy as np

from coreselect._folders import located
from coreselect.selectors.radius import RadiusSelector

from . import outputs, tables
from .errors import UsageError
from .progress import passes
from .record import describe
from .roles import added_columns, first_numbers, input_weights, roles_of
from .rules import fit_with_rules, roles_of_rules
from .seen import seen_by, tell
from .select import facts_of, summary, writer


def run(args):
    """Drop near-duplicates, write the others, and return the exit code."""
    selector = _selector(args)
    located(args.input)
    tables.check_same_family(args.input, args.output)
    if args.report == "-" and args.output in outputs.STANDING_FOR:
        raise UsageError(
            "-o - and --report - cannot both be printed; name a file for one"
        )
    written = {"-o": args.output, "--report": args.report}
    outputs.check_outputs([args.input], written, args.force)
    source = tables.read_input(args)
    added = added_columns(source, args)
    weights = input_weights(source, args)
    roles = {**roles_of_rules(source, args), **roles_of(source, args, weights)}
    with passes():
        seen = seen_by(selector, source, args, roles)
        if seen.auto:
            selector.set_params(features="auto")
        told = fit_with_rules(source, args, {}, seen.kept)
        data = seen.rows(source, args.target, weights)
        selector.fit(data, **told)
    tell(seen, source, args, roles, selector)
    selection = selector.selection_
    record, selection = selection.record, seen.numbered(selection, source.n_rows)
    earlier = source.record or ({"method": None} if source.earlier else {})
    facts = facts_of(source, args, seen, roles, told)
    facts |= {"n_features": data.n_features, "input_weights": weights}
    record = describe(record, selection, added, earlier, **facts)
    report = (
        {} if args.report is None else {args.report: _report(selector, seen, source)}
    )
    job = args.output, writer(source, selection, added, record)
    outputs.write_all([job], args.force, report)
    outputs.say(summary(args.output, record))
    return 0


def _selector(args):
    radius, metric = args.radius, args.metric
    if args.similarity is not None:
        if metric == "euclidean":
            raise UsageError(
                "--similarity is about cosines: leave --metric out, or give --radius"
            )
        radius, metric = 1 - args.similarity, "cosine"
    return RadiusSelector(
        radius,
        metric=metric or "euclidean",
        order=args.order,
        random_state=args.seed,
    )


def _report(selector, seen, source):
    """Return CSV text with the number of each dropped row and of the row near it."""
    absorbed = selector.absorbed_by_
    rows = np.flatnonzero((absorbed >= 0) & (absorbed != np.arange(len(absorbed))))
    pairs = np.column_stack([seen.in_file(rows), seen.in_file(absorbed[rows])])
    if source.earlier is not None:
        pairs = first_numbers(source)[pairs]
    text = io.StringIO()
    text.write("row,absorbed_by\n")
    np.savetxt(text, pairs, "%d", delimiter=",")
    return text.getvalue()
