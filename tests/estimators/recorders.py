"""Estimators that keep what they were given, and rows that can be told apart."""

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

from coreselect import UniformSelector


class Recorder(BaseEstimator):
    """Keeps what `fit` was given; takes no weights."""

    def fit(self, X, y=None):
        self.X_, self.y_ = X, y
        return self

    def predict(self, X):
        return np.zeros(len(X))


class WeightRecorder(BaseEstimator):
    """Keeps what `fit` was given, weights and another value per row among it."""

    def fit(self, X, y=None, sample_weight=None, tags=None):
        self.X_, self.y_, self.sample_weight_, self.tags_ = X, y, sample_weight, tags
        return self

    def predict(self, X):
        return np.zeros(len(X))

    def predict_quantile(self, X, q=0.5):
        return np.full(len(X), q)

    def score_margin(self, X):
        return X[:, 0]


class RecordingClassifier(ClassifierMixin, WeightRecorder):
    """The same, to scikit-learn a classifier."""


class CountingSelector(UniformSelector):
    """Counts the fits of all its instances, and takes further values per row."""

    fits = 0

    def fit(self, X, y=None, sample_weight=None, *, qualities=None):
        type(self).fits += 1
        super().fit(X, y, sample_weight)
        self.qualities_ = qualities
        return self


def numbered(n_rows):
    """Rows that carry their own number, so that what was fitted on can be read off."""
    return np.arange(n_rows, dtype=np.float64)[:, None]


def weights_seen(model, X, y):
    return model.estimator_.sample_weight_.sum()
