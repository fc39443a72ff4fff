r"""
Diverse rows
============

Twenty rows are selected out of a thousand, which form clusters of 900, 80 and 20
points. Nearly all uniform rows are in the largest cluster. A determinantal process
draws rows that are unlike each other, and greedy picks are as unlike as possible.
"""

# %%
# Three ways to pick twenty rows
# ------------------------------

import matplotlib.pyplot as plt
import numpy as np

from coreselect import (
    DPPSelector,
    GreedyDPPSelector,
    ProjectionDPPSelector,
    UniformSelector,
)

rng = np.random.default_rng(0)
centers = np.repeat([[0.0, 0.0], [5.0, 2.0], [1.0, 5.0]], [900, 80, 20], axis=0)
X = centers + rng.standard_normal((1000, 2)) * 0.8
selectors = {
    "uniform": UniformSelector(20, random_state=0),
    "k-DPP": DPPSelector(20, random_state=0),
    "greedy": GreedyDPPSelector(20),
}
figure, axes = plt.subplots(1, 3, figsize=(10, 3.4), sharey=True, layout="constrained")
for axis, (name, selector) in zip(axes, selectors.items(), strict=True):
    rows = selector.fit(X).sample_indices_
    axis.scatter(*X.T, s=4, color="0.8")
    axis.scatter(*X[rows].T, s=28, color="C3", edgecolor="k", linewidth=0.5)
    axis.set(title=name, xticks=[], yticks=[])
plt.show()

# %%
# The rows of the process are still a random sample: every row has a known inclusion
# probability, and with its inverse as weight, sums are unbiased. Points with few
# neighbours have a higher probability.

chances = selectors["k-DPP"].inclusion_probabilities()
for name, cluster in (
    ("900", slice(0, 900)),
    ("80", slice(900, 980)),
    ("20", slice(980, 1000)),
):
    print(f"cluster of {name:>3}: expected rows {chances[cluster].sum():5.2f}")

# %%
# Estimates of a smooth function
# ------------------------------
#
# For points spread evenly over a square, sums of functions as smooth as the kernel have
# about half the error of uniform rows. For noise there is no gain. On the clusters
# above the process is worse than uniform sampling even for smooth functions, because
# its few rows of the large cluster have large weights.

X = rng.uniform(-1, 1, (1000, 2))
targets = {
    "smooth": np.cos(2 * X[:, 0]) + X[:, 1] ** 2 + X[:, 0],
    "noise": rng.standard_normal(1000),
}
for name, selector in (
    ("uniform", UniformSelector(20, random_state=0)),
    ("k-DPP", DPPSelector(20, gamma=2.0, random_state=0)),
):
    selector.fit(X)
    found = [selector.select(random_state=seed) for seed in range(200)]
    for kind, values in targets.items():
        errors = [s.estimate(values[s.indices]) / 1000 - values.mean() for s in found]
        print(f"{kind:7} {name:8} root mean squared error {np.std(errors):.3f}")

# %%
# As many points as coefficients
# ------------------------------
#
# A function on a line is interpolated by a polynomial of degree 9. Equally spaced
# points fail at the ends (Runge's phenomenon), and independent draws often leave a gap.
# The projection process draws more points towards the ends, as it should.

x = np.linspace(-1, 1, 2000)
f = 1 / (1 + 25 * x**2)
V = np.polynomial.legendre.legvander(x, 9)
draws = {
    "equally spaced": np.linspace(0, 1999, 10).astype(int),
    "uniform": UniformSelector(10, random_state=1).fit(V).sample_indices_,
    "projection DPP": ProjectionDPPSelector(random_state=1).fit(V).sample_indices_,
}
figure, axes = plt.subplots(1, 3, figsize=(10, 3), sharey=True, layout="constrained")
for axis, (name, rows) in zip(axes, draws.items(), strict=True):
    fitted = V @ np.linalg.lstsq(V[rows], f[rows], rcond=None)[0]
    axis.plot(x, f, color="0.6", label="function")
    axis.plot(x, fitted, color="C0", label="interpolant")
    axis.plot(x[rows], f[rows], "o", color="C3", ms=5)
    axis.set(title=name, ylim=(-0.6, 1.3))
axes[0].legend(frameon=False)
plt.show()
