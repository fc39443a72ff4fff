r"""
Rows for a target
=================

Five groups of rows, and a sample of what a model will meet: only two of the groups.
Which rows should it be trained on, and how many? ``TAROT`` chooses rows near the
targets, and about as many as bring the transport distance between them and the targets
to its minimum.
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
# Who serves whom
# ---------------
#
# Without a number of rows, it is estimated over folds of the targets: each fold chooses
# rows for a tenth of the targets and measures the distance to the others. The curve on
# the right is that of all targets: it falls while rows are added that targets miss,
# down to some forty rows, one for each target, and rises slowly once those nearest to
# them are used up. The folds find their minima at larger numbers, so that the size
# chosen is the largest whose distance is within 3 % of the least.

selector = TAROT(random_state=0).fit(X, X_target=X_target)
print("best size by fold:", selector.fold_sizes_, "- chosen:", len(selector.selection_))
TransportDisplay.from_selector(selector, X)
plt.show()

# %%
# Strategies beside each other
# ----------------------------
#
# The mean similarity to all targets, which is what many methods rank by, prefers rows
# between the two groups. The others give every target something of its own.

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
