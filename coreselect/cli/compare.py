"""`coreselect compare`: train on all rows and on selections of them, side by side."""

import csv
import importlib
import inspect
import io

from sklearn.base import clone

from coreselect import comparison

from . import outputs, tables
from .errors import UsageError
from .options import all_methods, method
from .progress import line
from .record import Added, dumps, versions

_COLUMNS = (
    "method",
    "size",
    "n_rows",
    "select_seconds",
    "fit_seconds",
    "score_mean",
    "score_sd",
    "difference",
)


def run(args):
    """Compare, print the table, and return the exit code."""
    if args.json == "-" and args.csv == "-":
        raise UsageError("--json and --csv cannot both be printed; name a file for one")
    wanted = _methods(args)
    outputs.check_outputs(
        [args.input], {"--json": args.json, "--csv": args.csv}, args.force
    )
    X, y, source = _load(args)
    trial = _trial(args, X, y)
    sizes = trial.check_sizes(args.n_select, "-n")
    with line() as progress:
        found = comparison.run(
            trial,
            comparison.choose_methods(wanted, trial),
            sizes,
            range(args.seed, args.seed + args.seeds),
            strict=args.methods is not None,
            tell=progress.show,
        )
    for note in found.notes:
        outputs.say(f"warning: {note}")
    report = _report(args, found)
    texts = {args.json: dumps(report, indent=2) + "\n", args.csv: _csv(found)}
    if "-" not in texts:
        texts["-"] = f"{_heading(report, source)}\n\n{_table(found)}\n"
    outputs.write_all([], args.force, texts)
    return 0


def _methods(args):
    """Return the classes to compare by name; an unknown name is an error."""
    known = all_methods()
    return {name: method(name) for name in args.methods or known}


def _trial(args, X, y):
    """Split the rows, and choose the estimator that is fitted to them."""
    model = name = None
    if args.estimator != "auto":
        model, name = _estimator_at(args.estimator), args.estimator
    return comparison.prepare(
        X, y, model, args.task, args.seed, name=name, y_name="--target"
    )


def _estimator_at(path):
    """Return an instance of the estimator that a dotted path names."""
    module, _, name = path.rpartition(".")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError):
        raise UsageError(
            f"--estimator {path!r} cannot be imported; give a dotted path such as "
            "sklearn.linear_model.Ridge"
        ) from None
    model = found() if inspect.isclass(found) else found
    if not (hasattr(model, "fit") and hasattr(model, "score")):
        raise UsageError(f"--estimator {path!r} has no fit and score methods")
    return clone(model)


def _load(args):
    """Return the features and target of all rows, and the opened file."""
    source = tables.read_input(args)
    source.require(args.target, "--target")
    if source.earlier:
        outputs.say(
            f"warning: {args.input!r} is the output of a selection; its weights "
            f"{source.earlier.weights!r} are not used here"
        )
    elif set(Added()) <= set(source.numeric):
        outputs.say(
            f"warning: {args.input!r} has columns called {' and '.join(Added())}; if "
            "an earlier selection wrote them, --exclude them"
        )
    features = source.features(args.columns, args.exclude, {args.target: "target"})
    if args.target in (features or ()):
        raise UsageError(f"{args.target!r} cannot be the target and a feature at once")
    rows = source.rows(features)
    return rows.whole().X, source.values(args.target, "--target"), source


def _report(args, found):
    """Return all results of a comparison as a dict."""
    return {
        "input": args.input,
        "target": args.target,
        "task": found.task,
        "n_classes": found.n_classes,
        "estimator": found.estimator,
        "score": found.score,
        "n_train": found.n_train,
        "n_test": found.n_test,
        "n_features": found.n_features,
        "seed": args.seed,
        "seeds": found.n_seeds,
        "full": {"fit_seconds": found.full.fit_seconds, "score": found.full.mean},
        "results": found.rows(),
        "versions": versions(),
    }


def _heading(report, source):
    kind = f"{report['n_classes']} classes" if report["n_classes"] else "numbers"
    return (
        f"{source.path.name}: {report['n_train']:,} training rows, "
        f"{report['n_test']:,} held out, {report['n_features']:,} features, "
        f"target {report['target']} ({kind})\n"
        f"{report['estimator']}, score: {report['score']}, seeds: {report['seeds']}"
    )


def _table(found):
    """Return the results as an aligned table; the first line is for all rows."""
    cells = [("method", "size", "select s", "fit s", found.score, "from full")]
    for result in found.rows(full=True):
        selected = result["select_seconds"] is not None
        sd = "" if result["score_sd"] is None else f" ± {result['score_sd']:.4f}"
        cells.append(
            (
                result["method"],
                f"{result['n_rows']:,.10g}",
                f"{result['select_seconds']:.4f}" if selected else "",
                f"{result['fit_seconds']:.4f}",
                f"{result['score_mean']:.4f}{sd}",
                f"{result['difference']:+.4f}" if selected else "",
            )
        )
    return outputs.aligned(cells, right={1, 2, 3, 5})


def _csv(found):
    """Return the results as CSV; the first line is for all training rows."""
    full, *others = found.rows(full=True)
    text = io.StringIO()
    writer = csv.DictWriter(text, _COLUMNS, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows([full | {"difference": None}, *others])
    return text.getvalue()
