"""A pytest plugin: imbalanced-learn's own tests, run on our classes.

Given as ``-p tests.imbalance.imblearn_plugin``, it puts our classes in the place of
imbalanced-learn's samplers before any test is collected, in every module of
imbalanced-learn that holds a reference. Ours are subclasses that fix
``protocol="imblearn"`` and, where the original is an under-sampler and so on, pass for
one. The tests stay what they are.

With ``CORESELECT_WRONG=1`` in the environment all of ours lose their rows: tests must
fail then, or they did not run on our classes.
"""

import importlib
import inspect
import os
import pkgutil
import sys

import imblearn
import pytest
from imblearn.base import SamplerMixin
from imblearn.over_sampling.base import BaseOverSampler
from imblearn.under_sampling.base import BaseCleaningSampler, BaseUnderSampler

import coreselect

PACKAGES = ("over_sampling", "under_sampling", "combine")
# Tests that cannot pass, by the end of their id, and why.
EXPECTED_FAILURES = {
    "test_pandas_column_name_consistency[ADASYN(random_state=42)]": (
        "its fit looks at y only; ours does the work, and says of this balanced y, as "
        "fit_resample of both does, that no samples will be generated"
    ),
}
# These import the samplers when the tests do, and then find ours; or need a library.
_LATER = ("test", "checks", "keras", "tensorflow")
_REPLACED: dict[type, type] = {}
_KINDS = (SamplerMixin, BaseOverSampler, BaseUnderSampler, BaseCleaningSampler)


def _originals():
    """Yield the name and class of every sampler of imbalanced-learn."""
    for package in PACKAGES:
        module = importlib.import_module(f"imblearn.{package}")
        for name in module.__all__:
            yield name, getattr(module, name)


def _stand_in(name, original):
    """Return our class of this name with the protocol of imbalanced-learn."""
    ours = getattr(coreselect, name)
    signature = inspect.signature(ours.__init__)
    follows = {"protocol": "imblearn"} if "protocol" in signature.parameters else {}
    kept = [p for key, p in signature.parameters.items() if key != "protocol"]

    def __init__(self, *args, **kwargs):
        ours.__init__(self, *args, **kwargs, **follows)

    __init__.__signature__ = signature.replace(parameters=kept)  # for get_params
    own = [p.name for p in kept if p.name != "self"]
    constraints = dict.fromkeys(own, "no_validation")
    constraints |= {
        key: value
        for key, value in original._parameter_constraints.items()
        if key in own
    }
    body = {
        "__init__": __init__,
        "__doc__": ours.__doc__,
        "__module__": __name__,  # where pickle finds it
        "_parameter_constraints": constraints,
    }
    if os.environ.get("CORESELECT_WRONG"):
        body["fit_resample"] = _wrong(ours)
    return type(name, (ours,), body)


def _wrong(ours):
    def fit_resample(self, X, y, **params):
        X_res, y_res = ours.fit_resample(self, X, y, **params)
        return X_res[:0], y_res[:0]

    return fit_resample


def _replace():
    """Put our classes in the place of imbalanced-learn's, in all of its modules."""
    for module in pkgutil.walk_packages(imblearn.__path__, "imblearn."):
        if not any(word in module.name for word in _LATER):
            importlib.import_module(module.name)
    for module in [m for name, m in sys.modules.items() if name.startswith("imblearn")]:
        for key, value in list(vars(module).items()):
            if inspect.isclass(value) and value in _REPLACED:
                setattr(module, key, _REPLACED[value])
    for name in ("SMOTEENN", "SMOTETomek"):  # these hold the classes they take
        constraints = globals()[name]._parameter_constraints
        for key, allowed in constraints.items():
            if isinstance(allowed, list):
                constraints[key] = [
                    _REPLACED.get(kind, kind) if inspect.isclass(kind) else kind
                    for kind in allowed
                ]


def pytest_configure():
    """Put our classes in place; importing this file alone changes nothing."""
    for name, original in _originals():
        ours = globals()[name] = _stand_in(name, original)
        _REPLACED[original] = ours
        for kind in _KINDS:
            if issubclass(original, kind):
                kind.register(ours)
    _replace()


def pytest_collection_modifyitems(items):
    """Mark what cannot pass; such a test that does pass is an error."""
    for item in items:
        for end, reason in EXPECTED_FAILURES.items():
            if item.nodeid.endswith(end):
                item.add_marker(pytest.mark.xfail(reason=reason, strict=True))
