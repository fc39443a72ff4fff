"""Uniform sampling: every row alike, the baseline that every method must beat."""

from typing import ClassVar

from coreselect._validation import OrNone, Real
from coreselect.base import ScoreSelector


class UniformSelector(ScoreSelector):
    """Select rows uniformly, or in proportion to their weights.

    The score of a row is its weight. Where rows contribute alike to what is estimated,
    no other method does better at equal size.

    Parameters
    ----------
    n_select : int, float or "auto", default=100
        Number of rows, or a fraction in (0, 1] of them, or "auto" (with `epsilon`).
    epsilon : float, optional
        For ``n_select="auto"``: the relative error to reach. Sizes go up a fixed grid,
        by a factor of about 1.4, until `coreselect.certify` gives at most this: for the
        sums of squares of all linear models if y holds numbers (least squares), else,
        and with ``stratify=True``, of all linear functions of the features (PCA). That
        is exact, about the rows that were drawn: there is no probability of failure to
        set.
    stratify : bool, default=False
        Whether to keep the shares of the classes of y: in expectation, and within one
        row in each class.
    design : {"pivotal", "systematic", "poisson", "priority", "multinomial"}
        How rows are drawn; see `coreselect.draw`.
    random_state : None, int, RandomState or Generator

    Attributes
    ----------
    selection_ : Selection
        The selected rows. Without input weights, each weighs ``n_rows / n_select``;
        with them, all weights are equal too (but for rows that are certain).
    scores_ : ndarray of shape (n_rows,)
        The weight of every row.
    certificate_ : Certificate
        Only for ``n_select="auto"``: what was reached.
    sample_indices_ : ndarray of int64
    sample_weight_ : ndarray of float64
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Only if all column names are strings.

    See Also
    --------
    LeverageSelector : Finds the rows that a linear fit depends on.

    Notes
    -----
    Cost O(n). One pass over the data, to refuse what is not finite. The relative
    standard error of an estimated sum falls as ``1 / sqrt(n_select)``, times the
    coefficient of variation of its terms: a few large terms are missed by most samples.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect import UniformSelector
    >>> selection = UniformSelector(2, random_state=0).fit_select(np.eye(6))
    >>> selection.weights
    array([3., 3.])
    """

    cli_name: ClassVar[str] = "uniform"
    passes: ClassVar[str] = "1"
    cost: ClassVar[str] = "O(n)"
    use_when: ClassVar[str] = (
        "Rows contribute alike, or as the baseline that every other method must beat."
    )

    own_sizes: ClassVar[tuple] = ("auto",)
    parameter_checks: ClassVar[dict] = {
        **ScoreSelector.parameter_checks,
        "epsilon": OrNone(Real(0, 1, strict=True)),
    }

    def __init__(
        self,
        n_select=100,
        *,
        epsilon=None,
        stratify=False,
        design="pivotal",
        random_state=None,
    ):
        super().__init__(
            n_select, stratify=stratify, design=design, random_state=random_state
        )
        self.epsilon = epsilon

    def _scores(self, block, state):
        return self._in_own_unit(block.weight)
