"""Rows: blocks of rows of whatever holds them; only this package knows where they lie.

A method asks three things of its rows: `Rows.reduce` (map every block and merge the
results in fixed order), `Rows.map` (a value or a few for every row) and `Rows.take`.
Blocks are cut by row number and by the number of columns alone, so that sums, and the
selections made from them, do not depend on what holds the rows.
"""

from coreselect.rows._open import (
    count_rows,
    drop_columns,
    numeric_columns,
    open,
    take_rows,
)
from coreselect.rows._rows import Block, Rows

__all__ = [
    "Block",
    "Rows",
    "count_rows",
    "drop_columns",
    "numeric_columns",
    "open",
    "take_rows",
]
