"""Methods that drop rows by their neighbours, against slow and independent ones."""

import numpy as np
import pytest
from imblearn import under_sampling as peers
from numpy.testing import assert_array_equal
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.datasets import make_classification
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors

from coreselect import (
    AllKNN,
    CondensedNearestNeighbour,
    EditedNearestNeighbours,
    NeighbourhoodCleaningRule,
    OneSidedSelection,
    RepeatedEditedNearestNeighbours,
    TomekLinks,
)
from tests._kernels import reference_neighbors as reference

EDITORS = [EditedNearestNeighbours, RepeatedEditedNearestNeighbours, AllKNN]
CONDENSERS = [CondensedNearestNeighbour, OneSidedSelection]
CLEANERS = [TomekLinks, *EDITORS, *CONDENSERS, NeighbourhoodCleaningRule]


def overlapping(n=200, n_classes=2, seed=0, d=4):
    weights = {2: [0.25, 0.75], 3: [0.2, 0.5, 0.3]}[n_classes]
    return make_classification(
        n,
        d,
        n_informative=d,
        n_redundant=0,
        n_classes=n_classes,
        n_clusters_per_class=1,
        weights=weights,
        class_sep=0.7,
        flip_y=0.1,
        random_state=seed,
    )


def lattice(n=150, seed=0):
    """Rows with many copies, also across classes."""
    rng = np.random.default_rng(seed)
    X = rng.integers(0, 6, (n, 2)).astype(float)
    y = np.where(X[:, 0] < 1, 0, np.where(X[:, 1] < 3, 1, 2))
    return X, np.where(rng.random(n) < 0.08, rng.integers(0, 3, n), y)


# --- Tomek links ---


@pytest.mark.parametrize("seed", range(3))
def test_tomek_links_are_as_defined(seed):
    X, y = overlapping(n_classes=3, seed=seed)
    links = reference.tomek_links(X, y)
    assert links
    sampler = TomekLinks(sampling_strategy="all").fit(X, y)
    members = {row for link in links for row in link}
    assert set(range(len(X))) - set(sampler.sample_indices_) == members


def test_only_members_in_targeted_classes_go():
    X, y = [[0.0], [1.0], [1.1], [3.0]], ["a", "a", "b", "a"]
    for strategy, kept in (("auto", [0, 2, 3]), (["b"], [0, 1, 3]), ("all", [0, 3])):
        sampler = TomekLinks(sampling_strategy=strategy).fit(X, y)
        assert_array_equal(sampler.sample_indices_, kept)


def test_a_row_and_its_copy_in_another_class_are_a_link():
    X, y = [[0.0], [0.0], [5.0], [6.0]], [0, 1, 0, 0]
    kept = TomekLinks(sampling_strategy="all").fit(X, y).sample_indices_
    assert_array_equal(kept, [2, 3])


# --- editing ---


def test_kinds_of_votes():
    """Row 2 has one neighbour of its class among three; row 1, two."""
    X, y = [[0.0], [1.0], [2.0], [3.5], [4.0], [9.0]], [0, 0, 0, 1, 1, 0]
    kept = {
        kind: list(EditedNearestNeighbours(kind_sel=kind).fit(X, y).sample_indices_)
        for kind in ("all", "mode")
    }
    # Row 0 sees 1, 2, 3; row 1 sees 0, 2, 3; row 2 sees 1, 3, 0 and 5 sees 4, 3, 2.
    assert kept == {"all": [3, 4], "mode": [0, 1, 2, 3, 4]}


def test_a_tied_vote_is_won_by_the_first_class():
    X, y = [[0.0], [1.0], [-1.0], [10.0], [11.0], [9.0]], [1, 0, 1, 0, 1, 0]
    sampler = EditedNearestNeighbours(
        n_neighbors=2, kind_sel="mode", sampling_strategy="all"
    ).fit(X, y)
    # Of rows 0 and 3 one neighbour is of each class: class 0 wins.
    assert 0 not in sampler.sample_indices_
    assert 3 in sampler.sample_indices_


