"""Over-samplers: imbalanced-learn's rows, the laws of our own, and the edge cases."""

import imblearn.over_sampling
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from imblearn.pipeline import make_pipeline
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.cluster import KMeans
from sklearn.datasets import make_classification
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import NearestNeighbors
from sklearn.svm import SVC

import coreselect
from coreselect import (
    ADASYN,
    SMOTE,
    SVMSMOTE,
    BorderlineSMOTE,
    CoresetEstimator,
    DroppedWeightsWarning,
    KMeansSMOTE,
    RandomOverSampler,
    RandomUnderSampler,
    SingleRowWarning,
)
from coreselect._quotas import largest_remainder
from coreselect.imbalance._base.draws import OwnDraws, allocate
from tests import shown

FAMILY = [SMOTE, BorderlineSMOTE, SVMSMOTE, ADASYN, KMeansSMOTE]
DATA, Y = make_classification(
    n_samples=400, n_classes=3, n_informative=4, n_features=6,
    weights=[0.1, 0.3, 0.6], class_sep=0.7, random_state=0,
)  # fmt: skip


def totals(y):
    return dict(
        zip(*(a.tolist() for a in np.unique(y, return_counts=True)), strict=True)
    )


# --- imbalanced-learn's rows ---

LOW = {"cluster_balance_threshold": 0.05}
PARAMETERS = [
    ("RandomOverSampler", {}),
    ("RandomOverSampler", {"shrinkage": 0.7}),
    ("RandomOverSampler", {"shrinkage": {0: 0.1, 1: 2.0}}),
    ("SMOTE", {}),
    ("SMOTE", {"k_neighbors": 3, "sampling_strategy": {0: 100, 1: 200}}),
    ("SMOTE", {"k_neighbors": NearestNeighbors(n_neighbors=4)}),
    ("BorderlineSMOTE", {}),
    ("BorderlineSMOTE", {"kind": "borderline-2", "m_neighbors": 6}),
    ("SVMSMOTE", {}),
    ("SVMSMOTE", {"svm_estimator": SVC(kernel="linear"), "out_step": 0.2}),
    ("ADASYN", {}),
    ("ADASYN", {"n_neighbors": 7, "sampling_strategy": "minority"}),
    ("KMeansSMOTE", {"kmeans_estimator": 6, **LOW}),
    (
        "KMeansSMOTE",
        {"kmeans_estimator": KMeans(4, n_init=1), **LOW, "density_exponent": 2},
    ),
]


@pytest.mark.parametrize(("name", "parameters"), PARAMETERS, ids=str)
@pytest.mark.parametrize("instance", [False, True], ids=["int", "RandomState"])
@pytest.mark.parametrize("form", ["float64", "float32", "csr_array"])
def test_rows_are_those_of_imbalanced_learn(name, parameters, instance, form):
    """Bit by bit, whether one seed serves every class or one state moves on."""
    X = sparse.csr_array(DATA) if form == "csr_array" else DATA.astype(form)

    def resampled(module, **protocol):
        state = np.random.RandomState(5) if instance else 5
        sampler = getattr(module, name)(random_state=state, **parameters, **protocol)
        if isinstance(sampler.get_params().get("kmeans_estimator"), KMeans):
            sampler.set_params(kmeans_estimator__random_state=0)
        return sampler.fit_resample(X, Y)

    ours, labels = resampled(coreselect, protocol="imblearn")
    theirs, wanted = resampled(imblearn.over_sampling)
    assert type(ours) is type(theirs)
    assert ours.dtype == theirs.dtype
    if sparse.issparse(ours):
        ours, theirs = ours.toarray(), theirs.toarray()
    assert_array_equal(ours, theirs)
    assert_array_equal(labels, wanted)


def test_our_random_numbers_are_others():
    ours, _ = SMOTE(random_state=5, allocation="pairs").fit_resample(DATA, Y)
    theirs, _ = imblearn.over_sampling.SMOTE(random_state=5).fit_resample(DATA, Y)
    assert not np.array_equal(ours, theirs)


def test_integers_are_cut_off_under_the_protocol_and_rounded_otherwise():
    X = np.rint(1000 * DATA).astype(np.int64)  # no two distances are equal
    theirs, _ = imblearn.over_sampling.SMOTE(random_state=5).fit_resample(X, Y)
    cut, _ = SMOTE(random_state=5, protocol="imblearn").fit_resample(X, Y)
    assert_array_equal(cut, theirs)
    synthesis = SMOTE(random_state=5).fit(X, Y).select()
    rows = synthesis.take(X)
    assert rows.dtype == np.int64
    assert_array_equal(rows, np.rint(synthesis.take(X.astype(float))))


