"""One estimator per file: parameters, docstring, one or two hooks."""
