"""k-center: farthest-first picks, their weights and proofs."""

from itertools import combinations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from coreselect import KCenterSelector
from coreselect.metrics import covering_radius
from coreselect.rows import Rows
from coreselect.rows import open as open_rows
from coreselect.testing import check_selector
from tests._kernels import reference_farthest as reference

LINE = np.array([[0.0], [1.0], [2.0], [7.0], [8.0], [20.0]])


def test_the_first_row_is_nearest_to_the_weighted_mean():
    assert KCenterSelector(1).fit_select(LINE).indices.tolist() == [3]
    weight = [9.0, 1.0, 1.0, 1.0, 1.0, 0.0]
    assert KCenterSelector(1).fit_select(LINE, None, weight).indices.tolist() == [1]


def test_weights_are_those_of_the_nearest_rows():
    weight = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0]
    fitted = KCenterSelector(3).fit(LINE, sample_weight=weight)
    assert fitted.selection_.indices.tolist() == [4, 5, 0]
    assert fitted.selection_.weights.tolist() == [24, 32, 7]
    assert fitted.select(2).weights.tolist() == [31, 32]
    assert fitted.select(1).weights.tolist() == [63]


def test_weights_of_each_size_belong_to_the_nearest_rows():
    X = np.random.default_rng(0).normal(size=(500, 3))
    fitted = KCenterSelector(40).fit(X)
    for size in (40, 11, 1):
        chosen = fitted.select(size)
        wanted = reference.weights(X, chosen.indices, np.ones(500))
        assert_array_equal(chosen.weights, wanted)
        assert_allclose(fitted.radius_[size - 1], covering_radius(chosen, X))


@pytest.mark.parametrize(("offset", "scale"), [(0, 1e-150), (0, 1e150), (1e6, 1.0)])
def test_offsets_and_scales_change_no_row(offset, scale):
    X = np.random.default_rng(0).integers(-50, 50, size=(300, 9)).astype(float)
    wanted = KCenterSelector(30).fit(X)
    got = KCenterSelector(30).fit(X * scale + offset)
    assert_array_equal(got.sample_indices_, wanted.sample_indices_)
    assert_allclose(got.radius_, wanted.radius_ * scale)


def test_rows_of_a_file_are_those_in_memory(tmp_path, monkeypatch):
    pytest.importorskip("pyarrow")
    import pandas as pd

    X = np.random.default_rng(0).normal(size=(20_000, 9))
    path = tmp_path / "rows.parquet"
    pd.DataFrame(X, columns=list("abcdefghi")).to_parquet(path)
    wanted = KCenterSelector(100).fit(X)
    passes = []
    for name in ("_blocks", "gather"):
        method = getattr(Rows, name)

        def counted(self, *arguments, method=method):
            passes.append(method)
            return method(self, *arguments)

        monkeypatch.setattr(Rows, name, counted)
    got = KCenterSelector(100).fit(str(path))
    assert got.selection_ == wanted.selection_
    assert_array_equal(got.radius_, wanted.radius_)
    assert len(passes) <= 20


def test_cosine_is_about_directions():
    angles = np.radians([0, 10, 20, 90, 95, 180])
    X = np.column_stack([np.cos(angles), np.sin(angles)])
    long = X * np.array([1e200, 3, 1e-200, 1, 2, 7])[:, None]
    for rows in (X, long, sparse.csr_array(long)):
        fitted = KCenterSelector(3, metric="cosine").fit(rows)
        assert fitted.sample_indices_.tolist() == [2, 5, 4]
        assert_allclose(fitted.radius_[2], 1 - np.cos(np.radians(20)))
        certificate = fitted.certificate_
        assert_allclose(certificate.bound, certificate.value / 4)


def test_multiples_of_a_row_are_copies_under_cosine():
    X = np.outer([1.0, 3.0, 0.1, 7.7], [0.3, 0.4, 0.5])
    X = np.vstack([X, [[1.0, 0.0, 0.0]]])
    fitted = KCenterSelector(4, metric="cosine").fit(X)
    assert fitted.sample_indices_.tolist() == [0, 4, 1, 2]
    assert fitted.sample_weight_.tolist() == [4, 1, 0, 0]
    assert fitted.radius_[1:].tolist() == [0, 0, 0]


def test_rows_of_zeros_are_named_under_cosine():
    X = np.ones((5, 2))
    X[[2, 4]] = 0
    with pytest.raises(ValueError, match=r"2 row\(s\) of zeros, the first is row 2"):
        KCenterSelector(2, metric="cosine").fit(X)
    with pytest.raises(ValueError, match=r"the first is row 4"):
        KCenterSelector(2, metric="cosine").fit(X, sample_weight=[1, 0, 0, 1, 1])
    weight = [1.0, 1.0, 0.0, 1.0, 0.0]
    assert len(KCenterSelector(2, metric="cosine").fit_select(X, None, weight)) == 2