@pytest.mark.parametrize("convert", [np.asarray, pd.DataFrame, sparse.csr_array, list])
def test_integers_with_noise_are_what_imbalanced_learn_makes_of_them(convert):
    X = np.rint(3 * DATA).astype(np.int64)
    X = X.tolist() if convert is list else convert(X)
    given = {"random_state": 5, "shrinkage": 0.7}
    theirs, _ = imblearn.over_sampling.RandomOverSampler(**given).fit_resample(X, Y)
    ours, _ = RandomOverSampler(protocol="imblearn", **given).fit_resample(X, Y)
    assert type(ours) is type(theirs)
    if sparse.issparse(ours):
        ours, theirs = ours.toarray(), theirs.toarray()
    assert np.asarray(ours).dtype == np.asarray(theirs).dtype
    assert_array_equal(ours, theirs)
    kept = RandomOverSampler(**given).fit_resample(np.asarray(DATA, np.int64), Y)[0]
    assert kept.dtype == np.int64


@pytest.mark.parametrize("sampler", [SMOTE, BorderlineSMOTE, SVMSMOTE, ADASYN])
def test_neighbours_objects_that_ask_for_too_many_or_few_rows(sampler):
    X, y = DATA[:60], np.repeat([0, 1], [13, 47])
    name = "n_neighbors" if sampler is ADASYN else "k_neighbors"
    for number, match in ((100, f"{name} is .*use n_neighbors="), (1, "2 or more")):
        given = {name: NearestNeighbors(n_neighbors=number)}
        with pytest.raises(ValueError, match=match):
            sampler(**given).fit(X, y)
    given = {"k_neighbors": NearestNeighbors(n_neighbors=13)}
    SMOTE(**given).fit(X, y)
    with pytest.raises(ValueError, match="13: use n_neighbors=13 at most"):
        SMOTE(**given).set_params(k_neighbors__n_neighbors=14).fit(X, y)


def test_one_integer_seed_gives_equal_classes_other_rows():
    """Two classes of the same shape: imbalanced-learn makes the same new rows twice."""
    rng = np.random.default_rng(0)
    small, big = rng.normal(size=(10, 2)), rng.normal(size=(30, 2)) + 50
    X, y = np.vstack([small, small + 100, big]), np.repeat([0, 1, 2], [10, 10, 30])
    for protocol in ("imblearn", "coreselect"):
        new = SMOTE(random_state=0, protocol=protocol).fit_resample(X, y)[0][50:]
        assert np.allclose(new[:20] + 100, new[20:]) == (protocol == "imblearn")


# --- totals, segments, allocation ---


@pytest.mark.parametrize("sampler", [*FAMILY, RandomOverSampler])
@pytest.mark.parametrize("labels", [["a", "b", "c"], [False, True], [-3, 7, 100]])
@pytest.mark.filterwarnings("ignore:class .* no cluster")
def test_totals_are_exact(sampler, labels):
    y = np.array(labels)[np.minimum(Y, len(labels) - 1)]
    largest = max(totals(y).values())
    _, made = sampler(random_state=0).fit_resample(DATA, y)
    assert made.dtype == y.dtype
    assert set(totals(made).values()) == {largest}


def test_imbalanced_learn_misses_totals_that_we_keep():
    wanted = {0: 240, 1: 240, 2: 240}
    for name in ("ADASYN", "KMeansSMOTE"):
        more = {"kmeans_estimator": 6, **LOW} if name == "KMeansSMOTE" else {}
        more |= {"random_state": 0, "sampling_strategy": wanted}
        theirs = getattr(coreselect, name)(protocol="imblearn", **more)
        ours = getattr(coreselect, name)(**more)
        assert totals(theirs.fit_resample(DATA, Y)[1]) != wanted
        assert totals(ours.fit_resample(DATA, Y)[1]) == wanted


@pytest.mark.parametrize("sampler", [SMOTE, BorderlineSMOTE, ADASYN])
@pytest.mark.parametrize("scale", [1e-150, 1.0, 1e150])
@pytest.mark.parametrize("shift", [0.0, 1e6])
def test_every_new_row_is_on_its_segment(sampler, scale, shift):
    """Distances from both ends add up to the length, relative error 1e-12."""
    X = (DATA + shift) * scale
    synthesis = sampler(random_state=0).fit(X, Y).select()
    new = synthesis.take(X)[synthesis.n_kept :] / scale
    a, b = X[synthesis.base] / scale, X[synthesis.neighbor] / scale
    assert ((synthesis.step >= 0) & (synthesis.step < 1)).all()
    gap = new - (a + synthesis.step[:, np.newaxis] * (b - a))
    assert np.abs(gap).max() <= 1e-12 * np.abs(X / scale).max()
    assert_array_equal(Y[synthesis.base], synthesis.labels)


