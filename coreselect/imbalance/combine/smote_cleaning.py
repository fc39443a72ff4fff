"""SMOTE, then a cleaning of all rows (Batista, Prati and Monard 2004)."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from sklearn.base import clone

from coreselect._typing import Checks, Seed, Strategy
from coreselect._validation import OrNone
from coreselect.imbalance._base import BaseResampler, OverSampler, Resampled
from coreselect.imbalance._base.parameters import InstanceOf
from coreselect.imbalance.clean.edited_nearest_neighbours import EditedNearestNeighbours
from coreselect.imbalance.clean.tomek_links import TomekLinks
from coreselect.imbalance.over.smote import SMOTE


class _SMOTECleaning(BaseResampler):
    """Base of methods that make new rows, and then drop old or new rows.

    Subclasses have a parameter for the cleaning method, and give its name and class.
    """

    passes = "2 (all rows in memory)"
    cost = "O(n² d)"
    parameter_checks: Checks = {"smote": OrNone(InstanceOf(OverSampler, "SMOTE"))}
    _cleaner_name: str
    _cleaner: type
    _cleaner_options: dict = {}  # of one more example

    def __init__(
        self,
        *,
        sampling_strategy: Strategy = "auto",
        random_state: Seed = None,
        smote: Any = None,
        n_jobs: int | None = None,
        protocol: Literal["coreselect", "imblearn"] = "coreselect",
    ) -> None:
        super().__init__(sampling_strategy=sampling_strategy)
        self.random_state = random_state
        self.smote = smote
        self.n_jobs = n_jobs
        self.protocol = protocol

    @classmethod
    def examples(cls):
        cleaner = {cls._cleaner_name: cls._cleaner(**cls._cleaner_options)}
        smote = SMOTE(k_neighbors=1, protocol="imblearn")
        return [
            cls(smote=SMOTE(k_neighbors=1)),
            cls(smote=smote, protocol="imblearn", **cleaner),
        ]

    def _validate_estimator(self):
        """Set the two samplers; imbalanced-learn's tests call it by this name."""
        cleaner = getattr(self, self._cleaner_name)
        if cleaner is None:
            cleaner = self._cleaner(sampling_strategy="all", n_jobs=self.n_jobs)
        # Not cloned: a clone would leave the user's RandomState where it is.
        if self.smote is None:
            self.smote_ = SMOTE(
                sampling_strategy=self.sampling_strategy,
                random_state=self.random_state,
                protocol=self.protocol,
            )
        else:
            self.smote_ = clone(self.smote)
        setattr(self, f"{self._cleaner_name}_", clone(cleaner))

    def _resample(self, data, draws):
        self._validate_estimator()
        made = self.smote_.fit(data.X, data.y, data.weight).selection_
        cleaner = getattr(self, f"{self._cleaner_name}_")
        rows, labels = made.take(data.X, data.y)
        # The cleaner judges new rows as well, so they are made here, in memory; what is
        # returned are recipes again.
        rows = draws.before_cleaning(rows, data.integral, made.truncate)
        order = cleaner.fit(rows, labels).sample_indices_
        mask = np.zeros(len(made), dtype=bool)
        mask[order] = True
        return Resampled(made.keep(mask), (np.cumsum(mask) - 1)[order])


