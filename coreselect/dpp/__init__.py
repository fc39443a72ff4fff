"""Exact sampling of diverse rows: determinantal point processes and volume sampling.

The functions draw one sample and return ascending row numbers. The selectors in
`coreselect.selectors` prepare once, draw often, and return weights, too.
"""

from coreselect.dpp._mcmc import dpp_mcmc
from coreselect.dpp.ensembles import (
    kdpp_inclusion_probabilities,
    sample_dpp,
    sample_kdpp,
)
from coreselect.dpp.greedy import map_dpp
from coreselect.dpp.nystroem import Nystroem, nystroem_features
from coreselect.dpp.projection import (
    ProjectionDPP,
    sample_projection_dpp,
    sample_volume_rescaled,
)
from coreselect.dpp.volume import sample_volume
from coreselect.neighbors import KernelRows

__all__ = [
    "KernelRows",
    "Nystroem",
    "ProjectionDPP",
    "dpp_mcmc",
    "kdpp_inclusion_probabilities",
    "map_dpp",
    "nystroem_features",
    "sample_dpp",
    "sample_kdpp",
    "sample_projection_dpp",
    "sample_volume",
    "sample_volume_rescaled",
]
