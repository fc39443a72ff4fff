"""Bad calls of everything public: each raises an error that names the argument.

Every public function and class is found from the exports. A table has a good value for
each argument and says what kind of value it is; in each call one argument gets a bad
value of that kind instead. Then a ValueError or TypeError must come that names the
argument: nothing goes on in silence, hangs, or changes the arrays that it was given.
"""

import importlib
import inspect
import re
import signal
import tempfile
import warnings
from contextlib import contextmanager
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import NearestNeighbors

import coreselect
from coreselect import _validation as checks
from coreselect.approximation import Basis

N, D = 40, 3
_SECONDS = 20  # after which a call hangs

rng = np.random.default_rng(0)
X = rng.standard_normal((N, D))
Y = np.repeat([0, 1], [28, 12])
L = np.exp(-((X[:, None] - X[None]) ** 2).sum(axis=2))
U = np.linalg.qr(X)[0]
SELECTION = coreselect.Selection(np.arange(5), np.full(5, 8.0), N)


# --- bad values -----------------------------------------------------------------------


def with_entry(array, value):
    array = np.array(array, dtype=np.result_type(array, type(value)))
    array.flat[1] = value
    return array


ANYTHING = {
    "object": object(),
    "complex": 1j,
    "timedelta": np.timedelta64(1, "D"),
    "dict": {"a": 1},
    "3-d": np.zeros((2, 2, 2)),
}
VECTOR = ANYTHING | {
    "0-d": np.array("text"),
    "2-d": np.ones((N, 2)),
    "nan": with_entry(np.ones(N), np.nan),
    "inf": with_entry(np.ones(N), np.inf),
    "complex entries": np.full(N, 1j),
    "dates": np.full(N, np.datetime64("2020-01-01")),
    "text": np.array(["a"] * N),
    "objects": np.array([object()] * N),
    "long": np.ones(N + 1),
    "empty": np.array([]),
    "masked": np.ma.masked_equal(np.arange(N), 3),
    "sparse": sparse.csr_array(np.ones((N, 1))),
    "ragged": [[1.0], [1.0, 2.0]] * (N // 2),
}
NUMBER = ANYTHING | {
    "text": "1",
    "nan": np.nan,
    "inf": np.inf,
    "huge": 10**400,
    "fraction": Fraction(1, 2),
    "bool": True,
    "array": np.ones(2),
    "list": [1],
    "negative": -7,
}
BAD = {
    "data": ANYTHING
    | {
        "number": 5,
        "0-d": np.array(1.0),
        "nan": with_entry(X, np.nan),
        "inf": with_entry(X, np.inf),
        "complex entries": X * 1j,
        "text": np.full((N, D), "a"),
        "objects": np.full((N, D), object()),
        "no rows": np.empty((0, D)),
        "no columns": np.empty((N, 0)),
        "masked": np.ma.masked_equal(np.ones((N, D)), 1),
        "ragged": [[1.0], [1.0, 2.0]],
        "dates": np.full((N, D), np.datetime64("2020-01-01")),
    },
    "vector": VECTOR,
    # Scores say how many rows there are; where all are 0, none is drawn.
    "scores": {k: v for k, v in VECTOR.items() if k not in ("empty", "long")}
    | {"negative": with_entry(np.ones(N), -1.0)},
    "weights": VECTOR | {"negative": with_entry(np.ones(N), -1.0), "zero": np.zeros(N)},
    # Classes may be text, dates or any objects that are equal to themselves.
    "classes": {
        name: VECTOR[name]
        for name in ("3-d", "0-d", "nan", "complex entries", "long", "empty", "masked")
    },
    "number": NUMBER,
    "count": NUMBER | {"float": 1.5},
    # As many rows as there are, and more, is all rows; None may stand for a default.
    "size": {k: v for k, v in NUMBER.items() if k not in ("huge", "fraction")}
    | {"float": 1.5},
    "option": ANYTHING
    | {
        "other": "nonsense",
        "number": 7,
        "nan": np.nan,
        "array": np.array(["a", "b"]),
        "list": ["auto"],
        "empty": "",
    },
    "boolean": ANYTHING
    | {"number": 1, "text": "yes", "none": None, "array": np.array([True, False])},
    # A seed may be an int of any size, and a bool is an int for numpy's generators.
    "seed": ANYTHING | {"text": "7", "nan": np.nan, "float": 1.5, "negative": -1},
    "estimator": ANYTHING | {"text": "nonsense", "number": 5, "class": dict},
    # What rows can be taken from: anything that has some.
    "container": {k: v for k, v in ANYTHING.items() if k not in ("3-d", "dict")}
    | {"number": 5, "none": None},
    # Text is the path of a file.
    "frame": ANYTHING | {"number": 5, "none": None},
    "names": ANYTHING | {"text": "nonsense", "number": 5, "none": None},
    "function": ANYTHING | {"text": "nonsense", "number": 5},
    "selection": ANYTHING | {"text": "nonsense", "number": 5, "none": None},
    "indices": {
        k: v
        for k, v in VECTOR.items()
        if k not in ("empty", "long")  # fewer rows, and a row twice
    }
    | {"negative": np.array([-1000]), "beyond": np.array([N]), "half": [0.5, 2.5]},
}
# Rows that only the estimator reads: it says which contents it takes.
BAD["rows"] = {
    name: bad
    for name, bad in BAD["data"].items()
    if name not in ("nan", "inf", "text", "objects", "dates")
}
# --- good values ----------------------------------------------------------------------

GOOD = {
    "X": ("data", X),
    "Y": ("data", X[:20] + 0.5),
    "V": ("data", X),
    "U": ("data", U),
    "L": ("data", L),
    "G": ("data", X),
    "features": ("data", X),
    "candidates": ("data", X),
    "X_target": ("data", X[:9] + 0.25),
    "queries": ("data", X[:9] + 0.25),
    "centers": ("data", X[:2]),
    "points": ("data", X),
    "scores": ("scores", np.arange(1.0, N + 1)),
    "a": ("weights", np.ones(N)),
    "weights": ("weights", np.ones(N)),
    "sample_weight": ("weights", np.ones(N)),
    "base_weight": ("weights", np.ones(N)),
    "measure": ("weights", np.ones(N)),
    "quality": ("vector", np.ones(N)),
    "y": ("classes", Y),
    "strata": ("classes", Y),
    "groups": ("classes", Y),
    "values": ("vector", X[:, 0]),
    "losses": ("data", X**2),
    "exclude": ("indices", np.arange(9)),
    "indices": ("indices", np.arange(3)),
    "size": ("size", 5),
    "k": ("count", 2),
    "n": ("count", N),
    "rounds": ("count", 2),
    "batch_size": ("count", 5),
    "n_clusters": ("count", 2),
    "n_neighbors": ("count", 3),
    "n_components": ("count", 2),
    "n_draws": ("count", 5),
    "n_steps": ("count", 20),
    "n_repeats": ("count", 1),
    "max_draws": ("count", 100),
    "max_iter": ("count", 10),
    "pending": ("count", 8),
    "max_solves": ("count", 1000),
    "n_solves": ("count", 10),
    "n_groups": ("count", 3),
    "n_queries": ("count", 10),
    "n_seeds": ("count", 1),
    "rank": ("count", 0),
    "world_size": ("count", 2),
    "alpha": ("number", 0.5),
    "power": ("number", 2),
    "gamma": ("number", 1.0),
    "p": ("number", 1.5),
    "tol": ("number", 1e-6),
    "min_eigenvalue": ("number", 0.1),
    "confidence": ("number", 0.9),
    "test_size": ("number", 0.25),
    "total_weight": ("number", 5.0),
    "n_select": ("size", 10),
    "design": ("option", "pivotal"),
    "metric": ("option", "euclidean"),
    "search": ("option", "auto"),
    "similarity": ("option", "euclidean"),
    "objective": ("option", "pca"),
    "missing_classes": ("option", "add"),
    "fit_intercept": ("boolean", True),
    "replacement": ("boolean", False),
    "shuffle": ("boolean", True),
    "full_output": ("boolean", False),
    "drop_last": ("boolean", False),
    "random_state": ("seed", 0),
    "selection": ("selection", SELECTION),
    "function": ("function", lambda rows: X[rows, 0]),
    "value": ("function", lambda sets: [float(len(rows)) for rows in sets]),
}
# Where a name has another meaning: by the function, then by the argument.
FUNCTIONS = {
    "estimate_memory": {
        "selector": ("container", coreselect.LeverageSelector(5)),
        "n_rows": ("count", N),
        "n_features": ("count", D),
    },
    "memory_budget": {"limit": ("count", 10**9)},
    "linalg.leverage_scores": {"solver": ("option", "qr")},
    "linalg.lp_sensitivities": {"method": ("option", "exact"), "random_state": None},
    "transport.ot_distance": {
        "b": ("weights", np.ones(20)),
        "solver": ("option", "exact"),
    },
    "transport.dual_potentials": {"b": ("weights", np.ones(20))},
    "transport.row_values": {"b": ("weights", np.ones(20))},
    "transport.whiten": {"method": ("option", "pca")},
    "dpp.dpp_mcmc": {"start": ("indices", np.array([0, 1]))},
    "dpp.map_dpp": {"features": None},
    "dpp.sample_dpp": {"features": None},
    "dpp.sample_kdpp": {"features": None},
    "dpp.kdpp_inclusion_probabilities": {"features": None},
    "dpp.nystroem_features": {"kernel": ("option", "rbf")},
    "dpp.sample_projection_dpp": {"method": ("option", "auto")},
    "dpp.KernelRows": {"kernel": ("option", "rbf")},
    "dpp.sample_volume_rescaled": {"min_eigenvalue": ("number", None)},
    "metrics.mean_discrepancy": {"kernel": ("option", "rbf")},
    "metrics.roc_convex_hull": {
        "fpr": ("vector", np.linspace(0, 1, N)),
        "tpr": ("vector", np.linspace(0, 1, N) ** 0.5),
    },
    "metrics.relative_cost": {
        "losses": ("data", X**2),
        "return_std": ("boolean", False),
    },
    "approximation.Basis": {"features": ("function", lambda x: x)},
    "approximation.average": {"basis": ("selection", Basis(lambda x: x, X))},
    "neighbors.neighbor_lists": {
        "estimator": ("estimator", NearestNeighbors(n_neighbors=3).fit(X))
    },
    "losses.row_losses": {"estimator": ("estimator", LinearRegression().fit(X, Y))},
    "losses.penalty": {"estimator": ("estimator", LogisticRegression().fit(X, Y))},
    "features.gradient_features": {
        "estimator": ("estimator", LogisticRegression().fit(X, Y))
    },
    "features.project": {},
    "estimators.fit_on_selection": {
        "estimator": ("estimator", LogisticRegression()),
        "X": ("rows", X),
        "weights": ("option", "auto"),
    },
    "samplers.ShardedSampler": {
        "sampler": ("selection", coreselect.samplers.RS2Sampler(N, 10))
    },
    "rows.take_rows": {"data": ("container", X)},
    "rows.count_rows": {"data": ("container", X)},
    "rows.drop_columns": {
        "frame": ("frame", pd.DataFrame(X, columns=list("abc"))),
        "names": ("names", ["a"]),
    },
    "rows.numeric_columns": {"data": ("frame", pd.DataFrame(X, columns=list("abc")))},
    "calibration.shift_priors": {
        "proba": ("data", np.full((N, 2), 0.5)),
        "trained_priors": ("vector", [0.5, 0.5]),
        "priors": ("vector", [0.3, 0.7]),
    },
    "rows.open": {"data": ("data", X), "exclude": None},
    "rows.spool": {
        "data": ("container", [X]),
        "path": ("path", f"{tempfile.gettempdir()}/never-written.parquet"),
    },
    "rows.write": {
        "path": ("path", f"{tempfile.gettempdir()}/never-written.csv"),
        "table": ("container", X),
    },
    "reports.comparison_page": {
        "comparison": (
            "selection",
            coreselect.compare(X, Y, methods=["uniform"], sizes=[10], n_seeds=1),
        )
    },
    "calibrate": {
        "totals": ("vector", X.sum(axis=0)),
        "method": ("option", "linear"),
        "bounds": None,
    },
    "allocation.allocate": {
        "budget": ("number", 30),
        "curves": ("curves", [[1.0, 1.0], [4.0, 1.0]]),
        "cost": ("per group", [1.0, 2.0]),
        "weight": ("per group", [1.0, 2.0]),
        "lower": ("per group", [1.0, 2.0]),
        "upper": ("per group", [20.0, 20.0]),
        "objective": ("option", "worst"),
    },
    "allocation.neyman": {
        "weight": ("per group", [0.5, 0.5]),
        "deviation": ("per group", [1.0, 2.0]),
        "size": ("number", 30),
        "cost": ("per group", [1.0, 2.0]),
    },
    "allocation.learning_curves": {
        "estimator": ("estimator", LinearRegression()),
        "X": ("rows", X),
        "scoring": None,
    },
    "allocation.RoundAllocator": {
        "budget": ("number", 30),
        "cost": ("number", 2.0),
        "lower": ("number", 1.0),
        "objective": ("option", "worst"),
    },
    "streams.Stream": {
        "selector": ("estimator", coreselect.UniformSelector(9)),
        "window": ("count", 30),
    },
    "certify": {"queries": None, "random_state": None, "y": None},
    "SamplingDesign": {
        "name": ("option", "poisson"),
        "expected": ("vector", np.full(N, 0.5)),
        "hits": ("vector", np.ones(N)),
        "strata": ("vector", np.ones(N)),
        "strata_sizes": ("vector", np.ones(N)),
        "order": ("vector", np.arange(N)),
        "columns": ("data", X),
        "landings": ("data", X),
        "vectors": ("data", X),
        "calibrated": ("data", X),
        "earlier": None,
    },
}
LAZY = {  # what looks at what was passed
    "memory_budget": lambda budget: budget.__enter__(),
    "dpp.KernelRows": lambda kernel: kernel.diagonal(),
    "rows.open": lambda rows: rows.check_finite(),
}
BAD["per group"] = {
    k: v for k, v in VECTOR.items() if k not in ("empty", "objects", "dates")
} | {"negative": [1.0, -1.0]}
BAD["curves"] = {k: v for k, v in BAD["data"].items() if k != "objects"}
# What is good for one argument though it is bad for its kind.
TAKEN = {
    ("memory_budget", "limit"): {"text", "huge"},  # "1GB" is one, too
    ("neighbors.neighbor_lists", "estimator"): {"number"},  # of neighbours
    ("neighbors.NearestCenters", "centers"): {"no columns"},  # all at distance zero
    ("samplers.WeightedSampler", "weights"): {"long"},  # say how many rows there are
    ("SMOTEN", "X"): {"objects", "dates", "text"},  # categories may be anything
    ("draw", "base_weight"): {"zero"},
    ("SamplingDesign", "expected"): {"long", "empty"},  # says how many rows there are
    ("SamplingDesign", "landings"): {"no rows"},
    ("SamplingDesign", "vectors"): {"no columns"},
    ("SamplingDesign", "calibrated"): {"no columns"},
    ("allocation.neyman", "weight"): {"long"},  # says how many strata there are
    ("allocation.allocate", "objective"): {"number"},
    ("allocation.RoundAllocator", "objective"): {"number"},
    ("allocation.RoundAllocator", "cost"): {"dict"},
    ("allocation.RoundAllocator", "lower"): {"dict"},
    ("calibration.shift_priors", "proba"): {"no rows"},  # of three classes, not two
    ("DPPSelector.fit", "quality"): {"zero"},  # leaves a kernel of rank 0, they say
    ("ProjectionDPPSelector.fit", "quality"): {"zero"},
    ("DiversitySelector.fit", "utility"): {"zero"},
    ("Selection.take", "arrays"): {"none"},  # stays None
    ("compare", "X"): {"nan", "inf", "text", "objects", "dates"},  # features="auto"
    ("report", "X"): {"nan", "inf", "text", "objects", "dates"},  # any table
    ("AutoCoreset", "quota"): {"dict"},  # of classes; the example has none
}
# What errors call it.
CALLED = {("rows.open", "data"): "X", ("Selection.take", "arrays"): "argument 0"}
# Not called here, and why.
RESULTS = "is what functions return, not what users make"
SKIPPED = dict.fromkeys(
    (
        "allocation.Allocation allocation.LearningCurves plot.AllocationDisplay "
        "Certificate Comparison comparison.Result comparison.Verdict dpp.Nystroem "
        "coverage.CoverageCertificate "
        "linalg.Estimate linalg.Interval linalg.LewisWeights metrics.ROCHull "
        "rows.Block rows.Rows transport.Whitening plot.TransportDisplay Selection "
        "plot.ComparisonDisplay plot.SelectionDisplay plot.WeightDisplay "
        "reports.Report streams.Coreset Synthesis"
    ).split(),
    RESULTS,
) | {
    "all_selectors": "takes nothing",
    "all_resamplers": "takes nothing",
    "warmup": "takes nothing",
    "rows.Holder": "a protocol, of which there are no objects",
    "compare": "is called below, with few rows and one method",
    "testing.check_selector": "has its own tests: seconds a call",
    "testing.check_resampler": "has its own tests: seconds a call",
    "features.torch_features": "needs torch",
}


def public():
    """Return every public function and class by its shortest name."""
    found = {}
    for name in ("coreselect", *(f"coreselect.{m}" for m in coreselect._SUBMODULES)):
        module = importlib.import_module(name)
        for part in getattr(module, "__all__", ()):
            value = getattr(module, part)
            if callable(value) and value not in found.values():
                found[f"{name}.{part}".removeprefix("coreselect.")] = value
    return found


def is_estimator(value):
    return inspect.isclass(value) and hasattr(value, "get_params")


def is_warning(value):
    return inspect.isclass(value) and issubclass(value, Warning)


PLAIN = {
    name: value
    for name, value in public().items()
    if not is_estimator(value) and not is_warning(value) and name not in SKIPPED
}
METHODS = coreselect.all_selectors() | coreselect.all_resamplers()


def arguments(name, value):
    """Return (kind, good value) of the arguments of a function that the table has."""
    own = FUNCTIONS.get(name, {})
    found = {}
    for part in inspect.signature(value).parameters.values():
        known = own.get(
            part.name, GOOD.get(part.name) if part.name not in own else None
        )
        if known is not None:
            found[part.name] = known
        else:
            needed = part.default is part.empty
            assert not needed, f"{name}: no good value for {part.name}"
    return found


# --- calls ----------------------------------------------------------------------------


def chosen(kind, known=()):
    """Return the names of the bad values of a kind but for some."""
    return [name for name in BAD[kind] if name not in known]


@contextmanager
def limit(seconds):
    """Raise TimeoutError in what takes longer."""

    def hangs(*_):
        raise TimeoutError(f"more than {seconds} s")

    before = signal.signal(signal.SIGALRM, hangs)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def fault(call, argument, given):
    """Return what is wrong with the answer to a bad call, or None."""
    before = [(a, a.copy()) for a in given if isinstance(a, np.ndarray)]
    try:
        with warnings.catch_warnings(), limit(_SECONDS):
            warnings.simplefilter("ignore")
            result = call()
    except (ValueError, TypeError, IndexError) as error:
        if isinstance(error, IndexError) and argument != "indices":
            return f"{type(error).__name__}: {str(error)[:120]}"
        if not re.search(rf"\b{re.escape(argument)}\b", str(error)):
            return f"does not name it: {type(error).__name__}: {str(error)[:120]}"
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:120]}"
    else:
        return f"no error: {str(result)[:60]!r}"
    for array, copy in before:
        if not np.array_equal(array, copy, equal_nan=array.dtype.kind == "f"):
            return "its input was changed"
    return None


