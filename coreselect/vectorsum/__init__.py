"""Weighted subsets of vectors that preserve the weighted sum of all vectors.

If the vector of a row holds its losses at some parameters, such a subset has the same
cost as all rows at these parameters. `caratheodory` is exact, `frank_wolfe` has a small
error at any size, `norm_sampling` is unbiased, and `median_of_means` does not need the
sum of all vectors. `least_squares_coreset` is exact at every parameter vector of a
linear model.
"""

from coreselect.vectorsum._approximate import (
    frank_wolfe,
    median_of_means,
    norm_sampling,
)
from coreselect.vectorsum._caratheodory import caratheodory
from coreselect.vectorsum._least_squares import least_squares_coreset

__all__ = [
    "caratheodory",
    "frank_wolfe",
    "least_squares_coreset",
    "median_of_means",
    "norm_sampling",
]
