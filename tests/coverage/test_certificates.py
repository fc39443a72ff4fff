"""What the certificates of all selectors that cover rows have in common."""

import numpy as np
import pytest

from coreselect import DiversitySelector, FacilityLocationSelector, KCenterSelector
from coreselect.coverage import CoverageCertificate

CERTIFIED = [DiversitySelector, FacilityLocationSelector, KCenterSelector]


def test_infinite_numbers_prove_nothing():
    both = CoverageCertificate(np.inf, np.inf, 3, "diversity", False)
    assert np.isnan(both.share)
    assert str(both).endswith(
        "(nothing is proven: divide what is measured by a power of ten)."
    )
    assert CoverageCertificate(2.0, np.inf, 3, "diversity", False).share == 0.0
    assert CoverageCertificate(0.0, 0.0, 3, "radius", True).share == 1.0


@pytest.fixture
def X():
    return np.random.default_rng(0).normal(size=(30, 3))


@pytest.mark.parametrize("selector", CERTIFIED)
def test_prefixes_are_asked_for_by_their_size(selector, X):
    fitted = selector(5).fit(X)
    assert fitted.certificate(size=3) == fitted.certificate(0.1) != fitted.certificate_
    with pytest.raises(ValueError, match="size=12 is more than the 5 rows"):
        fitted.certificate(0.4)
    with pytest.raises(ValueError, match="size must not be negative, got -1"):
        fitted.certificate(-1)
    with pytest.raises(ValueError, match=r"size must be in .0, 1. if it is a float"):
        fitted.certificate(2.5)
    with pytest.raises(TypeError, match="size must be a number, got 'a'"):
        fitted.certificate("a")


@pytest.mark.parametrize("selector", CERTIFIED)
def test_nothing_selected_has_nothing_to_certify(selector, X):
    fitted = selector(0).fit(X)
    assert not hasattr(fitted, "certificate_")
    if hasattr(selector, "value_"):
        with pytest.raises(AttributeError, match="has no value_"):
            _ = fitted.value_


@pytest.mark.parametrize("selector", CERTIFIED)
def test_all_rows_are_the_best_of_their_number(selector, X):
    assert selector(30).fit(X).certificate_.share > 1 - 1e-7


@pytest.mark.parametrize("selector", CERTIFIED)
def test_the_rules_that_the_bound_needs_are_said(selector, X):
    """Without the required rows, which are bad ones, more can be reached."""
    near = np.argsort(np.linalg.norm(X - X[0], axis=1))[:4]
    free, bound = selector(4).fit(X), selector(4).fit(X, include=near)
    assert bound.certificate_.value != free.certificate_.value
    assert "no 4 rows, with the required rows among them, reach" in str(
        bound.certificate_
    )
    assert "required" not in str(free.certificate_)
    if "quotas" in selector().row_rules:
        half = selector(6, quotas={"a": 3, "b": 3}).fit(X, groups=["a", "b"] * 15)
        assert "no 6 rows, with the same limits for groups, reach" in str(
            half.certificate_
        )
        assert (
            half.certificate_.as_dict()["conditions"]
            == "with the same limits for groups"
        )


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"n_clients": 12}, "facility location (12 drawn clients): "),
        ({"n_neighbors": 3}, "facility location (3 nearest rows of each): "),
        (
            {"n_clients": 12, "n_neighbors": 3},
            "facility location (12 drawn clients, 3 nearest rows of each): ",
        ),
    ],
)
def test_the_value_for_all_rows_stands_beside_that_for_some(X, parameters, named):
    fitted = FacilityLocationSelector(5, random_state=0, **parameters).fit(X)
    found = fitted.certificate_
    assert str(found).startswith(named)
    assert found.value == fitted.value_
    assert found.full_value == fitted.full_value_ != fitted.value_
    assert str(found).endswith(f" For all rows: {fitted.full_value_:.4g}.")
    first = FacilityLocationSelector(2, random_state=0, **parameters).fit(X)
    assert fitted.certificate(2).full_value == first.full_value_
