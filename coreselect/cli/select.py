"""`coreselect select`: from a file of rows to a file of fewer rows, with weights."""

import time

import numpy as np

from coreselect._folders import located

from . import drawn, outputs, tables
from .errors import UsageError
from .estimates import estimated
from .options import check_method_target, given, load_files, make_selector
from .progress import passes
from .record import describe, dumps, fingerprint
from .roles import added_columns, first_numbers, input_weights, roles_of, show_plan
from .rules import (
    check_size_found,
    fit_with_rules,
    quotas_by_label,
    recorded,
    roles_of_rules,
    rows_named,
)
from .seen import as_seen, refuse_missing, seen_by, tell, words_on_dropped

# Parameters that mean the same for a method and for `certify`.
_SHARED = ("fit_intercept", "alpha", "n_clusters", "power")
_GIVEN = ("columns", "exclude")  # recorded where they are given


def run(args):
    """Select, write, and return the exit code."""
    selector = make_selector(args.chosen, args)
    _check(args, selector)
    source = tables.read_input(args)
    added = added_columns(source, args)
    weights = input_weights(source, args)
    roles = {**roles_of_rules(source, args), **roles_of(source, args, weights)}
    source.require_numbers(args.estimate, "--estimate")
    named = rows_named(source, args)
    with passes():
        seen = seen_by(selector, source, args, roles)
        if args.estimate and seen.kept is None:
            refuse_missing(source, args.estimate, "--estimate")
        rules = fit_with_rules(source, args, named, seen.kept)
    if args.quota:
        selector.set_params(quotas=quotas_by_label(args, rules["groups"]))
    with seen.naming_rows():
        data = seen.rows(source, args.target, weights)
    if args.dry_run:
        written = f"{args.output}: all {source.kind}s and {', '.join(added)}"
        plan = (seen.names, roles, selector, data.n_features, written)
        dropped = words_on_dropped(source, seen.kept)
        show_plan(source, args, *plan, dropped=dropped, seen=seen.words())
        return 0
    start = time.perf_counter()
    if seen.auto:
        selector.set_params(features="auto")
    with passes(), seen.naming_rows():
        selector.fit(data, **load_files(args, seen, source.n_rows), **rules)
        selection = selector.select(**given(args, "select"))
    seconds = time.perf_counter() - start
    tell(seen, source, args, roles, selector)
    facts = facts_of(source, args, seen, roles, rules)
    facts |= {"n_features": data.n_features, "input_weights": weights}
    if args.certify is not None:
        data = as_seen(selector, data, seen, args.seed)
        data = _without(data, rules.get("exclude"))
    if certificate := _certificate(selector, selection, data, args):
        facts["certificate"] = certificate.as_dict()
        outputs.say(str(certificate))
    _say_what_a_size_costs(selector)
    at = seen.in_file(selection.indices)
    selection = drawn.with_earlier(selection, source, weights, at)
    facts["design"] = drawn.named(selection.design)
    if args.estimate:
        facts["estimates"] = estimated(source, args, selection, at)
    # Row numbers count rows of the first file, even if the earlier method is unknown.
    earlier = source.record or ({"method": None} if source.earlier else {})
    record, selection = selection.record, seen.numbered(selection, source.n_rows)
    record = describe(record, selection, added, earlier, **facts)
    _write(source, args, selection, added, record, seconds)
    return 0


def _check(args, selector):
    """Raise on what is wrong before any row is read."""
    check_method_target(args)
    check_size_found(args)
    _check_targets(args)
    _check_certify(args, selector)
    located(args.input)
    tables.check_same_family(args.input, args.output)
    inputs = [args.input, *filter(None, (args.include_file, args.exclude_file))]
    outputs.check_outputs(inputs, {"-o": args.output, "--json": args.json}, args.force)


def facts_of(source, args, seen, roles, rules):
    """Return what a record holds of the options that say what a method is given."""
    facts = {
        "features": seen.how,
        "target": args.target,
        "schema": fingerprint(source),
        **{k: v for k in _GIVEN if (v := vars(args)[k])},
        **recorded(args),
        **_left_out(source, args, seen, roles, rules),
    }
    if args.features:
        facts["features_given"] = args.features
    return facts


