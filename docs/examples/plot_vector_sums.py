r"""
Exact and approximate sums of vectors
=====================================

Some rows with weights can have the weighted sum of all rows. How near do the methods of
:mod:`coreselect.vectorsum` come, for how many rows?
"""

# %%
# Four ways to keep a sum
# -----------------------
#
# The vectors have sixty entries, and some are much longer than others.

import matplotlib.pyplot as plt
import numpy as np

from coreselect import UniformSelector
from coreselect.vectorsum import caratheodory, frank_wolfe, norm_sampling

rng = np.random.default_rng(0)
V = rng.normal(1, 1, size=(20_000, 60)) * rng.lognormal(0, 1.5, size=(20_000, 1))
total = V.sum(axis=0)


def error(indices, weights):
    """Length of the difference from the sum of all rows, relative to that sum."""
    return np.linalg.norm(weights @ V[indices] - total) / np.linalg.norm(total)


sizes = [20, 50, 100, 200, 500]
errors = {"uniform": [], "norm_sampling": [], "frank_wolfe": []}
for size in sizes:
    seeds = range(5)
    uniform = [UniformSelector(size, random_state=s).fit_select(V) for s in seeds]
    errors["uniform"].append(np.median([error(*selection) for selection in uniform]))
    norms = [norm_sampling(V, size=size, random_state=s) for s in seeds]
    errors["norm_sampling"].append(np.median([error(*drawn) for drawn in norms]))
    errors["frank_wolfe"].append(error(*frank_wolfe(V, size=size)))

# %%
# Errors by size
# --------------
#
# ``caratheodory`` is exact with 61 rows, one more than there are entries, but the size
# is not for you to choose. ``frank_wolfe`` comes near with any number of rows.
# Random rows by length have no bias, and other sums are safe with them too.

figure, axis = plt.subplots(figsize=(7, 4), layout="constrained")
markers = {"uniform": "o", "norm_sampling": "D", "frank_wolfe": "s"}
for name, values in errors.items():
    axis.plot(sizes, values, marker=markers[name], label=name)
indices, weights = caratheodory(V)
axis.axvline(
    len(indices),
    color="0.5",
    ls=":",
    label=f"caratheodory: no error with {len(indices)}",
)
axis.set(xscale="log", yscale="log", xlabel="rows", ylabel="relative error of the sum")
axis.set_xticks(sizes, sizes)
axis.minorticks_off()
axis.grid(alpha=0.3)
axis.legend(frameon=False)
plt.show()

# %%

print(f"caratheodory: {len(indices)} rows, error {error(indices, weights):.0e}")
