r"""
Clusters that uniform sampling misses
=====================================

The data have five large clusters, and five small ones far out with one row in eight
hundred. How wrong is the k-means cost estimated from a few hundred weighted rows? The
error is the largest over several sets of centres: found on all rows, found on the
selection, and random ones. With an error of 1, the cost of some centres is wrong by a
factor of two.
"""

# %%
# Data with small clusters, and without
# -------------------------------------

import matplotlib.pyplot as plt
import numpy as np
from sklearn.cluster import KMeans

from coreselect import (
    GroupSamplingSelector,
    KMeansSensitivitySelector,
    LightweightSelector,
    UniformSelector,
)

rng = np.random.default_rng(0)
n, d, k = 20_000, 5, 10
large = 5 * rng.standard_normal((5, d))
even = rng.standard_normal((n, d)) + large[rng.integers(5, size=n)]
uneven = even.copy()
uneven[:25] += np.repeat(60 * rng.standard_normal((5, d)), 5, axis=0)
data = {"small clusters far out": uneven, "clusters of like size": even}

# %%
# The error of a selection
# ------------------------


def cost(X, centers, weights=None):
    """The weighted k-means cost."""
    gaps = -2 * X @ centers.T + (centers**2).sum(axis=1)
    return np.average(gaps.min(axis=1) + (X**2).sum(axis=1), weights=weights) * (
        len(X) if weights is None else weights.sum()
    )


def error(X, selection, candidates):
    """Largest factor by which the cost of some centres is wrong, minus one."""
    small, weights = selection.take(X), selection.weights
    found = KMeans(k, n_init=1, max_iter=20, random_state=0)
    candidates = [
        *candidates,
        found.fit(small, sample_weight=weights).cluster_centers_,
    ]
    ratios = [cost(small, q, weights) / cost(X, q) for q in candidates]
    return max(max(r, 1 / r) for r in ratios) - 1


# %%
# Errors by size
# --------------
#
# Each selector is fitted once, and ``select`` draws selections of any size.

selectors = {
    "uniform": (UniformSelector(random_state=0), "C7", "o"),
    "lightweight": (LightweightSelector(random_state=0), "C1", "^"),
    "k-means sensitivities": (
        KMeansSensitivitySelector(n_clusters=k, random_state=0),
        "C0",
        "s",
    ),
    "group sampling": (GroupSamplingSelector(n_clusters=k, random_state=0), "C2", "D"),
}
sizes = [50, 100, 200, 400]
errors = {}
for kind, X in data.items():
    start = KMeans(k, n_init=1, max_iter=20, random_state=0).fit(X)
    candidates = [start.cluster_centers_, X[rng.choice(n, k)], X[rng.choice(n, k)]]
    for name, (selector, *_) in selectors.items():
        selector.fit(X)
        errors[kind, name] = [
            np.median(
                [
                    error(X, selector.select(m, random_state=seed), candidates)
                    for seed in range(3)
                ]
            )
            for m in sizes
        ]

figure, axes = plt.subplots(1, 2, figsize=(9, 4), sharey=True, layout="constrained")
for axis, kind in zip(axes, data, strict=True):
    for name, (_, colour, marker) in selectors.items():
        axis.plot(sizes, errors[kind, name], color=colour, marker=marker, label=name)
    axis.set(title=kind, xscale="log", yscale="log", xlabel="selected rows")
    axis.set_xticks(sizes, [f"{m:,}" for m in sizes])
    axis.minorticks_off()
    axis.grid(alpha=0.3)
axes[0].set_ylabel("largest error of the cost")
axes[1].legend(frameon=False)
figure.suptitle("Rows to represent 20,000, for k-means with 10 centres")
plt.show()

# %%
# On the left, most uniform samples have no row of some small cluster, and the cost of
# centres that miss this cluster is grossly underestimated. On the right no row is
# special, and the unbiased methods are equally good. Group sampling is slightly worse,
# since it selects every seed.
