"""RandomUnderSampler, NearMiss, InstanceHardnessThreshold and ClusterCentroids."""

import warnings
from collections import Counter

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from imblearn import under_sampling as original
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.cluster import KMeans, MiniBatchKMeans
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors

from coreselect import (
    ClusterCentroids,
    InstanceHardnessThreshold,
    NearMiss,
    RandomUnderSampler,
    Selection,
)
from coreselect.base import DroppedWeightsWarning


def three_classes(seed=0, n=150):
    rng = np.random.RandomState(seed)
    y = rng.choice([0, 1, 2], n, p=[0.15, 0.25, 0.6])
    return rng.standard_normal((n, 3)) + y[:, None], y


def _states(seed):
    return [(seed, seed), (np.random.RandomState(seed), np.random.RandomState(seed))]


def assert_same(ours, theirs, X, y):
    """Assert that two samplers return the same rows, bit by bit."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        got, wanted = ours.fit_resample(X, y), theirs.fit_resample(X, y)
    for a, b in zip(got, wanted, strict=True):
        a, b = (z.toarray() if sparse.issparse(z) else np.asarray(z) for z in (a, b))
        assert a.dtype == b.dtype
        assert_array_equal(a, b)
    if hasattr(theirs, "sample_indices_"):
        assert_array_equal(ours.sample_indices_, theirs.sample_indices_)


# --- random under-sampling ---


@pytest.mark.parametrize("replacement", [False, True])
@pytest.mark.parametrize("strategy", ["auto", "all", {2: 7}, {0: 0, 1: 3}])
def test_random_under_sampler_is_the_original_under_its_protocol(replacement, strategy):
    X, y = three_classes()
    for mine, other in _states(3):
        given = {"replacement": replacement, "sampling_strategy": strategy}
        assert_same(
            RandomUnderSampler(random_state=mine, protocol="imblearn", **given),
            original.RandomUnderSampler(random_state=other, **given),
            X,
            y,
        )


def _pairs(sampler, n_draws=1000):
    """How often each pair of the five rows of the large class is kept."""
    y = np.array([0] * 5 + [1] * 2)
    X, kept = np.zeros((7, 1)), Counter()
    for seed in range(n_draws):
        rows = sampler.set_params(random_state=seed).fit(X, y).selection_.indices
        kept[tuple(rows[rows < 5])] += 1
    return np.array(list(kept.values())), kept


class _NextTwo(RandomUnderSampler):
    """A wrong sampler: neighbouring rows from a uniform start."""

    def _kept_rows(self, data, draws):
        first = draws.of_class(0).rng.integers(5)
        return np.concatenate([(first + np.arange(2)) % 5, data.rows_of(1)])


def test_every_subset_is_as_likely():
    """Ten pairs, 1000 draws: chi-squared of 9 degrees stays under 35 (p = 6e-5)."""
    counts, kept = _pairs(RandomUnderSampler())
    assert len(kept) == 10
    assert ((counts - 100) ** 2 / 100).sum() < 35
    _, kept = _pairs(_NextTwo(), 500)
    assert len(kept) == 5  # though each single row is kept as often as it should


def test_classes_have_streams_of_their_own():
    """Two classes of the same size keep different places, and not those of the other
    when a third class comes."""
    y = np.repeat([0, 1, 2], [40, 40, 10])
    X = np.zeros((90, 1))
    rows = RandomUnderSampler(random_state=0).fit(X, y).selection_.indices
    assert not np.array_equal(rows[rows < 40], rows[(rows >= 40) & (rows < 80)] - 40)


def test_prior_weights_undo_the_change_of_shares():
    """Horvitz-Thompson: on average, weighted sums are those of all rows (|z| < 4.5)."""
    X, y = three_classes()
    weight = np.random.RandomState(1).choice([0.5, 1.0, 2.0], size=len(y))
    for replacement in (False, True):
        sampler = RandomUnderSampler(weights="prior", replacement=replacement)
        sums = []
        for seed in range(400):
            selection = sampler.set_params(random_state=seed).fit_select(X, y, weight)
            sums.append(selection.estimate(X[selection.indices, 0]))
        gap = np.mean(sums) - weight @ X[:, 0]
        assert abs(gap) / (np.std(sums) / 20) < 4.5
        plain = sampler.set_params(weights="ones").fit_select(X, y, weight)
        assert abs(plain.estimate(X[plain.indices, 0]) - weight @ X[:, 0]) > 10 * abs(
            gap
        )
        sampler.set_params(weights="prior")


def test_prior_weights_give_the_class_counts():
    X, y = three_classes()
    for sampler in (
        RandomUnderSampler(random_state=0),
        RandomUnderSampler(random_state=0, replacement=True),
        NearMiss(),
        InstanceHardnessThreshold(estimator=GaussianNB(), random_state=0),
        ClusterCentroids(random_state=0),
        ClusterCentroids(random_state=0, voting="hard"),
    ):
        sampler.set_params(weights="prior")
        with pytest.warns(DroppedWeightsWarning):
            _, labels = sampler.fit_resample(X, y)
        totals = np.bincount(labels, sampler.sample_weight_)
        assert_allclose(totals, np.bincount(y))


def test_random_under_sampler_takes_anything_and_keeps_the_index():
    frame = pd.DataFrame(
        {"a": [1.0, np.nan, np.inf, 4.0], "b": ["x", None, "y", "z"]},
        index=["p", "q", "r", "s"],
    )
    y = pd.Series([0, 0, 0, 1], index=frame.index)
    for protocol in ("coreselect", "imblearn"):
        sampler = RandomUnderSampler(random_state=0, protocol=protocol)
        rows, labels = sampler.fit_resample(frame, y)
        pd.testing.assert_frame_equal(rows, frame.iloc[sampler.sample_indices_])
        assert labels.index.equals(rows.index)
    rows, _ = sampler.fit_resample(pl.from_pandas(frame), y.to_numpy())
    assert isinstance(rows, pl.DataFrame)
    assert len(rows) == 2


# --- NearMiss ---


@pytest.mark.parametrize("version", [1, 2, 3])
@pytest.mark.parametrize("strategy", ["auto", {2: 31, 1: 20}, "majority"])
@pytest.mark.parametrize("convert", [np.asarray, sparse.csr_array, np.float32])
def test_near_miss_is_the_original_under_its_protocol(version, strategy, convert):
    X, y = three_classes()
    given = {"version": version, "sampling_strategy": strategy}
    assert_same(
        NearMiss(protocol="imblearn", **given),
        original.NearMiss(**given),
        convert(X),
        y,
    )
    given["n_neighbors"] = NearestNeighbors(n_neighbors=4)
    given["n_neighbors_ver3"] = NearestNeighbors(n_neighbors=2)
    assert_same(
        NearMiss(protocol="imblearn", **given), original.NearMiss(**given), X, y
    )


class Stubborn(NearestNeighbors):
    """Finds two neighbors, whatever it is asked for."""

    def kneighbors(self, X=None, n_neighbors=None, return_distance=True):
        return super().kneighbors(X, 2, return_distance)


def test_version_3_ends_with_neighbors_that_do_not_grow_in_number():
    X, y = three_classes()
    sampler = NearMiss(version=3, sampling_strategy={2: 40}, n_neighbors=2)
    sampler.set_params(n_neighbors_ver3=Stubborn())
    with pytest.warns(UserWarning, match="40 rows were asked for"):
        _, labels = sampler.fit_resample(X, y)
    assert 0 < (labels == 2).sum() < 40


def test_of_two_smallest_classes():
    """The original takes the one that comes first in y; ours the first in order."""
    X, _ = three_classes(n=40)
    y = np.repeat([1, 0, 2], [8, 8, 24])
    assert_same(NearMiss(protocol="imblearn"), original.NearMiss(), X, y)
    wanted = NearMiss(protocol="imblearn").fit(X, np.repeat([0, 1, 2], [8, 8, 24]))
    found = NearMiss().fit(X, np.repeat([1, 0, 2], [8, 8, 24]))
    assert not np.array_equal(found.sample_indices_[16:], wanted.sample_indices_[16:])


def test_near_miss_by_hand():
    """On a line with the small class at 0 and 10: the mean distances are easy."""
    X = np.array([[-9.0], [1.0], [4.0], [6.5], [30.0], [0.0], [10.0]])
    y = np.array([0, 0, 0, 0, 0, 1, 1])

    def kept(version, k, size):
        sampler = NearMiss(
            version=version,
            n_neighbors=k,
            n_neighbors_ver3=2,
            sampling_strategy={0: size},
        )
        return sampler.fit(X, y).sample_indices_[:size].tolist()

    assert kept(1, 1, 3) == [1, 3, 2]  # nearest of the two: 1, 3.5, 4
    assert kept(2, 1, 3) == [2, 3, 1]  # farthest: 6, 6.5, 9
    # Version 3: the two nearest rows of 0 are 1 and 2, of 10 they are 2 and 3.
    assert kept(3, 1, 3) == [2, 3, 1]  # nearest distance, largest first: 4, 3.5, 1


def test_near_miss_ties_go_by_row_number():
    X, y = np.zeros((9, 2)), np.array([0] * 6 + [1] * 3)
    for version in (1, 2, 3):
        rows = NearMiss(version=version).fit(X, y).sample_indices_
        assert rows.tolist() == [0, 1, 2, 6, 7, 8]


@pytest.mark.parametrize("scale", [2.0**-1035, 1e-170, 1e170])
def test_near_miss_at_any_scale(scale):
    X, y = three_classes()
    X = np.round(X * 2**20) / 2**20  # which subnormal numbers hold
    for version in (1, 2, 3):
        sampler = NearMiss(version=version)
        wanted = sampler.fit(X, y).sample_indices_
        assert_array_equal(sampler.fit(X * scale, y).sample_indices_, wanted)


def test_version_3_keeps_as_many_as_asked_for():
    """Six candidates at most come from two rows and three neighbours each."""
    X, y = three_classes()
    y = np.where(y == 0, 1, y)
    y[:2] = 0
    strategy = {2: 40}
    theirs = NearMiss(version=3, sampling_strategy=strategy, protocol="imblearn")
    theirs.set_params(n_neighbors=2)
    with pytest.warns(UserWarning, match="Raise n_neighbors_ver3"):
        _, labels = theirs.fit_resample(X, y)
    assert (labels == 2).sum() <= 6
    _, labels = theirs.set_params(protocol="coreselect").fit_resample(X, y)
    assert (labels == 2).sum() == 40


def test_near_miss_says_which_number_would_work():
    X, y = three_classes()
    y[y == 0] = 1
    y[:2] = 0
    for version in (1, 2, 3):
        with pytest.raises(ValueError, match="n_neighbors=2 at most"):
            NearMiss(version=version).fit(X, y)
    with pytest.raises(ValueError, match="n_neighbors_ver3=9 at most"):
        NearMiss(version=3, n_neighbors_ver3=10).fit(
            np.arange(14.0)[:, None], np.repeat([0, 1], [5, 9])
        )


# --- instance hardness ---


@pytest.mark.parametrize("strategy", ["auto", {2: 31, 1: 20}])
def test_instance_hardness_is_the_original_under_its_protocol(strategy):
    X, y = three_classes()
    estimators = [GaussianNB(), LogisticRegression()]
    for estimator in estimators + [None] * (strategy == "auto"):
        given = {"estimator": estimator, "sampling_strategy": strategy}
        for mine, other in _states(0)[: 1 if estimator is None else 2]:
            assert_same(
                InstanceHardnessThreshold(
                    random_state=mine, protocol="imblearn", **given
                ),
                original.InstanceHardnessThreshold(random_state=other, **given),
                X,
                y,
            )


def test_labels_of_any_kind():
    """The original takes labels for column numbers: 'b' is none, 3 is too large."""
    X, y = three_classes()
    sampler = InstanceHardnessThreshold(estimator=GaussianNB(), random_state=0)
    wanted = sampler.fit(X, y).sample_indices_
    for labels in (np.array(["a", "b", "c"])[y], np.array([3, 10, 40])[y]):
        assert_array_equal(sampler.fit(X, labels).sample_indices_, wanted)
        with pytest.raises(IndexError):
            original.InstanceHardnessThreshold(
                estimator=GaussianNB(), random_state=0
            ).fit_resample(X, labels)


def test_hardness_and_ties():
    """Probabilities of one neighbour are 0 and 1: the original keeps all that tie."""
    X, y = three_classes()
    given = {"estimator": KNeighborsClassifier(1), "random_state": 0}
    ours = InstanceHardnessThreshold(**given)
    _, labels = ours.fit_resample(X, y)
    assert set(np.bincount(labels)) == {(y == 0).sum()}
    assert set(ours.hardness_) == {0.0, 1.0}
    for label in (1, 2):
        rows = np.flatnonzero(y == label)
        kept = ours.sample_indices_[labels == label]
        easiest = rows[np.argsort(ours.hardness_[rows], kind="stable")]
        assert_array_equal(kept, np.sort(easiest[: len(kept)]))
    _, labels = ours.set_params(protocol="imblearn").fit_resample(X, y)
    assert (labels == 2).sum() > (y == 0).sum()


def test_the_default_classifier_asks_for_weights_if_metadata_are_routed():
    X, y = three_classes()
    sampler = InstanceHardnessThreshold(cv=2, random_state=0)
    weight = 1.0 + y
    expected = sampler.fit(X, y, sample_weight=weight).sample_indices_
    with sklearn.config_context(enable_metadata_routing=True):
        found = sampler.fit(X, y, sample_weight=weight).sample_indices_
    assert_array_equal(found, expected)


def test_weights_reach_the_classifier():
    X, y = three_classes()
    weight = np.where(np.arange(len(y)) % 5 == 0, 50.0, 1.0)
    sampler = InstanceHardnessThreshold(estimator=LogisticRegression(), random_state=0)
    plain = sampler.fit(X, y).hardness_
    assert not np.allclose(sampler.fit(X, y, weight).hardness_, plain)
    assert_allclose(sampler.fit(X, y, np.ones(len(y))).hardness_, plain, rtol=1e-6)
    sampler.set_params(estimator=KNeighborsClassifier(3))
    with pytest.raises(ValueError, match="takes no sample_weight"):
        sampler.fit(X, y, weight)


def test_folds():
    X, y = three_classes()
    halves = [(np.arange(75), np.arange(75, 150)), (np.arange(75, 150), np.arange(75))]
    sampler = InstanceHardnessThreshold(estimator=GaussianNB(), cv=halves).fit(X, y)
    wanted = GaussianNB().fit(X[:75], y[:75]).predict_proba(X[75:])
    assert_allclose(1 - sampler.hardness_[75:], wanted[np.arange(75), y[75:]])
    # Splits are in the numbers of all rows, those of weight 0 included.
    weight = np.ones(150)
    weight[[3, 80]] = 0
    found = sampler.fit(X, y, weight).hardness_
    half = np.delete(np.arange(75), 3)
    wanted = GaussianNB().fit(X[half], y[half]).predict_proba(X[81:])
    assert_allclose(1 - found[79:], wanted[np.arange(69), y[81:]])


@pytest.mark.parametrize(
    "given",
    [
        {"cv": "five"},
        {"cv": 1},
        {"cv": 2.5},
        {"estimator": KMeans()},
        {"estimator": GaussianNB},
        {"n_jobs": "two"},
        {"protocol": "ours"},
    ],
)
def test_instance_hardness_refuses(given):
    X, y = three_classes()
    (name,) = given
    with pytest.raises(ValueError, match=f"'{name}' parameter of InstanceHardness"):
        InstanceHardnessThreshold(**given).fit(X, y)


# --- cluster centroids ---


@pytest.mark.parametrize("voting", ["auto", "hard", "soft"])
@pytest.mark.parametrize(
    "convert", [np.asarray, sparse.csr_array, np.float32, lambda X: np.int64(20 * X)]
)
def test_cluster_centroids_is_the_original_under_its_protocol(voting, convert):
    X, y = three_classes(n=80)
    for mine, other in _states(0):
        assert_same(
            ClusterCentroids(random_state=mine, voting=voting, protocol="imblearn"),
            original.ClusterCentroids(random_state=other, voting=voting),
            convert(X),
            y,
        )
    given = {"estimator": MiniBatchKMeans(n_init=1, random_state=0), "voting": voting}
    assert_same(
        ClusterCentroids(protocol="imblearn", **given),
        original.ClusterCentroids(**given),
        convert(X),
        y,
    )


def test_weighted_centroids_have_the_moments_of_the_class():
    X, y = three_classes()
    weight = np.random.RandomState(1).choice([0.5, 1.0, 2.0], size=len(y))
    for given in (None, weight):
        sampler = ClusterCentroids(random_state=0, weights="prior")
        with pytest.warns(DroppedWeightsWarning):
            rows, labels = sampler.fit_resample(X, y, sample_weight=given)
        w = np.ones(len(y)) if given is None else given
        for label in range(3):
            made, old = labels == label, y == label
            assert_allclose(
                sampler.sample_weight_[made] @ rows[made], w[old] @ X[old], rtol=1e-12
            )


def test_a_centroid_weighs_one_or_the_mean_of_its_rows():
    X, y = three_classes()
    sampler = ClusterCentroids(random_state=0, sampling_strategy={2: 10})
    assert_array_equal(sampler.fit(X, y).sample_weight_, np.ones((y != 2).sum() + 10))
    weight = np.random.RandomState(1).choice([0.5, 1.0, 2.0], size=len(y))
    synthesis = sampler.fit(X, y, weight).selection_
    (part,) = synthesis.parts
    groups = np.split(part.members, np.cumsum(part.sizes)[:-1])
    means = [weight[rows].mean() for rows in groups]
    assert_allclose(synthesis.weights[synthesis.n_kept :], means)


def test_hard_voting_keeps_a_member_of_each_cluster():
    X, y = three_classes()
    sampler = ClusterCentroids(random_state=0, voting="hard").fit(X, y)
    assert isinstance(sampler.selection_, Selection)
    assert set(np.bincount(y[sampler.selection_.indices])) == {(y == 0).sum()}
    assert not hasattr(sampler, "sample_indices_")


def test_pairs_take_their_first_row():
    """Both rows of a pair are as near to their mean: the lower number is kept."""
    X = np.array([[0.0], [0.1], [5.0], [5.3], [20.0], [30.0]])
    y = np.array([0, 0, 0, 0, 1, 1])
    sampler = ClusterCentroids(random_state=0, voting="hard").fit(X, y)
    assert sampler.selection_.indices.tolist() == [0, 2, 4, 5]


@pytest.mark.filterwarnings("ignore:Number of distinct clusters")
@pytest.mark.parametrize("voting", ["hard", "soft"])
def test_fewer_distinct_rows_than_clusters(voting):
    """Two places, five clusters: rows are given out, none is left empty."""
    X = np.array([[0.0]] * 6 + [[1.0]] * 6 + [[9.0]] * 5)
    y = np.array([0] * 12 + [1] * 5)
    sampler = ClusterCentroids(random_state=0, voting=voting, weights="prior")
    rows, labels = sampler.set_params(weights="ones").fit_resample(X, y)
    assert (labels == 0).sum() == 5
    assert set(rows.ravel()) == {0.0, 1.0, 9.0}
    with pytest.warns(DroppedWeightsWarning):
        sampler.set_params(weights="prior").fit_resample(X, y)
    assert sampler.sample_weight_.sum() == 17


def test_seeds_of_clusterings():
    """Without a seed of its own the clustering gets ours: two fits, the same rows."""
    X, y = three_classes()
    for estimator in (None, KMeans(n_init=1)):
        sampler = ClusterCentroids(random_state=0, estimator=estimator)
        rows, _ = sampler.fit_resample(X, y)
        assert_array_equal(rows, sampler.fit_resample(X, y)[0])
        assert estimator is None or estimator.random_state is None


class _NoWeights(KMeans):
    def fit(self, X, y=None):
        return super().fit(X)


@pytest.mark.parametrize(
    ("estimator", "error", "message"),
    [
        (LogisticRegression(), ValueError, "`n_clusters`"),
        (_NoWeights(), ValueError, "takes no sample_weight"),
    ],
)
def test_cluster_centroids_refuses(estimator, error, message):
    X, y = three_classes()
    weight = np.linspace(1, 2, len(y))
    with pytest.raises(error, match=message):
        ClusterCentroids(estimator=estimator).fit(X, y, weight)


# --- all ---


SAMPLERS = [
    RandomUnderSampler(),
    NearMiss(),
    InstanceHardnessThreshold(estimator=GaussianNB()),
    ClusterCentroids(),
]


@pytest.mark.parametrize("sampler", SAMPLERS, ids=repr)
@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.zeros(150), "more than 1 class"),
        (np.linspace(0, 1, 150), "Unknown label type"),
    ],
)
def test_targets_that_are_none(sampler, y, message):
    with pytest.raises(ValueError, match=message):
        sampler.fit(three_classes()[0], y)


@pytest.mark.parametrize("sampler", SAMPLERS, ids=repr)
def test_unknown_classes_and_too_many_rows(sampler):
    X, y = three_classes()
    sampler = type(sampler)(**sampler.get_params(deep=False))
    with pytest.raises(ValueError, match="not present in y"):
        sampler.set_params(sampling_strategy={7: 1}).fit(X, y)
    with pytest.raises(ValueError, match="need at most that many"):
        sampler.set_params(sampling_strategy={2: 1000}).fit(X, y)


@pytest.mark.parametrize("sampler", SAMPLERS[1:], ids=repr)
def test_missing_numbers_are_refused(sampler):
    X, y = three_classes()
    X[3, 1] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        sampler.fit(X, y)
