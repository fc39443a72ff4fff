"""Rows of arrays, frames, sparse matrices, files and data sets, block by block.

Methods see their data only through `Rows`, and use four operations: `Rows.reduce`
(apply a function to every block and merge the results in fixed order), `Rows.map` (one
or more values for every row), `Rows.map_reduce` (both in one pass) and `Rows.take`.
Functions of blocks change nothing and hold nothing that grows with the number of rows;
what a method keeps for every row comes with the blocks, through `Rows.keeping`. The
bounds of blocks depend only on the numbers of rows and columns. So sums, and the
selections made from them, are the same for every container.
"""

from coreselect.rows._blocks import Block
from coreselect.rows._blocks import default_block_rows as default_block_rows
from coreselect.rows._open import (
    count_rows,
    drop_columns,
    numeric_columns,
    open,
    take_rows,
)
from coreselect.rows._results import merge_in_pairs as merge_in_pairs
from coreselect.rows._rows import Rows
from coreselect.rows.foreign import Holder
from coreselect.rows.spooling import spool
from coreselect.rows.writing import write

__all__ = [
    "Block",
    "Holder",
    "Rows",
    "count_rows",
    "drop_columns",
    "numeric_columns",
    "open",
    "spool",
    "take_rows",
    "write",
]
