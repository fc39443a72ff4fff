"""`coreselect compare`: train on all rows and on selections of them, side by side."""

import csv
import io

from . import evaluate, outputs, tables
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
    classes = _methods(args)
    outputs.check_outputs(
        [args.input], {"--json": args.json, "--csv": args.csv}, args.force
    )
    X, y, source = _load(args)
    trial = evaluate.prepare(X, y, args.estimator, args.task, args.seed)
    rows = trial.check_sizes(args.n_select)
    seeds = range(args.seed, args.seed + args.seeds)
    with line() as progress:
        full, results, notes = evaluate.run(
            trial, classes, rows, seeds, progress, strict=args.methods is not None
        )
    if trial.n_classes and not trial.stratified:
        notes.append(
            "classes with few rows: the held-out rows are drawn from all alike"
        )
    for note in notes:
        outputs.say(f"warning: {note}")
    report = _report(args, trial, full, results)
    told, table = dumps(report, indent=2) + "\n", _csv(report)
    outputs.write_all(
        [*outputs.text_jobs(args.json, told), *outputs.text_jobs(args.csv, table)],
        args.force,
    )
    outputs.print_text(args.json, told)
    outputs.print_text(args.csv, table)
    if "-" not in (args.json, args.csv):
        print(_heading(report, source) + "\n\n" + _table(report))
    return 0


def _methods(args):
    """Return the classes to compare by name; uniform comes first, named or not."""
    known = all_methods()
    wanted = list(known) if args.methods is None else args.methods
    return {name: method(name) for name in dict.fromkeys(["uniform", *wanted])}


def _load(args):
    """Return features and target of all rows, and the file they come from."""
    source = tables.read(args.input, args.delimiter)
    source.require(args.target, "--target")
    if source.earlier:
        outputs.say(
            f"warning: {args.input!r} was selected before; its weights "
            f"{source.earlier.weights!r} do not count here"
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
    return evaluate.all_rows(rows), source.values(args.target), source


def _report(args, trial, full, results):
    """Return everything there is to know of a comparison as a dict."""
    entries = []
    for result in results:
        entries.append(
            {
                "method": result.method,
                "size": result.size,
                "n_rows": result.n_rows,
                "select_seconds": result.select_seconds,
                "fit_seconds": result.fit_seconds,
                "scores": result.scores,
                "score_mean": result.mean,
                "score_sd": result.sd,
                "difference": result.mean - full.mean,
            }
        )
    return {
        "input": args.input,
        "target": args.target,
        "task": trial.task,
        "n_classes": trial.n_classes,
        "estimator": trial.name,
        "score": trial.score_name,
        "n_train": len(trial.y_train),
        "n_test": len(trial.y_test),
        "n_features": trial.X_train.shape[1],
        "seed": args.seed,
        "seeds": args.seeds,
        "full": {"fit_seconds": full.fit_seconds, "score": full.mean},
        "results": entries,
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


def _table(report):
    """Return the results as an aligned table."""
    full = report["full"]
    cells = [("method", "size", "select s", "fit s", report["score"], "from full")]
    cells.append(
        (
            "full",
            f"{report['n_train']:,}",
            "",
            f"{full['fit_seconds']:.4f}",
            f"{full['score']:.4f}",
            "",
        )
    )
    for r in report["results"]:
        sd = "" if r["score_sd"] is None else f" ± {r['score_sd']:.4f}"
        cells.append(
            (
                r["method"],
                f"{r['n_rows']:,.10g}",
                f"{r['select_seconds']:.4f}",
                f"{r['fit_seconds']:.4f}",
                f"{r['score_mean']:.4f}{sd}",
                f"{r['difference']:+.4f}",
            )
        )
    return outputs.aligned(cells, right={1, 2, 3, 5})


def _csv(report):
    """Return the results as CSV, a line for the full data first."""
    full, n = report["full"], report["n_train"]
    text = io.StringIO()
    writer = csv.DictWriter(text, _COLUMNS, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerow(
        {
            "method": "full",
            "size": n,
            "n_rows": n,
            "fit_seconds": full["fit_seconds"],
            "score_mean": full["score"],
        }
    )
    writer.writerows(report["results"])
    return text.getvalue()
