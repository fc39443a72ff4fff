"""SMOTE by the protocol of its paper: amounts x degrees of under-sampling, ROC areas.

Chawla, Bowyer, Hall and Kegelmeyer (JAIR 16, 2002) make N % synthetic minority rows.
They keep so many majority rows that the original minority is p % of them. A curve
belongs to one N and all p; each point holds the mean rates of false and true positives
over ten folds. The area under the curve through the sorted points, (0, 0) and (1, 1) is
printed next to that under the convex hull. The learners are a decision tree without
pruning (in place of C4.5) and naive Bayes.

Three lines need no synthetic rows and use the same sixteen points: `class weights` (the
majority gets the weight that under-sampling would leave), `threshold` (a classifier of
all rows, with probabilities shifted to these shares and cut at 1/2), and `no
resampling`, the single point of that classifier.

    python -m benchmarks.smote_paper                 # all data sets; hours
    python -m benchmarks.smote_paper pima phoneme    # some of them; minutes
    python -m benchmarks.smote_paper pima --learners bayes --folds 5
"""

import argparse
import sys
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedKFold
from sklearn.naive_bayes import GaussianNB
from sklearn.preprocessing import OrdinalEncoder
from sklearn.tree import DecisionTreeClassifier

import coreselect
from benchmarks import data
from coreselect.calibration import shift_priors
from coreselect.metrics import roc_convex_hull

AMOUNTS = (0, 100, 200, 300, 400, 500)
DEGREES = (10, 15, 25, 50, 75, 100, 125, 150, 175, 200, 300, 400, 500, 600, 700, 800)

# Areas x 10,000 of the paper, with C4.5; amount 0 is under-sampling alone.
PAPER = {
    "pima": {0: 7242, 100: 7307},
    "phoneme": {0: 8622, 100: 8644, 200: 8661},
    "satimage": {0: 8900, 100: 8957, 200: 8979, 300: 8963, 400: 8975, 500: 8960},
    "forest": {0: 9807, 100: 9832, 200: 9834, 300: 9849, 400: 9841, 500: 9842},
}


class Problem(NamedTuple):
    """Rows of two classes; True is the rare one. `nominal` names columns of codes."""

    X: np.ndarray
    y: np.ndarray
    nominal: tuple = ()


# --- Data -----------------------------------------------------------------------------


def pima():
    """768 rows, 268 positive."""
    X, y = data.load("pima")
    return Problem(X, y == "tested_positive")


def phoneme():
    """5,404 rows, 1,586 oral vowels."""
    X, y = data.load("phoneme")
    return Problem(X, y == 1)


def satimage():
    """6,435 rows, 626 of the smallest class."""
    X, y = data.load("satimage")
    return Problem(X, y == 4)


def forest():
    """38,501 rows of two forest cover types, 2,747 of the rarer one."""
    X, y = data.load("covtype")
    wanted = np.isin(y, (3, 4))
    return Problem(data.numeric(X)[wanted], y[wanted] == 4)


def adult():
    """48,842 rows, 11,687 positive; nominal columns as codes, missing is a code."""
    frame, y = data.load("adult")
    nominal = [not pd.api.types.is_numeric_dtype(kind) for kind in frame.dtypes]
    columns = frame.columns[nominal]
    frame[columns] = OrdinalEncoder().fit_transform(frame[columns].fillna("?"))
    return Problem(frame.to_numpy(float), y == ">50K", tuple(np.flatnonzero(nominal)))


PROBLEMS = {f.__name__: f for f in (pima, phoneme, satimage, forest, adult)}


# --- Learners and samplers ------------------------------------------------------------


def tree(seed=0, **options):
    """Return a tree that is grown until its leaves are pure."""
    return DecisionTreeClassifier(min_samples_leaf=2, random_state=seed, **options)


def large_leaves(seed=0):
    """Return a tree with 25 rows per leaf, so that its probabilities are usable."""
    return DecisionTreeClassifier(min_samples_leaf=25, random_state=seed)


def bayes(seed=0):
    """Return naive Bayes with normal densities."""
    return GaussianNB()


