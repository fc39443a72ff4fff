"""Scores of rows from linear algebra: leverage, Lewis weights, l_p sensitivities."""

from coreselect.linalg._passes import unweighted_rows as unweighted_rows
from coreselect.linalg._passes import whitened_columns as whitened_columns
from coreselect.linalg._passes import whitened_rows as whitened_rows
from coreselect.linalg._whitenings import Orthonormalizer as Orthonormalizer
from coreselect.linalg._whitenings import inverse_upper as inverse_upper
from coreselect.linalg._whitenings import ridge_of as ridge_of
from coreselect.linalg.complexity import SeparableWarning, mu_complexity
from coreselect.linalg.complexity import mu_of_rows as mu_of_rows
from coreselect.linalg.complexity import two_classes as two_classes
from coreselect.linalg.leverage import LEVERAGE_CHECKS as LEVERAGE_CHECKS
from coreselect.linalg.leverage import SOLVERS as SOLVERS
from coreselect.linalg.leverage import block_leverage as block_leverage
from coreselect.linalg.leverage import leverage_scores
from coreselect.linalg.leverage import leverage_whitening as leverage_whitening
from coreselect.linalg.leverage import principal_whitening as principal_whitening
from coreselect.linalg.leverage import whiten_block as whiten_block
from coreselect.linalg.lewis import LEWIS_CHECKS as LEWIS_CHECKS
from coreselect.linalg.lewis import POWER as POWER
from coreselect.linalg.lewis import LewisWeights, lewis_weights
from coreselect.linalg.lewis import learn_lewis as learn_lewis
from coreselect.linalg.lewis import rounds as rounds
from coreselect.linalg.lewis import sensitivity_factor as sensitivity_factor
from coreselect.linalg.sensitivities import SENSITIVITY_CHECKS as SENSITIVITY_CHECKS
from coreselect.linalg.sensitivities import block_sensitivities as block_sensitivities
from coreselect.linalg.sensitivities import learn_sensitivities as learn_sensitivities
from coreselect.linalg.sensitivities import lp_sensitivities
from coreselect.linalg.sensitivity_sums import (
    Estimate,
    Interval,
    max_sensitivity,
    total_sensitivity,
)

__all__ = [
    "Estimate",
    "Interval",
    "LewisWeights",
    "SeparableWarning",
    "leverage_scores",
    "lewis_weights",
    "lp_sensitivities",
    "max_sensitivity",
    "mu_complexity",
    "total_sensitivity",
]
