r"""
Lewis weights for least absolute deviations
===========================================

Least absolute deviations is a regression for noisy targets, since outliers in the
target have little effect. But rows that lie far out in the *features* still decide the
fit. Three samplers are compared here by the relative excess of :math:`\sum |x^\top
\beta - y|` over all rows, at the coefficients fitted to the selected rows.
"""

# %%
# Data
# ----
#
# There are five heavy-tailed features, and the noise has heavy tails too.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import QuantileRegressor

from coreselect import LeverageSelector, LewisSelector, UniformSelector

rng = np.random.default_rng(0)
X = rng.standard_t(df=1.2, size=(4000, 5))
y = X @ [1.0, -2.0, 0.5, 0.0, 3.0] + rng.standard_t(df=1.5, size=4000)


def fit(X, y, weight=None):
    """Fit the median of y; return the coefficients."""
    model = QuantileRegressor(quantile=0.5, alpha=0, fit_intercept=False)
    return model.fit(X, y, sample_weight=weight).coef_


best = np.abs(X @ fit(X, y) - y).sum()

# %%
# Excess at several sizes
# -----------------------

sizes = [30, 60, 120, 240]
selectors = {
    "uniform": UniformSelector(),
    "leverage": LeverageSelector(),
    "Lewis, p = 1": LewisSelector(p=1),
}
for name, selector in selectors.items():
    selector.set_params(random_state=0).fit(X)
    excess = []
    for size in sizes:
        found = []
        for seed in range(8):
            selection = selector.select(size, random_state=seed)
            coefficients = fit(*selection.take(X, y), selection.weights)
            found.append(np.abs(X @ coefficients - y).sum() / best - 1)
        excess.append(np.median(found))
    plt.loglog(sizes, excess, "o-", label=name)
plt.xlabel("selected rows")
plt.ylabel("relative excess (median of 8)")
plt.legend()
plt.show()

# %%
# What the scores look like
# -------------------------
#
# Lewis weights lie between equal scores and leverage scores: rows far out have higher
# scores, in proportion to their distance rather than to its square.

lewis = selectors["Lewis, p = 1"].scores_
leverage = selectors["leverage"].scores_
plt.loglog(leverage, lewis, ".", markersize=3)
plt.xlabel("leverage score")
plt.ylabel("Lewis weight, p = 1")
plt.show()
