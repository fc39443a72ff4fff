"""RS2: a fresh random subset for every epoch of a training."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil
from typing import NamedTuple, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from coreselect._quotas import largest_remainder
from coreselect._random import draw_seed, stream
from coreselect._typing import (
    AutoSize,
    Checks,
    Column,
    Features,
    Integers,
    Quotas,
    RowsLike,
    Seed,
    Size,
)
from coreselect._validation import Boolean, Integer, check_count
from coreselect.base import GivenRules, Holds, LawSelector, SelectorTags
from coreselect.samplers.rounds import Rounds, seed_of_rounds
from coreselect.sampling.groups import class_codes
from coreselect.selection import SamplingDesign, Selection

_MUSTS = 3  # a stream of the seed of the rounds, which have those before it


class _Population(NamedTuple):
    """What rounds need of the rows: the classes of y if stratified, and the scores."""

    classes: np.ndarray | None
    log_scores: np.ndarray | None


class RS2(LawSelector):
    """Draw a fresh random subset for every epoch: repeated sampling of random subsets.

    Training on a fresh random tenth of the rows in each epoch takes a tenth of the
    time, and beats training on the same well-chosen tenth in all epochs [1]_. A round
    depends only on the seed and on its number, so rounds can be made in any order and
    in any process.

    Parameters
    ----------
    n_select : int or float, default=0.1
        Exact number of rows per round, or the fraction in (0, 1] of all rows.
    replacement : bool, default=False
        Whether rounds are independent of each other. By default, rounds are consecutive
        blocks of a random permutation of all rows, then of another one, so every row is
        used once before any is used again. Either way no row occurs twice in a round.
    stratify : bool, default=False
        Whether every round keeps the shares of the classes of y, rounded by largest
        remainders.
    quotas : dict, optional
        How many rows of which of the `groups` of `fit`; see `BaseSelector`.
    features : None, list, transformer or "auto", default=None
        As for `BaseSelector`. No round depends on it, as RS2 reads no features.
    random_state : None, int, RandomState or Generator

    Attributes
    ----------
    selection_ : Selection
        Round 0, in ascending order. Weights are input weight / inclusion probability,
        ``n / n_select`` for every row without scores and strata.
    sample_indices_ : ndarray of int64
    sample_weight_ : ndarray of float64
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Only if all column names are strings.

    Raises
    ------
    ValueError
        If a class is so small that a round would have none of its rows, if scores are
        given with ``replacement=False``, or if fewer rows than a round needs have a
        positive score.

    See Also
    --------
    RepeatedSubsetTrainer : Trains an estimator on the rounds.
    coreselect.samplers.RS2Sampler : The same rounds for a torch `DataLoader`.
    UniformSelector : One uniform subset for all epochs.

    Notes
    -----
    For more than 65,536 rows (of a class, with `stratify`), a round costs O(n_select)
    time and memory: permutations are not stored but computed, by a keyed Feistel
    network on ``range(n)``. For fewer rows, and with scores, a round costs O(n).
    X is not read, so it may hold text, categories, dates and missing values;
    `stratify` keeps the classes in memory.

    If `n_select` does not divide n, the last block of a permutation is filled with rows
    of the next permutation that it does not hold yet. This block and the one after it
    cost about twice as much as the others. Rounds of more than half of the rows are
    put in random order; others keep the order of the permutation.

    Without replacement, T rounds of a fraction r are r T ordinary epochs with
    reshuffling. The gain over T epochs on all rows is that of fewer epochs with a
    learning-rate schedule made for them (see `coreselect.schedule_length`); above r =
    0.4 it is small. RS2 is of no use where training is not iterative.

    With scores, a round draws rows one by one in proportion to the scores of the rows
    that are left. Weights are ``1 / (1 - exp(-s tau))``, one over the inclusion
    probability of a row given all other rows, where tau is the smallest key that was
    left out [2]_. They are unbiased too.

    With `quotas`, every round has the same number of rows of each group. Rows of
    `include` are in every round.

    References
    ----------
    .. [1] P. Okanovic, R. Waleffe, V. Mageirakos, K. Nikolakakis, A. Karbasi, D.
       Kalogerias, N. M. Gurel, T. Rekatsinas, "Repeated random sampling for minimizing
       the time-to-accuracy of learning", ICLR 2024, :arxiv:`2305.18424`.
    .. [2] E. Cohen, H. Kaplan, "Summarizing data using bottom-k sketches", PODC 2007,
       :doi:`10.1145/1281100.1281133`.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect import RS2
    >>> sampler = RS2(0.25, random_state=0).fit(np.zeros((8, 1)))
    >>> [len(sampler.round(t)) for t in range(4)], sampler.coverage(4)
    ([2, 2, 2, 2], 1.0)
    >>> sorted(np.concatenate(list(sampler.rounds(4))).tolist())
    [0, 1, 2, 3, 4, 5, 6, 7]
    """

    cli_name = "rs2"
    passes = "0"
    cost = "O(m) per round, O(n) once"
    holds = Holds(per_selected=120)
    use_when = (
        "Training in epochs (networks, SGD): each epoch gets a fresh random subset."
    )
    parameter_checks: Checks = {
        "replacement": Boolean(),
        "stratify": Boolean(),
    }
    select_checks = {"round": Integer(0)}
    row_values = ("scores",)

    def __init__(
        self,
        n_select: Size = 0.1,
        *,
        replacement: bool = False,
        stratify: bool = False,
        quotas: Quotas = None,
        features: Features = None,
        random_state: Seed = None,
    ) -> None:
        super().__init__(
            n_select, quotas=quotas, features=features, random_state=random_state
        )
        self.replacement = replacement
        self.stratify = stratify

    row_rules = ("quotas", "include", "exclude")
    no_rules = "a round holds a fixed number of rows, whatever they cost"

    @classmethod
    def examples(cls):
        return [cls(n_select=10), cls(n_select=10, replacement=True)]

    def fit(
        self,
        X: RowsLike,
        y: Column = None,
        sample_weight: Column = None,
        *,
        scores: Column = None,
        groups: Column = None,
        cost: Column = None,
        include: Column = None,
        exclude: Column = None,
    ) -> Self:
        """Learn how many rows there are, and make round 0.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame, path} of shape (n_rows, n_features)
            Anything that `coreselect.rows.open` takes.
        y : array-like of shape (n_rows,), str or None
            Classes, for ``stratify=True``.
        sample_weight : array-like of shape (n_rows,), str or None
            Non-negative weights of the rows. They multiply the weights of a selection
            and do not change the rounds, but rows of weight 0 are in no round.
        scores : array-like of shape (n_rows,) or str, optional
            Non-negative scores, or the column that holds them: rows are drawn in
            proportion to them. Needs ``replacement=True``.
        groups, cost, include, exclude : array-like, optional
            As for `ScoreSelector.fit`.

        Returns
        -------
        self
        """
        if scores is not None and not self.replacement:
            raise ValueError(
                "scores need replacement=True: without replacement every row comes "
                "once in a cycle, whatever its score."
            )
        rules = GivenRules(groups, cost, include, exclude)
        return self._fit(X, y, sample_weight, rules=rules, per_row={"scores": scores})

    def select(
        self, n_select: AutoSize = None, *, round: int = 0, random_state: Seed = None
    ) -> Selection:
        """Return a round as a selection: in ascending order, with weights.

        Parameters
        ----------
        n_select : int or float, optional
            Rows per round, or a fraction in (0, 1] of all rows; by default that of
            `fit`.
        round : int
            Number of the round, from 0.
        random_state : None, int, RandomState or Generator
            None uses the seed of `fit`.

        Returns
        -------
        Selection
        """
        round = check_count(round, "round")
        if round == 0:
            return super().select(n_select, random_state=random_state)
        check_is_fitted(self, "selection_")
        return self._select_anew(n_select, random_state, round=round)

    def round(self, t: int) -> Integers:
        """Return the rows of a round, in the order to train in.

        Parameters
        ----------
        t : int
            Number of the round, from 0.

        Returns
        -------
        ndarray of int64 of shape (n_rows_of_a_round,)
            Every row at most once.
        """
        t = check_count(t, "t")
        rounds = self._fitted_rounds()
        rows, musts = self._fitted.numbers(rounds.rows(t)), self._fitted.musts
        if not len(musts):
            return rows
        order = stream(rounds.seed, _MUSTS, t).permutation(len(rows) + len(musts))
        return np.append(rows, musts)[order]

    def rounds(self, n: int) -> Iterator[Integers]:
        """Iterate over the first rounds.

        Parameters
        ----------
        n : int
            Number of rounds.

        Yields
        ------
        ndarray of int64 of shape (n_rows_of_a_round,)
        """
        for t in range(check_count(n, "n")):
            yield self.round(t)

    def coverage(self, t: int) -> float:
        """Return the share of the rows that the first t rounds hold.

        Parameters
        ----------
        t : int
            Number of rounds: 0, 1, ..., t - 1.

        Returns
        -------
        float
            The actual share, not its expectation. For a fraction r it is ``min(1, t
            r)`` without replacement, and near ``1 - (1 - r)**t`` with replacement.
        """
        found = self._fitted_rounds().coverage(check_count(t, "t"))
        n_rows, n_musts = self._fitted.n_rows, len(self._fitted.musts)
        return (found * n_rows + n_musts * (t > 0)) / (n_rows + n_musts)

    def _fitted_rounds(self):
        """Return the rounds of the fitted size, which keep what they computed."""
        check_is_fitted(self, "selection_")
        population = self._learned()
        if self._rounds is None:
            seed, size = seed_of_rounds(self._seed), self._fitted.size
            self._rounds = self._rounds_of(population, size, seed)
        return self._rounds

    def _strata(self, rows):
        return class_codes(rows.y, rows.n_rows) if self.stratify else None

    def _learn(self, rows, rng):
        self._rounds = None
        classes = np.unique(rows.y) if self.stratify else None
        log_scores = None
        if "scores" in rows.per_row:
            # A round takes the smallest keys, exponential draws over scores. Only the
            # ratios of scores matter, and logarithms hold scores of any range.
            scores = rows.per_row["scores"]
            with np.errstate(divide="ignore"):  # score 0: never drawn
                log_scores = np.log(scores) - np.log(scores.max(initial=1e-300))
        return _Population(classes, log_scores)

    def _sample(self, population, size, rng, round=0):
        # All rounds are functions of one seed. It is drawn in the same way here and for
        # `round`, so that round 0 holds the rows of `selection_`.
        # A round holds every row at most once, so it is a draw without repeats, whose
        # expected hits are inclusion probabilities.
        rounds = self._rounds_of(population, size, draw_seed(rng))
        rows, expected = rounds.draw(round)
        return rows, 1.0, expected

    def _design(self, population, indices, hits, expected):
        if population.log_scores is not None:
            # Given the keys of the other rows, a row is in with the expected hits, as
            # in priority sampling; covariances are zero there too.
            return SamplingDesign("priority", expected)
        strata = self._fitted.strata
        strata = None if strata is None else strata[indices]
        return SamplingDesign("random", expected, strata=strata)

    def _selector_tags(self):
        return SelectorTags(bounded=bool(self.stratify), reads_features=False)

    def _rounds_of(self, population, size, seed):
        classes, log_scores = population
        n, strata = self._fitted.n_rows, self._fitted.strata
        numbers = self._numbers(size)
        if classes is not None and size and self._fitted.rules.quotas is None:
            _check_classes(strata, classes, size)
        if size == n:
            log_scores = None  # all rows are in, those of score 0 too
        if log_scores is not None:
            _check_scores(log_scores, strata, size, numbers)
        replacement = bool(self._fitted.params["replacement"])
        return Rounds(n, size, replacement, seed, strata, log_scores, numbers)

    def _numbers(self, size):
        """Return how many rows of each stratum a round draws; None without strata."""
        strata, rules = self._fitted.strata, self._fitted.rules
        if strata is None:
            return None
        counts = np.bincount(strata)
        if rules.quotas is None:
            return largest_remainder(counts, size)
        groups = rules.groups
        low, high = rules.bounds(size + rules.n_musts)
        codes, inside = groups.codes, 0.0
        if rules.musts is not None:  # no stratum holds the rows that must be in
            codes, inside = codes[~rules.musts], groups.totals(rules.musts)
        there = np.bincount(codes, minlength=groups.n)
        low, high = np.maximum(low - inside, 0), np.minimum(high - inside, there)
        of_groups = largest_remainder(there, size, low, high)
        group = np.empty(len(counts), dtype=np.int64)
        group[strata] = codes
        numbers = np.empty(len(counts), dtype=np.int64)
        for code in np.unique(group):
            within = group == code
            numbers[within] = largest_remainder(counts[within], int(of_groups[code]))
        return numbers


def _check_classes(strata, classes, size):
    """Raise if a class gets no row in a round."""
    counts = np.bincount(strata)
    shares = largest_remainder(counts, size)
    if (empty := np.flatnonzero(shares == 0)).size:
        smallest = empty[np.argmin(counts[empty])]
        count, n = int(counts[smallest]), len(strata)
        name = classes.tolist()[smallest]
        raise ValueError(
            f"class {name!r} of y has {count} of {n} rows and would get none of the "
            f"{size} rows of a round: empty classes cannot be stratified. Use "
            f"n_select={ceil(n / count)} or more, or stratify=False."
        )


def _check_scores(log_scores, strata, size, needed):
    """Raise if there are fewer positive scores than rows to be drawn."""
    positive = log_scores > -np.inf
    if strata is None:
        found, needed = np.array([positive.sum()]), np.array([size])
    else:
        found = np.bincount(strata, positive).astype(np.int64)
    if (short := np.flatnonzero(found < needed)).size:
        k = short[0]
        where = "" if strata is None else f" in a class of {needed[k]} rows per round"
        raise ValueError(
            f"scores has {found[k]} positive values{where}, fewer than the "
            f"{needed[k]} rows of a round; use a smaller n_select, or give more rows a "
            "positive score."
        )
