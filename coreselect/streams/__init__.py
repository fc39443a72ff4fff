"""Streams: select from rows that come in batches, and of which few are kept.

`Stream` takes any selector with `partial_fit`. Such selectors have its verbs
themselves: `partial_fit`, `merge`, `drop`, `to_bytes` and `from_bytes`.
"""

from coreselect.streams._engine import Coreset
from coreselect.streams._mixin import StreamMixin, StreamRestartedWarning
from coreselect.streams._nearest import NearestStreamMixin as NearestStreamMixin
from coreselect.streams._stream import Stream

__all__ = ["Coreset", "Stream", "StreamMixin", "StreamRestartedWarning"]
