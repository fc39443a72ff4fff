"""`coreselect compare`: train on all rows and on selections of them, side by side."""

import csv
import importlib
import inspect
import io
import time

import numpy as np
from sklearn.base import clone
from sklearn.metrics import get_scorer_names

from coreselect import comparison
from coreselect._files import require, suffix_of
from coreselect._words import printable, suggestion
from coreselect.features import TableFeatures

from . import outputs, tables
from .errors import UsageError
from .options import method
from .phrases import in_shell_words
from .progress import line
from .record import Added, dumps, versions
from .rules import rows_in
from .seen import complete_rows, refuse_misread

_PICTURES = (".png", ".svg", ".pdf")


def run(args):
    """Compare, print the results as they come, and return the exit code."""
    _check(args)
    wanted = _methods(args)
    files = {"--json": args.json, "--csv": args.csv}
    files |= {"--plot": args.plot, "--html": args.html}
    outputs.check_outputs([args.input], files, args.force)
    X, y, auto, source = _load(args)
    trial = _trial(args, X, y, auto)
    selectors = comparison.choose_methods(wanted, trial)
    for name, selector in selectors.items():
        if selector.without_rows:
            outputs.say(f"{name}: {selector.without_rows}")
    sizes = trial.check_sizes(args.n_select or comparison.SIZES, "-n")
    name = outputs.STANDING_FOR.get(args.input, source.path.name)
    stream = _Stream(name, list(selectors), "-" not in files.values())
    seeds = range(args.seed, args.seed + args.seeds)
    results, code = [], 0

    def found():
        rest = selectors, sizes, args.seeds, args.target
        return comparison.gathered(trial, results, *rest)

    with line() as progress:
        clock = _Clock(progress)
        try:
            for result in comparison.fits(
                trial, selectors, sizes, seeds, tell=clock.tell
            ):
                results.append(result)
                progress.clear()
                stream.add(found())
        except KeyboardInterrupt:
            if not results:
                raise
            code = 130
    if code:
        outputs.say("interrupted; the results so far are printed and written")
    _finish(args, found(), stream)
    return code


def _check(args):
    """Raise if the options contradict each other or name what does not exist."""
    printed = [name for name in ("json", "csv", "html") if vars(args)[name] == "-"]
    if len(printed) > 1:
        raise UsageError(
            f"--{printed[0]} and --{printed[1]} cannot both be printed; name a file "
            "for one"
        )
    if args.scoring is not None and args.scoring not in get_scorer_names():
        raise UsageError(
            f"--scoring: scikit-learn has no score {args.scoring!r}."
            f"{suggestion(args.scoring, get_scorer_names())}"
        )
    if args.html is not None:  # before the work, not after it
        require("jinja2", "report")
        require("matplotlib", "report")
    if args.plot is not None:
        if suffix_of(args.plot) not in _PICTURES:
            raise UsageError(
                f"--plot {args.plot!r}: the suffix tells the format, one of "
                f"{', '.join(_PICTURES)}"
            )
        require("matplotlib", "plot")


def _methods(args):
    """Return the classes to compare, "all" or None; an unknown name is an error."""
    if args.methods in (None, ["all"]):
        return args.methods and "all"
    return [method(name) for name in args.methods]


