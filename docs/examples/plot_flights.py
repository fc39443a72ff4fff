r"""
Flights: rows of a Parquet file
===============================

The 327,346 flights that left New York in 2013 and arrived. The table lies in a Parquet
file, as a large one would, and only the selected rows are ever in memory together. This
example downloads the table once, with ``benchmarks/data.py`` of the repository.
"""

# %%
# A file
# ------

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
from sklearn.linear_model import LinearRegression

from benchmarks.data import load
from coreselect import LeverageSelector, UniformSelector, rows

flights, delay = load("flights")
columns = ["dep_delay", "air_time", "distance", "hour", "month"]
folder = tempfile.TemporaryDirectory()
path = Path(folder.name) / "flights.parquet"
flights.assign(arr_delay=delay).to_parquet(path)

# %%
# Select from it
# --------------
#
# ``rows.open`` names the columns that are features and the one to be predicted. The
# other columns, such as carrier and destination, come back with the selected rows.

opened = rows.open(path, y="arr_delay", columns=columns)
selector = LeverageSelector(500, fit_intercept=True, random_state=0).fit(opened)
few = selector.selection_.take(path).to_pandas()
print(few[["carrier", "origin", "dest", *columns, "arr_delay"]].head().to_string())

# %%
# How close are the fits?
# -----------------------
#
# Coefficients of the fit to 500 rows, chosen and random, for twenty draws, beside those
# of the fit to all flights. Departure delays have a heavy tail, so chosen rows tell
# their coefficient better. The other columns have none: there random rows do as well.

X = flights[columns].to_numpy(float)
full = LinearRegression().fit(X, delay).coef_
figure, axes = plt.subplots(1, len(columns), figsize=(9, 3.2), layout="constrained")
for position, method in enumerate((UniformSelector, LeverageSelector)):
    fitted = method(500).fit(X)
    for seed in range(20):
        selection = fitted.select(random_state=seed)
        A, b = selection.take(X, delay)
        coefficients = LinearRegression().fit(A, b, selection.weights).coef_
        for axis, value in zip(axes, coefficients, strict=True):
            axis.plot(position, value, "o", color=f"C{position}", alpha=0.4)
for axis, name, value in zip(axes, columns, full, strict=True):
    axis.axhline(value, color="0.3", ls=":")
    axis.set(title=name, xlim=(-0.6, 1.6))
    axis.set_xticks([0, 1], ["uniform", "leverage"], fontsize="small")
plt.show()
folder.cleanup()
