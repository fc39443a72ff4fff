"""SMOTE, then Wilson's editing of all rows (Batista et al. 2004)."""

from coreselect._validation import OrNone
from coreselect.imbalance.clean.edited_nearest_neighbours import EditedNearestNeighbours
from coreselect.imbalance.combine._combined import CombinedResampler, Sampler
from coreselect.imbalance.over.smote import SMOTE


class SMOTEENN(CombinedResampler):
    """Make rows with SMOTE, then drop rows whose neighbours are of other classes.

    One of the combinations of Batista, Prati and Monard [1]_.

    Parameters
    ----------
    sampling_strategy : str, float, dict or callable
        As of `SMOTE`; without effect if `smote` is given.
    random_state : None, int, RandomState or Generator
        Under protocol "imblearn" no Generator; without effect if `smote` is given.
    smote : OverSampler, optional
        What makes the rows; None: `SMOTE` with `sampling_strategy` and `random_state`.
    enn : EditedNearestNeighbours, optional
        What drops rows; None: ``EditedNearestNeighbours(sampling_strategy="all")``.
    n_jobs : int, optional
        Threads of the search; without effect if `enn` is given.
    protocol : {"coreselect", "imblearn"}
        "imblearn" gives the rows of imbalanced-learn 0.14 for the same `random_state`,
        except where neighbours are at equal distances.

    Attributes
    ----------
    selection_ : Synthesis
        The rows that are left, of those that were there and of those made.
    sampling_strategy_ : dict
        Class to number of new rows, before the cleaning.
    sample_weight_ : ndarray of float64
        Weight of each row of `fit_resample`.
    smote_, enn_ : sampler
        Fitted.
    n_features_in_ : int
    feature_names_in_ : ndarray of str

    See Also
    --------
    SMOTE : The first step.
    EditedNearestNeighbours : The second step.
    SMOTETomek : With another second step.

    Notes
    -----
    Two searches of neighbours: inside the small classes, and among all rows with the
    new ones. The new rows lie in memory for the second, those of integer columns before
    they are rounded; under protocol "imblearn" after, if all columns hold integers.

    The editing asks all three neighbours to agree, in all classes: where these overlap,
    much of what SMOTE made goes again, and the classes come out unequal.

    References
    ----------
    .. [1] G. Batista, R. Prati and M. C. Monard. A Study of the Behavior of Several
       Methods for Balancing Machine Learning Training Data. SIGKDD Explorations 6
       (2004), 20-29.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect import SMOTEENN
    >>> X = np.random.default_rng(0).normal(size=(100, 2))
    >>> y = np.repeat([0, 1], [80, 20])
    >>> X[y == 1] += 2
    >>> SMOTEENN(random_state=0).fit(X, y).select()
    Synthesis(78 of 100 rows kept, 53 new: interpolate)
    """

    cli_name = "smote-enn"
    passes = "2 (all rows in memory)"
    cost = "O(n² d)"
    use_when = "Classes overlap, and rows between them shall go after SMOTE."
    parameter_checks = {
        **CombinedResampler.parameter_checks,
        "enn": OrNone(Sampler(EditedNearestNeighbours, "EditedNearestNeighbours")),
    }
    _cleaner = "enn"
    _cleaner_class = EditedNearestNeighbours

    def __init__(
        self,
        *,
        sampling_strategy="auto",
        random_state=None,
        smote=None,
        enn=None,
        n_jobs=None,
        protocol="coreselect",
    ):
        super().__init__(
            sampling_strategy=sampling_strategy,
            random_state=random_state,
            smote=smote,
            n_jobs=n_jobs,
            protocol=protocol,
        )
        self.enn = enn

    @classmethod
    def examples(cls):
        """Return instances that the checks run on; small data suffice for them."""
        return [
            cls(smote=SMOTE(k_neighbors=1)),
            cls(
                smote=SMOTE(k_neighbors=1, protocol="imblearn"),
                enn=EditedNearestNeighbours(n_neighbors=1),
                protocol="imblearn",
            ),
        ]
