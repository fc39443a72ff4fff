r"""
When choosing pays, and when not
================================

``compare`` fits a model to the rows that each method chooses, to random rows and to all
rows. Its verdict says how many rows a method needs beside random sampling. Here are
three cases: a few rows decide, all rows are alike, and a model that no score is made
for.
"""

# %%
# A few rows decide
# -----------------
#
# One row in 1,000 has a value in the last column. Most random samples of 300 rows hold
# none of them. Grey is random sampling, bands are one standard deviation over seeds.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits, make_friedman1
from sklearn.ensemble import GradientBoostingRegressor

from coreselect import compare

rng = np.random.default_rng(0)
X = rng.normal(size=(20_000, 6))
X[:, 5] *= rng.random(20_000) < 0.001
y = X @ [1, 2, 3, 4, 5, 100] + 3 * rng.normal(size=20_000)
found = compare(X, y, methods=["leverage"], sizes=[50, 100, 300, 1000], n_seeds=10)
found.plot()
plt.show()

# %%

print(found.summary())

# %%
# Rows that are alike
# -------------------
#
# Every image of a digit says about as much as any other.

X_digits, y_digits = load_digits(return_X_y=True)
found = compare(X_digits, y_digits, methods=["logistic"], sizes=[200, 500, 1000])
found.plot()
plt.show()

# %%

print(found.summary())

# %%
# Trees
# -----
#
# The scores of linear models are not made for trees. On features without extreme rows
# there is nothing for them to find: random rows are as good, for less time.

X, y = make_friedman1(8_000, noise=1.0, random_state=0)
trees = GradientBoostingRegressor(n_estimators=30, random_state=0)
found = compare(X, y, trees, methods=["leverage", "kmeans"], sizes=[300, 1000])
found.plot()
plt.show()

# %%

print(found.summary())
