"""How estimators take the weights of rows: by keywords of `fit`, or as copies of rows.

Plain estimators take ``sample_weight``. A `Pipeline` takes ``step__sample_weight`` for
each of its steps. Searches, votes, stacks and target transformers take the keywords of
the estimators inside them. With metadata routing on, an estimator that holds others
takes ``sample_weight`` if these request it.
"""

import inspect

from sklearn import get_config
from sklearn.compose import TransformedTargetRegressor
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import Pipeline
from sklearn.utils.metadata_routing import get_routing_for_object
from sklearn.utils.validation import has_fit_parameter

from coreselect._quotas import random_rounding
from coreselect.sampling import draw


def weight_keywords(estimator, weights, has_own):
    """Return the keywords of `estimator.fit` that take the weights of rows.

    `weights` is the option of `CoresetEstimator`; `has_own` is whether the rows have
    input weights, which ``weights="ignore"`` keeps. Raises a ValueError if there are
    weights to pass, but `estimator` takes none.
    """
    if weights == "resample" or (weights == "ignore" and not has_own):
        return []
    if keywords := accepted_keywords(estimator):
        return keywords
    name = type(estimator).__name__
    if isinstance(estimator, Pipeline):
        name += f" (its last step: {type(estimator.steps[-1][1]).__name__})"
    routing = ""
    if routing_enabled() and hasattr(estimator, "get_metadata_routing"):
        routing = (
            " With metadata routing on, estimators inside another one get weights if "
            "they ask for them: set_fit_request(sample_weight=True)."
        )
    if weights == "ignore":
        raise ValueError(
            f"{name} takes no sample_weight in fit, but weights='ignore' passes on the "
            "sample_weight of fit. Fit without sample_weight, or use "
            f"weights='resample' (rows are repeated in proportion).{routing}"
        )
    raise ValueError(
        f"{name} takes no sample_weight in fit, which weights='auto' passes. Use "
        "weights='resample' (rows are repeated in proportion to their weights) or "
        f"weights='ignore' (the weights of the selection are dropped).{routing}"
    )


def fits_intercept(estimator):
    """Return whether the model inside pipelines and searches fits an intercept."""
    if isinstance(estimator, Pipeline):
        return fits_intercept(estimator.steps[-1][1])
    for inside in ("estimator", "regressor"):
        if hasattr(getattr(estimator, inside, None), "fit"):
            return fits_intercept(getattr(estimator, inside))
    return getattr(estimator, "fit_intercept", False) is True


def routing_enabled():
    """Return whether scikit-learn routes metadata by request."""
    return get_config()["enable_metadata_routing"]


def accepted_keywords(estimator):
    """Return the keywords by which `estimator.fit` takes weights, if any."""
    if not hasattr(estimator, "fit"):  # "passthrough" in a Pipeline, "drop" in a vote
        return []
    if hasattr(estimator, "named_estimators") and not routing_enabled():
        return ["sample_weight"] if _all_accept(estimator) else []
    if has_fit_parameter(estimator, "sample_weight"):
        return ["sample_weight"]
    if routing_enabled():
        return ["sample_weight"] if _requests_weights(estimator) else []
    if isinstance(estimator, Pipeline):
        found = [(name, accepted_keywords(step)) for name, step in estimator.steps]
        if not found[-1][1]:
            return []
        return [f"{name}__{keyword}" for name, step in found for keyword in step]
    return _forwarded(estimator)


def _all_accept(ensemble):
    """Return whether all members of a vote or stack take ``sample_weight``."""
    return all(
        accepted_keywords(member) == ["sample_weight"]
        for member in members_of(ensemble)
    )


def _requests_weights(estimator):
    """Return whether `estimator` and the last of its steps request weights."""
    if isinstance(estimator, Pipeline):
        last = estimator.steps[-1][1]
        if not _requests_weights(last):
            return False
    try:
        routing = get_routing_for_object(estimator)
    except NotImplementedError:  # a meta-estimator that does not route
        return False
    return bool(routing.consumes("fit", ["sample_weight"]))


def _forwarded(estimator):
    """Return the keywords that a meta-estimator passes on through its ``**params``."""
    parameters = inspect.signature(estimator.fit).parameters.values()
    if not any(p.kind is p.VAR_KEYWORD for p in parameters):
        return []
    if isinstance(estimator, TransformedTargetRegressor):
        return accepted_keywords(estimator.regressor or LinearRegression())
    if hasattr(estimator, "estimator") and hasattr(estimator, "refit"):  # a search
        return accepted_keywords(estimator.estimator)
    return []


def members_of(ensemble):
    """Return the members of a vote or a stack."""
    members = list(getattr(ensemble, "named_estimators", {}).values())
    if (final := getattr(ensemble, "final_estimator", None)) is not None:
        members.append(final)
    return [member for member in members if hasattr(member, "fit")]


def multiplicities(weights, n_rows, seed):
    """Return how often to repeat rows of positive weights, `n_rows` times in all.

    Row i comes ``n_rows * w_i / W`` times, rounded down or up at random without bias.
    """

    def choose(fractions, left):
        return draw(fractions, left, design="systematic", random_state=seed).indices

    return random_rounding(weights, n_rows, choose)
