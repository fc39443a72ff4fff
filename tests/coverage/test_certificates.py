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
