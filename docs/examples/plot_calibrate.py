r"""
Weights that meet known totals
==============================

The number of rows and the total of a column are known. Calibration changes the weights
of 300 drawn rows to meet them. What becomes more precise, and what does not?
"""

# %%
# Two totals to estimate
# ----------------------
#
# Spending depends on age, whose total is known. The number of visits does not.

import matplotlib.pyplot as plt
import numpy as np

from coreselect import calibrate, draw

rng = np.random.default_rng(0)
n = 20_000
age = rng.gamma(9, 5, n)
values = {
    "spending, related to age": 30 + 2 * age + rng.normal(0, 20, n),
    "visits, not related": rng.poisson(3, n).astype(float),
}
known = np.column_stack([np.ones(n), age])

# %%
# 500 draws
# ---------
#
# Each draw gives two estimates of each total: with the weights of the draw, and with
# weights that give the known number of rows and the known total age.

errors = {name: [] for name in values}
for seed in range(500):
    drawn = draw(np.ones(n), 300, design="poisson", random_state=seed)
    calibrated = calibrate(drawn, known, known.sum(axis=0))
    for name, column in values.items():
        estimates = [s.estimate(column[drawn.indices]) for s in (drawn, calibrated)]
        errors[name].append(100 * (np.array(estimates) / column.sum() - 1))

# %%
# Errors before and after
# -----------------------
#
# The Poisson design draws 300 rows on average. The known number of rows alone removes
# the errors that come from this, in both totals. Spending gains from age as well.

figure, axes = plt.subplots(1, 2, figsize=(8, 3.4), sharex=True, layout="constrained")
for axis, (name, found) in zip(axes, errors.items(), strict=True):
    for label, column in zip(("drawn", "calibrated"), np.transpose(found), strict=True):
        axis.hist(column, bins=np.linspace(-20, 20, 61), alpha=0.6, label=label)
    axis.set(title=name, xlabel="error of the total, %", yticks=[])
axes[0].legend(frameon=False)
axes[0].set_ylabel("draws")
plt.show()

# %%
# How much do the weights change?

ratio = calibrated.weights / drawn.weights
print(f"new weight over old weight: {ratio.min():.2f} to {ratio.max():.2f}")
print(f"effective size: {drawn.effective_sample_size:.0f} before, ", end="")
print(f"{calibrated.effective_sample_size:.0f} after")
