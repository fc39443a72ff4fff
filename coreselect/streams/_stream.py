"""A stream beside the selector that draws from it, with a window if wanted."""

from __future__ import annotations

from typing import Any, Self

import coreselect
from coreselect._typing import Array
from coreselect.streams._bytes import unpack
from coreselect.streams._engine import Engine
from coreselect.streams._mixin import WINDOW, StreamMixin, made_from, restored
from coreselect.streams._verbs import Verbs


class Stream(Verbs):
    """A stream of rows, of which a selector keeps a weighted sample.

    It has the verbs of selectors with `partial_fit`, and adds a window. The selector
    itself stays as it is.

    Parameters
    ----------
    selector : selector with ``partial_fit``
        Its parameters say how many rows are selected, and how.
    window : int, optional
        Number of rows: only so many of the last rows count. By default all do.

    Attributes
    ----------
    selection_ : Selection
        `n_select` rows of the window, or of all rows, each with the weight that it
        stands for. Its row numbers are positions in the stream, and ``n_total`` is the
        number of rows so far. It is made when it is read.
    coreset_ : Coreset
        The selected rows themselves.
    sample_indices_ : ndarray of int64
    sample_weight_ : ndarray of float64
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Only if all column names are strings.

    Raises
    ------
    TypeError
        If the selector has no `partial_fit`.

    See Also
    --------
    coreselect.rows.open : Reads files larger than memory, for `fit`.

    Notes
    -----
    Rows are cut into leaves of ``max(8192, 8 n_select)`` rows. A full leaf becomes a
    node: ``2 n_select`` weighted rows that the selector draws from it. Two nodes of the
    same level are put together and drawn from once more, which makes a node of the next
    level (merge and reduce [1]_). `selection_` is drawn from all nodes and the last
    leaf. As long as there is one leaf only, it is what `fit` selects from these rows.
    Weights multiply: if those of the selector are unbiased, so are those of a stream.

    With a `window`, no leaf and no node covers more than a quarter of it, and rows
    before it do not count, row by row. It then holds at least `n_select` rows as soon
    as it has that many.

    References
    ----------
    .. [1] S. Har-Peled, S. Mazumdar, "On coresets for k-means and k-median
       clustering", STOC 2004, :doi:`10.1145/1007352.1007400`.

    Examples
    --------
    >>> import numpy as np
    >>> from coreselect import UniformSelector
    >>> from coreselect.streams import Stream
    >>> stream = Stream(UniformSelector(5, random_state=0), window=100)
    >>> for hour in range(24):
    ...     stream = stream.partial_fit(np.full((50, 1), hour))
    >>> len(stream.selection_), float(stream.coreset_.X.min())
    (5, 22.0)
    """

    n_features_in_: int
    feature_names_in_: Array

    def __init__(self, selector: Any, *, window: int | None = None) -> None:
        streams = isinstance(selector, StreamMixin) and hasattr(selector, "partial_fit")
        if isinstance(selector, type) or not streams:
            raise TypeError(
                f"selector must be one with partial_fit, such as UniformSelector(100), "
                f"got {selector!r}."
            )
        WINDOW("window", window)
        if window is not None and not selector._has_windows:
            raise ValueError(
                f"window={window}: {type(selector).__name__} cannot take windows, as "
                "rows that would take the places of those before the window are not "
                "kept; leave window out."
            )
        self.selector = selector
        self.window = window

    def _begin(self) -> Engine:
        selector: Any = self.selector
        engine = type(selector)(**selector.get_params(deep=False))._begin()
        engine.window = self.window
        return engine

    @classmethod
    def from_bytes(cls, raw: bytes) -> Self:
        """Return the stream that `to_bytes` wrote, of any selector of this package.

        Parameters
        ----------
        raw : bytes

        Returns
        -------
        Stream

        Raises
        ------
        TypeError, ValueError
            If `raw` is cut, damaged, of a newer version, or not from `to_bytes`.
        """
        header, arrays = unpack(raw)
        found = coreselect.all_selectors().get(str(header.get("selector")))
        if found is None or not issubclass(found, StreamMixin):
            raise ValueError(
                f"raw holds a stream of {header.get('selector')!r}, which is no "
                "selector with partial_fit of this version of coreselect."
            )
        selector = made_from(found, header, arrays)
        engine = restored(selector, header, arrays)
        made = cls(selector, window=engine.window)
        made._take_over(engine)
        return made

    def __repr__(self) -> str:
        window = "" if self.window is None else f", window={self.window}"
        return f"Stream({self.selector!r}{window})"
