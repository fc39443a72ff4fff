"""Samplers for training loops: which rows, in which order, in every epoch.

They follow the protocol of ``torch.utils.data.Sampler`` without importing torch: a
`DataLoader` takes them as ``sampler=``, Lightning calls their `set_epoch`, and any
other loop can iterate over them. Everything they yield is a Python int.
"""

from coreselect.samplers._protocol import ShardedSampler
from coreselect.samplers._samplers import RS2Sampler, SubsetSampler, WeightedSampler

__all__ = ["RS2Sampler", "ShardedSampler", "SubsetSampler", "WeightedSampler"]
