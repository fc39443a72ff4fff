r"""
Which rows, together
====================

Inclusion probabilities say how often a row is drawn, not which rows are drawn together.
That is up to the sampling design. Here 100 of 2,000 points are drawn with equal
probabilities, by four designs.
"""

# %%
# Four samples
# ------------
#
# Independent draws leave holes and clumps. A pivotal draw spreads the sample along the
# order of the rows: here that of the leaves of a k-d tree. A balanced draw keeps the
# totals of chosen columns: both coordinates, their squares and their product.

import matplotlib.pyplot as plt
import numpy as np

from coreselect import LeverageSelector, draw

rng = np.random.default_rng(0)
n, m = 2000, 100
X = rng.random((n, 2)) - 0.5
products = np.column_stack([X, X**2, X[:, 0] * X[:, 1]])
designs = {
    "poisson": {"design": "poisson"},
    "pivotal": {},
    "pivotal, k-d order": {"order": X},
    "balanced": {"balance": products},
}

figure, axes = plt.subplots(1, 4, figsize=(10, 2.9), layout="constrained")
for axis, (name, options) in zip(axes, designs.items(), strict=True):
    chosen = draw(np.ones(n), m, random_state=1, **options).take(X)
    axis.plot(*X.T, ".", ms=1, color="0.8")
    axis.plot(*chosen.T, ".", ms=5, color="C0")
    axis.plot(*chosen.mean(axis=0), "+", ms=12, mew=2, color="C3")
    axis.set(title=f"{name} ({len(chosen)})", xticks=[], yticks=[], aspect="equal")
plt.show()

# %%
# The red cross is the mean of the sample; the mean of all points is in the middle.
#
# Errors of totals
# ----------------
#
# Three functions of the points, and the error of their estimated mean in 300 draws, in
# units of its standard deviation under the pivotal design in random order.

functions = {
    "linear": X[:, 0] + 2 * X[:, 1],
    "bump": np.exp(-20 * (X**2).sum(axis=1)),
    "step": (X[:, 0] > X[:, 1]).astype(float),
}
errors = {}
for name, options in designs.items():
    for what, values in functions.items():
        found = [
            chosen.estimate(values[chosen.indices]) / n - values.mean()
            for chosen in (
                draw(np.ones(n), m, random_state=seed, **options) for seed in range(300)
            )
        ]
        errors[name, what] = np.std(found)

figure, axis = plt.subplots(figsize=(7, 3), layout="constrained")
for k, name in enumerate(designs):
    heights = [errors[name, what] / errors["pivotal", what] for what in functions]
    axis.bar(np.arange(3) + 0.2 * k - 0.3, heights, 0.18, label=name)
axis.set(ylabel="relative error", xticks=range(3), xticklabels=functions, ylim=(0, 2))
axis.legend(frameon=False)
plt.show()

# %%
# Poisson draws are worse where values are not centred, as the number of rows is random.
# Balanced draws have almost no error where the function is a combination of the
# columns. The k-d tree helps every function that changes slowly, whichever it is.
#
# Least squares on balanced rows
# ------------------------------
#
# For score selectors, ``design="balanced"`` finds the columns by itself: the target,
# the features and their products. So the weighted rows have almost the normal
# equations of all rows.

X = rng.standard_t(3, size=(20_000, 8))
y = X.sum(axis=1) + rng.normal(size=len(X))
best = np.linalg.lstsq(X, y, rcond=None)[0]
least = np.sum((y - X @ best) ** 2)
for design in ("pivotal", "balanced"):
    selector = LeverageSelector(500, design=design, random_state=0).fit(X, y)
    excess = []
    for seed in range(10):
        selection = selector.select(random_state=seed)
        A, b = selection.take(X, y)
        root = np.sqrt(selection.weights)
        fit = np.linalg.lstsq(A * root[:, None], b * root, rcond=None)[0]
        excess.append(np.sum((y - X @ fit) ** 2) / least - 1)
    print(f"{design:9} excess {np.mean(excess):.5f}")
print(selector.balance_columns_[:12], "...")
