"""
Six ways to cover a cloud
=========================

Thirty rows are selected out of two thousand, which form a dense cluster, a wide one, a
ring and ten stray points. What should be near a selected row: the farthest row, or most
rows?
"""

# %%
# Six selections
# --------------
#
# k-center picks the farthest row each time, so most stray points are in. It can leave
# out some outliers instead. A radius keeps rows that are pairwise farther apart than
# it, the first thirty of them here. Facility location picks rows that all others
# resemble: many in dense regions, and no stray point.

import matplotlib.pyplot as plt
import numpy as np

from coreselect import (
    DPPSelector,
    FacilityLocationSelector,
    KCenterSelector,
    RadiusSelector,
    UniformSelector,
)
from coreselect.metrics import covering_radius

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
    "k-DPP": DPPSelector(30, random_state=0),
    "k-center": KCenterSelector(30),
    "k-center, 10 outliers": KCenterSelector(30, n_outliers=10),
    "radius 0.6": RadiusSelector(0.6, n_select=30),
    "facility location": FacilityLocationSelector(30),
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
# How far are the other rows?
# ---------------------------
#
# The radius is the largest distance to the nearest selected row, which k-center makes
# small. The mean distance is small where rows are many, as in facility location.

for name, selector in selectors.items():
    chosen = selector.selection_
    far = np.linalg.norm(X[:, None] - X[chosen.indices], axis=2).min(axis=1)
    print(f"{name:22} radius {covering_radius(chosen, X):.2f}   mean {far.mean():.3f}")

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
