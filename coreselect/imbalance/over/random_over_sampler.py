"""Random over-sampling: copies of rows, or copies with noise (a smoothed bootstrap).

The noise in column j is normal with standard deviation ``h c s_j``: h is the shrinkage
factor, s_j the standard deviation in the class, and ``c = (4 / ((d + 2) n))**(1 / (d +
4))`` the best bandwidth for a normal density of n rows in d columns (Menardi and
Torelli 2014, section 3.2).
"""

from __future__ import annotations

import numbers
from typing import Any, Literal

from coreselect._typing import Checks, Seed, Strategy
from coreselect._validation import Real
from coreselect.base import Holds
from coreselect.imbalance._base import OverSampler
from coreselect.imbalance._base.strategy import named
from coreselect.selection import Copies


def check_shrinkage(name, value):
    """Raise unless `value` is None, a number of at least 0, or a dict of such."""
    if isinstance(value, dict):
        for label, factor in value.items():
            if isinstance(factor, numbers.Real) and factor < 0:
                raise ValueError(
                    f"The shrinkage factor needs to be >= 0. Got {factor} for class "
                    f"{label}."
                )
            Real(0)(f"{name}[{label!r}]", factor)
    elif value is not None:
        Real(0)(name, value)


class RandomOverSampler(OverSampler):
    """Add copies of rows of a class, drawn at random with repeats.

    With `shrinkage` the copies get normal noise: a smoothed bootstrap, also known as
    ROSE [1]_.

    Parameters
    ----------
    sampling_strategy : str, float, dict or callable
        As for `SMOTE`.
    random_state : None, int, RandomState or Generator
        Under protocol "imblearn", no Generator.
    shrinkage : None, float or dict of class to float
        Width of the noise, in units of the best bandwidth for a normal density. None:
        exact copies.
    protocol : {"coreselect", "imblearn"}
        "imblearn" gives the rows of imbalanced-learn 0.14 for the same `random_state`.
        Its bandwidth is that for the number of all rows, not of the rows of the class
        as in the paper, and with `shrinkage` arrays of any dtype become float64.

    Attributes
    ----------
    selection_, sampling_strategy_, sample_weight_
        As for `SMOTE`.
    sample_indices_ : ndarray of int64
        The row that each row of `fit_resample` is, or is a copy of.
    shrinkage_ : dict or None
        Factor of each class.
    n_features_in_, feature_names_in_
        As in scikit-learn.

    Raises
    ------
    ValueError
        If `shrinkage` is given and X is not all numbers, or lacks a class.

    See Also
    --------
    SMOTE : New rows between rows and their neighbours.

    Notes
    -----
    Each new row costs O(1). Without `shrinkage`, X may hold anything (text, categories,
    missing values), and integer columns stay exact.

    With ``sample_weight``, rows are drawn in proportion to their weights, and a copy
    has the weight of its row. Copies add no information: a model with class weights
    does the same without them, at less cost.

    References
    ----------
    .. [1] G. Menardi and N. Torelli. Training and assessing classification rules with
       imbalanced data. Data Mining and Knowledge Discovery 28 (2014), 92-122,
       :doi:`10.1007/s10618-012-0295-5`.

    Examples
    --------
    >>> from coreselect import RandomOverSampler
    >>> X, y = [["a"], ["b"], ["c"], ["d"]], [0, 1, 1, 1]
    >>> X_new, y_new = RandomOverSampler(random_state=0).fit_resample(X, y)
    >>> y_new
    [0, 1, 1, 1, 0, 0]
    """

    cli_name = "random-over"
    passes = "0; with shrinkage: 1, and 1 for each class that gets new rows"
    cost = "O(1) a new row"
    holds = Holds(per_row=64)
    use_when = "The learner takes no class weights."
    parameter_checks: Checks = {"shrinkage": check_shrinkage}
    _strings = True
    _allow_nan = True
    _gives_indices = True

    def __init__(
        self,
        *,
        sampling_strategy: Strategy = "auto",
        random_state: Seed = None,
        shrinkage: float | dict[Any, float] | None = None,
        protocol: Literal["coreselect", "imblearn"] = "coreselect",
    ) -> None:
        super().__init__(
            sampling_strategy=sampling_strategy,
            random_state=random_state,
            protocol=protocol,
        )
        self.shrinkage = shrinkage

    def _reads_features(self):
        return self.shrinkage is not None

    @classmethod
    def examples(cls):
        return [cls(), cls(shrinkage=0.5), cls(protocol="imblearn")]

    @property
    def _numeric(self):
        return self.shrinkage is not None

    def _open(self, X, y, sample_weight):
        try:
            return super()._open(X, y, sample_weight)
        except ValueError as error:
            if self.shrinkage is None or not str(error).startswith("X"):
                raise
            raise ValueError(
                "When shrinkage is not None, X needs to contain only numerical data to "
                f"later generate a smoothed bootstrap sample. {error}"
            ) from error

    def _begin(self, data, draws):
        self.shrinkage_ = self.shrinkage
        if isinstance(self.shrinkage, numbers.Real):
            self.shrinkage_ = dict.fromkeys(self.sampling_strategy_, self.shrinkage)
        if self.shrinkage_ is not None:
            missing = [c for c in self.sampling_strategy_ if c not in self.shrinkage_]
            if missing:
                raise ValueError(
                    "`shrinkage` should contain a shrinkage factor for each class that "
                    f"will be resampled. The missing classes are: {named(missing)}."
                )

    def _new_rows(self, data, label, rows, n_new, draws):
        base = rows[draws.with_repeats(len(rows), n_new, data.weights_of(rows))]
        if self.shrinkage_ is None:
            return [Copies(base)]
        n, deviations = draws.spread(data.X_of(rows), data.n_rows)
        # Silverman's rule for a normal density in d dimensions.
        width = (4 / ((data.n_features + 2) * n)) ** (1 / (data.n_features + 4))
        return [draws.jitters(base, self.shrinkage_[label] * width * deviations)]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = tags.input_tags.allow_nan = self.shrinkage is None
        return tags
