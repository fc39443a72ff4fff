"""A kernel that puts rows into the order of the leaves of a k-d tree."""

import numpy as np

from coreselect._kernels._jit import jit


@jit
def leaf_order(values):
    """Return the rows of an (n, d) array in the order of the leaves of a k-d tree.

    Every node is split at the median of the column with the widest range, the first of
    equal ones, until a leaf holds one row or equal rows. Equal values stay in order.
    """
    # Nodes that are still to be split wait on a stack. A node is a slice of `order`, so
    # that its two halves are split in place.
    n, d = values.shape
    order = np.arange(n)
    starts, stops = np.empty(128, dtype=np.int64), np.empty(128, dtype=np.int64)
    starts[0], stops[0] = 0, n
    waiting = 1
    while waiting > 0:
        waiting -= 1
        start, stop = starts[waiting], stops[waiting]
        if stop - start < 2:
            continue
        widest, column = 0.0, -1
        for c in range(d):
            low = high = values[order[start], c]
            for k in range(start + 1, stop):
                value = values[order[k], c]
                low, high = min(low, value), max(high, value)
            if high - low > widest:
                widest, column = high - low, c
        if column < 0:
            continue
        keys = np.empty(stop - start)
        for k in range(start, stop):
            keys[k - start] = values[order[k], column]
        order[start:stop] = order[start:stop][np.argsort(keys, kind="mergesort")]
        # Halves are at most 2**-1 of their node, so 128 places are enough for any n.
        middle = (start + stop + 1) // 2
        starts[waiting], stops[waiting] = middle, stop
        starts[waiting + 1], stops[waiting + 1] = start, middle
        waiting += 2
    return order


def warmup():
    """Compile the kernels of this file that other rooms call."""
    leaf_order(np.eye(2))