LEARNERS: dict[str, Callable] = {"tree": tree, "bayes": bayes}


def ours(problem, amount, degree, seed):
    """Resample by this package."""
    smote = None
    if problem.nominal:
        smote = coreselect.SMOTENC(list(problem.nominal))
    sampler = coreselect.SmoteUndersample(
        amount, degree, smote=smote, random_state=seed
    )
    return sampler.fit_resample(problem.X, problem.y)


def theirs(problem, amount, degree, seed):
    """Resample by imbalanced-learn, in two steps."""
    from imblearn.over_sampling import SMOTE, SMOTENC
    from imblearn.under_sampling import RandomUnderSampler

    X, y, nominal = problem
    if amount:
        wanted = {True: round(y.sum() * (1 + amount / 100))}
        options = {"sampling_strategy": wanted, "random_state": seed}
        smote = SMOTENC(list(nominal), **options) if nominal else SMOTE(**options)
        X, y = smote.fit_resample(X, y)
    wanted = {False: kept(problem.y, degree)}
    under = RandomUnderSampler(sampling_strategy=wanted, random_state=seed)
    return under.fit_resample(X, y)


# --- Curves ---------------------------------------------------------------------------


def kept(y, degree):
    """Return how many majority rows under-sampling at `degree` per cent leaves."""
    return min(round(100 * y.sum() / degree), int((~y).sum()))


def rates(model, X, y):
    """Return the rates of false and of true positives."""
    said = np.asarray(model.predict(X), dtype=bool)
    return said[~y].mean(), said[y].mean()


def smote_curve(learner, amount, sampler, degrees):
    """Return a function from a training and a test part to the points of a curve."""

    def points(train, test, seed):
        for degree in degrees:
            X, y = sampler(train, amount, degree, seed)
            yield rates(learner(seed).fit(X, y), test.X, test.y)

    return points


def weight_curve(learner, degrees):
    """The majority gets the weight that under-sampling would leave."""

    def points(train, test, seed):
        for degree in degrees:
            share = kept(train.y, degree) / (~train.y).sum()
            weight = np.where(train.y, 1.0, share)
            model = learner(seed).fit(train.X, train.y, sample_weight=weight)
            yield rates(model, test.X, test.y)

    return points


def threshold_curve(learner, degrees):
    """One classifier of all rows; probabilities are shifted to each degree's shares."""

    def points(train, test, seed):
        proba = learner(seed).fit(train.X, train.y).predict_proba(test.X)
        n_usual, n_rare = (~train.y).sum(), train.y.sum()
        for degree in degrees:
            shares = [kept(train.y, degree), n_rare]
            said = shift_priors(proba, [n_usual, n_rare], shares)[:, 1] > 0.5
            yield said[~test.y].mean(), said[test.y].mean()

    return points


def plain_point(learner):
    """The classifier without any change."""

    def points(train, test, seed):
        yield rates(learner(seed).fit(train.X, train.y), test.X, test.y)

    return points


def curve(problem, points, n_folds, seed):
    """Return mean rates (false, true positives) over the folds, one row per point."""
    folds = StratifiedKFold(n_folds, shuffle=True, random_state=seed)
    found = []
    for k, parts in enumerate(folds.split(problem.X, problem.y)):
        train, test = (problem._replace(X=problem.X[i], y=problem.y[i]) for i in parts)
        found.append(list(points(train, test, 1000 * seed + k)))
    return np.mean(found, axis=0)


def areas(points):
    """Return the area under a curve through the points, and under their hull."""
    x, y = np.vstack([points[np.lexsort(points.T[::-1])], [1, 1]]).T
    x, y = np.append(0.0, x), np.append(0.0, y)
    area = float(np.diff(x) @ (y[1:] + y[:-1]) / 2)
    return area, roc_convex_hull(*points.T).auc


# --- The table ------------------------------------------------------------------------


