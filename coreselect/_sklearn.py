"""Differences between versions of scikit-learn, and `fit_resample` made known to it."""

from sklearn.utils import _metadata_requests

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:  # before 1.9

    class _NoCallbacks:
        """A context of callbacks that reports to nobody."""

        def subcontext(self, **kwargs):
            """Return the context of a part of the work."""
            return self

        def call_on_fit_task_begin(self, **kwargs):
            """Report that a task begins."""
            return self

        def call_on_fit_task_end(self, **kwargs):
            """Report that a task is done; return whether to stop."""
            return False

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Take no callbacks."""

        def _init_callback_context(self, **kwargs):
            return _NoCallbacks()

    def with_callbacks(method):
        """Return the method as it is."""
        return method


# Without this, which imbalanced-learn does too, no class has
# `set_fit_resample_request`.
for _methods in (_metadata_requests.SIMPLE_METHODS, _metadata_requests.METHODS):
    if "fit_resample" not in _methods:
        _methods.append("fit_resample")

__all__ = ["CallbackSupportMixin", "with_callbacks"]