def test_every_export_is_called_or_says_why_not():
    estimators = {n for n, v in public().items() if is_estimator(v)}
    assert set(METHODS) <= estimators
    assert set(SKIPPED) <= set(public()) | {"testing.check_resampler"}
    assert {n for n in FUNCTIONS if n not in PLAIN} == set()
    assert len(PLAIN) > 40


@pytest.mark.parametrize("name", PLAIN)
def test_functions_name_what_is_wrong(name):
    faults = []
    use = LAZY.get(name, lambda made: made)
    good = arguments(name, PLAIN[name])
    for argument, (kind, _) in good.items():
        called = CALLED.get((name, argument), argument)
        known = TAKEN.get((name, argument), ())
        for bad in chosen(kind, known):
            values = {k: v for k, (_, v) in good.items()} | {argument: BAD[kind][bad]}
            what = fault(
                lambda v=values: use(PLAIN[name](**v)), called, values.values()
            )
            if what:
                faults.append(f"{argument}={bad}: {what}")
    assert not faults, "\n".join(faults)


# --- selectors and resamplers: parameters, data, sizes --------------------------------


def kind_of(check):
    """Return the kind of a constructor parameter by what checks it."""
    check = getattr(check, "check", check)  # what OrNone and OrWord wrap
    for kind, wanted in (
        ("option", checks.OneOf),
        ("boolean", checks.Boolean),
        ("count", checks.Integer),
        ("number", checks.Real),
    ):
        if isinstance(check, wanted):
            return kind
    return "estimator"


