r"""
Rare classes: resample, or move the threshold?
==============================================

One row in twenty is of the class that matters. Three remedies are compared: new rows by
``SMOTE`` together with dropped rows (as in its paper), dropped rows alone, and a
threshold on the probabilities of a classifier for all rows. The last part shows what
resampling does to probabilities, and how ``PriorShiftCalibrator`` corrects it.
"""

# %%
# Where new rows lie
# ------------------
#
# A new row lies between a row of the rare class and one of its neighbours in the class.
# A synthesis records which rows these are: ``base``, ``neighbor`` and ``step`` are
# enough to rebuild every new row.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import make_moons
from sklearn.ensemble import RandomForestClassifier
from sklearn.tree import DecisionTreeClassifier

from coreselect import SMOTE, PriorShiftCalibrator, SmoteUndersample
from coreselect.metrics import roc_convex_hull


def moons(n_usual, n_rare, seed):
    """Two half circles of unequal size, with noise."""
    X, y = make_moons((n_usual, n_rare), noise=0.35, random_state=seed)
    return X, y.astype(bool)


X, y = moons(1900, 100, seed=0)
X_test, y_test = moons(19_000, 1000, seed=1)

synthesis = SMOTE(sampling_strategy={True: 300}, random_state=0).fit_select(X, y)
new = synthesis.take(X)[synthesis.n_kept :]

figure, axis = plt.subplots(figsize=(7, 4), layout="constrained")
axis.plot(*X[~y].T, ".", ms=2, color="0.75", label="usual")
axis.plot(*new.T, ".", ms=4, color="tab:orange", label="new")
axis.plot(*X[y].T, ".", ms=5, color="tab:red", label="rare")
for i, j in zip(synthesis.base[:60], synthesis.neighbor[:60], strict=True):
    axis.plot(*X[[i, j]].T, color="tab:orange", lw=0.5, alpha=0.5)
axis.legend(frameon=False)
plt.show()

# %%
# The convex hull in ROC space
# ----------------------------
#
# A fully grown tree is a weak learner: its leaves are pure, so it has no threshold to
# move. With resampling, each pair of amounts gives another classifier, which is a point
# in ROC space. The points on the convex hull are those that are best for some costs. A
# tree with leaves of 25 rows has probabilities and needs no resampling.


def point(model, X, y):
    """False and true positive rate on the test rows."""
    said = model.fit(X, y).predict(X_test)
    return said[~y_test].mean(), said[y_test].mean()


degrees = [5, 10, 15, 25, 50, 75, 100, 150, 200, 300, 500, 800]
grown = DecisionTreeClassifier(min_samples_leaf=2, random_state=0)
points = {}
for amount, label in ((0, "under-sampling"), (300, "SMOTE and under-sampling")):
    samplers = [SmoteUndersample(amount, d, random_state=0) for d in degrees]
    points[label] = [point(grown, *s.fit_resample(X, y)) for s in samplers]
proba = DecisionTreeClassifier(min_samples_leaf=25).fit(X, y).predict_proba(X_test)
points["threshold, leaves of 25"] = [
    ((proba[~y_test, 1] >= t).mean(), (proba[y_test, 1] >= t).mean())
    for t in np.unique(proba[:, 1])
]

figure, axis = plt.subplots(figsize=(5, 5), layout="constrained")
for number, (label, found) in enumerate(points.items()):
    hull = roc_convex_hull(*np.transpose(found))
    axis.plot(*np.transpose(found), ".", color=f"C{number}", alpha=0.5)
    name = f"{label}: area {hull.auc:.3f}"
    axis.plot(hull.fpr, hull.tpr, "-", color=f"C{number}", label=name)
axis.plot(*point(grown, X, y), "kx", label="grown tree, all rows")
axis.set(xlabel="false positive rate", ylabel="true positive rate")
axis.legend(frameon=False, loc="lower right")
plt.show()

# %%
# Probabilities
# -------------
#
# A classifier trained on balanced classes gives the rare class far too high
# probabilities. The shift of the logits is known, and ``PriorShiftCalibrator`` corrects
# it: afterwards, a share of about p of the rows with probability p is rare.

forest = RandomForestClassifier(50, min_samples_leaf=50, random_state=0)
sampler = SmoteUndersample(0, 100, random_state=0)  # as many rows of either class
X_many, y_many = moons(38_000, 2000, seed=2)
model = PriorShiftCalibrator(forest, sampler).fit(X_many, y_many)

figure, axis = plt.subplots(figsize=(5, 4), layout="constrained")
for label, which in (("as trained", model.estimator_), ("shifted", model)):
    proba = which.predict_proba(X_test)[:, 1]
    bins = np.digitize(proba, np.linspace(0, 1, 11)[1:-1])
    used = [b for b in range(10) if (bins == b).sum() > 20]
    said = [proba[bins == b].mean() for b in used]
    true = [y_test[bins == b].mean() for b in used]
    brier = ((proba - y_test) ** 2).mean()
    axis.plot(said, true, "o-", label=f"{label}, Brier score {brier:.3f}")
axis.plot([0, 1], [0, 1], "k:", lw=1)
axis.set(xlabel="predicted probability", ylabel="share of the rare class")
axis.legend(frameon=False)
plt.show()
