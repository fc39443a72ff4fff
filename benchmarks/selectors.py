"""asv: time, peak memory and quality of every selector that coreselect exports."""

import inspect

import numpy as np
from sklearn.linear_model import Ridge
from sklearn.utils import get_tags

import coreselect
from benchmarks.data import DataUnavailable
from benchmarks.memory import peak
from benchmarks.quality import DATA, gram_error, heavy, whitening

NAMES = list(coreselect.all_selectors())
SIZE = 1000
# Methods for few rows: at most as many as features, or costly for many.
SIZES = {"DPPSelector": 50, "GreedyDPPSelector": 50, "ProjectionDPPSelector": 3}
# Methods that compare all pairs of rows see the first of them only.
ROWS = dict.fromkeys(["GraphCutSelector", "SaturatedCoverageSelector"], 5_000)
ROWS["FacilityLocationSelector"] = ROWS["HerdingSelector"] = 10_000
ROWS["PrototypeSelector"] = 20_000
SEEDS = range(10)


def _selector(name, **parameters):
    size = SIZES.get(name, SIZE)
    cls = coreselect.all_selectors()[name]
    if "estimator" in inspect.signature(cls).parameters:
        parameters["estimator"] = Ridge()
    if "radius" in inspect.signature(cls).parameters:
        parameters["radius"] = 1.0
    return cls(n_select=size, **parameters)


def _rows(name, X):
    """Return what a selector is measured on, without signs if it takes none."""
    X = X[: ROWS.get(name)]
    tags = get_tags(_selector(name))
    return np.abs(X) if tags.input_tags.positive_only else X


def _labels(n_rows):
    return np.arange(n_rows) % 3


class Cost:
    """Time and memory on 100,000 x 20 numbers, 1,000 rows selected."""

    params = (NAMES,)
    param_names = ("selector",)
    timeout = 300

    def setup(self, name):
        """Compile the kernels before the measurement."""
        self.X = _rows(name, heavy())
        self.y = _labels(len(self.X))
        _selector(name, random_state=0).fit(self.X[:5000], self.y[:5000])
        self.fitted = _selector(name, random_state=0).fit(self.X, self.y)

    def time_fit(self, name):
        """Learn and select."""
        _selector(name, random_state=0).fit(self.X, self.y)

    def time_select(self, name):
        """Select again from the fitted selector."""
        self.fitted.select(random_state=1)

    def track_peak_fit(self, name):
        """Peak memory of the process, including the data (16 MB)."""
        _selector(name, random_state=0).fit(self.X, self.y)
        return peak()

    track_peak_fit.unit = "bytes"


class Quality:
    """Relative error of the weighted Gram matrix, and that of as many uniform rows."""

    params = (NAMES, list(DATA))
    param_names = ("selector", "data")
    timeout = 300

    def setup(self, name, data):
        """Load the data; skip if they cannot be fetched."""
        try:
            self.X = _rows(name, DATA[data]())
        except DataUnavailable as reason:
            raise NotImplementedError(str(reason)) from reason
        self.white = whitening(self.X)

    def track_error(self, name, data):
        """Mean over seeds of the selector's error."""
        return self._mean_error(name, SIZES.get(name, SIZE))

    def track_error_uniform(self, name, data):
        """Mean over seeds of the error of uniform rows."""
        return self._mean_error("UniformSelector", SIZES.get(name, SIZE))

    track_error.unit = track_error_uniform.unit = "relative error"

    def _mean_error(self, name, size):
        selector = _selector(name, random_state=0).set_params(n_select=size)
        fitted = selector.fit(self.X, _labels(len(self.X)))
        return float(
            np.mean(
                [
                    gram_error(self.X, fitted.select(random_state=seed), self.white)
                    for seed in SEEDS
                ]
            )
        )
