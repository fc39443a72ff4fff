"""AutoCoreset: a coreset for any estimator, from nothing but its fit and its loss."""

from coreselect.selectors.auto._selector import AutoCoreset

__all__ = ["AutoCoreset"]
