"""Mixins for score selectors that find their size themselves, with n_select="auto"."""

from __future__ import annotations

from coreselect._typing import Checks
from coreselect._validation import OrNone, Real, warn_user
from coreselect.selection import Selection


class UncertifiedWarning(UserWarning):
    """No size reached the error that ``n_select="auto"`` was asked for."""


class AutoSize:
    """Let ``n_select="auto"`` stand for the number of rows that `epsilon` needs.

    For a class with a parameter `epsilon`; this mixin comes before `ScoreSelector`
    among its bases.
    """

    named_sizes: tuple = ("auto",)

    def _check_parameters(self):
        super()._check_parameters()
        auto = self._is_named(self.n_select)
        if auto and self.epsilon is None:
            raise ValueError(
                "n_select='auto' needs epsilon, the relative error to reach (such as "
                "epsilon=0.1), got epsilon=None."
            )
        if self.epsilon is not None and not auto:
            raise ValueError(
                f"epsilon={self.epsilon} sets the size of n_select='auto', but "
                f"n_select is {self.n_select}; give one of the two."
            )

    def _select(self, n_select, seed, **options):
        made = super()._select(n_select, seed, **options)
        given = self._fitted.params["n_select"] if n_select is None else n_select
        if not self._is_named(given):
            return made
        # The size may depend on the draw, for which standard errors do not hold.
        return Selection(made.indices, made.weights, made.n_total)

    def _selector_tags(self):
        tags = super()._selector_tags()
        tags.unbiased = not self._is_named(self.n_select)
        return tags


class TheorySize(AutoSize):
    """Find the size by theory: subclasses write ``_theory_size(rows)``."""

    def _find_size(self, rows):
        return min(self._fitted.n_rows, self._theory_size(rows))


class CertifiedSize(AutoSize):
    """Find the first size on a fixed grid whose certificate is at most `epsilon`.

    The certificate is that of `coreselect.certify`, kept as ``certificate_``.
    Subclasses may say by ``_certified_model()`` which models it is for.
    """

    parameter_checks: Checks = {"epsilon": OrNone(Real(0, 1, strict=True))}

    def _certified_model(self):
        """Return the ridge parameter, and whether there is an intercept."""
        return 0.0, False

    def _find_size(self, rows):
        from coreselect.certificates import first_certified

        alpha, fit_intercept = self._certified_model()
        numeric = rows.y is not None and rows.y.dtype.kind in "biuf"
        if not numeric or self.stratify:
            objective = "pca"
        else:
            objective = "ridge" if alpha else "least_squares"
        size, _, self.certificate_ = first_certified(
            rows,
            lambda size: self._select(size, self._seed),
            epsilon=self.epsilon,
            objective=objective,
            fit_intercept=fit_intercept,
            alpha=alpha,
        )
        if self.certificate_.epsilon > self.epsilon:
            warn_user(
                f"even {size} draws have an error of {self.certificate_.epsilon:.3g}, "
                f"more than epsilon={self.epsilon}; use a design without repeats, such "
                "as 'pivotal'.",
                UncertifiedWarning,
            )
        return size
