r"""
Rows for a target
=================

The pool has five groups of rows, but the sample of the data that a model will be used
on (the targets) has only two of them. Which rows should the model be trained on, and
how many? ``TAROT`` chooses rows near the targets, about as many as minimise the
transport distance between chosen rows and targets.
"""

# %%
# A pool, and targets like a part of it
# -------------------------------------

import matplotlib.pyplot as plt
import numpy as np

from coreselect import TAROT
from coreselect.plot import TransportDisplay

rng = np.random.default_rng(3)
centers = 3 * rng.standard_normal((5, 8))
X = centers[rng.integers(5, size=600)] + rng.standard_normal((600, 8))
X_target = centers[rng.integers(2, size=40)] + rng.standard_normal((40, 8))

# %%
# Which row is near which target
# ------------------------------
#
# By default the number of rows is estimated over folds of the targets: each fold
# chooses rows for a tenth of the targets and measures the distance to the others. The
# curve on the right is for all targets. It falls until there are about forty rows, one
# for each target, and rises slowly once the rows nearest to them are used up. The folds
# find their minima at larger sizes, so the chosen size is the largest whose distance is
# within 3 % of the least.

selector = TAROT(random_state=0).fit(X, X_target=X_target)
print("best size by fold:", selector.fold_sizes_, "- chosen:", len(selector.selection_))
TransportDisplay.from_selector(selector, X)
plt.show()

# %%
# The strategies compared
# -----------------------
#
# Many methods rank rows by their mean similarity to all targets, which prefers rows
# between the two groups. The other strategies choose rows near every target.

sizes = [5, 10, 20, 40, 80]
figure, axis = plt.subplots(figsize=(6, 4), layout="constrained")
for strategy in ("mean_score", "round_robin", "rounds", "facility", "ot"):
    distances = [
        TAROT(m, strategy=strategy).fit(X, X_target=X_target).ot_distance_
        for m in sizes
    ]
    axis.plot(sizes, distances, "o-", ms=4, label=strategy)
axis.set(xlabel="rows", ylabel="transport distance", xscale="log")
axis.set_xticks(sizes, sizes)
axis.minorticks_off()
axis.legend(frameon=False)
plt.show()
