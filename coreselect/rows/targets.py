"""Rows with their targets as additional columns."""

import numpy as np
from scipy import sparse

from coreselect.rows._rows import Rows


class WithTargets(Rows):
    """A view of rows with their numeric targets as last columns of X.

    Attributes
    ----------
    n_targets : int
        Number of these columns.
    """

    def __init__(self, rows):
        self.__dict__.update(rows.again().__dict__)
        self.n_targets = 1 if rows.y.ndim == 1 else rows.y.shape[1]
        self.n_features = rows.n_features + self.n_targets

    def gather(self, indices):
        """Return rows as one `Block`, in the order of `indices`; its start is 0."""
        return join_targets(super().gather(indices))

    def _run(self):
        return super()._run()._replace(finish=join_targets)


def join_targets(block):
    """Return a block whose X has the targets as last columns."""
    targets = np.asarray(block.y, dtype=np.float64)
    targets = targets[:, None] if targets.ndim == 1 else targets
    if sparse.issparse(block.X):
        X = sparse.csr_array(
            sparse.hstack([block.X, sparse.csr_array(targets)], format="csr")
        )
    else:
        X = np.hstack([block.X, targets])
    return block._replace(X=X)
