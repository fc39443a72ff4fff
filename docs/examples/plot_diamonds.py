r"""
Diamonds: a table with text
===========================

The price of 53,940 diamonds, from six numbers and three columns of text. A few stones
have measurements far from all others, and they decide how well a model does. This
example downloads the table once, with ``benchmarks/data.py`` of the repository.
"""

# %%
# A hundred rows against a thousand
# ---------------------------------
#
# ``compare`` turns the text into numbers by itself. With ``cv=4`` every diamond is held
# out once.

import matplotlib.pyplot as plt

from benchmarks.data import load
from coreselect import LeverageSelector, compare
from coreselect.plot import SelectionDisplay, WeightDisplay

diamonds, price = load("diamonds")
print(diamonds.head().to_string())

# %%

sizes = [100, 300, 1000]
found = compare(diamonds, price, methods=["leverage"], sizes=sizes, n_seeds=10, cv=4)
found.plot()
plt.show()

# %%

print(found)

# %%
# What was chosen
# ---------------
#
# The selector sees numbers made of all columns; the selected rows have the columns of
# the table. Rows far out are chosen almost surely, with a weight near one. The many
# rows in the middle are stood for by a few with large weights.

selector = LeverageSelector(100, features="auto", fit_intercept=True, random_state=0)
selection = selector.fit_select(diamonds, price)
SelectionDisplay.from_estimator(selector, diamonds)
plt.show()

# %%
# How unequal are the weights?

WeightDisplay.from_selection(selection)
plt.show()

# %%

print(selection.take(diamonds).head().to_string())
