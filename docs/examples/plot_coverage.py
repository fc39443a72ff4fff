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
# rows that are pairwise farther apart than it, the first thirty of them here. Facility
# location picks rows that all others resemble, and prototypes are the rows nearest to
# the centres of clusters: many in dense regions, and hardly a stray point. Herding
# matches means: its rows have the weights with which they do so best.

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
    "radius 0.6": RadiusSelector(0.6, n_select=30),
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
# The radius is the largest distance to the nearest selected row, which k-center makes
# small. The mean of these distances is small where rows are many, as in facility
# location. The discrepancy is the largest error of the mean of a smooth function.

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