def _left_out(source, args, seen, roles, rules):
    """Return facts on the rows that are not in the population."""
    facts = {}
    if seen.kept is not None:
        facts["n_dropped"] = source.n_rows - len(seen.kept)
        facts["seen"] = seen.names
        facts["complete"] = [*roles, *args.estimate]
    if "exclude" in rules:
        facts["n_excluded"] = len(rules["exclude"])
    return facts


def _without(data, excluded):
    """Return rows, of which those that are excluded have no weight."""
    if excluded is None:
        return data
    weight = data.each_weight().copy()
    weight[excluded] = 0
    return data.reweighted(weight)


def _check_targets(args):
    """Say what a method that chooses rows for others does if none are given."""
    for option in args.chosen.options:
        if option["where"] != "rows" or option["name"] in given(args, "rows"):
            continue
        flag = args.flags[option["name"]]
        if args.n_select == "auto":
            raise UsageError(
                f"-n auto needs {flag}: without it the rows themselves are the target, "
                "and all of them match it best; give a number of rows"
            )
        outputs.say(
            f"{args.chosen.name} without {flag}: {args.chosen.load().without_rows}"
        )


def _check_certify(args, selector):
    if args.certify is None and args.certify_intercept:
        raise UsageError("--certify-intercept needs --certify, the objective")
    if args.certify in ("least_squares", "ridge") and args.target is None:
        raise UsageError(f"--certify {args.certify} needs --target, what to predict")
    if args.certify == "ridge" and selector.get_params().get("alpha") == 0:
        raise UsageError(
            "--certify ridge needs --alpha above 0; without a penalty it is --certify "
            "least_squares"
        )


def _certificate(selector, selection, data, args):
    """Return the certificate of `--certify`, else that of the search for a size."""
    if args.certify is None:
        return getattr(selector, "certificate_", None) if len(selection) else None
    from coreselect.certificates import certify

    parameters = selector.get_params(deep=False)
    given = {name: parameters[name] for name in _SHARED if name in parameters}
    # What the method was told also holds for the models that are certified.
    given["fit_intercept"] = args.certify_intercept or given.get("fit_intercept", False)
    try:
        return certify(
            selection, data, objective=args.certify, random_state=args.seed, **given
        )
    except ValueError as error:
        raise ValueError(f"--certify {args.certify}: {error}") from error


def _say_what_a_size_costs(selector):
    """Say which promise of a radius does not hold with the size that was given."""
    if n_far := getattr(selector, "n_uncovered_", 0):
        outputs.say(
            f"rows farther than the radius from every kept row: {n_far:,}; leave -n "
            "out to keep a row near each of them"
        )
    if n_near := getattr(selector, "n_near_", 0):
        outputs.say(
            f"-n asks for all rows, so near-duplicates are kept: {n_near:,}; leave -n "
            "out to drop them"
        )


def _write(source, args, selection, added, record, seconds):
    """Write the rows and the report; print a summary."""
    job = args.output, writer(source, selection, added, record)
    outputs.write_with_report(args, [job], record | {"select_seconds": seconds})
    outputs.say(summary(args.output, record))


def writer(source, selection, added, record):
    """Return a function that writes the rows, in the order of the input, to a path."""
    # Ranked selections are best first; a file keeps its order.
    order = np.argsort(selection.indices)
    at, weights = selection.indices[order], selection.weights[order]
    numbers = at if source.earlier is None else first_numbers(source)[at]
    columns = {added.row: numbers, added.weights: weights}
    dropped = {*(source.earlier or ())}
    design = selection.design and selection.design.take(order)
    text = dumps(record | {"design": drawn.kept(design)})
    return lambda path: source.write(path, at, columns, dropped, text)


def summary(output, record):
    """Say what was written."""
    return (
        f"wrote {output}: {record['n_out']:,} of {record['n_in']:,} rows, total "
        f"weight {record['total_weight']:,.6g}, effective sample size "
        f"{record['effective_sample_size']:,.6g}"
    )
