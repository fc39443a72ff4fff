r"""
Leverage and uniform sampling
=============================

How many rows are needed to represent 100,000? Here the data have heavy tails: a few
rows decide whole directions, and uniform sampling misses them. The error is the largest
relative error, over all :math:`\beta`, of the sum of squares :math:`\lVert X\beta
\rVert^2` estimated from the selected rows. With an error of one or more, some direction
may be lost completely.
"""

# %%
# Data with heavy tails, and without
# ----------------------------------
#
# Student's t with two degrees of freedom has extreme rows; normal data have none.

import matplotlib.pyplot as plt
import numpy as np

from coreselect import LeverageSelector, UniformSelector

rng = np.random.default_rng(0)
shape = (100_000, 10)
data = {
    "heavy tails": rng.standard_t(df=2, size=shape),
    "normal": rng.standard_normal(shape),
}

# %%
# The error of a selection
# ------------------------
#
# Whiten the rows, so that the Gram matrix of all rows is the identity. The error is
# then the distance of the weighted Gram matrix of the selected rows from the identity.


def gram_error(X, selection):
    """Largest relative error of a sum of squares, over all directions."""
    R = np.linalg.qr(X, mode="r")
    Z = np.linalg.solve(R.T, selection.take(X).T)
    return np.linalg.norm((Z * selection.weights) @ Z.T - np.eye(len(R)), ord=2)


# %%
# Each selector is fitted once. ``select`` then draws selections of any size from the
# scores that ``fit`` has kept, without the data.

sizes = [100, 200, 500, 1000, 2000, 5000]
seeds = range(10)
errors = {}
for kind, X in data.items():
    for selector in (UniformSelector(random_state=0), LeverageSelector(random_state=0)):
        selector.fit(X)
        errors[kind, selector.cli_name] = [
            [gram_error(X, selector.select(m, random_state=seed)) for seed in seeds]
            for m in sizes
        ]

# %%
# Errors by size
# --------------
#
# Lines are medians over ten draws, and bands reach from the smallest to the largest
# error. With heavy tails, leverage sampling achieves with a few hundred rows what
# uniform sampling does not achieve with thousands. For normal data all rows matter
# alike, and the two are equally good.

figure, axes = plt.subplots(1, 2, figsize=(9, 4), sharey=True, layout="constrained")
for axis, kind in zip(axes, data, strict=True):
    for name, colour, marker in (("uniform", "C7", "o"), ("leverage", "C0", "s")):
        values = np.asarray(errors[kind, name])
        axis.plot(
            sizes, np.median(values, axis=1), color=colour, marker=marker, label=name
        )
        low, high = values.min(axis=1), values.max(axis=1)
        axis.fill_between(sizes, low, high, color=colour, alpha=0.2, linewidth=0)
    axis.set(title=kind, xscale="log", yscale="log", xlabel="selected rows")
    axis.set_xticks(sizes, [f"{m:,}" for m in sizes])
    axis.minorticks_off()
    axis.grid(alpha=0.3)
axes[0].set_ylabel("relative error of the Gram matrix")
axes[1].legend(frameon=False)
figure.suptitle("Rows to represent 100,000")
plt.show()

# %%
# To see which of the two your own data resemble, compute the *coherence*: the largest
# leverage score over the average one. It is large on the left and small on the right.

for kind, X in data.items():
    scores = LeverageSelector().fit(X).scores_
    print(f"{kind:12} coherence {len(X) * scores.max() / scores.sum():10.1f}")