class SMOTEENN(_SMOTECleaning):
    """Make rows with SMOTE, then drop rows whose neighbours are of other classes.

    One of the combinations of Batista, Prati and Monard [1]_.

    Parameters
    ----------
    sampling_strategy : str, float, dict or callable
        As for `SMOTE`; not used if `smote` is given.
    random_state : None, int, RandomState or Generator
        Not used if `smote` is given. No Generator under protocol "imblearn".
    smote : OverSampler, optional
        Makes the new rows. None: `SMOTE` with `sampling_strategy` and `random_state`.
    enn : EditedNearestNeighbours, optional
        Drops rows. None: ``EditedNearestNeighbours(sampling_strategy="all")``.
    n_jobs : int, optional
        Number of threads of the search; not used if `enn` is given.
    protocol : {"coreselect", "imblearn"}
        "imblearn" gives the rows of imbalanced-learn 0.14 for the same `random_state`,
        except where neighbours are at equal distances.

    Attributes
    ----------
    selection_ : Synthesis
        The original and the new rows that remain.
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
    SMOTETomek : Another second step.

    Notes
    -----
    Neighbours are searched twice: inside the small classes, and among all rows with the
    new ones, which are in memory for that. Integer columns are rounded after the second
    search; under protocol "imblearn" before it, if all columns hold integers.

    The editing asks all three neighbours to agree, in all classes. Where classes
    overlap it drops much of what SMOTE made, and the classes come out unequal.

    References
    ----------
    .. [1] G. Batista, R. Prati and M. C. Monard. A Study of the Behavior of Several
       Methods for Balancing Machine Learning Training Data. SIGKDD Explorations 6
       (2004), 20-29, :doi:`10.1145/1007730.1007735`.

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
    use_when = "Classes overlap, and rows between them should go after SMOTE."
    parameter_checks: Checks = {"enn": OrNone(InstanceOf(EditedNearestNeighbours))}
    _cleaner_name = "enn"
    _cleaner = EditedNearestNeighbours
    _cleaner_options = {"n_neighbors": 1}

    def __init__(
        self,
        *,
        sampling_strategy: Strategy = "auto",
        random_state: Seed = None,
        smote: Any = None,
        enn: Any = None,
        n_jobs: int | None = None,
        protocol: Literal["coreselect", "imblearn"] = "coreselect",
    ) -> None:
        super().__init__(
            sampling_strategy=sampling_strategy,
            random_state=random_state,
            smote=smote,
            n_jobs=n_jobs,
            protocol=protocol,
        )
        self.enn = enn


class SMOTETomek(_SMOTECleaning):
    """Make rows with SMOTE, then drop both rows of every Tomek link.

    One of the combinations of Batista, Prati and Monard [1]_.

    Parameters
    ----------
    sampling_strategy, random_state, smote
        As for `SMOTEENN`.
    tomek : TomekLinks, optional
        Drops rows. None: ``TomekLinks(sampling_strategy="all")``.
    n_jobs : int, optional
        Number of threads of the search; not used if `tomek` is given.
    protocol : {"coreselect", "imblearn"}
        As for `SMOTEENN`.

    Attributes
    ----------
    selection_, sampling_strategy_, sample_weight_, n_features_in_, feature_names_in_
        As for `SMOTEENN`.
    smote_, tomek_ : sampler
        Fitted.

    See Also
    --------
    SMOTE : The first step.
    TomekLinks : The second step.
    SMOTEENN : Another second step.

    Notes
    -----
    Cost and memory are those of `SMOTEENN`. Both rows of a link go, so two classes that
    are equal after SMOTE stay equal.

    References
    ----------
    .. [1] G. Batista, R. Prati and M. C. Monard. A Study of the Behavior of Several
       Methods for Balancing Machine Learning Training Data. SIGKDD Explorations 6
       (2004), 20-29, :doi:`10.1145/1007730.1007735`.

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
    use_when = "Rows of two classes that lie on each other should go after SMOTE."
    parameter_checks: Checks = {"tomek": OrNone(InstanceOf(TomekLinks))}
    _cleaner_name = "tomek"
    _cleaner = TomekLinks
    _cleaner_options = {"sampling_strategy": "auto"}

    def __init__(
        self,
        *,
        sampling_strategy: Strategy = "auto",
        random_state: Seed = None,
        smote: Any = None,
        tomek: Any = None,
        n_jobs: int | None = None,
        protocol: Literal["coreselect", "imblearn"] = "coreselect",
    ) -> None:
        super().__init__(
            sampling_strategy=sampling_strategy,
            random_state=random_state,
            smote=smote,
            n_jobs=n_jobs,
            protocol=protocol,
        )
        self.tomek = tomek
