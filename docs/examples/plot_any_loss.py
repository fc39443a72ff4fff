r"""
Any loss: bring your own
========================

``AutoCoreset`` finds a coreset for any model: give it a function that returns the loss
of each row under a fitted model. Here the model is Huber regression, on data with
extreme outliers.
"""

# %%
# A loss for every row
# --------------------
#
# The function gets a fitted estimator and some rows, and returns one loss per row,
# without a penalty. `HuberRegressor` also fits the scale of the errors, so the scale is
# part of the loss.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import HuberRegressor

from coreselect import AutoCoreset, UniformSelector
from coreselect.estimators import fit_on_selection


def huber(model, X, y):
    """The loss that `HuberRegressor` adds up."""
    z = np.abs(y - model.predict(X)) / model.scale_
    edge = model.epsilon
    rest = np.where(z < edge, z**2, 2 * edge * z - edge**2)
    return model.scale_ * (1 + rest)


rng = np.random.default_rng(0)
X = rng.standard_normal((20_000, 6)) @ (np.eye(6) + 0.3)
y = X @ np.arange(6.0) + rng.standard_normal(20_000)
y[::50] += 200  # one row in fifty is wrong

# %%
# The search
# ----------
#
# Each fit to a coreset is a query: the losses of all rows there become a column of the
# loss matrix, and the next coreset gets this cost right too. After slightly more
# queries than there are parameters, the coreset is accurate near the optimum.

selector = AutoCoreset(HuberRegressor(), 60, loss=huber, random_state=0).fit(X, y)
best = huber(HuberRegressor().fit(X, y), X, y).sum()

figure, axis = plt.subplots(figsize=(6, 3.5), layout="constrained")
axis.semilogy(np.maximum(selector.cost_path_ / best - 1, 1e-7), "o-", ms=4)
axis.set(xlabel="fits to coresets", ylabel="excess of the cost of all rows")
plt.show()

# %%
# Compared with uniform rows
# --------------------------


def excess(chosen):
    """Relative excess of the cost of all rows at the solution for a selection."""
    few = fit_on_selection(HuberRegressor(), chosen, X, y)
    return huber(few, X, y).sum() / best - 1


draws = [UniformSelector(60, random_state=s).fit_select(X) for s in range(20)]
uniform = [excess(draw) for draw in draws]
ours = selector.selection_
print(f"AutoCoreset, {len(ours)} rows: {excess(ours):.1e}")
print(f"uniform, 60 rows: {np.mean(uniform):.1e}, best of 20: {min(uniform):.1e}")

# %%
# What is guaranteed
# ------------------
#
# Costs are exact at as many of the queries as the number of rows allows, and at all
# combinations of their losses. Held-out queries show the errors elsewhere. They are
# fits to uniform rows whose losses are not in the matrix, and lie far from the optimum,
# where a coreset need not be good.

print(selector.explain())
