"""Every exported selector: our invariants and scikit-learn's checks, no exceptions."""

import warnings

import pytest
from sklearn.utils.estimator_checks import check_estimator

import coreselect
from coreselect import testing

RESAMPLERS = [
    example
    for resampler in coreselect.all_resamplers().values()
    for example in resampler.examples()
]
EXAMPLES = [
    example
    for selector in coreselect.all_selectors().values()
    for example in selector.examples()
]


def marked(examples):
    """Yield pairs of an example and its marks: slow but for the first of a class."""
    seen = set()
    for example in examples:
        yield example, pytest.mark.slow if type(example) in seen else ()
        seen.add(type(example))


def checked(checks, examples):
    """Pair checks with examples; containers of rows are checked once for a class."""
    return [
        pytest.param(check, example, id=f"{check.__name__}-{example!r}", marks=marks)
        for check in checks
        for example, marks in marked(examples)
        if not (marks and check.__name__.endswith("_containers"))
    ]


@pytest.mark.parametrize(("check", "selector"), checked(testing.CHECKS, EXAMPLES))
def test_invariants(check, selector):
    check(selector)


@pytest.mark.parametrize(
    ("check", "resampler"), checked(testing.RESAMPLER_CHECKS, RESAMPLERS)
)
def test_invariants_of_resamplers(check, resampler):
    check(resampler)


@pytest.mark.parametrize(
    "selector",
    [
        pytest.param(example, id=repr(example), marks=marks)
        for example, marks in marked([*EXAMPLES, *RESAMPLERS])
    ],
)
def test_scikit_learn_checks(selector):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # raised inside the checks, about themselves
        results = check_estimator(selector, on_skip=None, on_fail=None)
    failed = {
        r["check_name"]: r["exception"] for r in results if r["status"] == "failed"
    }
    assert failed == {}
    assert sum(r["status"] == "passed" for r in results) >= 40


def test_all_selectors_lists_the_classes():
    found = coreselect.all_selectors()
    assert set(found) >= {"UniformSelector", "LeverageSelector"}
    for name, selector in found.items():
        assert issubclass(selector, coreselect.BaseSelector)
        assert getattr(coreselect, name) is selector
        for attribute in ("cli_name", "passes", "cost", "use_when"):
            assert getattr(selector, attribute)
    found |= coreselect.all_resamplers()
    names = [selector.cli_name for selector in found.values()]
    assert len(set(names)) == len(names)


def test_all_resamplers_lists_the_classes():
    found = coreselect.all_resamplers()
    assert set(found) >= {"RandomOverSampler", "SMOTE", "ADASYN"}
    for name, resampler in found.items():
        assert issubclass(resampler, coreselect.BaseResampler)
        assert getattr(coreselect, name) is resampler
        for attribute in ("cli_name", "passes", "cost", "use_when"):
            assert getattr(resampler, attribute)