def lines(name, problem, learner, options):
    """Yield (label, curve function, area of the paper) of every line of a table."""
    make = LEARNERS[learner]
    paper = PAPER.get(name, {}) if learner == "tree" else {}
    yield "no resampling", plain_point(make), None
    yield "threshold", threshold_curve(make, DEGREES), None
    if learner == "tree":
        found = threshold_curve(large_leaves, DEGREES)
        yield "threshold, leaves of 25 rows", found, None
    yield "class weights", weight_curve(make, DEGREES), None
    for amount in options.amounts:
        label = f"SMOTE {amount} % and under-sampling" if amount else "under-sampling"
        yield label, smote_curve(make, amount, ours, DEGREES), paper.get(amount)
    for amount in options.peer_amounts:
        label = f"imbalanced-learn, {amount} %"
        yield label, smote_curve(make, amount, theirs, DEGREES), paper.get(amount)


def table(name, learner, options):
    """Print the lines of one data set and learner; return their areas by label."""
    problem = PROBLEMS[name]()
    print(f"\n{name}, {learner}: {PROBLEMS[name].__doc__}  Areas x 10,000")
    print(f"  {'':32} {'curve':>7} {'hull':>7} {'paper':>7} {'s':>7}")
    hulls, found = [], {}
    for label, points, paper in lines(name, problem, learner, options):
        start = time.perf_counter()
        runs = [
            curve(problem, points, options.folds, seed) for seed in range(options.seeds)
        ]
        seconds = time.perf_counter() - start
        found[label] = np.mean([areas(run) for run in runs], axis=0)
        hulls.append(np.mean(runs, axis=0))
        area, hull = 1e4 * found[label]
        known = "" if paper is None else f"{paper:7.0f}"
        print(f"  {label:32} {area:7.0f} {hull:7.0f} {known:>7} {seconds:7.1f}")
    for label, share in on_the_hull(list(found), hulls).items():
        print(f"  on the hull of all: {label}, {share} of its points")
    return found


def on_the_hull(labels, curves):
    """Return how many vertices of the common hull are points of each line."""
    sizes = [len(points) for points in curves]
    owner = np.repeat(np.arange(len(curves)), sizes)
    hull = roc_convex_hull(*np.vstack(curves).T)
    counts = np.bincount(owner[hull.indices[hull.indices >= 0]], minlength=len(labels))
    return {label: int(n) for label, n in zip(labels, counts, strict=True) if n}


def main():
    """Print the tables; data sets that cannot be fetched are skipped."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("problems", nargs="*", help=f"of {', '.join(PROBLEMS)}")
    parser.add_argument("--learners", nargs="*", default=list(LEARNERS))
    parser.add_argument("--folds", type=int, default=10)
    parser.add_argument("--seeds", type=int, default=1, help="repeats of the folds")
    parser.add_argument("--amounts", nargs="*", type=int, default=list(AMOUNTS))
    parser.add_argument(
        "--peer-amounts",
        nargs="*",
        type=int,
        default=[200, 500],
        help="amounts for imbalanced-learn's SMOTE",
    )
    options = parser.parse_args()
    for name in options.problems or PROBLEMS:
        for learner in options.learners:
            try:
                table(name, learner, options)
            except data.DataUnavailable as reason:
                print(f"\n{name} skipped: {reason}")
                break
            sys.stdout.flush()


class Paper:
    """asv: areas under the hull on Pima with naive Bayes, five folds."""

    params = (0, 200)
    param_names = ("amount",)
    timeout = 300

    def setup(self, amount):
        """Load the data; skip if they cannot be fetched."""
        try:
            self.problem = pima()
        except data.DataUnavailable as reason:
            raise NotImplementedError(str(reason)) from reason

    def track_hull(self, amount):
        """Area under the hull of SMOTE and under-sampling."""
        points = smote_curve(bayes, amount, ours, DEGREES)
        return areas(curve(self.problem, points, 5, seed=0))[1]

    track_hull.unit = "area"

    def track_hull_threshold(self, amount):
        """Area under the hull of thresholds on the classifier of all rows."""
        points = threshold_curve(bayes, DEGREES)
        return areas(curve(self.problem, points, 5, seed=0))[1]

    track_hull_threshold.unit = "area"


if __name__ == "__main__":
    main()
