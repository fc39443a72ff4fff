"""
Six ways to cover a cloud
=========================

Thirty rows are selected out of two thousand, which form a dense cluster, a wide one, a
ring and ten stray points. What should be near a selected row: the farthest row, or most
rows? Or should the selected rows have the means of all rows?
"""

# %%
# Six selections
# --------------
#
# k-center picks the farthest row each time, so most stray points are in. A radius keeps
# rows that are farther apart than it, until every other row is within it of a kept one:
# with 0.95, these are thirty rows here, too. Facility location picks rows that all
# others resemble, and prototypes are the rows nearest to the centres of clusters: many
# in dense regions, and hardly a stray point. Herding matches means: its rows have the
# weights with which they do so best, and five of them are stray points with little
# weight. The size of a point is its weight; those of each method add up to 2,000.

import matplotlib.pyplot as plt
import numpy as np

from coreselect import (
    FacilityLocationSelector,
    HerdingSelector,
    KCenterSelector,
    PrototypeSelector,
    RadiusSelector,
    UniformSelector,
)
from coreselect.metrics import covering_radius, mean_discrepancy

rng = np.random.default_rng(0)
angle = rng.uniform(0, 2 * np.pi, 500)
X = np.concatenate(
    [
        rng.normal([0, 0], 0.25, (900, 2)),
        rng.normal([4, 1], 0.8, (590, 2)),
        np.column_stack([np.cos(angle), np.sin(angle)]) * 1.2 + [1, 4],
        rng.uniform(-3, 8, (10, 2)),
    ]
)
selectors = {
    "uniform": UniformSelector(30, random_state=0),
    "k-center": KCenterSelector(30),
    "radius 0.95": RadiusSelector(0.95),
    "facility location": FacilityLocationSelector(30),
    "prototypes": PrototypeSelector(30, random_state=0),
    "herding": HerdingSelector(30),
}
figure, axes = plt.subplots(2, 3, figsize=(10, 6.4), sharey=True, layout="constrained")
for axis, (name, selector) in zip(axes.flat, selectors.items(), strict=True):
    chosen = selector.fit_select(X)
    axis.scatter(*X.T, s=3, color="0.8")
    size = 20 + 300 * chosen.weights / len(X)
    axis.scatter(*X[chosen.indices].T, s=size, color="C3", edgecolor="k", linewidth=0.5)
    axis.set(title=name, xticks=[], yticks=[])
plt.show()

# %%
# What each of them is good for
# -----------------------------
#
# The radius in this table is the largest distance to the nearest selected row, which
# k-center makes small; rows that are kept by a radius are as good here. The mean of
# these distances is small if selected rows are many where rows are dense: facility
# location and prototypes have about the same. In exchange, stray points stay as far
# from the rows of facility location as from random ones. The discrepancy is the largest
# error of the mean of a smooth function, which herding makes small.

gamma = selectors["herding"].gamma_
print(f"{'':18} radius   mean distance   discrepancy")
for name, selector in selectors.items():
    chosen = selector.selection_
    far = np.linalg.norm(X[:, None] - X[chosen.indices], axis=2).min(axis=1)
    error = mean_discrepancy(chosen, X, gamma=gamma)
    print(
        f"{name:18} {covering_radius(chosen, X):6.2f} {far.mean():15.3f} {error:13.4f}"
    )

# %%
# How many rows are enough?
# -------------------------
#
# One fit gives the radius of every prefix. Half of it is a proven bound: no selection
# of as many rows has a smaller radius.

fitted = KCenterSelector(200).fit(X)
figure, axis = plt.subplots(figsize=(6, 3.4), layout="constrained")
rows = np.arange(1, 201)
axis.fill_between(rows, fitted.radius_ / 2, fitted.radius_, color="C0", alpha=0.25)
axis.plot(rows, fitted.radius_, color="C0", label="k-center")
axis.plot(rows, fitted.radius_ / 2, "--", color="C0", label="no rows reach less")
axis.set(xlabel="selected rows", ylabel="radius", yscale="log")
axis.legend(frameon=False)
plt.show()
