"""Weighted subsets of vectors whose weighted sum is, or is near, that of all vectors.

Where a vector holds the losses of a row at some parameters, such a subset has the cost
of all rows at these parameters. `caratheodory` is exact, `frank_wolfe` has a small
error at any size, `norm_sampling` is unbiased, `median_of_means` needs no sum of all.
`least_squares_coreset` is exact at every parameter vector of a linear model.
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
