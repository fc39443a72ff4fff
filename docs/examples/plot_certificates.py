r"""
How good is this selection?
===========================

A certificate compares sums of squared residuals over the selected rows with those over
all rows, for *every* linear model at once. It also gives the actual excess of the fit
to the selection. ``n_select="auto"`` does the reverse: it takes the first size that
reaches a given error.
"""

# %%
# Bound and truth
# ---------------

import matplotlib.pyplot as plt
import numpy as np

from coreselect import LeverageSelector, certify

rng = np.random.default_rng(0)
X = rng.standard_t(df=2.5, size=(50_000, 8))
y = X.sum(axis=1) + rng.standard_normal(50_000)

selector = LeverageSelector(100, fit_intercept=True, random_state=0).fit(X)
sizes = 2 ** np.arange(5, 13)
certificates = [
    certify(selector.select(int(size)), X, y, fit_intercept=True) for size in sizes
]
print(certificates[-1])

# %%
# The error of the sums falls like one over the square root of the size. The excess of
# the fit is at best its square, so it falls like one over the size.

plt.loglog(sizes, [c.epsilon for c in certificates], "o-", label="epsilon, all models")
plt.loglog(sizes, [c.excess for c in certificates], "s-", label="excess of the fit")
plt.xlabel("selected rows")
plt.legend()
plt.show()

# %%
# A size for an error
# -------------------

for epsilon in (0.4, 0.2, 0.1):
    found = LeverageSelector("auto", epsilon=epsilon, fit_intercept=True).fit(X, y)
    print(epsilon, len(found.selection_), f"{found.certificate_.epsilon:.3f}")