def test_a_row_is_no_neighbour_of_itself_among_copies():
    """By its place in the list, row 2 would be its own neighbour, and stay."""
    X, y = np.zeros((4, 1)), np.array([0, 0, 1, 0])
    sampler = EditedNearestNeighbours(n_neighbors=1, sampling_strategy="all").fit(X, y)
    assert_array_equal(sampler.sample_indices_, [0, 1, 3])
    by_place = NearestNeighbors(n_neighbors=2).fit(X).kneighbors(X)[1][:, 1:]
    assert (by_place[:, 0] == np.arange(4)).any()  # what the test is about


@pytest.mark.parametrize("kind", ["all", "mode"])
@pytest.mark.parametrize("make", [overlapping, lattice])
@pytest.mark.parametrize("seed", range(3))
def test_passes_are_editing_of_what_remains(make, kind, seed):
    """Lists that are mended as rows go give what a search from scratch gives."""
    X, y = make(seed=seed)
    classes = set(np.unique(y)) - {np.bincount(y).argmin()}
    smallest = np.bincount(y).min()

    def passes(numbers):
        kept = np.arange(len(y))
        for k in numbers:
            alive = np.zeros(len(y), dtype=bool)
            alive[kept] = True
            before, kept = kept, reference.edit(X, y, alive, classes, k, kind)
            sizes = np.bincount(y[kept], minlength=y.max() + 1)
            yield len(before) - len(kept), kept
            if any(sizes[c] < smallest for c in classes):
                return

    all_passes = list(passes([3] * 100))
    n_passes = next((i for i, (n, _) in enumerate(all_passes, 1) if n == 0), None)
    n_passes = n_passes or len(all_passes)
    kept = all_passes[n_passes - 1][1]
    sampler = RepeatedEditedNearestNeighbours(kind_sel=kind).fit(X, y)
    assert_array_equal(sampler.selection_.indices, kept)
    assert sampler.n_iter_ == n_passes
    assert n_passes > 1
    *_, (_, kept) = passes([1, 2, 3, 4, 5])
    sampler = AllKNN(n_neighbors=5, kind_sel=kind).fit(X, y)
    assert_array_equal(sampler.selection_.indices, kept)


def test_one_pass_is_not_all_passes():
    X, y = overlapping()
    once = RepeatedEditedNearestNeighbours(max_iter=1).fit(X, y).sample_indices_
    assert_array_equal(once, EditedNearestNeighbours().fit(X, y).sample_indices_)
    assert len(once) > len(RepeatedEditedNearestNeighbours().fit(X, y).selection_)


def test_passes_end_before_a_class_is_smaller_than_the_smallest():
    X, y = overlapping(flip := 400)
    y = np.where(np.random.default_rng(0).random(flip) < 0.45, 1 - y, y)
    sizes = np.bincount(y)
    few = AllKNN(n_neighbors=9).fit(X, y)
    all_ = AllKNN(n_neighbors=9, allow_minority=True).fit(X, y)
    assert len(all_.selection_) < len(few.selection_)
    assert np.bincount(y[all_.sample_indices_]).max() < sizes.min() or (
        len(np.unique(y[all_.sample_indices_])) == 1
    )


class OnlyFitX(BaseEstimator):
    """The least that a neighbours object has to have: Manhattan distances."""

    def __init__(self, n_neighbors=4):
        self.n_neighbors = n_neighbors

    def fit(self, X):
        self.X_ = X
        return self

    def kneighbors(self, X, n_neighbors=None, return_distance=True):
        gaps = abs(X[:, None] - self.X_[None]).sum(axis=2)
        found = np.argsort(gaps, axis=1, kind="stable")
        found = found[:, : n_neighbors or self.n_neighbors]
        return (gaps, found) if return_distance else found


