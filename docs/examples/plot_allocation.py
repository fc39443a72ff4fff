r"""
How many rows of which group?
=============================

A model is to be good in the north and in the south. Nine of ten rows come from the
north, but the south is noisier. Learning curves say how much more rows help in each,
and `allocate` shares a budget by them: for the mean loss over all rows, or so that both
groups come equally near to what can be reached.
"""

# %%
# Learning curves
# ---------------
#
# `learning_curves` trains on subsets that vary the groups together and one by one,
# measures the loss of each group on rows that are held out, and fits ``floor + sigma
# n**-power`` and a part that all rows lower.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import LinearRegression

from coreselect.allocation import AllocationSelector, allocate, learning_curves
from coreselect.plot import AllocationDisplay

rng = np.random.default_rng(0)
n, d = 6000, 8
north = rng.random(n) < 0.9
groups = np.where(north, "north", "south")
Z = rng.normal(size=(n, d))
X = np.hstack([Z * north[:, None], Z * ~north[:, None]])  # a model for each group
y = X.sum(axis=1) + np.where(north, 1.0, 2.0) * rng.normal(size=n)

model = LinearRegression()
curves = learning_curves(model, X, y, groups, n_repeats=10, random_state=0)
print(curves)

# %%
# Sharing 400 rows
# ----------------
#
# For the mean over all rows, the north counts nine times as much, so that both get
# similar numbers. For the larger excess over the floor, the south gets most.

share = {"north": 0.9, "south": 0.1}
by_mean = allocate(400, curves, weight=share)
by_regret = allocate(400, curves, objective="regret")
figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), sharey=True, layout="constrained")
for axis, made in zip(axes, (by_mean, by_regret), strict=True):
    AllocationDisplay.from_allocation(made, curves, ax=axis)
    axis.set_title(f"objective={made.objective!r}")
plt.show()

# %%
# In rounds, without curves
# -------------------------
#
# `AllocationSelector` spends the rows in rounds and measures with those that it has
# taken. By share, the south would get 40 rows. What is shown is the exact excess loss
# of the fitted models, averaged over ten draws.


def excess(rows):
    """Return the excess loss in the north and in the south."""
    error = model.fit(X[rows], y[rows]).coef_ - 1
    return (error.reshape(2, d) ** 2).sum(axis=1)


found = {"by share": [], "mean": [], "regret": []}
for seed in range(10):
    draws = np.random.default_rng(seed)
    found["by share"].append(excess(draws.choice(n, 400, replace=False)))
    for objective in ("mean", "regret"):
        selector = AllocationSelector(
            400, estimator=model, objective=objective, random_state=seed
        )
        found[objective].append(
            excess(selector.fit_select(X, y, groups=groups).indices)
        )

print("             north  south   mean over all rows")
for name, losses in found.items():
    in_north, in_south = np.mean(losses, axis=0)
    mean = 0.9 * in_north + 0.1 * in_south
    print(f"{name:12} {in_north:.3f}  {in_south:.3f}  {mean:.3f}")
