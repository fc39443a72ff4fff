r"""
Intervals that hold what they promise
=====================================

A selection knows how its rows were drawn, so it states standard errors. Do intervals of
95 % hold the true mean in 95 % of draws, and how wide are they under each design?
"""

# %%
# Sorted rows
# -----------
#
# The rows are sorted by a feature, on which the price depends.

import matplotlib.pyplot as plt
import numpy as np

from coreselect import draw

rng = np.random.default_rng(0)
n, m = 10_000, 60
feature = np.sort(rng.normal(size=n))
price = 20 + 3 * feature + rng.normal(size=n)
truth = price.mean()

# %%
# 40 draws under each of three designs
# ------------------------------------
#
# Poisson sampling decides each row by itself. The pivotal design spreads the rows over
# the order. The balanced design keeps the total of the feature.

designs = {
    "poisson": {},
    "pivotal": {},
    "balanced": {"balance": feature},
}
figure, axes = plt.subplots(1, 3, figsize=(9, 4), sharex=True, layout="constrained")
for axis, (design, options) in zip(axes, designs.items(), strict=True):
    for seed in range(40):
        drawn = draw(np.ones(n), m, design=design, random_state=seed, **options)
        low, high = drawn.interval(price[drawn.indices], kind="mean")
        color = "C0" if low <= truth <= high else "C3"
        axis.plot([low, high], [seed, seed], color=color, lw=1.5)
    axis.axvline(truth, color="black", ls=":")
    axis.set(title=design, yticks=[], xlabel="mean price")
plt.show()

# %%
# How often, and how wide
# -----------------------
#
# Intervals are much shorter where the design makes use of the order or of the feature.
# They hold the truth equally often.

for design, options in designs.items():
    held, widths = [], []
    for seed in range(400):
        drawn = draw(np.ones(n), m, design=design, random_state=seed, **options)
        low, high = drawn.interval(price[drawn.indices], kind="mean")
        held.append(low <= truth <= high)
        widths.append(high - low)
    print(f"{design:9} {100 * np.mean(held):.1f} %, width {np.mean(widths):.2f}")

# %%
# The spread of anything else
# ---------------------------
#
# Replicate weights give the standard error of a median. They follow the order of the
# rows as well.

drawn = draw(np.ones(n), m, random_state=0)
order = np.argsort(price[drawn.indices])
chosen = price[drawn.indices][order]


def medians(weights):
    """Return the weighted median for each row of weights."""
    half = np.cumsum(weights, axis=1) >= weights.sum(axis=1, keepdims=True) / 2
    return chosen[half.argmax(axis=1)]


replicates = drawn.replicate_weights(400, random_state=0)[:, order]
median = medians(drawn.weights[None, order])[0]
print(f"median {median:.2f}, standard error {medians(replicates).std():.2f}")
print(f"median of all rows {np.median(price):.2f}")
