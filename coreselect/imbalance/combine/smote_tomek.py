"""SMOTE, then Tomek links of all rows dropped (Batista et al. 2004)."""

from coreselect._validation import OrNone
from coreselect.imbalance.clean.tomek_links import TomekLinks
from coreselect.imbalance.combine._combined import CombinedResampler, Sampler
from coreselect.imbalance.over.smote import SMOTE


class SMOTETomek(CombinedResampler):
    """Make rows with SMOTE, then drop both rows of every Tomek link.

    One of the combinations of Batista, Prati and Monard [1]_.

    Parameters
    ----------
    sampling_strategy : str, float, dict or callable
        As of `SMOTE`; without effect if `smote` is given.
    random_state : None, int, RandomState or Generator
        Under protocol "imblearn" no Generator; without effect if `smote` is given.
    smote : OverSampler, optional
        What makes the rows; None: `SMOTE` with `sampling_strategy` and `random_state`.
    tomek : TomekLinks, optional
        What drops rows; None: ``TomekLinks(sampling_strategy="all")``.
    n_jobs : int, optional
        Threads of the search; without effect if `tomek` is given.
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
    smote_, tomek_ : sampler
        Fitted.
    n_features_in_ : int
    feature_names_in_ : ndarray of str

    See Also
    --------
    SMOTE : The first step.
    TomekLinks : The second step.
    SMOTEENN : With another second step.

    Notes
    -----
    Two searches of neighbours: inside the small classes, and among all rows with the
    new ones. The new rows lie in memory for the second, those of integer columns before
    they are rounded; under protocol "imblearn" after, if all columns hold integers.

    Both rows of a link go, so that classes that were equal after SMOTE stay so where
    there are two.

    References
    ----------
    .. [1] G. Batista, R. Prati and M. C. Monard. A Study of the Behavior of Several
       Methods for Balancing Machine Learning Training Data. SIGKDD Explorations 6
       (2004), 20-29.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect import SMOTETomek
    >>> X = np.random.default_rng(0).normal(size=(100, 2))
    >>> y = np.repeat([0, 1], [80, 20])
    >>> X[y == 1] += 2
    >>> SMOTETomek(random_state=0).fit(X, y).select()
    Synthesis(93 of 100 rows kept, 57 new: interpolate)
    """

    cli_name = "smote-tomek"
    passes = "2 (all rows in memory)"
    cost = "O(n² d)"
    use_when = "Rows of two classes that sit on each other shall go after SMOTE."
    parameter_checks = {
        **CombinedResampler.parameter_checks,
        "tomek": OrNone(Sampler(TomekLinks, "TomekLinks")),
    }
    _cleaner = "tomek"
    _cleaner_class = TomekLinks

    def __init__(
        self,
        *,
        sampling_strategy="auto",
        random_state=None,
        smote=None,
        tomek=None,
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
        self.tomek = tomek

    @classmethod
    def examples(cls):
        """Return instances that the checks run on; small data suffice for them."""
        return [
            cls(smote=SMOTE(k_neighbors=1)),
            cls(
                smote=SMOTE(k_neighbors=1, protocol="imblearn"),
                tomek=TomekLinks(sampling_strategy="auto"),
                protocol="imblearn",
            ),
        ]
