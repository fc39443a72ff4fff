"""Does resampling help? A comparison with class weights and a threshold, by learner.

All treatments of rare classes use the same folds. The tables show, on held-out rows,

- the area under the ROC curve and average precision: what happens to the ranking,
- balanced accuracy of the decisions: what a threshold or class weights do as well,
- the Brier score of the probabilities, as they come and after `PriorShiftCalibrator`.

`threshold` uses the share of the rare class in place of 1/2, without tuning.

    python -m benchmarks.when_resampling_helps
    python -m benchmarks.when_resampling_helps yeast6 --learners tree logistic
"""

import argparse
import sys
import warnings

import numpy as np
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (
    average_precision_score,
    balanced_accuracy_score,
    brier_score_loss,
    roc_auc_score,
)
from sklearn.model_selection import RepeatedStratifiedKFold
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from benchmarks import data
from benchmarks.smote_paper import Problem, phoneme, pima, satimage
from coreselect import (
    SMOTE,
    PriorShiftCalibrator,
    RandomOverSampler,
    RandomUnderSampler,
    SmoteUndersample,
)


def yeast6():
    """1,484 rows, 35 rare."""
    X, y = data.load("yeast6")
    return Problem(X, y == "positive")


def abalone19():
    """4,174 rows, 32 rare."""
    X, y = data.load("abalone19")
    return Problem(data.numeric(X), y == "positive")


PROBLEMS = {f.__name__: f for f in (pima, phoneme, satimage, yeast6, abalone19)}
LEARNERS = {
    "stump": DecisionTreeClassifier(max_depth=3, random_state=0),
    "tree": DecisionTreeClassifier(min_samples_leaf=2, random_state=0),
    "neighbours": KNeighborsClassifier(),
    "bayes": GaussianNB(),
    "logistic": LogisticRegression(max_iter=1000),
    "boosting": HistGradientBoostingClassifier(max_iter=50, random_state=0),
}
RESAMPLERS = {
    "over-sampling": RandomOverSampler(random_state=0),
    "under-sampling": RandomUnderSampler(random_state=0),
    "SMOTE": SMOTE(random_state=0),
    "SMOTE 200 % and under 100 %": SmoteUndersample(200, 100, random_state=0),
}
MEASURES = ("ROC area", "precision", "balanced", "Brier", "Brier, shifted")


def treatments(learner):
    """Yield (name, unfitted model, whether its threshold is the share of the class)."""
    yield "none", learner, False
    yield "threshold", learner, True
    if "class_weight" in learner.get_params():
        weighted = clone(learner).set_params(class_weight="balanced")
        model = PriorShiftCalibrator(weighted, trained_priors="balanced")
        yield "class weights", model, False
    for name, resampler in RESAMPLERS.items():
        yield name, PriorShiftCalibrator(learner, resampler), False


def measures(model, by_share, train, test):
    """Return the figures of one fit."""
    scaler = StandardScaler().fit(train.X)
    U, V = scaler.transform(train.X), scaler.transform(test.X)
    fitted = clone(model).fit(U, train.y)
    shifted = fitted.predict_proba(V)[:, 1]
    inner = getattr(fitted, "estimator_", fitted)
    raw = inner.predict_proba(V)[:, 1]
    said = raw > (train.y.mean() if by_share else 0.5)
    return (
        roc_auc_score(test.y, raw),
        average_precision_score(test.y, raw),
        balanced_accuracy_score(test.y, said),
        brier_score_loss(test.y, raw),
        brier_score_loss(test.y, shifted),
    )


def compare(problem, learner, repeats):
    """Yield each treatment's name, and its figures over the folds."""
    folds = RepeatedStratifiedKFold(n_splits=5, n_repeats=repeats, random_state=0)
    for name, model, by_share in treatments(learner):
        rows = []
        for parts in folds.split(problem.X, problem.y):
            train, test = (Problem(problem.X[i], problem.y[i]) for i in parts)
            rows.append(measures(model, by_share, train, test))
        yield name, np.array(rows)


def table(name, learner, repeats):
    """Print the comparison on one data set."""
    problem = PROBLEMS[name]()
    print(f"\n{name}, {learner}: {PROBLEMS[name].__doc__}")
    print(f"  {'':28}" + "".join(f"{measure:>16}" for measure in MEASURES))
    for treatment, rows in compare(problem, LEARNERS[learner], repeats):
        print(f"  {treatment:28}" + "".join(f"{v:16.4f}" for v in rows.mean(axis=0)))


def main():
    """Print the tables; data sets that cannot be fetched are skipped."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("problems", nargs="*", help=f"of {', '.join(PROBLEMS)}")
    parser.add_argument("--learners", nargs="*", default=list(LEARNERS))
    parser.add_argument("--repeats", type=int, default=2, help="of five folds")
    options = parser.parse_args()
    warnings.filterwarnings("ignore", category=RuntimeWarning)
    for name in options.problems or PROBLEMS:
        for learner in options.learners:
            try:
                table(name, learner, options.repeats)
            except data.DataUnavailable as reason:
                print(f"\n{name} skipped: {reason}")
                break
            sys.stdout.flush()


if __name__ == "__main__":
    main()