@pytest.mark.parametrize("editor", EDITORS)
def test_neighbours_objects_bring_their_metric(editor):
    X, y = overlapping()
    ours = editor(n_neighbors=OnlyFitX()).fit(X, y)
    theirs = editor(
        n_neighbors=NearestNeighbors(n_neighbors=4, metric="manhattan")
    ).fit(X, y)
    assert_array_equal(ours.sample_indices_, theirs.sample_indices_)
    euclidean = editor(n_neighbors=3).fit(X, y)
    assert not np.array_equal(ours.sample_indices_, euclidean.sample_indices_)


# --- condensing ---


@pytest.mark.parametrize("seed", range(3))
def test_hart_stores_judge_all_rows_rightly(seed):
    X, y = overlapping(seed=seed)
    sampler = CondensedNearestNeighbour(random_state=seed).fit(X, y)
    assert (sampler.estimators_[0].predict(X) == y).all()
    assert len(sampler.selection_) < 0.8 * len(X)


def test_a_store_of_a_single_row():
    X = np.random.default_rng(0).normal(size=(21, 3))
    _, labels = CondensedNearestNeighbour(random_state=0).fit_resample(
        X, [1] + [0] * 20
    )
    assert labels.count(1) == 1
    assert 0 in labels


def test_imbalanced_learn_loses_misjudged_rows():
    """The wrong twin: positions in the class taken for numbers of rows."""
    X, y = overlapping(400)
    sampler = CondensedNearestNeighbour(random_state=0, protocol="imblearn").fit(X, y)
    assert (sampler.estimators_[0].predict(X) != y).mean() > 0.01


@pytest.mark.parametrize("k", [1, 2, 3])
@pytest.mark.parametrize("condenser", CONDENSERS)
def test_own_votes_are_those_of_the_classifier(condenser, k):
    X, y = overlapping(n_classes=3)
    own = condenser(random_state=0, n_neighbors=k, n_seeds_S=3).fit(X, y)
    other = condenser(
        random_state=0, n_neighbors=KNeighborsClassifier(k), n_seeds_S=3
    ).fit(X, y)
    assert_array_equal(own.sample_indices_, other.sample_indices_)


@pytest.mark.parametrize("condenser", CONDENSERS)
def test_seeds_do_not_repeat_and_the_smallest_class_stays(condenser):
    X, y = overlapping()
    sampler = condenser(n_seeds_S=1000, random_state=0, sampling_strategy="all")
    assert_array_equal(sampler.fit(X, y).selection_.weights, 1)
    few = condenser(n_seeds_S=5, random_state=0, sampling_strategy="all").fit(X, y)
    assert len(np.unique(few.sample_indices_)) == len(few.sample_indices_)
    if condenser is CondensedNearestNeighbour:
        assert len(sampler.selection_) == len(X)
        kept = np.isin(np.flatnonzero(y == 0), few.sample_indices_)
        assert kept.all() == (np.bincount(y).argmin() == 0)
    drawn = condenser(n_seeds_S=500, random_state=0, protocol="imblearn").fit(X, y)
    assert len(np.unique(drawn.sample_indices_)) < len(drawn.sample_indices_)


def test_one_sided_selection_by_hand():
    """The seed is row 0: nearer to it than to the small class are 1 and 2."""
    X = np.array([[0.0], [1.0], [3.0], [7.0], [9.4], [9.5], [10.0]])
    y = np.array([0, 0, 0, 0, 0, 1, 1])
    seeds = [s for s in range(60) if _seed_of(s, X, y) == 0]
    sampler = OneSidedSelection(random_state=seeds[0]).fit(X, y)
    # Misjudged are 3 and 4, and 4 forms a Tomek link with 5.
    assert_array_equal(sampler.sample_indices_, [0, 3, 5, 6])


def _seed_of(random_state, X, y):
    return OneSidedSelection(random_state=random_state).fit(X, y).sample_indices_[0]


# --- the neighbourhood cleaning rule ---