def test_a_random_first_row_is_drawn_by_weight():
    weight = np.array([1.0, 0, 3, 0, 0, 4])
    first = [
        KCenterSelector(1, start="random", random_state=r).fit_select(
            LINE, None, weight
        )
        for r in range(400)
    ]
    count = np.bincount([s.indices[0] for s in first], minlength=6)
    share = weight / weight.sum()
    z = (count - 400 * share) / np.sqrt(400 * np.maximum(share * (1 - share), 1e-9))
    assert (abs(z) < 4.5).all()
    uniform = (weight > 0) / 3  # a start that ignores weights
    assert (abs(count - 400 * uniform) > 4.5 * np.sqrt(400 * 2 / 9)).any()


def test_outliers_are_left_out_of_the_radius():
    fitted = KCenterSelector(2, n_outliers=1).fit(LINE)
    assert fitted.sample_indices_.tolist() == [1, 3]
    assert fitted.radius_.tolist() == [7, 1]
    assert fitted.sample_weight_.sum() == 6
    # In another unit of weights, with as much left out.
    fitted = KCenterSelector(2, n_outliers=1e-9).fit(LINE, None, np.full(6, 1e-9))
    assert fitted.sample_indices_.tolist() == [1, 3]


def test_outliers_must_weigh_less_than_all_rows():
    with pytest.raises(ValueError, match="n_outliers=6 is not less than the total"):
        KCenterSelector(2, n_outliers=6).fit(LINE)
    with pytest.raises(ValueError, match="n_outliers must be"):
        KCenterSelector(2, n_outliers=-1).fit(LINE)


def best_radius(far, weight, size, outliers):
    """Return the smallest radius of any rows, by enumeration."""
    best = np.inf
    for rows in combinations(range(len(far)), size):
        near = far[:, rows].min(axis=1)
        fits = [r for r in near if weight[near > r].sum() <= outliers + 1e-9]
        best = min(best, min(fits))
    return best


@pytest.mark.parametrize("seed", range(50))
def test_certificates_hold_against_the_optimum(seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(11, 2)) if seed % 2 else rng.integers(0, 5, (11, 2)) + 1.0
    metric = "cosine" if seed % 5 == 4 else "euclidean"
    outliers = [0, 0, 1.0, 2.5][seed % 4]
    weight = rng.integers(1, 3, 11) * 0.5
    far = np.sqrt(((X[:, None] - X) ** 2).sum(axis=2))
    if metric == "cosine":
        Z = X / np.sqrt((X**2).sum(axis=1))[:, None]
        far = np.maximum(1 - Z @ Z.T, 0)
    selector = KCenterSelector(4, metric=metric, n_outliers=outliers)
    fitted = selector.fit(X, sample_weight=weight)
    worst = {"euclidean": 2.0, "cosine": 4.0}[metric]
    if outliers:
        worst = 3.0 if metric == "euclidean" else 9.0
    for size in (1, 2, 4):
        best = best_radius(far, weight, size, outliers)
        certificate = fitted.certificate(size)
        assert certificate.bound <= best + 1e-9
        assert certificate.value >= best - 1e-9
        if size == 4 or not outliers:
            assert certificate.value <= worst * best + 1e-9
        assert 0 <= certificate.share <= 1
        if not outliers:
            assert certificate.share == 1 or certificate.share >= 1 / worst - 1e-9


def least_radius(far, size):
    """Return the smallest radius of so many rows, by mixed-integer set cover."""
    ones, radii = np.ones(len(far)), np.unique(far)

    def needed(radius):
        covered = LinearConstraint((far <= radius).astype(float), 1, np.inf)
        found = milp(ones, constraints=covered, bounds=Bounds(0, 1), integrality=ones)
        return found.fun

    low, high = -1, len(radii) - 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if needed(radii[middle]) <= size else (middle, high)
    return radii[high]


def test_set_cover_finds_what_enumeration_finds():
    far = abs(LINE - LINE.T)
    for size in (1, 2, 3):
        best = best_radius(far, np.ones(len(LINE)), size, 0)
        assert least_radius(far, size) == best


@pytest.mark.parametrize("seed", range(20))
def test_certificates_hold_against_set_cover(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(30, 61))
    X = rng.normal(size=(n, 2)) if seed % 2 else rng.integers(0, 9, (n, 2)) + 1.0
    far = np.sqrt(((X[:, None] - X) ** 2).sum(axis=2))
    fitted = KCenterSelector(8).fit(X)
    for size in (3, 8):
        best, certificate = least_radius(far, size), fitted.certificate(size)
        assert certificate.bound <= best + 1e-9
        assert best - 1e-9 <= certificate.value <= 2 * best + 1e-9


