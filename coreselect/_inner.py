"""What a meta-estimator has of the estimator inside it: methods, attributes, tags."""

from sklearn.utils import get_tags
from sklearn.utils.metaestimators import available_if


def inner_of(meta):
    """Return the fitted inner estimator of a meta-estimator, or else the given one."""
    return vars(meta).get("estimator_", vars(meta).get("estimator"))


def inner_has(*names):
    """Return a check for `available_if`: the inner estimator has these methods."""
    return lambda meta: all(hasattr(inner_of(meta), name) for name in names)


def delegated(owner, name, summary, rows):
    """Make a method that calls `_call`, available if the inner estimator has it.

    Parameters
    ----------
    owner, name, summary : str
        The class and the method, and the first line of its docstring.
    rows : str
        The description of X.
    """

    def method(self, X, **params):
        return self._call(name, X, **params)

    method.__name__ = name
    method.__qualname__ = f"{owner}.{name}"
    method.__doc__ = f"""{summary}

        Available if the inner estimator has it.

        Parameters
        ----------
        X : {rows}
        **params : dict
            Passed to the method of the inner estimator.

        Returns
        -------
        array of shape (n_rows,) or (n_rows, n_outputs)
            As the inner estimator returns it.
        """
    return available_if(inner_has(name))(method)


class InnerMixin:
    """Attributes and tags of a meta-estimator that acts as its `estimator`.

    `_seen_by` names the fitted part that has seen the features of all rows.
    """

    _seen_by: str

    @property
    def classes_(self):
        """Classes of all rows of positive weight, of a fitted classifier."""
        return self.estimator_.classes_

    @property
    def n_features_in_(self):
        """Number of features seen in `fit`."""
        return getattr(self, self._seen_by).n_features_in_

    @property
    def feature_names_in_(self):
        """Names of the features seen in `fit`."""
        return getattr(self, self._seen_by).feature_names_in_

    def __sklearn_tags__(self):
        tags, inner = super().__sklearn_tags__(), get_tags(self.estimator)
        for name in ("estimator_type", "non_deterministic", "target_tags"):
            setattr(tags, name, getattr(inner, name))
        for name in ("classifier_tags", "regressor_tags", "transformer_tags"):
            setattr(tags, name, getattr(inner, name))
        tags.input_tags.sparse = inner.input_tags.sparse
        tags.input_tags.positive_only = inner.input_tags.positive_only
        return tags