def known_values(check):
    """Return the names of bad values that a parameter takes."""
    inner = getattr(check, "check", check)
    known = set()
    if getattr(inner, "minimum", 0) == -np.inf:
        known.add("negative")
    if isinstance(check, (checks.OneOfOrCallable,)):
        known.add("class")
    if callable(check) and "categorical" in getattr(check, "__name__", ""):
        known |= {"text", "number"}  # the name of a column, or its number
    if getattr(check, "__name__", "") in ("check_folds", "check_shrinkage"):
        known |= {"number"}
    if type(check).__name__ in ("EstimatorOrCount", "Neighbors", "Classifier"):
        known |= {"number"}
    return known


def bad_parameters(method):
    """Yield (parameter, name of a bad value, bad value)."""
    own = {"n_select": "size", "random_state": "seed"}
    for parameter in method._get_param_names():
        check = method.parameter_checks.get(parameter)
        if check is None and parameter not in own:
            continue
        kind = own.get(parameter) or kind_of(check)
        known = known_values(check) | TAKEN.get((method.__name__, parameter), set())
        if parameter == "n_select" and method.named_sizes:
            known |= {"text"}
        for bad in chosen(kind, known):
            yield parameter, bad, BAD[kind][bad]


@pytest.mark.parametrize("name", METHODS)
def test_methods_name_what_is_wrong(name):
    method, faults = METHODS[name], []
    verb = "fit" if name in coreselect.all_selectors() else "fit_resample"
    for parameter, bad, value in bad_parameters(method):
        made = method.examples()[0].set_params(**{parameter: value})
        what = fault(lambda m=made: getattr(m, verb)(X, Y), parameter, [X, Y])
        if what:
            faults.append(f"{parameter}={bad}: {what}")
    good = {"X": X, "y": Y}
    kinds = {"X": "data", "y": "classes"}
    if verb == "fit":
        good["sample_weight"], kinds["sample_weight"] = np.ones(N), "weights"
    # Methods that look at no feature take what others cannot measure.
    blind = method.examples()[0].__sklearn_tags__().input_tags.allow_nan
    unseen = [*"nan inf text objects dates masked ragged".split(), "complex entries"]
    for argument, kind in kinds.items():
        known = unseen if blind and argument == "X" else ()
        known = {*known, *TAKEN.get((name, argument), ())}
        for bad in chosen(kind, known):
            values = good | {argument: BAD[kind][bad]}
            made = method.examples()[0]
            what = fault(
                lambda m=made, v=values: getattr(m, verb)(**v),
                argument,
                values.values(),
            )
            if what:
                faults.append(f"{argument}={bad}: {what}")
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("name", coreselect.all_selectors())
def test_selections_name_what_is_wrong(name):
    fitted = METHODS[name].examples()[0].fit(np.abs(X), Y)
    faults = []
    for argument, kind in (("n_select", "size"), ("random_state", "seed")):
        known = {"text"} if argument == "n_select" and fitted.named_sizes else ()
        for bad in chosen(kind, known):
            what = fault(
                lambda a=argument, v=BAD[kind][bad]: fitted.select(**{a: v}),
                argument,
                [],
            )
            if what:
                faults.append(f"{argument}={bad}: {what}")
    assert not faults, "\n".join(faults)