def test_neighbours_are_the_nearest_rows_of_the_class():
    synthesis = SMOTE(random_state=0, k_neighbors=3).fit(DATA, Y).select()
    for base, neighbor in zip(synthesis.base, synthesis.neighbor, strict=True):
        rows = np.flatnonzero(Y[base] == Y)
        rows = rows[rows != base]
        far = np.linalg.norm(DATA[rows] - DATA[base], axis=1)
        assert neighbor in rows[np.argsort(far, kind="stable")[:3]]


@pytest.mark.parametrize("n_new", [3, 10, 25, 40])
def test_even_allocation_is_the_papers(n_new):
    """Every base the same number, the rest to bases without repeats."""
    X, y = DATA[:70], np.repeat([0, 1], [10, 60])
    sampler = SMOTE(random_state=1, sampling_strategy={0: 10 + n_new})
    counts = np.bincount(sampler.fit(X, y).select().base, minlength=10)
    assert counts.sum() == n_new
    assert set(counts) <= {n_new // 10, n_new // 10 + 1}
    pairs = SMOTE(random_state=1, sampling_strategy={0: 10 + n_new}, allocation="pairs")
    counts = np.bincount(pairs.fit(X, y).select().base, minlength=10)
    assert counts.max() - counts.min() > 1


def law(n_draws, weights=None, pairs=False, k=4):
    """Count how often each (base, neighbour) comes up when two new rows are made."""
    lists = np.array([[j for j in range(5) if j != i] for i in range(5)])[:, :k]
    draws, rows = OwnDraws(0), np.arange(5)
    weights = np.ones(5) if weights is None else weights
    made = [
        draws.segments(rows, rows, lists, 2, weights, pairs=pairs)
        for _ in range(n_draws)
    ]
    counts = np.zeros((5, 5))
    for part in made:
        np.add.at(counts, (part.base, part.neighbor), 1)
    return counts, np.concatenate([part.step for part in made])


@pytest.mark.parametrize("pairs", [False, True], ids=["even", "pairs"])
def test_law_of_bases_neighbours_and_steps(pairs):
    """R = 3000 draws of 2 new rows; all 20 pairs alike; |z| < 4.5.

    "even" draws two bases without repeats. A sampler that leaves out the farthest
    neighbour fails.
    """
    n = 3000

    def worst(counts):
        off = counts[~np.eye(5, dtype=bool)]
        return np.abs(off - 2 * n / 20).max() / np.sqrt(2 * n / 20 * 19 / 20)

    counts, steps = law(n, pairs=pairs)
    assert worst(counts) < 4.5
    tenths = np.bincount((steps * 10).astype(int), minlength=10)
    assert np.abs(tenths - n / 5).max() / np.sqrt(2 * n * 0.09) < 4.5
    assert worst(law(n, pairs=pairs, k=3)[0]) > 4.5


@pytest.mark.parametrize("pairs", [False, True], ids=["even", "pairs"])
def test_bases_are_drawn_in_proportion_to_weights(pairs):
    """R = 3000 draws of 2 new rows; expected 2 w_i / W; |z| < 4.5, unweighted fails."""
    n, weights = 3000, np.array([0.5, 1, 1, 2, 2])
    share = weights / weights.sum()

    def worst(given):
        counts = law(n, given, pairs)[0].sum(axis=1)
        return np.abs(
            (counts - 2 * n * share) / np.sqrt(2 * n * share * (1 - share))
        ).max()

    assert worst(weights) < 4.5
    assert worst(None) > 4.5


def test_allocation_of_any_weights():
    rng = np.random.default_rng(0)
    for n_new in (0, 1, 7, 1000):
        for weights in (np.ones(9), rng.random(9), np.array([1e-300, 1, 1e300])):
            counts = allocate(n_new, weights, rng)
            share = n_new * (weights / weights.sum())
            assert counts.sum() == n_new
            assert (np.abs(counts - share) < 1 + 1e-6).all()


# --- each method's own rule ---


def others(k, rows):
    """Numbers of neighbours of other classes, slowly."""
    found = []
    for i in rows:
        far = np.linalg.norm(DATA - DATA[i], axis=1)
        far[i] = np.inf
        found.append((Y[np.argsort(far, kind="stable")[:k]] != Y[i]).sum())
    return np.array(found)


def test_borderline_bases_are_the_rows_in_danger():
    sampler = BorderlineSMOTE(random_state=0, m_neighbors=8).fit(DATA, Y)
    for label in (0, 1):
        rows = np.flatnonzero(label == Y)
        m = others(8, rows)
        danger = rows[(m >= 4) & (m < 8)]
        assert_array_equal(sampler.in_danger_indices[label], danger)
        made = sampler.selection_
        assert set(made.base[made.labels == label]) == set(danger)


def test_borderline_2_goes_at_most_half_way_to_other_classes():
    made = BorderlineSMOTE(random_state=0, kind="borderline-2").fit(DATA, Y).select()
    other = Y[made.neighbor] != made.labels
    assert 0.4 < made.step[other].max() < 0.5
    assert made.step[~other].max() > 0.9
    assert other.any()


def test_borderline_without_danger_is_smote():
    """Two classes far apart: imbalanced-learn silently makes nothing, ours warns."""
    X = np.vstack([np.random.default_rng(0).normal(size=(60, 2))] * 2)
    X[:60] += 100
    X, y = X[40:], np.repeat([0, 1], [20, 60])
    ours = BorderlineSMOTE(random_state=0)
    with pytest.warns(UserWarning, match="class 0: no row is near the border"):
        assert totals(ours.fit_resample(X, y)[1]) == {0: 60, 1: 60}
    assert ours.in_danger_indices[0].size == 0
    theirs = BorderlineSMOTE(random_state=0, protocol="imblearn")
    assert totals(theirs.fit_resample(X, y)[1]) == {0: 20, 1: 60}


def test_svm_smote_keeps_the_share_of_an_empty_sort():
    """Far apart: no support vector is in danger, imbalanced-learn loses a half."""
    rng = np.random.default_rng(0)
    X = np.vstack([rng.normal(size=(20, 2)) + 20, rng.normal(size=(80, 2))])
    y = np.repeat([0, 1], [20, 80])
    ours = SVMSMOTE(random_state=0).fit(X, y)
    assert totals(ours.fit_resample(X, y)[1]) == {0: 80, 1: 80}
    assert (ours.selection_.step <= 0).all()
    assert (ours.selection_.step >= -0.5).all()
    theirs = SVMSMOTE(random_state=0, protocol="imblearn").fit_resample(X, y)
    assert totals(theirs[1])[0] < 80


def test_svm_smote_with_nothing_but_noise():
    """Every row of the class has only neighbours of the other."""
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, size=(120, 2)) * 10
    X[:8] = [[i, j] for i in (-9, -3, 3, 9) for j in (-5, 5)]
    y = np.repeat([1, 0], [8, 112])
    with pytest.warns(UserWarning, match="class 1: all neighbours of its support"):
        ours = SVMSMOTE(random_state=0, m_neighbors=3).fit(X, y).select()
    assert ours.n_new == 104
    assert (ours.step >= 0).all()
    with pytest.raises(ValueError, match="SVM-SMOTE is not adapted to your dataset"):
        SVMSMOTE(random_state=0, m_neighbors=3, protocol="imblearn").fit(X, y)


