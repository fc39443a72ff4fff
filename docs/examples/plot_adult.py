r"""
Adult: a Pipeline on raw rows
=============================

Who earns more than 50,000 dollars? The table has text and missing values in eight of
its 14 columns. It stays as it is: a Pipeline prepares it for the model, and
``CoresetEstimator`` chooses the rows that the model is fitted to. This example
downloads the table once, with ``benchmarks/data.py`` of the repository.
"""

# %%
# A model for raw rows
# --------------------
#
# The inner Pipeline imputes, encodes and fits. ``weights="resample"`` repeats rows in
# proportion to their weights, since not every step of a Pipeline takes weights.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from benchmarks.data import load
from coreselect import CoresetEstimator, LogisticSelector, UniformSelector
from coreselect.features import TableFeatures

X, income = load("adult")
X_train, X_test, y_train, y_test = train_test_split(
    X, income == ">50K", test_size=0.25, random_state=0
)
prepared = TableFeatures().fit(X_train)
print(prepared.report_)

# %%
# Scores by size
# --------------
#
# The selector sees the table through ``features="auto"``. Both methods choose from the
# 36,631 training rows.

sizes, seeds = [200, 1000], range(2)
scores = {"logistic": [], "uniform": []}
for size in sizes:
    for seed in seeds:
        for selector in (
            LogisticSelector(
                size, features="auto", fit_intercept=True, random_state=seed
            ),
            UniformSelector(size, stratify=True, random_state=seed),
        ):
            inner = make_pipeline(TableFeatures(), LogisticRegression(max_iter=1000))
            model = CoresetEstimator(inner, selector, weights="resample")
            score = model.fit(X_train, y_train).score(X_test, y_test)
            scores[selector.cli_name].append(score)
everything = make_pipeline(TableFeatures(), LogisticRegression(max_iter=1000))
full = everything.fit(X_train, y_train).score(X_test, y_test)

# %%
# On this table the choice gains nothing: with classes kept by ``stratify=True``, random
# rows do as well. That is worth knowing before a method is paid for.

figure, axis = plt.subplots(figsize=(7, 4), layout="constrained")
for name, marker in (("uniform", "o"), ("logistic", "s")):
    values = np.reshape(scores[name], (len(sizes), len(seeds)))
    axis.errorbar(
        sizes, values.mean(axis=1), values.std(axis=1), marker=marker, label=name
    )
axis.axhline(full, color="0.4", ls=":", label=f"all {len(X_train):,} rows")
axis.set(xscale="log", xlabel="selected rows", ylabel="accuracy on held-out rows")
axis.set_xticks(sizes, [f"{size:,}" for size in sizes])
axis.minorticks_off()
axis.legend(frameon=False)
plt.show()
