"""Finding the centre of every row: by all distances, or by a tree of the centres.

The tree groups the centres, and then the groups, by halving at medians. So its depth is
``log k`` whatever the spread of the data; that of a quadtree is the logarithm of the
spread. Beam search: on each level, a row is compared with the members of its few
nearest groups. Wide data are first projected onto ``O(log k)`` random directions
(Johnson and Lindenstrauss). The distance to the centre that was found is computed
without the projection.
"""

from math import ceil, log

import numpy as np

from coreselect._kernels import clusters as kernels
from coreselect._numbers import CHUNK, in_units, to_dense
from coreselect._threads import run_chunks
from coreselect.neighbors import NearestCenters, sq_distances_to_own

SEARCHES = ("auto", "exact", "tree")

_TREE_FROM = 512  # centres above which a tree pays
_SAMPLE_ROWS = 2**14  # least number of rows among which seeds are found
_ROWS_PER_CENTER = 20
_BRANCHES = 32  # largest number of members of a group
_BEAM = 4  # groups that a row keeps on every level
_MOVES = 3  # rounds in which centres move to nearer groups


def sample_size(n_centers):
    """Return the size of the samples in which seeds of many rows are found."""
    return max(_SAMPLE_ROWS, _ROWS_PER_CENTER * n_centers)


def uses_tree(search, n_rows, n_centers):
    """Return whether centres are found by a tree, a function of n and k only."""
    large = n_rows > 2 * sample_size(n_centers) and n_centers > _TREE_FROM
    return search == "tree" or (search == "auto" and large)


def projection(n_features, n_centers, rng):
    """Return random directions as columns, or None if there are few features."""
    n_directions = max(32, 16 * ceil(log(max(2, n_centers))))
    # With fewer features than this, the projection would save too little.
    if n_features <= 2 * n_directions:
        return None
    directions = rng.standard_normal((n_features, n_directions))
    return directions / np.sqrt(n_directions)


def assigned_type(n_centers):
    """Return the dtype of what `assign_rows` keeps of a row, in a few bytes."""
    return np.dtype([("label", np.min_scalar_type(-n_centers)), ("cost", np.float64)])


def assign_rows(rows, centers, scale, tree, directions, *, power, unit):
    """Find the centre of every row: its number, and the cost of the row.

    The cost is ``(squared distance / unit)**(power / 2)``; for power 2, the squared
    distance. Rows are multiplied by `scale`; the centres, an array of shape (k,
    n_features), are in these units. With `tree`, a tree of the centres is searched.
    `directions` is an array of shape (n_features, n_directions); if given, the tree
    uses the projections onto them.

    Returns
    -------
    ndarray of shape (n_rows,), with the fields ``label`` and ``cost``
    """
    if tree:
        index = _Tree(centers if directions is None else centers @ directions)
    else:
        index = NearestCenters(centers)

    def of_block(block):
        out = np.empty(block.X.shape[0], assigned_type(len(centers)))

        def work(start, stop):
            X = in_units(block.X[start:stop], scale)
            if tree:
                labels = index.find(to_search_space(X, directions))
                squares = sq_distances_to_own(X, centers, labels)
            else:
                labels, squares = index.find(X)
            out["label"][start:stop] = labels
            # Division by a typical distance keeps powers from overflowing, and cancels
            # in scores.
            out["cost"][start:stop] = (
                squares if power == 2 else (squares / unit) ** (power / 2)
            )

        run_chunks(work, len(out), CHUNK)
        return out

    return rows.map(of_block)


def to_search_space(X, directions):
    """Return rows in the coordinates of the search, as a dense array."""
    return to_dense(X if directions is None else X @ directions)


class _Tree:
    """A tree of groups of centres, with all centres at the same depth."""

    def __init__(self, centers):
        # Entries are numbered level by level. The children of an entry are consecutive,
        # and their coordinates form one block, column by column, for the kernel.
        n_levels = max(1, ceil(log(len(centers)) / log(_BRANCHES)))
        n_parts = ceil(len(centers) ** (1 / n_levels))
        blocks, children, numbers = [], [(0, 0)], [-1]  # the root comes first
        cells = [(0, np.arange(len(centers)))]  # an entry, and the centres below it
        for level in range(n_levels):
            below = []
            for entry, members in cells:
                start = len(numbers)
                if level == n_levels - 1:
                    points = centers[members]
                    numbers.extend(members)
                else:
                    parts = _split(centers, members, n_parts)
                    points = np.array([centers[part].mean(axis=0) for part in parts])
                    numbers.extend([-1] * len(parts))
                    below.extend(zip(range(start, len(numbers)), parts, strict=True))
                children[entry] = start, len(numbers)
                children.extend([(0, 0)] * len(points))
                blocks.append(points.T.ravel())
            cells = below
        # The root is not a point: its place in the blocks holds zeros.
        self._blocks = np.concatenate([np.zeros(centers.shape[1]), *blocks])
        self._children = np.array(children)
        self._numbers = np.array(numbers)

    def find(self, X):
        """Return a near centre of every row, in most cases the nearest."""
        return kernels.search_tree(
            X, self._blocks, self._children, self._numbers, _BEAM
        )


def _split(centers, members, n_parts):
    """Split centres into parts of nearly equal size, then move some to nearer parts."""
    # Halving gives parts of equal size, whatever the data, but its cuts may separate
    # near centres. A few rounds of k-means mend that.
    n_parts = min(n_parts, len(members))
    parts = _halve(centers, members, n_parts)
    for _ in range(_MOVES):
        means = np.array([centers[part].mean(axis=0) for part in parts])
        labels = NearestCenters(means).find(centers[members])[0]
        if np.bincount(labels).max() > 2 * ceil(len(members) / n_parts):
            break  # a very large part would make the search slow for its rows
        parts = [members[labels == label] for label in np.unique(labels)]
    return parts


def _halve(centers, members, n_parts):
    """Split recursively at the median along the direction of largest variance."""
    if n_parts == 1:
        return [members]
    # The first right singular vector is the direction of largest variance. Parts are
    # sorted by number again, so that later means do not depend on the sort along it.
    centered = centers[members] - centers[members].mean(axis=0)
    direction = np.linalg.svd(centered, full_matrices=False)[2][0]
    order = members[np.argsort(centered @ direction, kind="stable")]
    left = n_parts // 2
    cut = len(members) * left // n_parts
    return [
        *_halve(centers, np.sort(order[:cut]), left),
        *_halve(centers, np.sort(order[cut:]), n_parts - left),
    ]
