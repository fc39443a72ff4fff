"""Samplers for training loops: the rows of every epoch, in order.

They follow the protocol of ``torch.utils.data.Sampler`` without importing torch: a
`DataLoader` takes them as ``sampler=``, Lightning calls their `set_epoch`, and any
other loop can iterate over them. They yield row numbers as Python ints.
"""

from coreselect.samplers._protocol import ShardedSampler
from coreselect.samplers._samplers import RS2Sampler, SubsetSampler, WeightedSampler

__all__ = ["RS2Sampler", "ShardedSampler", "SubsetSampler", "WeightedSampler"]
