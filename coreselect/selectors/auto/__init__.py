"""AutoCoreset: a coreset for any estimator, from its fits and its loss alone."""

from coreselect.selectors.auto._selector import AutoCoreset

__all__ = ["AutoCoreset"]
