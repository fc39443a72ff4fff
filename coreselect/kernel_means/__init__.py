"""Few rows whose mean, in the feature space of a kernel, is that of all rows.

The distance of the two means is the maximum mean discrepancy (MMD). It bounds the error
of the means of all functions of norm one in that space.
"""

from coreselect.kernel_means.embedding import KernelMean as KernelMean
from coreselect.kernel_means.embedding import kernel_of as kernel_of
from coreselect.kernel_means.embedding import mean_embedding
from coreselect.kernel_means.embedding import mean_of as mean_of
from coreselect.kernel_means.halving import order_of as order_of
from coreselect.kernel_means.halving import thin as thin
from coreselect.kernel_means.herding import Herd as Herd
from coreselect.kernel_means.herding import herd as herd
from coreselect.kernel_means.matched import Matched as Matched
from coreselect.kernel_means.matched import equal_squares as equal_squares
from coreselect.kernel_means.stein import SteinPath as SteinPath
from coreselect.kernel_means.stein import gaussian_scores as gaussian_scores
from coreselect.kernel_means.stein import stein_path as stein_path
from coreselect.kernel_means.swaps import refill as refill
from coreselect.kernel_means.swaps import swap as swap
from coreselect.kernel_means.swaps import swap_weighted as swap_weighted
from coreselect.kernel_means.weights import simplex_weights as simplex_weights

__all__ = ["mean_embedding"]