def test_svm_estimator_must_have_support_vectors():
    with pytest.raises(RuntimeError, match="`support_` fitted attribute"):
        SVMSMOTE(svm_estimator=LogisticRegression()).fit(DATA, Y)


def test_adasyn_shares_are_largest_remainders():
    sampler = ADASYN(random_state=0, n_neighbors=6, sampling_strategy={0: 150})
    made = sampler.fit(DATA, Y).select()
    rows = np.flatnonzero(Y == 0)
    share = others(6, rows) / 6
    share = (150 - len(rows)) * share / share.sum()
    counts = np.bincount(made.base, minlength=len(Y))[rows]
    assert counts.sum() == 150 - len(rows)
    assert (np.abs(counts - share) < 1).all()
    assert_array_equal(counts, largest_remainder(share, 150 - len(rows)))


def test_adasyn_far_from_other_classes():
    X = np.vstack(
        [np.arange(10.0)[:, np.newaxis], np.arange(100.0, 130)[:, np.newaxis]]
    )
    y = np.repeat([0, 1], [10, 30])
    with pytest.warns(UserWarning, match="class 0: no row has a neighbour of another"):
        counts = np.bincount(ADASYN(random_state=0).fit(X, y).select().base)
    assert_array_equal(counts, np.full(10, 2))
    with pytest.raises(RuntimeError, match="No row of the class has a neighbour"):
        ADASYN(protocol="imblearn").fit(X, y)