def test_neighbourhood_cleaning_by_hand():
    """Row 4 is misjudged by 3 and 5, which go though their own neighbours agree."""
    X = [[0.0], [1.0], [2.0], [3.0], [4.0], [5.0], [6.0], [7.0], [20.0], [21.0], [22.0]]
    y = [0, 0, 0, 0, 1, 0, 0, 0, 1, 1, 1]
    sampler = NeighbourhoodCleaningRule(n_neighbors=2).fit(X, y)
    assert_array_equal(sampler.sample_indices_, [0, 1, 2, 4, 6, 7, 8, 9, 10])
    assert sampler.classes_to_clean_ == [0]
    # With its own vote, it is a tie, and with three voters it is misjudged again.
    votes_itself = NeighbourhoodCleaningRule(n_neighbors=1, protocol="imblearn")
    assert len(votes_itself.fit(X, y).selection_) == 10  # editing alone drops row 5
    high = NeighbourhoodCleaningRule(n_neighbors=2, threshold_cleaning=5.0).fit(X, y)
    assert high.classes_to_clean_ == []
    assert len(high.selection_) == 11


def test_neighbourhood_cleaning_takes_any_editor():
    X, y = overlapping()
    editor = peers.EditedNearestNeighbours(n_neighbors=5)
    sampler = NeighbourhoodCleaningRule(edited_nearest_neighbours=editor).fit(X, y)
    kept = editor.fit(X, y).fit_resample(X, y)
    assert set(sampler.sample_indices_) <= set(editor.sample_indices_)
    assert len(kept[0]) > len(sampler.selection_)
    classifier = NeighbourhoodCleaningRule(n_neighbors=KNeighborsClassifier(3))
    assert len(classifier.fit(X, y).selection_) < len(X)


# --- all of them ---


def cases():
    for cleaner in CLEANERS:
        yield cleaner, {}
        if cleaner in EDITORS:
            yield cleaner, {"kind_sel": "mode", "n_neighbors": 4}
            yield cleaner, {"n_neighbors": NearestNeighbors(n_neighbors=6)}
        if cleaner in CONDENSERS:
            yield cleaner, {"n_neighbors": 3, "n_seeds_S": 7}
            yield cleaner, {"n_neighbors": KNeighborsClassifier(2)}
    yield AllKNN, {"allow_minority": True}
    yield NeighbourhoodCleaningRule, {"n_neighbors": 5, "threshold_cleaning": 1.5}


@pytest.mark.parametrize("strategy", ["auto", "all", "majority", [1, 2]])
@pytest.mark.parametrize(("cleaner", "parameters"), list(cases()))
def test_rows_are_those_of_imbalanced_learn(cleaner, parameters, strategy):
    X, y = overlapping(n_classes=3, d=17, seed=1)
    both = dict(parameters, sampling_strategy=strategy)
    if cleaner in CONDENSERS:
        both["random_state"] = 3
    protocol = {}
    if "protocol" in cleaner.parameter_checks:
        protocol["protocol"] = "imblearn"
    ours = cleaner(**both, **protocol)
    peer = getattr(peers, cleaner.__name__)(**both)
    for got, wanted in zip(
        ours.fit_resample(X, y), peer.fit_resample(X, y), strict=True
    ):
        assert_array_equal(got, wanted)
    assert_array_equal(ours.sample_indices_, peer.sample_indices_)


@pytest.mark.parametrize("cleaner", CLEANERS)
def test_strings_are_labels(cleaner):
    """imbalanced-learn's vote of the mode fails on them."""
    X, y = overlapping(n_classes=3)
    seed = {"random_state": 0} if cleaner in CONDENSERS else {}
    names = np.array(["a", "b", "c"])[y]
    wanted = cleaner(sampling_strategy=[1, 2], **seed).fit(X, y)
    named = cleaner(sampling_strategy=["b", "c"], **seed).fit(X, names)
    assert_array_equal(named.sample_indices_, wanted.sample_indices_)