# --- methods of results, keywords of fit, comparisons and plots -----------------------

BAD |= {
    "path": ANYTHING | {"number": 5, "none": None, "bytes": b"rows.npz"},
    "bytes": BAD["selection"] | {"bytes": b"nonsense", "empty": b""},
    # A batch may hold no row that counts.
    "no sum": {k: v for k, v in BAD["weights"].items() if k != "zero"},
    "labels": {k: VECTOR[k] for k in ("3-d", "0-d", "long", "empty")},
    "mask": {k: VECTOR[k] for k in ("3-d", "0-d", "nan", "text", "long", "2-d")},
    "names or none": {k: v for k, v in BAD["names"].items() if k != "none"},
    "sizes": {k: v for k, v in BAD["size"].items() if k not in ("array", "list")}
    | {"none": None, "empty": [], "float in a list": [1.5]},
}
SYNTHESIS = coreselect.SMOTE(random_state=0).fit_select(X, Y)
FEW = np.linspace(1, 2, len(SELECTION))
DRAWN = coreselect.draw(np.ones(N), len(SELECTION), random_state=0)
TARGETS = {
    "X_target": ("data", X[:9] + 0.25),
    "y_target": ("classes", Y[-9:]),
    "target_weight": ("weights", np.ones(9)),
}
# What they are given is for the estimator to judge.
HANDED_ON = {
    "X": ("container", X),
    "y": ("classes", Y),
    "sample_weight": GOOD["sample_weight"],
}