def _trial(args, X, y, auto):
    """Split the rows, and choose the estimator that is fitted to them."""
    model = name = None
    if args.estimator != "auto":
        model, name = _estimator_at(args.estimator), args.estimator
    return comparison.prepare(
        X,
        y,
        model,
        args.task,
        args.seed,
        transformer=TableFeatures() if auto else None,
        name=name,
        scoring=args.scoring,
        cv=args.cv,
        test_size=args.test_size,
        y_name="--target",
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
    """Return the columns and the target of all rows, and the opened file.

    The third value says whether features are made of the columns.
    """
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
    roles, auto = {args.target: "target"}, args.features != "numeric"
    names = source.features(args.columns, args.exclude, roles, numeric=not auto)
    kept = None
    if auto:
        refuse_misread(names, source, args, roles)
    if args.drop_missing:
        kept = complete_rows(source, names, args.target, None)
    if kept is not None:
        outputs.say(f"--drop-missing leaves out {source.n_rows - len(kept):,} rows")
    if args.exclude_file is not None:
        kept = _not_excluded(args, source, kept)
    if kept is not None:
        rows = source.rows(names, args.target, numeric=not auto, only=kept)
        return rows.whole().X, rows.y, auto and not rows.is_sparse, source
    if auto and names is not None:  # the report names columns without values too
        ignored = source.ignored(names, args.exclude, roles)
        empty = [name for name, why in ignored if why == "no values"]
        names = [name for name in source.names if name in {*names, *empty}]
    rows = source.rows(names, numeric=not auto)
    if rows.is_sparse:  # it holds numbers already, and would not stay sparse
        auto, rows = False, source.rows(names)
    return rows.whole().X, source.values(args.target, "--target"), auto, source


def _not_excluded(args, source, kept):
    """Return the numbers of the rows that `--exclude-file` does not name."""
    path, option = args.exclude_file, "--exclude-file"
    excluded = rows_in(path, option, source, "are left out")
    kept = np.arange(source.n_rows) if kept is None else kept
    kept = kept[~excluded[kept]]
    if not len(kept):
        raise ValueError(f"{option} names every row, so none is left; name fewer rows.")
    return kept


class _Clock:
    """Shows the current fit, the time so far, and the time to go."""

    def __init__(self, progress):
        self._progress = progress
        self._start = time.monotonic()

    def tell(self, text, done, total):
        spent = time.monotonic() - self._start
        left = _seconds(spent / done * (total - done)) if done else "?"
        self._progress.show(
            f"{text} (fit {done + 1} of {total}; {_seconds(spent)} so far, about "
            f"{left} to go)"
        )


def _seconds(seconds):
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes} min {seconds:02d} s"


class _Stream:
    """Prints each result to standard output as soon as it is known."""

    def __init__(self, name, methods, shown):
        self._name = name
        self._methods = methods
        self.shown = shown
        self._lines = None

    def add(self, found):
        """Print the last result of a `Comparison`, the first one below a heading."""
        if not self.shown:
            return
        if self._lines is None:
            self._lines = comparison.Lines(found.score, ["all rows", *self._methods])
            features = f"\n{found.features}" if found.features else ""
            head = f"{self._name}: {found.heading()}{features}\n\n{self._lines.head}\n"
            outputs.show(printable(head))
        outputs.show(printable(f"{self._lines.row(found.rows()[-1])}\n"))


def _finish(args, found, stream):
    """Print the ranked table with the verdict, and write the files."""
    for note in found.notes:
        outputs.say(f"warning: {note}")
    for result in (found.full, *found.results):
        for warning in result.warnings:
            said = in_shell_words(warning)
            outputs.say(f"warning: {result.method}, {result.size} rows: {said}")
    texts = {
        args.json: dumps(_report(args, found), indent=2) + "\n",
        args.csv: _csv(found),
    }
    if stream.shown:
        text = f"\nRanked:\n{found.table()}\n\n{found.summary()}\n"
        texts["-"] = printable(text)
    jobs = [] if args.plot is None else [(args.plot, _picture(args.plot, found))]
    if args.html is not None:
        from coreselect.reports import comparison_page

        texts[args.html] = comparison_page(found).html
    outputs.write_all(jobs, args.force, texts)


def _picture(path, found):
    def write(temporary):
        from matplotlib.figure import Figure

        figure = Figure(figsize=(6.4, 4.4), layout="constrained")
        found.plot(ax=figure.subplots())
        figure.savefig(temporary, format=suffix_of(path)[1:], dpi=160)

    return write


def _report(args, found):
    """Return all results of a comparison as a dict."""
    full, *others = [_known(row) for row in found.rows()]
    return {
        "input": args.input,
        "target": args.target,
        "task": found.task,
        "n_classes": found.n_classes,
        "estimator": found.estimator,
        "score": found.score,
        "features": found.features.splitlines(),
        "n_train": found.n_train,
        "n_test": found.n_test,
        "n_features": found.n_features,
        "seed": args.seed,
        "seeds": found.n_seeds,
        "complete": found.complete,
        "full": {"fit_seconds": full["fit_seconds"], "score": full["score"]},
        "results": others,
        "verdicts": [_known(v._asdict()) for v in found.verdicts()],
        "summary": found.summary().splitlines(),
        "versions": versions(),
    }


def _known(values):
    """Return a dict with None for NaN, which JSON and CSV do not have."""
    return {k: None if v != v else v for k, v in values.items()}


def _csv(found):
    """Return the columns of `Comparison.to_frame` as CSV."""
    text = io.StringIO()
    how = {"extrasaction": "ignore", "lineterminator": "\n"}
    writer = csv.DictWriter(text, comparison.COLUMNS, **how)
    writer.writeheader()
    writer.writerows(map(_known, found.rows()))
    return text.getvalue()