def test_a_bound_of_the_radius_itself_would_be_wrong():
    """Half the radius is proven; the radius itself is not."""
    X = LINE[:5]
    fitted = KCenterSelector(1).fit(X)
    far = abs(X - X.T)
    best = best_radius(far, np.ones(5), 1, 0)
    assert fitted.certificate_.bound <= best
    fitted = KCenterSelector(2).fit([[0.0], [1.0], [2.0]])
    assert fitted.certificate_.bound <= 1 <= fitted.certificate_.value


def test_certificate_in_words():
    fitted = KCenterSelector(3).fit(LINE)
    assert str(fitted.certificate_) == (
        "radius: 2 with 3 rows; no 3 rows reach less than 1 (proven share of the best "
        "0.5)."
    )
    assert fitted.certificate(1).as_dict()["bound"] == 6.5
    with pytest.raises(ValueError, match="size=4 is more than the 3 rows"):
        fitted.certificate(4)
    with pytest.raises(ValueError, match="size=0: no rows have no radius"):
        fitted.certificate(0)


def test_all_rows_have_radius_zero():
    fitted = KCenterSelector(6).fit(LINE)
    assert fitted.radius_.tolist() == [13, 7, 2, 1, 1, 0]
    assert (fitted.certificate_.value, fitted.certificate_.share) == (0.0, 1.0)
    assert fitted.certificate(2).value == 7


def test_views_of_rows_and_copies():
    rows = open_rows(np.repeat(LINE, 3, axis=0))
    fitted = KCenterSelector(8).fit(rows)
    assert fitted.sample_indices_.tolist()[6:] == [1, 2]
    assert fitted.sample_weight_.tolist() == [3] * 6 + [0, 0]


GROUPS = np.array(list("aabbbc"))


def test_rows_that_must_be_in_come_first():
    fitted = KCenterSelector(4).fit(LINE, include=[1, 4])
    assert fitted.sample_indices_.tolist() == [1, 4, 5, 0]
    assert fitted.sample_weight_.tolist() == [2, 2, 1, 1]
    assert_array_equal(fitted.radius_, [np.nan, 12, 1, 1])
    assert fitted.certificate(2).value == 12
    with pytest.raises(ValueError, match="include names 2 rows"):
        fitted.certificate(1)
    assert fitted.select(2).weights.tolist() == [3, 3]


def test_excluded_rows_are_not_covered():
    fitted = KCenterSelector(2).fit(LINE, exclude=[5])
    assert fitted.sample_indices_.tolist() == [2, 4]  # mean 3.6
    assert fitted.radius_.tolist() == [6, 2]
    assert fitted.sample_weight_.sum() == 5


def test_quotas_take_the_farthest_row_that_has_a_place():
    fitted = KCenterSelector(3, quotas={"b": 1, "a": 2}).fit(LINE, groups=GROUPS)
    assert fitted.sample_indices_.tolist() == [3, 0, 1]
    assert fitted.radius_.tolist() == [13, 13, 13]
    assert fitted.certificate_.bound == 1.0  # without quotas
    first = KCenterSelector(2, quotas={"b": 0}).fit(LINE, groups=GROUPS)
    assert first.sample_indices_.tolist() == [1, 5]  # nearest to the mean, but not of b
    random = KCenterSelector(2, quotas={"b": 0}, start="random", random_state=0)
    assert (GROUPS[random.fit(LINE, groups=GROUPS).sample_indices_] != "b").all()


def test_other_sizes_under_quotas_need_another_fit():
    fitted = KCenterSelector(3, quotas={"c": (1, 1)}).fit(LINE, groups=GROUPS)
    assert fitted.sample_indices_.tolist() == [3, 5, 0]
    assert fitted.select(2).indices.tolist() == [3, 5]
    with pytest.raises(ValueError, match="fit again with n_select=1"):
        fitted.select(1)


def test_outliers_beside_rules_are_refused():
    with pytest.raises(
        ValueError, match=r"KCenterSelector cannot take .* with n_outliers=1"
    ):
        KCenterSelector(2, n_outliers=1).fit(LINE, include=[0])


def test_selectors_by_cosine_keep_the_contract():
    """Not among the examples: scikit-learn's own checks pass rows of zeros."""
    check_selector(KCenterSelector(10, metric="cosine"))
    check_selector(KCenterSelector(5, metric="cosine", n_outliers=3, start="random"))