@pytest.mark.parametrize("cleaner", CLEANERS)
def test_sparse_rows_and_threads_change_nothing(cleaner):
    X, y = overlapping(700)
    X = np.where(abs(X) < 0.5, 0, X)
    seed = {"random_state": 0} if cleaner in CONDENSERS else {}
    wanted = cleaner(n_jobs=1, **seed).fit(X, y).sample_indices_
    for rows, n_jobs in ((sparse.csr_array(X), 1), (X, 2), (X, -1)):
        got = cleaner(n_jobs=n_jobs, **seed).fit(rows, y).sample_indices_
        assert_array_equal(got, wanted)


@pytest.mark.parametrize("cleaner", CLEANERS)
@pytest.mark.parametrize("scale", [2.0**-1035, 1e-180, 1e180])
def test_scale_changes_nothing(cleaner, scale):
    X, y = overlapping(150)
    X = np.round(X * 2**20) / 2**20  # which subnormal numbers hold
    seed = {"random_state": 0} if cleaner in CONDENSERS else {}
    wanted = cleaner(**seed).fit(X, y).sample_indices_
    assert_array_equal(cleaner(**seed).fit(X * scale, y).sample_indices_, wanted)


def test_weights_undo_the_change_of_class_shares():
    X, y = overlapping()
    weight = np.random.default_rng(0).integers(1, 4, len(y)).astype(float)
    sampler = EditedNearestNeighbours(weights="prior").fit(X, y, weight)
    indices, weights = sampler.selection_
    for label in (0, 1):
        mine, all_ = y[indices] == label, y == label
        factor = weights[mine] / weight[indices][mine]
        np.testing.assert_allclose(factor, all_.sum() / mine.sum())


# --- bad input ---


@pytest.mark.parametrize(
    ("sampler", "match"),
    [
        (EditedNearestNeighbours(n_neighbors=40), "n_neighbors=19 at most"),
        (NeighbourhoodCleaningRule(n_neighbors=20), "n_neighbors=19 at most"),
        (CondensedNearestNeighbour(n_neighbors=9), "n_neighbors=6 at most, or more"),
        (OneSidedSelection(n_neighbors=9), "n_neighbors=6 at most, or more"),
        (TomekLinks(sampling_strategy="minority"), "'minority' is not for"),
        (TomekLinks(sampling_strategy=0.5), "is a ratio, which cleaning methods"),
        (
            TomekLinks(sampling_strategy={1: 3}),
            "must not be a dict for cleaning methods",
        ),
        (TomekLinks(sampling_strategy=[7]), "not present in y"),
        (EditedNearestNeighbours(kind_sel="some"), "kind_sel"),
        (RepeatedEditedNearestNeighbours(max_iter=0), "max_iter"),
        (AllKNN(allow_minority=1), "allow_minority"),
        (CondensedNearestNeighbour(n_seeds_S=0), "n_seeds_S"),
        (
            CondensedNearestNeighbour(n_neighbors=NearestNeighbors()),
            "a classifier such as KNeighborsClassifier",
        ),
        (NeighbourhoodCleaningRule(threshold_cleaning=0.0), "threshold_cleaning"),
        (
            NeighbourhoodCleaningRule(edited_nearest_neighbours="ENN"),
            "a sampler with fit_resample",
        ),
        (TomekLinks(n_jobs=1.5), "n_jobs"),
        (TomekLinks(weights="equal"), "weights"),
    ],
    ids=lambda value: value if isinstance(value, str) else repr(value)[:60],
)
def test_bad_parameters_are_named(sampler, match):
    X = np.arange(20.0)[:, None]
    y = np.repeat([0, 1], [15, 5])
    with pytest.raises((ValueError, TypeError), match=match):
        sampler.fit(X, y)


@pytest.mark.parametrize("cleaner", CLEANERS)
def test_bad_data_are_named(cleaner):
    X, y = overlapping(60)
    with pytest.raises(ValueError, match="more than 1 class"):
        cleaner().fit(X, np.zeros(60))
    with pytest.raises(ValueError, match=r"^y: Unknown label type"):
        cleaner().fit(X, np.linspace(0, 1, 60))
    X[3, 1] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        cleaner().fit(X, y)
