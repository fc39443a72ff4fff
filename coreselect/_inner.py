"""Methods that a meta-estimator has if the estimator inside it has them."""

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