def fitted(name, *args, **kwargs):
    """Fit a method, to call its own methods."""
    return getattr(coreselect, name)(*args, random_state=0, **kwargs).fit(X, Y)


LANDMARKS = coreselect.Landmarks(coreselect.UniformSelector(9, random_state=0)).fit(X)

# Of each call: the function, and (kind, good value) of its arguments.
CALLS = {
    "compare": (
        lambda **given: coreselect.compare(**given),
        {
            "X": ("data", X),
            "y": ("classes", Y),
            "estimator": ("estimator", LogisticRegression()),
            "methods": ("names or none", ["uniform"]),
            "sizes": ("sizes", [10]),
            "n_seeds": ("count", 1),
            "test_size": ("number", 0.25),
            "random_state": ("seed", 0),
        },
    ),
    "Selection": (
        coreselect.Selection,
        {
            "indices": ("indices", np.arange(5)),
            "weights": ("weights", np.ones(5)),
            "n_total": ("count", N),
        },
    ),
    "Selection.estimate": (
        DRAWN.estimate,
        {
            "values": ("vector", FEW),
            "kind": ("option", "mean"),
            "return_std": ("boolean", True),
        },
    ),
    "Selection.covariance": (
        DRAWN.covariance,
        {"values": ("vector", FEW), "kind": ("option", "mean")},
    ),
    "Selection.interval": (
        DRAWN.interval,
        {
            "values": ("vector", FEW),
            "confidence": ("number", 0.9),
            "kind": ("option", "mean"),
        },
    ),
    "Selection.replicate_weights": (
        DRAWN.replicate_weights,
        {"n_replicates": ("count", 5), "random_state": ("seed", 0)},
    ),
    "Selection.then": (SELECTION.then, {"later": ("selection", None)}),
    "Selection.take": (
        lambda arrays: SELECTION.take(arrays),
        {"arrays": ("container", X)},
    ),
    "Selection.save": (SELECTION.save, {"path": ("path", None)}),
    "Selection.load": (coreselect.Selection.load, {"path": ("path", None)}),
    "Synthesis.keep": (SYNTHESIS.keep, {"mask": ("mask", None)}),
    "Synthesis.take": (SYNTHESIS.take, {"X": ("container", X), "y": ("labels", Y)}),
    "Synthesis.take_labels": (SYNTHESIS.take_labels, {"y": ("labels", Y)}),
    "Synthesis.save": (SYNTHESIS.save, {"path": ("path", None)}),
    "Synthesis.load": (coreselect.Synthesis.load, {"path": ("path", None)}),
    "Synthesis.blocks": (
        lambda **given: list(SYNTHESIS.blocks(**given)),
        {"X": ("container", X), "y": ("labels", Y), "block_rows": ("count", 9)},
    ),
    "RS2.fit": (
        lambda **given: coreselect.RS2(10).fit(X, Y, **given),
        {"scores": ("scores", np.ones(N))},
    ),
    "RS2.select": (fitted("RS2", 10).select, {"round": ("count", 1)}),
    "RS2.round": (fitted("RS2", 10).round, {"t": ("count", 1)}),
    "RS2.coverage": (fitted("RS2", 10).coverage, {"rounds": ("count", 1)}),
    "UniformSelector.fit": (
        lambda **given: coreselect.UniformSelector(20).fit(X, Y, **given),
        {
            "groups": ("classes", Y),
            "include": ("indices", np.arange(9)),
            "exclude": ("indices", np.arange(20, 29)),
        },
    ),
    "UniformSelector.fit with a budget": (
        lambda **given: coreselect.UniformSelector(None, budget=9.0).fit(X, **given),
        {"cost": ("weights", np.ones(N))},
    ),
    "TAROT.fit": (lambda **given: coreselect.TAROT(5).fit(X, Y, **given), TARGETS),
    "DPPSelector.fit": (
        lambda **given: coreselect.DPPSelector(5).fit(X, Y, **given),
        {"quality": ("weights", np.ones(N))},
    ),
    "DiversitySelector.fit": (
        lambda **given: coreselect.DiversitySelector(5).fit(X, Y, **given),
        {"utility": ("weights", np.ones(N))},
    ),
    "ProjectionDPPSelector.fit": (
        lambda **given: coreselect.ProjectionDPPSelector(2).fit(X, Y, **given),
        {"quality": ("weights", np.ones(N))},
    ),
    **{
        f"{name}.{verb}": (
            getattr(fitted(name, 3), verb),
            {"n_select": ("size", 3)},
        )
        for name, verb in (
            ("DPPSelector", "inclusion_probabilities"),
            ("ProjectionDPPSelector", "inclusion_probabilities"),
            ("VolumeSelector", "inclusion_probabilities"),
            ("VolumeRescaledSelector", "expected_hits"),
            ("ChristoffelSelector", "expected_hits"),
        )
    },
    "UniformSelector.partial_fit": (
        lambda **given: coreselect.UniformSelector(20, design="balanced").partial_fit(
            **given
        ),
        {
            "X": ("data", X),
            "y": ("classes", Y),
            "sample_weight": ("no sum", np.ones(N)),
        },
    ),
    "TAROT.partial_fit": (
        lambda **given: coreselect.TAROT(5, whitening=None).partial_fit(X, **given),
        {"X_target": TARGETS["X_target"]},
    ),
    "LeverageSelector.drop": (
        lambda **given: coreselect.LeverageSelector(9).partial_fit(X).drop(**given),
        {"indices": ("indices", np.arange(3))},
    ),
    "LeverageSelector.merge": (
        lambda **given: coreselect.LeverageSelector(9).partial_fit(X).merge(**given),
        {"other": ("selection", None)},
    ),
    **{
        f"{name}.from_bytes": (cls.from_bytes, {"raw": ("bytes", None)})
        for name, cls in (
            ("LeverageSelector", coreselect.LeverageSelector),
            ("Stream", coreselect.streams.Stream),
        )
    },
    "TransportDisplay.from_selector": (
        coreselect.plot.TransportDisplay.from_selector,
        {
            "selector": ("estimator", fitted("TAROT", 5)),
            "X": ("data", X),
            "y": ("classes", Y),
        },
    ),
    "CoresetEstimator.fit": (
        coreselect.CoresetEstimator(
            LogisticRegression(), coreselect.UniformSelector(20, random_state=0)
        ).fit,
        HANDED_ON | {"X": ("rows", X)},
    ),
    "Landmarks.fit": (
        coreselect.Landmarks(coreselect.UniformSelector(20, random_state=0)).fit,
        HANDED_ON | {"X": ("data", X)},
    ),
    "Landmarks.transform": (LANDMARKS.transform, {"X": ("data", X)}),
    "Landmarks.kernel_error": (LANDMARKS.kernel_error, {"X": ("data", X)}),
    "PriorShiftCalibrator.fit": (
        coreselect.calibration.PriorShiftCalibrator(LogisticRegression()).fit,
        HANDED_ON,
    ),
    "RepeatedSubsetTrainer.fit": (
        coreselect.RepeatedSubsetTrainer(
            GaussianNB(), coreselect.RS2(20), n_rounds=1, batch_size=10
        ).fit,
        {"X": ("rows", X), "y": ("classes", Y), "resume": ("boolean", False)},
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_methods_of_results_and_keywords_of_fit_name_what_is_wrong(name):
    function, arguments = CALLS[name]
    faults = []
    for argument, (kind, _) in arguments.items():
        for bad in chosen(kind, TAKEN.get((name, argument), ())):
            values = {k: v for k, (_, v) in arguments.items()} | {
                argument: BAD[kind][bad]
            }
            called = CALLED.get((name, argument), argument)
            what = fault(lambda v=values: function(**v), called, values.values())
            if what:
                faults.append(f"{argument}={bad}: {what}")
    assert not faults, "\n".join(faults)


def test_there_are_enough_bad_calls():
    functions = sum(
        len(chosen(kind))
        for name, value in PLAIN.items()
        for argument, (kind, _) in arguments(name, value).items()
    )
    methods = sum(len(list(bad_parameters(m))) for m in METHODS.values())
    assert functions + methods > 3000


# --- what no table of kinds has ---

MIXED = np.array([1, "a"], dtype=object)[Y]
DRAWS = {"design": "multinomial"}
RECORDS = np.zeros(N, dtype=[("a", int)])


@pytest.mark.parametrize(
    ("argument", "call"),
    [
        ("n_select", lambda: coreselect.VolumeRescaledSelector(2**70).fit(X)),
        ("n_select", lambda: fitted("UniformSelector", 9, **DRAWS).select(2**70)),
        ("size", lambda: coreselect.draw(np.ones(N), 2**70, design="multinomial")),
        ("target", lambda: coreselect.TAROT(5, target="none.csv").fit(X)),
        ("over", lambda: coreselect.SmoteUndersample(over=1e300).fit(X, Y)),
        (
            "sampling_strategy",
            lambda: coreselect.TomekLinks(sampling_strategy=[[1]]).fit(X, Y),
        ),
        *(
            (
                "cv",
                lambda cv=cv: coreselect.InstanceHardnessThreshold(
                    estimator=GaussianNB(), cv=cv
                ).fit(X, Y),
            )
            for cv in (b"ab", (1, 2), [[1]], [], {3})
        ),
        ("y", lambda: coreselect.RandomOverSampler().fit(X, RECORDS)),
        (
            "y",
            lambda: coreselect.CoresetEstimator(
                LogisticRegression(), coreselect.UniformSelector(9, random_state=0)
            ).fit(X, MIXED),
        ),
        (
            "y",
            lambda: coreselect.PriorShiftCalibrator(
                LogisticRegression(), coreselect.RandomUnderSampler()
            ).fit(X, MIXED),
        ),
    ],
)
def test_rare_values_are_named_as_well(argument, call):
    with pytest.raises((ValueError, TypeError, OSError), match=rf"\b{argument}\b"):
        call()


def test_no_int_is_too_large_to_be_a_parameter():
    """What a float can hold is a number, whatever its type."""
    for many in (2**70, np.float128(3) if hasattr(np, "float128") else 3):
        assert len(coreselect.VolumeSelector(5, alpha=many).fit(X).selection_) == 5
        coreselect.NeighbourhoodCleaningRule(threshold_cleaning=many).fit(X, Y)