def test_kmeans_smote_stays_inside_clusters():
    rng = np.random.default_rng(0)
    centers = np.repeat([[0, 0], [50, 0], [0, 50]], [40, 40, 40], axis=0)
    X = centers + rng.normal(size=(120, 2))
    y = np.tile(np.repeat([0, 1], [15, 25]), 3)
    y[80:] = 1  # no row of the class in the third cluster
    sampler = KMeansSMOTE(
        random_state=0, kmeans_estimator=3, cluster_balance_threshold=0.3
    ).fit(X, y)
    made = sampler.selection_
    assert made.n_new == (y == 1).sum() - (y == 0).sum()
    assert_array_equal(made.base // 40, made.neighbor // 40)
    assert set(made.base // 40) == {0, 1}


def test_kmeans_smote_gives_sparse_clusters_more():
    """Shares D**e / n_c by hand: mean distances 1 and 3, five rows each, e = 2."""
    line = np.arange(5.0)[:, np.newaxis]  # mean distance 2
    X = np.vstack(
        [line / 2, 1000 + 3 * line / 2, 5000 + np.arange(30.0)[:, np.newaxis]]
    )
    y = np.repeat([0, 1], [10, 30])
    sampler = KMeansSMOTE(
        random_state=0, kmeans_estimator=KMeans(3, random_state=0), density_exponent=2
    )
    made = sampler.fit(X, y).select()
    assert np.bincount(made.base // 5).tolist() == [2, 18]  # of 20: 1/10 and 9/10


def test_kmeans_smote_without_a_cluster_that_qualifies():
    more = {"kmeans_estimator": 20, "cluster_balance_threshold": 1.1, "random_state": 0}
    with pytest.warns(UserWarning, match="no cluster .* New rows are made as in SMOTE"):
        made = KMeansSMOTE(**more).fit(DATA, Y).select()
    assert len(set(totals(np.concatenate([Y, made.labels])).values())) == 1
    with pytest.raises(RuntimeError, match="No cluster has enough rows of class"):
        KMeansSMOTE(**more, protocol="imblearn").fit(DATA, Y)


def test_random_over_sampler_copies_rows_in_proportion_to_weights():
    """Counts of 20,000 draws from three rows; |z| < 4.5, and unweighted fails."""
    y, weight = np.repeat([0, 1], [3, 5]), np.array([1.0, 2, 5, 1, 1, 1, 1, 1])
    n, share = 20_000, np.array([1, 2, 5]) / 8
    sampler = RandomOverSampler(random_state=0, sampling_strategy={0: 3 + n})

    def worst(given):
        made = sampler.fit(DATA[:8], y, given).select()
        assert set(made.kinds) == {"copy"}
        error = np.sqrt(n * share * (1 - share))
        return np.abs((np.bincount(made.base) - n * share) / error).max()

    assert worst(weight) < 4.5
    assert worst(None) > 4.5
    assert_array_equal(sampler.sample_indices_[:8], np.arange(8))


def test_smoothed_bootstrap_has_the_bandwidth_of_the_paper():
    """Variance h**2 c**2 s**2 with c of the class; 20,000 copies, within 4.5 errors."""
    n, rows = 20_000, np.flatnonzero(Y == 0)
    sampler = RandomOverSampler(
        random_state=0, shrinkage=1.5, sampling_strategy={0: len(rows) + n}
    )
    synthesis = sampler.fit(DATA, Y).select()
    noise = synthesis.take(DATA)[len(DATA) :] - DATA[synthesis.base]

    def worst(n_rows):
        width = 1.5 * (4 / (8 * n_rows)) ** (1 / 10)
        ratio = noise.var(axis=0) / (width * DATA[rows].std(axis=0)) ** 2
        return np.abs(ratio - 1).max() / np.sqrt(2 / n)

    assert worst(len(rows)) < 4.5
    assert worst(len(DATA)) > 4.5  # what imbalanced-learn takes


# --- edge cases and bad input ---


@pytest.mark.parametrize("protocol", ["coreselect", "imblearn"])
@pytest.mark.parametrize("sampler", FAMILY)
@pytest.mark.filterwarnings("ignore:class 0. no row has a neighbour of another")
def test_three_equal_rows(sampler, protocol):
    """Copies are neighbours of each other, by row number: new rows equal them."""
    X = np.vstack([np.full((3, 2), 7.0), DATA[:10, :2]])
    y = np.repeat([0, 1], [3, 10])
    name = "n_neighbors" if sampler is ADASYN else "k_neighbors"
    more = {name: 2, "random_state": 0}
    if sampler in (BorderlineSMOTE, SVMSMOTE):
        more["m_neighbors"] = 4
    if sampler is KMeansSMOTE:
        more["kmeans_estimator"] = 2
    if protocol == "imblearn" and sampler is ADASYN:
        with pytest.raises((RuntimeError, ValueError)):
            sampler(protocol=protocol, **more).fit(X, y)
        return
    made = sampler(protocol=protocol, **more).fit(X, y).select()
    assert made.n_new == 7 or protocol == "imblearn"
    assert (made.base != made.neighbor).all()
    assert_array_equal(made.take(X)[13:], np.full((made.n_new, 2), 7.0))


@pytest.mark.parametrize(
    "sampler",
    [SMOTE(), ADASYN(), BorderlineSMOTE(), SVMSMOTE(), ADASYN(protocol="imblearn")],
    ids=shown,
)
def test_a_class_of_one_row_gets_copies(sampler):
    """With one warning: that the method falls back for want of neighbours says less."""
    y = np.repeat([0, 1], [1, 29])
    with pytest.warns(UserWarning, match="class 0 has one row") as caught:
        made = sampler.set_params(random_state=0).fit(DATA[:30], y).select()
    assert [w.category for w in caught] == [SingleRowWarning]
    assert_array_equal(made.take(DATA[:30])[30:], np.repeat(DATA[:1], 28, axis=0))


@pytest.mark.parametrize(
    ("sampler", "words"),
    [
        (
            SMOTE(),
            "k_neighbors=5 needs at least 6 rows in class 0, .* k_neighbors=3 at",
        ),
        (ADASYN(), "n_neighbors=5 needs at least 6 rows in class 0, .* n_neighbors=3"),
        (
            BorderlineSMOTE(m_neighbors=50),
            "m_neighbors=50 needs at least 51 rows in X, which has 34: use",
        ),
        (SVMSMOTE(m_neighbors=50), "m_neighbors=50 needs at least 51"),
    ],
    ids=repr,
)
def test_too_few_rows_for_the_neighbours(sampler, words):
    y = np.repeat([0, 1], [4, 30])
    with pytest.raises(ValueError, match=words):
        sampler.fit(DATA[:34], y)
    names = {"k_neighbors": 3, "n_neighbors": 3, "m_neighbors": 33}
    known = sampler.get_params()
    fits = sampler.set_params(**{k: v for k, v in names.items() if k in known})
    assert totals(fits.fit_resample(DATA[:34], y)[1]) == {0: 30, 1: 30}


@pytest.mark.parametrize(
    ("sampler", "words"),
    [
        (SMOTE(k_neighbors=0), "'k_neighbors' parameter of SMOTE must be at least 1"),
        (SMOTE(k_neighbors="few"), "must be an int. Got 'few' instead"),
        (SMOTE(allocation="odd"), "'allocation' parameter of SMOTE must be one of"),
        (SMOTE(protocol="mine"), "must be one of 'coreselect', 'imblearn'"),
        (SMOTE(allocation="even", protocol="imblearn"), "use protocol='coreselect'"),
        (SMOTE(sampling_strategy="most"), "'sampling_strategy' parameter of SMOTE"),
        (BorderlineSMOTE(kind="3"), "'kind' parameter of BorderlineSMOTE must be one"),
        (SVMSMOTE(out_step=2), "'out_step' parameter of SVMSMOTE must be between 0"),
        (SVMSMOTE(svm_estimator=3), "'svm_estimator' .* must be None or an estimator"),
        (KMeansSMOTE(kmeans_estimator=0), "must be at least 1. Got 0 instead"),
        (KMeansSMOTE(density_exponent="e"), "must be a number or 'auto'"),
        (RandomOverSampler(shrinkage=-1), "must be at least 0"),
        (RandomOverSampler(shrinkage={0: -1, 1: 1}), "factor needs to be >= 0. Got -1"),
        (RandomOverSampler(shrinkage={0: 1}), "The missing classes are: {1}"),
        (SMOTE(random_state="x"), "'random_state' .* must be None, an int of at least"),
        (SMOTE(random_state=-1), "'random_state' .* at least 0, .* Got -1"),
        (
            SMOTE(random_state=2**40, protocol="imblearn"),
            r"'random_state' .* from 0 to 2\*\*32 - 1 or .* Got 1099511627776",
        ),
        (
            SMOTE(random_state=np.random.default_rng(0), protocol="imblearn"),
            "must be None, an int .* or a RandomState. Got Generator",
        ),
    ],
    ids=shown,
)
def test_wrong_parameters(sampler, words):
    with pytest.raises((TypeError, ValueError), match=words):
        sampler.fit(DATA, Y)


@pytest.mark.parametrize("sampler", FAMILY)
def test_nan_is_refused(sampler):
    X = DATA.copy()
    X[3, 1] = np.nan
    with pytest.raises(ValueError, match="Input X contains NaN: 1 x NaN in column 1"):
        sampler().fit(X, Y)


def test_random_over_sampler_takes_anything_unless_it_computes():
    X = np.array([["a", None], ["b", np.nan], ["c", 1.5]], dtype=object)
    rows, labels = RandomOverSampler(random_state=0).fit_resample(X, [0, 1, 1])
    assert rows.dtype == object
    assert rows[3].tolist() == ["a", None]
    assert labels == [0, 1, 1, 0]
    with pytest.raises(ValueError, match="X needs to contain only numerical data"):
        RandomOverSampler(shrinkage=1).fit(X, [0, 1, 1])


@pytest.mark.parametrize(
    ("y", "words"),
    [
        (np.zeros(400), "needs to have more than 1 class"),
        (np.linspace(0, 1, 400), "Unknown label type"),
        (
            np.eye(3)[Y] + np.eye(3)[(Y + 1) % 3],
            "Multilabel and multioutput targets are",
        ),
        (Y[:-1], "inconsistent numbers of samples"),
        (None, "requires y to be passed"),
        (np.where(np.arange(400) == 3, np.nan, 1.0), "y contains NaN"),
        ("target", "names a column, but X is an array"),
        (np.array([*(["a"] * 200), *([3] * 200)], dtype=object), "several types"),
    ],
)
def test_wrong_labels(y, words):
    for sampler in (SMOTE(), RandomOverSampler()):
        with pytest.raises(ValueError, match=words):
            sampler.fit(DATA, y)


# --- containers, weights, pipelines ---

Z, LABELS = DATA[:60, :3], np.repeat(["rare", "common"], [15, 45])


@pytest.mark.parametrize("sampler", [SMOTE, RandomUnderSampler])
@pytest.mark.parametrize(
    "kind", [pa.string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())]
)
def test_labels_in_an_array_of_pyarrow(sampler, kind):
    labels = pa.array(np.where(Y[0] == Y, "no", "yes").tolist()).cast(kind)
    table = pa.table({"a": DATA[:, 0], "b": DATA[:, 1]})
    _, made = sampler(random_state=0).fit_resample(table, labels)
    assert made.type == kind
    counts = made.to_pylist().count("no"), made.to_pylist().count("yes")
    assert counts[0] == counts[1]


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
@pytest.mark.parametrize("sampler", [SMOTE, RandomOverSampler, BorderlineSMOTE])
def test_frames(sampler, library):
    wanted, labels = sampler(random_state=0).fit_resample(Z, LABELS)
    frame = pd.DataFrame(Z, columns=["a", "b", "c"])
    convert = {
        "pandas": (lambda f: f, lambda y: pd.Series(y, name="class", dtype="category")),
        "polars": (pl.from_pandas, lambda y: pl.Series("class", y)),
        "pyarrow": (pa.Table.from_pandas, lambda y: pa.chunked_array([y.tolist()])),
    }
    X, y = convert[library][0](frame), convert[library][1](LABELS)
    fitted = sampler(random_state=0)
    rows, made = fitted.fit_resample(X, y)
    assert type(rows) is type(X)
    assert type(made) is type(y)
    assert list(fitted.feature_names_in_) == ["a", "b", "c"]
    assert_array_equal(np.column_stack([rows[c] for c in "abc"]), wanted)
    assert_array_equal(np.asarray(made), labels)
    if library == "pandas":
        assert made.dtype == y.dtype
        assert made.name == "class"


def test_nullable_dtypes_and_labels():
    frame = pd.DataFrame({"a": Z[:, 0], "n": pd.array(range(60), dtype="Int64")})
    y = pd.Series(pd.array((LABELS == "rare").astype(int), dtype="Int64"))
    rows, made = SMOTE(random_state=0).fit_resample(frame, y)
    assert (rows.dtypes == frame.dtypes).all()
    assert made.dtype == "Int64"
    assert totals(made.to_numpy(dtype=int)) == {0: 45, 1: 45}


def test_sparse_frames():
    frame = pd.DataFrame(np.where(Z > 0, Z, 0), columns=["a", "b", "c"])
    wanted, _ = SMOTE(random_state=0).fit_resample(frame, LABELS)
    thin = frame.astype(pd.SparseDtype(float, 0))
    sampler = SMOTE(random_state=0)
    rows, _ = sampler.fit_resample(thin, LABELS)
    assert (rows.dtypes == thin.dtypes).all()
    assert list(sampler.feature_names_in_) == ["a", "b", "c"]
    assert_allclose(rows.to_numpy(), wanted.to_numpy())


def test_random_over_sampler_reads_no_features_of_a_file(tmp_path):
    """Text and gaps are features too; nothing but y is read by fit."""
    table = pa.table({"a": [None, "p", "q"], "y": [0, 1, 1], "b": [1.0, None, 3.0]})
    pq.write_table(table, tmp_path / "rows.parquet")
    sampler = RandomOverSampler(random_state=0)
    rows, y = sampler.fit_resample(tmp_path / "rows.parquet", "y")
    assert rows.column_names == ["a", "b"]
    assert rows["a"].to_pylist() == [None, "p", "q", None]
    assert y.to_pylist() == [0, 1, 1, 0]
    assert list(sampler.feature_names_in_) == ["a", "b"]


def test_index_under_both_protocols():
    frame = pd.DataFrame(Z, index=[f"r{i}" for i in range(60)])
    frame.columns = ["a", "b", "c"]
    rows, y = SMOTE(random_state=0).fit_resample(frame, pd.Series(LABELS, frame.index))
    assert list(rows.index[:60]) == list(frame.index)
    assert list(rows.index) == list(y.index)
    rows, _ = SMOTE(random_state=0, protocol="imblearn").fit_resample(frame, LABELS)
    assert list(rows.index) == list(range(90))


def test_files_and_named_columns(tmp_path):
    table = pa.table({"a": Z[:, 0], "y": LABELS, "b": Z[:, 1], "w": np.full(60, 2.0)})
    pq.write_table(table, tmp_path / "rows.parquet")
    wanted, labels = SMOTE(random_state=0).fit_resample(Z[:, :2], LABELS)
    for X in (table, tmp_path / "rows.parquet", pl.from_arrow(table)):
        sampler = SMOTE(random_state=0)
        rows, made = sampler.fit_resample(X, "y", sample_weight="w")
        assert len(rows.columns) == 2
        assert_array_equal(np.column_stack([rows["a"], rows["b"]]), wanted)
        assert_array_equal(np.asarray(made), labels)
        assert_array_equal(sampler.sample_weight_, np.full(90, 2.0))


def test_weights_of_new_rows_are_means_by_nearness():
    rng = np.random.default_rng(0)
    weight = rng.choice([1.0, 4.0], size=60)
    sampler = SMOTE(random_state=0)
    with pytest.warns(DroppedWeightsWarning, match="they are in sample_weight_"):
        sampler.fit_resample(Z, LABELS, sample_weight=weight)
    made = sampler.selection_
    mean = (1 - made.step) * weight[made.base] + made.step * weight[made.neighbor]
    assert_allclose(sampler.sample_weight_, np.concatenate([weight, mean]))


def test_one_hot_labels_and_columns_of_labels():
    wanted, labels = SMOTE(random_state=0).fit_resample(DATA, Y)
    rows, made = SMOTE(random_state=0).fit_resample(DATA, np.eye(3, dtype=int)[Y])
    assert_array_equal(rows, wanted)
    assert_array_equal(made, np.eye(3, dtype=int)[labels])
    assert_array_equal(
        SMOTE(random_state=0).fit_resample(DATA, Y[:, np.newaxis])[1], labels
    )


def test_in_a_pipeline_of_imbalanced_learn():
    model = make_pipeline(SMOTE(random_state=0), LogisticRegression())
    model.fit(Z, LABELS)
    assert model.predict(Z).shape == (60,)
    assert_array_equal(model[0].get_feature_names_out(["p", "q", "r"]), ["p", "q", "r"])


def test_coreset_estimator_takes_what_keeps_rows():
    """Weights that undo the shares: the mean probability is that of all rows."""
    X, y = DATA[Y > 0], Y[Y > 0]
    sampler = RandomUnderSampler(weights="prior", random_state=0)
    model = CoresetEstimator(LogisticRegression(), sampler).fit(X, y)
    share = (y == 1).mean()
    assert abs(model.predict_proba(X)[:, 0].mean() - share) < 0.03
    half = LogisticRegression().fit(
        *RandomUnderSampler(random_state=0).fit_resample(X, y)
    )
    assert half.predict_proba(X)[:, 0].mean() > share + 0.06
    with pytest.raises(
        TypeError, match=r"SMOTE.* makes new rows, and CoresetEstimator"
    ):
        CoresetEstimator(LogisticRegression(), SMOTE()).fit(X, y)


def test_labels_from_opened_rows():
    rows = coreselect.rows.open(DATA, Y, np.ones(400))
    given = SMOTE(random_state=0).fit(DATA, Y, np.ones(400)).select()
    assert SMOTE(random_state=0).fit(rows).select() == given
    with pytest.raises(ValueError, match="requires y to be passed"):
        SMOTE().fit(coreselect.rows.open(DATA))


@pytest.mark.parametrize(
    ("X", "words"),
    [
        (np.empty((0, 2)), r"0 sample\(s\)"),
        (pd.DataFrame(index=range(9)), r"0 feature\(s\)"),
        (np.ones(9), "2D array, got 1D"),
        (pd.Series([1.0] * 9), "2-dimensional|Expected 2D array"),
        (pd.Series([1.0] * 9, dtype=pd.SparseDtype(float, 0)), "2-dim|Expected 2D"),
    ],
)
@pytest.mark.parametrize("sampler", [SMOTE(), RandomOverSampler()], ids=repr)
def test_what_is_no_table(sampler, X, words):
    with pytest.raises(ValueError, match=words):
        sampler.fit(X, [0] * 3 + [1] * 6)


def test_select_before_fit():
    with pytest.raises(NotFittedError, match="is not fitted yet"):
        SMOTE().select()


def test_an_index_column_of_a_csv_is_copied(tmp_path):
    """pandas writes an index as a first column without a name: it is no feature."""
    X, y = np.random.default_rng(0).standard_normal((30, 2)), [0] * 20 + [1] * 10
    frame = pd.DataFrame(X, columns=["a", "b"]).assign(y=y)
    frame.to_csv(tmp_path / "rows.csv")
    sampler = coreselect.SMOTE(random_state=0)
    made, _ = sampler.fit_resample(tmp_path / "rows.csv", "y")
    wanted, _ = coreselect.SMOTE(random_state=0).fit_resample(frame[["a", "b"]], y)
    assert_allclose(made.to_pandas()[["a", "b"]], wanted)
    assert made[""].to_pylist()[30:] == sampler.selection_.base.tolist()
    assert sampler.selection_.take(tmp_path / "rows.csv", y)[0][""] == made[""]
