r"""
Which standard error is right?
==============================

Weights of a selection are inverse probabilities, not numbers of observations. Software
that takes them for counts states standard errors that are far too small. The sandwich
formula HC1 is right. Here the slope of a regression is estimated from 400 rows, for 500
data sets.
"""

# %%
# 500 data sets
# -------------
#
# The true slope is 2, and the noise grows with the feature. Of each data set 400 rows
# are drawn by leverage scores.

import matplotlib.pyplot as plt
import numpy as np

from coreselect import LeverageSelector

rng = np.random.default_rng(0)
n, m, slope = 2000, 400, 2.0
slopes, stated = [], {"as counts": [], "HC1": []}
for seed in range(500):
    x = rng.standard_t(df=5, size=n)
    X = np.column_stack([np.ones(n), x])
    y = 1 + slope * x + rng.normal(size=n) * (0.5 + np.abs(x))
    selection = LeverageSelector(m, random_state=seed).fit_select(X)
    A, b, w = *selection.take(X, y), selection.weights
    inverse = np.linalg.inv((A.T * w) @ A)
    beta = inverse @ (A.T @ (w * b))
    residuals = b - A @ beta
    meat = (A.T * (w * residuals) ** 2) @ A * m / (m - 2)
    counts = inverse * (w @ residuals**2) / (w.sum() - 2)
    slopes.append(beta[1])
    stated["as counts"].append(counts[1, 1] ** 0.5)
    stated["HC1"].append((inverse @ meat @ inverse)[1, 1] ** 0.5)

# %%
# Stated and actual
# -----------------
#
# The dotted line is the standard deviation of the 500 estimates. HC1 lies around
# it; standard errors that take weights for counts lie far below.

figure, axis = plt.subplots(figsize=(7, 3.6), layout="constrained")
for name, values in stated.items():
    axis.hist(values, bins=40, alpha=0.6, label=f"stated: {name}")
axis.axvline(np.std(slopes), color="black", ls=":", label="actual")
axis.set(xlabel="standard error of the slope", ylabel="data sets", yticks=[])
axis.legend(frameon=False)
plt.show()

# %%
# How often do intervals of nominal 95 % hold the true slope?

for name, values in stated.items():
    inside = np.abs(np.array(slopes) - slope) < 1.96 * np.array(values)
    print(f"{name:10} {100 * inside.mean():.1f} %")
