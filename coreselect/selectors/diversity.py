"""Diversity: useful rows that are far from each other."""

from __future__ import annotations

from dataclasses import replace
from typing import Self

import numpy as np

from coreselect._typing import (
    Checks,
    Column,
    Features,
    Quotas,
    RowsLike,
    Seed,
    Size,
)
from coreselect._validation import Real
from coreselect.base import GivenRules, Holds, RankSelector
from coreselect.coverage import CoverageCertificate, Objective, disperse, space_of


class DiversitySelector(RankSelector):
    """Select rows that are far from each other, and useful if you say which are.

    The value of a selection is the sum of the utilities of its rows, plus `trade_off`
    times its *separation*: the smallest Euclidean distance of two of its rows. Without
    utilities, the rows are farthest-first picks [1]_; with them, a search over
    distances (GIST [2]_) finds rows of large value.

    Parameters
    ----------
    n_select : int or float, default=100
        Number of rows, or a fraction in (0, 1] of them.
    trade_off : float, default=1.0
        What a distance of one is worth, in units of utility; not negative. It has no
        effect without utilities.
    quotas : dict, optional
        Refused: see `BaseSelector`.
    features : None, list, transformer or "auto", default=None
        What the method sees of the rows; see `BaseSelector`.
    random_state : None, int, RandomState or Generator
        Not used: nothing is drawn.

    Attributes
    ----------
    selection_ : Selection
        The rows in order; see Notes. The weight of a row is the total input weight of
        the rows that are nearest to it, so all weights add up to the total; among rows
        at the same distance, the earlier one counts. If all rows are selected, they
        keep their own weights, in row order.
    value_ : float
        ``utility_ + trade_off * separation_``; one row has no separation, so its value
        is its utility. It may be infinite in float64; the rows are found all the same.
    separation_ : float
        The smallest distance of two selected rows; infinite if there is only one.
    utility_ : float
        The sum of the utilities of the selected rows; 0 without utilities.
    certificate_ : CoverageCertificate
        The value, and an upper bound of that of any rows of the same number.
    sample_indices_ : ndarray of int64
    sample_weight_ : ndarray of float64
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Only if all column names are strings.

    Raises
    ------
    ValueError
        If `trade_off` or a utility is negative, or distances are infinite in float64.

    See Also
    --------
    KCenterSelector : No row is far from a selected one.
    GreedyDPPSelector : Rows that are unlike each other, by a kernel.
    FacilityLocationSelector : Rows that all others resemble.

    Notes
    -----
    *Guarantee.* Let the best selection of as many rows have the utility U and the
    separation D. Then the value is at least the smaller of two numbers: ``U + trade_off
    * D / 2.2``, and 0.9 times the best value. Without utilities, the separation is at
    least D / 2, and at least that of the rows of `KCenterSelector`. With utilities, the
    value is at least theirs. The larger share that [2]_ proves is for selections of *at
    most* `n_select` rows, where two rows may do; here, the number of rows is always
    `n_select`.

    *The bound.* With a radius r after m - 1 farthest-first picks, no m rows have a
    separation above 2 r; and for each distance of the search, no rows that are twice as
    far apart have more utility than it found. `certificate` gives it for any prefix.

    *Order.* Without utilities, rows are in the order of farthest-first picks, so every
    prefix has the guarantee. They start from the row nearest to the mean, or from the
    row farthest from that one, whichever gives the larger separation. With utilities,
    the most useful of the rows is first, and each further one is that with which the
    value is largest; `select` with a smaller size returns such a prefix, and a fit with
    that size may find better rows. Ties, up to 1e-9, go to the lowest row. Copies of
    earlier rows come last, with weight 0.

    *Cost.* Without utilities, O(n k d) in some ten passes over the data. With them, up
    to forty times that, mostly in float32 products; all rows are then in memory, with
    O(n) numbers beside them. Decisions are made in float64.

    *Rules.* Rows of `include` come first, and the others are far from these too. Quotas
    are refused: `KCenterSelector` picks the farthest rows under quotas.

    *Distances* are Euclidean, because the guarantee needs the triangle inequality,
    which one minus the cosine does not have. To compare directions, use
    ``features=Normalizer()`` of scikit-learn. Columns in large units decide all
    distances: bring them to one scale first. Utilities add up and the separation does
    not, so with more rows utilities count for more.

    *When not to use it.* Rows far from all others are often outliers, and a utility
    does not change that unless it is low for them. To label rows that stand for the
    others, use `FacilityLocationSelector`.

    References
    ----------
    .. [1] T. F. Gonzalez, "Clustering to minimize the maximum intercluster distance",
       Theoretical Computer Science 38, 1985, :doi:`10.1016/0304-3975(85)90224-5`.
    .. [2] M. Fahrbach, S. Ramalingam, M. Zadimoghaddam, S. Ahmadian, G. Citovsky, G.
       DeSalvo, "GIST: greedy independent set thresholding for max-min diversification
       with submodular utility", 2024, :arxiv:`2405.18754`.

    Examples
    --------
    >>> from coreselect import DiversitySelector
    >>> X = [[0.0], [1.0], [2.0], [7.0], [8.0], [20.0]]
    >>> fitted = DiversitySelector(3).fit(X)
    >>> fitted.selection_.indices, fitted.separation_
    (array([5, 0, 4]), 8.0)
    >>> fitted = DiversitySelector(3).fit(X, utility=[0, 9, 0, 9, 0, 0])
    >>> fitted.selection_.indices, fitted.utility_, fitted.separation_
    (array([1, 5, 3]), 18.0, 6.0)
    """

    cli_name = "diversity"
    passes = "about 10; with utilities, all rows in memory"
    cost = "O(n k d), k selected rows; with utilities some 40 times that at most"
    holds = Holds(per_row=40, blocks=2)
    use_when = "Rows far from each other, and the most useful ones among such rows."
    parameter_checks: Checks = {"trade_off": Real(0)}
    row_values = ("utility",)
    row_rules = ("include", "exclude")
    no_rules = "it looks for rows of all groups together"

    def __init__(
        self,
        n_select: Size = 100,
        *,
        trade_off: float = 1.0,
        quotas: Quotas = None,
        features: Features = None,
        random_state: Seed = None,
    ) -> None:
        super().__init__(
            n_select, quotas=quotas, features=features, random_state=random_state
        )
        self.trade_off = trade_off

    def fit(
        self,
        X: RowsLike,
        y: Column = None,
        sample_weight: Column = None,
        *,
        utility: Column = None,
        groups: Column = None,
        cost: Column = None,
        include: Column = None,
        exclude: Column = None,
    ) -> Self:
        """Select useful rows that are far from each other.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame, path} of shape (n_rows, n_features)
            Anything that `coreselect.rows.open` takes; read into memory if there are
            utilities.
        y : array-like of shape (n_rows,), str or None
            Not used.
        sample_weight : array-like of shape (n_rows,), str or None
            Non-negative weights of the rows, or the column that holds them; rows of
            weight 0 are never selected. Other weights change the first row of
            farthest-first picks and the weights of the selection only.
        utility : array-like of shape (n_rows,) or str, optional
            How useful each row is, or the column that holds it; not negative, and not
            multiplied by its weight. Without it, only distances count.
        groups, cost, include, exclude : array-like, optional
            As for `ScoreSelector.fit`; only `include` and `exclude` are possible.

        Returns
        -------
        self
            With `selection_`.
        """
        rules = GivenRules(groups, cost, include, exclude)
        return self._fit(X, y, sample_weight, rules=rules, per_row={"utility": utility})

    @property
    def value_(self) -> float:
        self._learned_for("value_")
        return self.certificate().value

    @property
    def separation_(self) -> float:
        return float(self._learned_for("separation_").separation[len(self.selection_)])

    @property
    def utility_(self) -> float:
        found = self._learned_for("utility_")
        with np.errstate(over="ignore"):
            sums = np.ldexp(found.utility, found.exponent)
        return float(sums[len(self.selection_)])

    @property
    def certificate_(self) -> CoverageCertificate:
        self._learned_for("certificate_")
        return self.certificate()

    def certificate(self, size: Size | None = None) -> CoverageCertificate:
        """Return the value of the first rows, and what no rows of their number exceed.

        Parameters
        ----------
        size : int or float, optional
            Number of rows, at most that of `fit`, which is the default.

        Returns
        -------
        CoverageCertificate
        """
        found = self._prefix(size)
        certificate = self._learned().certificate(found)
        return replace(certificate, conditions=self._fitted.rules.conditions)

    def _largest(self):
        return self._fitted.size  # all rows are ranked, too: so they have a value

    def _learn(self, rows, size, rng):
        space = space_of(rows, "euclidean")
        utility = rows.per_row.get("utility", np.zeros(rows.n_rows))
        objective = Objective.of(utility, self.trade_off, space)
        musts = self._fitted.rules.musts
        musts = np.flatnonzero([] if musts is None else musts)
        return disperse(rows, space, objective, size, musts)

    def _rank(self, found, size, rng):
        return found.picks.order[:size], found.picks.weights(size)
